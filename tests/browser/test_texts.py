"""Texts in a browser: written, looked at token by token, gone on from another choice; heads and states chosen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from playground import registry, run
from tests.browser.looking import open_tab, set_number, settle

SLOW = 60_000


@pytest.mark.parametrize("tab", ["transformer", "rnn"])
def test_a_token_is_replaced_and_only_what_follows_changes(page: Page, tab: str) -> None:
    panel = open_tab(page, tab)
    out = panel.locator(f"#{tab}-out")
    expect(out.locator(".badge.recorded")).to_be_visible()
    panel.locator("input[type=number][aria-label='number input for Length']").first.fill("60")
    panel.locator(f"#{tab}-run").click()
    out.locator(".badge.live").wait_for(timeout=SLOW)
    text = out.locator(".scope-text")
    before = text.inner_text()
    text.locator(".tok[data-k='20']").click()
    panel_of = out.locator(".scope-panel")
    expect(panel_of.locator("h4")).to_contain_text("Token 21 of 60")
    page.keyboard.press("ArrowRight")
    expect(panel_of.locator("h4")).to_contain_text("Token 22 of 60")
    page.keyboard.press("ArrowLeft")
    assert panel_of.locator(".scope-pick").count() == 10 and panel_of.locator(".scope-row.own").count() <= 1
    begun = text.locator(".tok").nth(20).inner_text()
    other = panel_of.locator(".scope-pick:not([aria-pressed=true])").first
    token = other.get_attribute("data-id")
    other.click()
    out.locator(".tok.changed").wait_for(timeout=SLOW)
    after = text.inner_text()
    place = len("ROMEO:\n") + 20
    assert after[:place] == before[:place] and after != before and text.locator(".tok.changed").inner_text() != begun
    expect(text.locator(".tok.changed")).to_have_attribute("data-k", "20")
    link = out.locator("a.permalink").get_attribute("href")
    assert "continued=" in link and link.split("continued=")[1].split("&")[0].endswith(token)


@pytest.mark.parametrize("tab", ["transformer", "rnn"])
def test_a_text_repeats_by_seed_and_agrees_with_the_core(page: Page, tab: str) -> None:
    panel = open_tab(page, tab)
    out = panel.locator(f"#{tab}-out")
    set_number(panel, "Length", 40)
    written = []
    for seed in (3, 4, 3):
        set_number(panel, "Seed", seed)
        panel.locator(f"#{tab}-run").click()
        expect(out.locator(".runline")).to_contain_text(f"seed {seed} ·", timeout=SLOW)
        expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
        written.append("".join(out.locator(".scope-text .tok").all_text_contents()))
    card = next(card for card in registry.shipped() if card.family == tab)
    assert written[0] == written[2] == run.sample(card.id, 1, 3, max_new_tokens=40).samples.texts[0] and written[0] != written[1]


def test_a_prompt_without_known_characters_is_one_sentence_and_the_text_stays(page: Page) -> None:
    panel = open_tab(page, "transformer")
    before = panel.locator("#transformer-out .scope-text").inner_text()
    panel.get_by_label("Prompt").first.fill("😀")
    expect(panel.locator("#transformer-unknown")).to_contain_text("Left out")
    panel.locator("#transformer-run").click()
    toast = page.locator(".toast-body").first
    expect(toast).to_contain_text("must hold a character")
    assert panel.locator("#transformer-out .scope-text").inner_text() == before


def test_the_ladder_is_climbed(page: Page) -> None:
    panel = open_tab(page, "transformer")
    assert panel.locator("#transformer-ladder .rung").count() == 4
    panel.locator("#transformer-climb").click()
    expect(panel.locator("#transformer-ladder .badge.live")).to_have_count(4, timeout=SLOW)


def test_a_head_and_a_token_are_chosen(page: Page) -> None:
    panel = open_tab(page, "transformer")
    panel.get_by_role("button", name="Look inside").click()
    panel.locator("#transformer-look").click()
    heads = panel.locator("#transformer-heads .heads")
    heads.wait_for(timeout=SLOW)
    heads.locator(".tok[data-k='9']").click()
    first = heads.locator(".heads-note").inner_text()
    assert "takes most from" in first
    heads.locator(".head").last.click()
    expect(heads.locator(".heads-note")).not_to_have_text(first)


def test_a_text_is_read_and_a_unit_shades_it(page: Page) -> None:
    panel = open_tab(page, "rnn")
    panel.get_by_label("Model", exact=True).first.wait_for()
    state = panel.locator("#rnn-state .state")
    expect(panel.locator("#rnn-state .badge.recorded")).to_be_visible()
    panel.locator("#rnn-state-run").click()
    panel.locator("#rnn-state .badge.live").wait_for(timeout=SLOW)
    expect(state.locator(".state-note")).to_contain_text("shaded by unit")
    before = state.locator(".tok").nth(40).get_attribute("style")
    state.locator(".chip").nth(3).click()
    expect(state.locator(".chip").nth(3)).to_have_attribute("aria-pressed", "true")
    assert state.locator(".tok").nth(40).get_attribute("style") != before
    state.locator(".tok").nth(30).hover()
    expect(state.locator(".state-note")).to_contain_text("After character 31")


def test_a_date_is_translated_and_where_it_looked_is_shown(page: Page) -> None:
    panel = open_tab(page, "transformer")
    out = panel.locator("#transformer-translated")
    expect(out.locator(".badge.recorded").first).to_be_visible()
    panel.get_by_label("A date").first.fill("12/31/1999")
    panel.locator("#transformer-translate").click()
    expect(out.locator(".badge.live")).to_have_count(2, timeout=SLOW)
    assert out.locator(".answer").all_inner_texts() == ["1999-12-31"] * 2
    assert out.locator(".across").first.locator("tbody td").count() == 100


def test_a_text_that_no_model_knows_is_one_sentence_and_the_state_stays(page: Page) -> None:
    panel = open_tab(page, "rnn")
    state = panel.locator("#rnn-state .state")
    panel.locator("#rnn-state .badge").first.wait_for()
    panel.locator("#rnn-state-run").click()
    settle(page)
    panel.locator("#rnn-state .badge.live").wait_for(timeout=SLOW)
    before = state.locator(".scope-text").inner_text()
    panel.locator("label:has-text('From the part that it was not trained on') textarea").fill("😀" * 80)
    panel.locator("#rnn-state-run").click()
    expect(page.locator(".toast-body").first).to_contain_text("at least 60 characters that the model knows, got 0")
    assert state.locator(".scope-text").inner_text() == before

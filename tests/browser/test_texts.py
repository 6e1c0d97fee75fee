"""Texts in a browser: written, looked at token by token, gone on from another choice; heads and states chosen."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from playground import registry, run
from tests import serving
from tests.browser.looking import choose, open_tab, set_number

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
    panel.locator("#rnn-state-run").click()
    state = panel.locator("#rnn-state .state")
    state.wait_for(timeout=SLOW)
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
    panel.get_by_label("A date", exact=True).fill("12/31/1999")
    panel.locator("#transformer-translate").click()
    expect(out.locator(".badge.live")).to_have_count(2, timeout=SLOW)
    assert out.locator(".answer").all_inner_texts() == ["1999-12-31"] * 2
    assert out.locator(".across").first.locator("tbody td").count() == 100


def looked_at(out: Locator) -> str:
    """The token that is looked at, as the panel names it, and as the text holds it."""
    piece = out.locator(".tok.chosen").first.text_content()
    assert out.locator(".scope-told h4 q").inner_text() == {" ": "␣ space", "\n": "↵ new line"}.get(piece, piece)
    return out.locator(".scope-told h4").inner_text()


def test_the_most_surprising_token_is_looked_at_first_and_each_text_by_its_own_data(page: Page) -> None:
    panel = open_tab(page, "rnn")
    out = panel.locator("#rnn-out")
    looked_at(out)
    assert out.locator(".scope-row.own").count() == 1
    for card in reversed([card for card in registry.shipped() if card.family == "rnn" and card.kind == "text"]):
        choose(panel, "Model", card.title)
        expect(out.locator(".runline b")).to_have_text(card.id)
        for k in (0, 3, 8):
            out.locator(f".tok[data-k='{k}']").click()
            assert looked_at(out).startswith(f"Token {k + 1} of ")


def test_beside_a_text_that_is_gone_on_with_the_others_stay_and_so_does_what_stood_before(page: Page) -> None:
    panel = open_tab(page, "transformer")
    out = panel.locator("#transformer-out")
    set_number(panel, "n (texts)", 3)
    set_number(panel, "Length", 50)
    panel.locator("#transformer-run").click()
    out.locator(".badge.live").wait_for(timeout=SLOW)
    texts, told = out.locator(".scope-text"), out.locator(".scope-told")
    before = texts.all_inner_texts()
    texts.nth(1).locator(".tok[data-k='12']").click()
    said = told.inner_text()
    texts.nth(1).locator(".tok[data-k='30']").click()
    out.locator("button.scope-pick:not([aria-pressed=true])").first.focus()
    page.keyboard.press("Enter")
    expect(texts.nth(1).locator(".tok.changed")).to_have_attribute("data-k", "30", timeout=SLOW)
    expect(told).to_contain_text("You chose it", timeout=SLOW)
    after = texts.all_inner_texts()
    assert [after[0], after[2]] == [before[0], before[2]] and after[1] != before[1]
    assert out.locator(".scope-head").nth(1).inner_text().startswith("Text 2 ·")
    page.keyboard.press("ArrowLeft")  # the text has the keyboard
    assert looked_at(out).startswith("Token 30 of 50: ") and texts.nth(1).locator(".tok.chosen").get_attribute("data-k") == "29"
    texts.nth(1).locator(".tok[data-k='12']").click()
    assert told.inner_text() == said, "what stood before the place is known as it was"
    texts.nth(1).locator(".tok[data-k='30']").click()
    out.locator("button.scope-pick", has_text="drawn").click()
    expect(out.locator(".tok.changed")).to_have_count(0, timeout=SLOW)
    serving.wait_until_idle()
    expect(out.locator(".badge.live")).to_be_visible()
    assert texts.all_inner_texts() == before, "the first choice gives the first text"


def test_bars_say_what_is_cut_off(page: Page) -> None:
    panel = open_tab(page, "transformer")
    out = panel.locator("#transformer-out")
    assert out.locator(".scope-row.cut").count() == 0, "nothing is cut off at the default, however unlikely"
    set_number(panel, "Top-k", 3)
    set_number(panel, "Length", 30)
    panel.locator("#transformer-run").click()
    out.locator(".badge.live").wait_for(timeout=SLOW)
    out.locator(".tok[data-k='5']").click()
    assert out.locator(".scope-row.cut").count() == 7 and out.locator(".cutoff").all_inner_texts() == ["cut off"] * 7
    expect(out.locator(".scope-told")).to_contain_text("3 tokens were left")


def test_another_text_is_looked_at_by_its_own_heads_and_one_is_shown_large(page: Page) -> None:
    panel = open_tab(page, "transformer")
    panel.get_by_role("button", name="Look inside").click()
    heads = panel.locator("#transformer-heads")
    note = heads.locator(".heads-note")
    expect(note).to_contain_text("takes most from", timeout=SLOW)
    first = note.inner_text()
    heads.locator(".heads-map").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowLeft")
    expect(note).not_to_have_text(first)
    box = heads.locator(".heads-map").bounding_box()
    page.mouse.move(box["x"] + 20, box["y"] + box["height"] - 4)
    expect(note).to_contain_text("token 47")
    panel.locator("label:has-text('Its first 48 tokens') textarea").fill("abc")
    panel.locator("#transformer-look").click()
    expect(heads.locator(".runline")).to_contain_text("3 tokens", timeout=SLOW)
    expect(note).to_contain_text("token 3, “c”")
    assert heads.locator(".head canvas").first.get_attribute("width") == "3"


def test_a_fact_is_asked_for_and_a_text_is_read_token_by_token(page: Page) -> None:
    panel = open_tab(page, "transformer")
    panel.locator("#transformer-fact").click()
    fact = panel.locator("#transformer-fact-out")
    fact.locator(".badge.live").wait_for(timeout=SLOW)
    assert looked_at(fact).startswith("Token 1 of 40") and fact.locator(".scope-bar.before").count() >= 10
    panel.locator("#transformer-read").click()
    reading = panel.locator("#transformer-reading")
    reading.locator(".badge.live").wait_for(timeout=SLOW)
    reading.locator(".scope-text").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    assert looked_at(reading).startswith("Token ") and "nats of surprise" in reading.locator(".scope-told").inner_text()
    assert not reading.locator(".scope-pick").count()

"""The microscope in a browser: what each text is looked at by, what stays when another token is chosen, by pointer and by keyboard."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from playground import registry
from tests.browser.looking import choose, open_tab, set_number, settle

SLOW = 60_000


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
    settle(page)
    expect(out.locator(".badge.live")).to_be_visible()
    assert texts.all_inner_texts() == before, "the first choice gives the first text"


def test_bars_say_what_is_cut_off(page: Page) -> None:
    panel = open_tab(page, "transformer")
    out = panel.locator("#transformer-out")
    assert out.locator(".scope-row.cut").count() == 0, "nothing is cut off at the default, however unlikely"
    set_number(panel, "n (texts)", 1)
    set_number(panel, "Top-k", 3)
    set_number(panel, "Length", 30)
    panel.locator("#transformer-run").click()
    settle(page)
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
    moved = note.inner_text()
    panel.locator("#transformer-look").click()
    settle(page)
    expect(note).to_have_text(moved)  # the same text once more: as it stood
    box = heads.locator(".heads-map").bounding_box()
    assert box["width"] > 300
    heads.locator(".heads-map").hover(position={"x": 24, "y": box["height"] - 4})
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

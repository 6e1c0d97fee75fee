"""The insides of a model that is told words, in the browser: each of the three is pressed, runs, and is seen."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from playground import previews
from playground.controls import prompt_of
from playground.metrics import guidance
from playground.types import ModelCard
from tests.browser.looking import SLOW, choose, decoded, open_tab, set_number, settle, unfold

CARDS = [card for card in previews.drawn() if prompt_of(card.controls)]
STEPS = 3


@pytest.fixture(params=CARDS, ids=lambda card: card.id)
def fold(request: pytest.FixtureRequest, page: Page) -> Locator:
    """The opened fold with few steps set, after its recorded results are there."""
    card: ModelCard = request.param
    panel = open_tab(page, card.family)
    choose(panel, "Model", next(each.title for each in previews.drawn() if each.family == card.family))
    found = panel.locator(f"#{card.family}-inside")
    assert not found.is_visible(), "the first model is not asked in words"
    choose(panel, "Model", card.title)
    unfold(found, "How it works inside")
    found.locator(f"#{card.family}-look .look-word:visible").first.wait_for()
    expect(found.locator(".badge.recorded").first).to_be_visible()
    settle(page)
    set_number(panel, "Steps", STEPS)  # after the model's own default has come
    return found


def pressed(fold: Locator, name: str) -> Locator:
    """Presses one of the three and waits until it is done."""
    before = fold.locator(".badge.live").count()
    fold.locator(f"[id$=-{name}-run]").click()
    expect(fold.locator(".badge.live")).to_have_count(before + 1, timeout=SLOW)
    settle(fold.page)
    return fold.locator(f"[id$=-{name}]")


def test_the_three_insides_are_shown_live(fold: Locator) -> None:
    looked = pressed(fold, "look")
    shown, scrub = looked.locator(".moment:visible"), looked.locator(".film-scrub")
    assert looked.locator(".moment").count() == STEPS and shown.count() == 1
    assert f"step {STEPS} of {STEPS}" in shown.inner_text()
    words = [text.strip() for text in shown.locator(".look-word b").all_inner_texts()]
    assert words[0] == "start of text" and words[-1] == "padding" and "glasses" in words
    scrub.fill("0")
    assert f"step 1 of {STEPS}" in looked.locator(".moment:visible").inner_text(), "no call to the server"
    large = looked.locator(".moment:visible .look-picked")
    before = large.evaluate("one => getComputedStyle(one).backgroundPositionX")
    looked.locator(".moment:visible .look-word").last.click()
    assert large.evaluate("one => getComputedStyle(one).backgroundPositionX") != before
    box = large.bounding_box()
    assert box["width"] > 100 and abs(box["width"] - box["height"]) < 2

    swapped = pressed(fold, "swap")
    moment = swapped.locator(".moment:visible")
    first, second, between = (decoded(each.get_attribute("src")).astype(int) for each in moment.locator("img").all())
    assert np.abs(first - second).max() > 60 and np.ptp(between, axis=-1).max() > 60
    assert "red" in swapped.locator(".swapped s").inner_text() and "black" in swapped.locator(".swapped b").inner_text()
    assert fold.locator(".filmcells img").count() == STEPS

    set_number(fold, "Faces at each guidance", 2)
    guided = pressed(fold, "guide")
    assert guided.locator(".strip img").count() == len(guidance.SCALES) and guided.locator(".strip-empty").count() == 0
    assert "This prompt, n 2 at each" in guided.locator("figure:has(svg)").first.inner_text(), "the live chart, before the measured one"
    assert "adherence" in guided.locator(".strip").first.inner_text()


def test_a_word_that_the_prompt_lacks_is_not_offered_and_one_of_it_is(fold: Locator) -> None:
    panel = fold.page.locator("[role=tabpanel]:visible").first
    panel.locator("label:has-text('What to draw, in the words') textarea").fill("an old person with green eyes")
    word = fold.get_by_label("Word", exact=True)
    expect(word).to_have_value("green", timeout=SLOW)
    expect(fold.get_by_label("Becomes", exact=True)).to_have_value("brown")

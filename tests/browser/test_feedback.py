"""The Feedback tab in a real browser: twelve choices by the buttons, what they led to, beginning again, and a link."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from playground import feedback
from tests.browser.looking import SLOW, open_tab, set_number


def test_twelve_choices_lead_to_a_result_and_can_be_begun_again(page: Page) -> None:
    panel = open_tab(page, "feedback")
    pair, out = panel.locator("#feedback-pair"), panel.locator("#feedback-out")
    expect(pair).to_contain_text(f"choice 1 of {feedback.PAIRS}")
    for made in range(1, feedback.PAIRS + 1):
        panel.locator("#feedback-right" if made % 3 else "#feedback-left").click()
        expect(pair).to_contain_text(f"choice {made + 1} of" if made < feedback.PAIRS else "Thank you", timeout=SLOW)
        if made == 4:
            expect(out).to_contain_text("What the choices say so far", timeout=SLOW)
    expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
    expect(out).to_contain_text(re.compile(r"guesses \d+ of the 12 choices"))
    panel.locator("#feedback-left").click()
    expect(page.get_by_text("All 12 choices are made").first).to_be_visible(timeout=SLOW)
    panel.locator("#feedback-again").click()
    expect(pair).to_contain_text("choice 1 of", timeout=SLOW)
    before = pair.locator("img").first.get_attribute("src")
    set_number(panel, "Seed", 11)
    expect(pair.locator("img").first).not_to_have_attribute("src", before, timeout=SLOW)


def test_a_link_lets_the_same_person_choose_again(fresh: Page, url: str) -> None:
    person = feedback.PEOPLE[2].name
    fresh.goto(f"{url}?tab=feedback&seed=3&who={person.replace(' ', '+')}")
    out = fresh.locator("#feedback-out")
    expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
    expect(out).to_contain_text(f"somebody who {person}")
    assert "seed=3" in out.locator("a.permalink").get_attribute("href")

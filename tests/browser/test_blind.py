"""The blind test in a real browser: twelve rounds by the buttons, the score, and a link that opens the same twelve."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from playground import blind
from tests.browser.looking import SLOW

SEED = 33


def test_a_link_opens_the_same_twelve_and_a_perfect_guesser_gets_them_all(fresh: Page, url: str) -> None:
    fresh.goto(f"{url}?tab=compare&play=blind&twelve={SEED}")
    out = fresh.locator("#compare-blind-out")
    for k, source in enumerate(blind.order(SEED), 1):
        expect(out).to_contain_text(f"Round {k} of {blind.ROUNDS}", timeout=SLOW)
        assert out.locator("img").count() == 1
        fresh.locator(f"#compare-guess-{source}").click()
    expect(out).to_contain_text("12 of 12 right", timeout=SLOW)
    expect(fresh.locator("#compare-guess-real")).to_be_hidden()
    expect(out).to_contain_text("trained to tell these sources apart")
    assert out.locator("a.take").get_attribute("download") == f"blind-{SEED}.png"
    link = out.locator("a.permalink").get_attribute("href")
    assert link == f"?tab=compare&play=blind&twelve={SEED}"
    fresh.locator("#compare-blind").click()
    expect(out).to_contain_text("Round 1 of", timeout=SLOW)
    fresh.locator(f"#compare-guess-{next(each for each in blind.sources() if each != blind.order(SEED)[0])}").click()
    expect(out.locator(".rounds .miss")).to_have_count(1, timeout=SLOW)

"""The Start tab in a real browser: the page opens on it, its links lead to the tabs without loading the page again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW


def test_a_visitor_begins_there_and_its_links_open_the_tabs(fresh: Page, url: str) -> None:
    fresh.goto(url)
    expect(fresh.locator("#tab-start")).to_be_visible()
    fresh.evaluate("window.here = true")
    for name in ("gan", "transformer", "compare"):
        fresh.get_by_role("tab", name="Start", exact=True).filter(visible=True).first.click()
        fresh.locator(f"#tab-start a.totab[data-tab={name}]").first.click()
        expect(fresh.locator(f"#tab-{name}")).to_be_visible()
    assert fresh.evaluate("window.here"), "the fresh was loaded again"


def test_the_four_steps_are_done_live_and_the_way_of_a_link_does_them_too(fresh: Page, url: str) -> None:
    fresh.goto(f"{url}?tab=start&seed=3&play=steps")
    four = fresh.locator("#start-four")
    expect(four.locator(".badge.live")).to_be_visible(timeout=SLOW)
    expect(four).to_contain_text("A small network is being trained now")
    expect(four.locator("img")).to_have_count(4)
    expect(four).to_contain_text("seed 3")

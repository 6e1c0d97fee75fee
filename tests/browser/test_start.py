"""The Start tab in a real browser: the page opens on it, its links lead to the tabs without loading the page again."""

from __future__ import annotations

from playwright.sync_api import Page, expect


def test_a_visitor_begins_there_and_its_links_open_the_tabs(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator("#tab-start")).to_be_visible()
    page.evaluate("window.here = true")
    for name in ("gan", "transformer", "compare"):
        page.get_by_role("tab", name="Start", exact=True).filter(visible=True).first.click()
        page.locator(f"#tab-start a.totab[data-tab={name}]").first.click()
        expect(page.locator(f"#tab-{name}")).to_be_visible()
    assert page.evaluate("window.here"), "the page was loaded again"

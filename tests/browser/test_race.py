"""The race in a real browser: it streams, records, plays back without the server, and stops when told to."""

from __future__ import annotations

import time

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW


def state(page: Page) -> dict:
    return page.evaluate("window.playgroundRaceState()")


def test_a_race_is_recorded_as_it_runs_and_played_again(page: Page, url: str) -> None:
    page.goto(f"{url}?tab=race&target=moons&seconds=1&seed=3")
    expect(page.locator("#race-told")).to_contain_text("recorded", timeout=SLOW)
    page.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    page.locator("#tab-race button.primary").first.click()
    page.wait_for_function(
        "window.playgroundRaceState().live && Object.values(window.playgroundRaceState().frames).every((n) => n > 2)", timeout=SLOW
    )
    expect(page.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(page.locator("#race-told")).to_contain_text("Two moons · 1 s of training each")
    found = state(page)
    assert found["key"] == "moons-3-1" and not found["live"] and min(found["frames"].values()) >= 4
    clock = page.locator(".racer[data-family=flow] .clock")
    at_the_end = clock.text_content()
    page.locator(".race-at").fill("0")
    expect(clock).to_have_text("step 0")
    page.locator(".race-speed").select_option("3")
    page.locator(".race-play").click()
    expect(clock).to_have_text(at_the_end or "", timeout=SLOW)
    drawn = page.evaluate(
        "[...document.querySelectorAll('.racer canvas:first-of-type')].map((c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0))"
    )
    assert drawn == [True] * 6
    for kind in ("png", "csv"):
        with page.expect_download() as kept:
            page.locator(f".race-{kind}").click()
        assert kept.value.suggested_filename == f"race-moons-3-1.{kind}"


def test_stop_ends_a_race_and_what_was_seen_stays(page: Page, url: str) -> None:
    page.goto(f"{url}?tab=race&target=ring&seconds=10&seed=3")
    page.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    page.locator("#tab-race button.primary").first.click()
    page.wait_for_function("window.playgroundRaceState().frames.vae > 2", timeout=SLOW)
    page.locator("#tab-race button.stop").first.click()
    time.sleep(1.0)
    before = state(page)["frames"]
    time.sleep(1.0)
    assert state(page)["frames"] == before and min(before.values()) >= 1


def test_points_drawn_on_the_sheet_become_the_target(page: Page, url: str) -> None:
    page.goto(f"{url}?tab=race&target=own&seconds=1&seed=3")
    page.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    page.get_by_role("button", name="Your own points").click()
    sheet = page.locator(".own-sheet canvas")
    expect(sheet).to_be_visible()
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 220, box["y"] + 200, steps=30)
    page.mouse.up()
    page.wait_for_function("document.querySelector('#race-own textarea').value.split('\\n').length > 40")
    page.locator("#race-run").click()
    expect(page.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(page.locator("#race-told")).to_contain_text("Your own · 1 s of training each")
    expect(page.locator("#race-told")).to_contain_text("your points are in no link")

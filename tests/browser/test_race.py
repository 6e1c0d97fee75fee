"""The race in a real browser: it streams, records, plays back without the server, and stops when told to."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests import serving
from tests.browser.looking import SLOW, settle


def state(page: Page) -> dict:
    return page.evaluate("window.playgroundRaceState()")


def test_a_race_is_recorded_as_it_runs_and_played_again(fresh: Page, url: str) -> None:
    fresh.goto(f"{url}?tab=race&target=moons&seconds=1&seed=3")
    expect(fresh.locator("#race-told")).to_contain_text("recorded", timeout=SLOW)
    fresh.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    fresh.locator("#tab-race button.primary").first.click()
    fresh.wait_for_function(
        "window.playgroundRaceState().live && Object.values(window.playgroundRaceState().frames).every((n) => n > 2)", timeout=SLOW
    )
    expect(fresh.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(fresh.locator("#race-told")).to_contain_text("Two moons · 1 s of training each")
    found = state(fresh)
    assert found["key"] == "moons-3-1" and not found["live"] and min(found["frames"].values()) >= 4
    clock = fresh.locator(".racer[data-family=flow] .clock")
    at_the_end = clock.text_content()
    fresh.locator(".race-at").fill("0")
    expect(clock).to_have_text("step 0")
    fresh.locator(".race-speed").select_option("3")
    fresh.locator(".race-play").click()
    expect(clock).to_have_text(at_the_end or "", timeout=SLOW)
    drawn = fresh.evaluate(
        "[...document.querySelectorAll('.racer canvas:first-of-type')].map((c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v) => v > 0))"
    )
    assert drawn == [True] * 6
    for kind in ("png", "csv"):
        with fresh.expect_download() as kept:
            fresh.locator(f".race-{kind}").click()
        assert kept.value.suggested_filename == f"race-moons-3-1.{kind}"


def test_stop_ends_a_race_and_what_was_seen_stays(fresh: Page, url: str) -> None:
    fresh.goto(f"{url}?tab=race&target=ring&seconds=10&seed=3")
    fresh.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    fresh.locator("#tab-race button.primary").first.click()
    fresh.wait_for_function("window.playgroundRaceState().frames.vae > 2", timeout=SLOW)
    fresh.locator("#tab-race button.stop").first.click()
    settle(fresh)
    assert serving.gate_is_free_within(SLOW / 1000)
    before = state(fresh)["frames"]
    fresh.wait_for_timeout(500)  # nothing may happen: there is no event to wait for
    assert state(fresh)["frames"] == before and min(before.values()) >= 1


def test_points_drawn_on_the_sheet_become_the_target(fresh: Page, url: str) -> None:
    fresh.goto(f"{url}?tab=race&target=own&seconds=1&seed=3")
    fresh.wait_for_function("window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    fresh.get_by_role("button", name="Your own points").click()
    sheet = fresh.locator(".own-sheet canvas")
    expect(sheet).to_be_visible()
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    fresh.mouse.move(box["x"] + 40, box["y"] + 60)
    fresh.mouse.down()
    fresh.mouse.move(box["x"] + 220, box["y"] + 200, steps=30)
    fresh.mouse.up()
    fresh.wait_for_function("document.querySelector('#race-own textarea').value.split('\\n').length > 40")
    fresh.locator("#race-run").click()
    expect(fresh.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(fresh.locator("#race-told")).to_contain_text("Your own · 1 s of training each")
    expect(fresh.locator("#race-told")).to_contain_text("your points are in no link")

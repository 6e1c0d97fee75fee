"""The race on small digits in a real browser: chosen by its picture, with a drawing of one's own, recorded and played again."""

from __future__ import annotations

import csv

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW


def test_digits_with_a_drawing_of_ones_own_are_raced_to_and_played_again(fresh: Page, url: str):
    fresh.goto(f"{url}?tab=race&seed=3&play=nothing")
    fresh.wait_for_function("window.playgroundIsOpen && window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)
    expect(fresh.locator(".race-reals")).to_be_hidden()
    fresh.locator(".target[data-name=digits-8]").click()
    seconds = fresh.get_by_label("number input for Seconds for each")
    expect(seconds).to_have_value("8", timeout=SLOW)
    seconds.fill("1")
    fresh.keyboard.press("Tab")
    fresh.get_by_role("button", name="Your own digits").click()
    fresh.locator(".own-add").click()
    expect(fresh.locator(".own-added")).to_contain_text("Draw something first.")
    sheet = fresh.locator(".own-digits > canvas")
    sheet.scroll_into_view_if_needed()
    box = sheet.bounding_box()
    for across in (False, True):
        ends = [(0.2, 0.5), (0.8, 0.5)] if across else [(0.5, 0.2), (0.5, 0.8)]
        (x0, y0), (x1, y1) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in ends)
        fresh.mouse.move(x0, y0)
        fresh.mouse.down()
        fresh.mouse.move(x1, y1, steps=8)
        fresh.mouse.up()
    fresh.locator(".own-add").click()
    expect(fresh.locator(".own-added canvas")).to_have_count(1)
    fresh.locator("#race-run").click()
    expect(fresh.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    told = fresh.locator("#race-told")
    for words in ("Digits, 8 × 8 · 1 s of training each", "units a layer 128", "Kinds covered", "Yours", "your drawings are in no link"):
        expect(told).to_contain_text(words)
    expect(fresh.locator(".race-reals")).to_be_visible()
    expect(fresh.locator(".racer[data-family=flow] .racer-numbers")).to_contain_text("% yours")
    expect(fresh.locator(".racer[data-family=flow] .of-pictures")).to_be_visible()
    at_the_end = picture(fresh)
    fresh.locator(".race-at").fill("0")
    expect(fresh.locator(".racer[data-family=flow] .clock")).to_have_text("step 0")
    assert picture(fresh) != at_the_end
    with fresh.expect_download() as kept:
        fresh.locator(".race-csv").click()
    with open(kept.value.path(), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    frames = fresh.evaluate("window.playgroundRaceState().frames")
    assert len(rows) == 36 * sum(frames.values()) and all(0 <= int(row["p63"]) <= 255 for row in rows)


def picture(page: Page) -> str:
    """What the sheet of flow matching shows, once it has been painted."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("document.querySelector('.racer[data-family=flow] canvas').toDataURL()")

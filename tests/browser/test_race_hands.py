"""Hands on the race in a real browser: targets as pictures, updates by hand, what is taken away, a guess first; keyboard, finger, two visitors."""

from __future__ import annotations

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import SLOW, set_number

WIDE = {"width": 1280, "height": 900}


def opened(page: Page, url: str, query: str) -> None:
    page.goto(f"{url}?tab=race{query}")
    page.wait_for_function("window.playgroundIsOpen && window.playgroundRaceState?.().frames.gan === 1", timeout=SLOW)


def frames(page: Page) -> dict[str, int]:
    return page.evaluate("window.playgroundRaceState().frames")


def remember(page: Page) -> None:
    """Has the page keep all that it tells of its race from now on: a race of a second may be over before this script asks."""
    page.evaluate("""() => {
        const told = document.querySelector("#race-told");
        window.told = [told.textContent];
        new MutationObserver(() => window.told.push(told.textContent)).observe(told, {childList: true, subtree: true, characterData: true});
    }""")


def was_told(page: Page, words: str, timeout: int) -> None:
    page.wait_for_function("words => window.told.some(text => text.includes(words))", arg=words, timeout=timeout, polling=200)


@pytest.fixture
def raced(fresh: Page, url: str) -> Page:
    """A fresh on which a race of one second each has just ended."""
    opened(fresh, url, "&target=moons&seconds=1&seed=3&play=nothing")
    fresh.locator("#race-run").click()
    expect(fresh.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(fresh.locator("#race-told")).to_contain_text("Two moons")
    return fresh


def test_a_picture_chooses_the_target(fresh: Page, url: str):
    opened(fresh, url, "")
    fresh.locator(".target[data-name=spirals]").click()
    expect(fresh.get_by_label("Target", exact=True)).to_have_value("Two spirals", timeout=SLOW)


def test_updates_by_hand_are_seen_and_told_and_the_race_goes_on(raced: Page):
    raced.get_by_role("button", name="Hands on").click()
    before, clock = frames(raced), raced.locator(".racer[data-family=gan] .clock")
    step = int((clock.text_content() or "").removeprefix("step ").replace(",", ""))
    raced.get_by_label("Of the GAN").click()
    raced.get_by_role("option", name="critic").click()
    raced.locator("#race-step").click()
    expect(clock).to_have_text(f"step {step + 1:,}", timeout=SLOW)
    expect(raced.locator("#race-told")).to_contain_text("GAN: 1 update by hand of the critic")
    assert frames(raced) == before | {"gan": before["gan"] + 1}
    raced.get_by_role("button", name="Settings").click()
    set_number(raced.locator("#tab-race"), "Learning rate", 0.01)
    expect(raced.locator("#race-steered")).to_contain_text("Learning rate 0.01 from GAN step", timeout=SLOW)
    raced.locator("#race-more").click()
    expect(raced.locator("#race-told")).to_contain_text("the budget once more", timeout=SLOW)
    assert min(now - then for now, then in zip(frames(raced).values(), before.values(), strict=True)) >= 2
    assert raced.locator("#race-told a.take").count() == 0, "no script can run that again"


def test_a_film_a_pinned_moment_and_a_guess(raced: Page):
    with raced.expect_download(timeout=SLOW) as kept:
        raced.locator(".race-webp").click()
    with Image.open(kept.value.path()) as film:
        assert film.format == "WEBP" and film.n_frames == 28 and film.size[0] > 500
        film.seek(27)
        last = film.convert("L").tobytes()
        film.seek(0)
        assert film.convert("L").tobytes() != last
    raced.locator(".race-pin").click()
    expect(raced.locator("#visit .shelf-table")).to_contain_text("race", timeout=SLOW)
    expect(raced.locator("#visit .shelf-table")).to_contain_text("Two moons")
    raced.locator(".race-hide").check()
    expect(raced.locator(".racer-numbers").first).to_be_hidden()
    expect(raced.locator("#race-told")).to_be_hidden()
    raced.locator(".race-quiz button").click()
    expect(raced.locator(".race-quiz .answer")).to_contain_text("In order:")
    expect(raced.locator("#race-told")).to_be_visible()
    raced.locator(".race-lecture").check()
    expect(raced.get_by_role("button", name="Hands on")).to_be_hidden()
    expect(raced.locator("#race-run")).to_be_visible()


def test_a_csv_file_is_read_in_the_browser_and_what_it_holds_besides_is_told(fresh: Page, url: str):
    opened(fresh, url, "&target=own&seconds=1&seed=3&play=nothing")
    fresh.get_by_role("button", name="Your own points").click()
    rows = ["x,y,name", *(f"{k % 7},{k % 5},a" for k in range(60)), "nobody,knows"]
    fresh.locator(".own-sheet input[type=file]").set_input_files(
        {"name": "mine.csv", "mimeType": "text/csv", "buffer": "\n".join(rows).encode()}
    )
    expect(fresh.locator(".own-said")).to_contain_text("mine.csv")
    expect(fresh.locator("#race-read")).to_contain_text("60 points read, x from “x”, y from “y”")
    fresh.locator("#race-run").click()
    expect(fresh.locator("#race-told")).to_contain_text("Left out: 1 line without two numbers.", timeout=SLOW)
    fresh.locator(".own-sheet input[type=file]").set_input_files({"name": "no.csv", "mimeType": "text/csv", "buffer": b"\x00\x01\x02"})
    expect(fresh.locator(".own-said")).to_contain_text("no.csv is no text")


def test_by_keyboard_alone(fresh: Page, url: str):
    opened(fresh, url, "&target=moons&seconds=1&seed=3&play=nothing")
    fresh.locator(".target[data-name=ring]").focus()
    fresh.keyboard.press("Enter")
    expect(fresh.get_by_label("Target", exact=True)).to_have_value("Ring of 8 Gaussians", timeout=SLOW)
    fresh.locator("#race-run").focus()
    fresh.keyboard.press("Enter")
    expect(fresh.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    fresh.locator(".race-at").focus()
    fresh.keyboard.press("Home")
    expect(fresh.locator(".racer[data-family=flow] .clock")).to_have_text("step 0")
    fresh.keyboard.press("Tab")
    fresh.keyboard.press("Shift+Tab")
    fresh.locator(".race-play").focus()
    fresh.keyboard.press("Enter")
    fresh.wait_for_function("window.playgroundRaceState().playing")
    fresh.keyboard.press("Enter")
    fresh.wait_for_function("!window.playgroundRaceState().playing")


def test_by_finger_on_a_narrow_screen(page: Page, url: str):
    context = page.context.browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    try:
        phone = context.new_page()
        opened(phone, url, "&target=own&seconds=1&seed=3&play=nothing")
        phone.get_by_role("button", name="Your own points").tap()
        sheet = phone.locator(".own-sheet canvas")
        sheet.scroll_into_view_if_needed()
        box = sheet.bounding_box()
        for k in range(12):
            phone.touchscreen.tap(box["x"] + box["width"] * (0.2 + 0.05 * k), box["y"] + box["height"] * 0.5)
        phone.wait_for_function("document.querySelector('#race-own textarea').value.split('\\n').length >= 30")
        phone.locator("#race-run").tap()
        expect(phone.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
        expect(phone.locator("#race-told")).to_contain_text("Your own")
        phone.locator(".race-play").tap()
        phone.wait_for_function("window.playgroundRaceState().playing")
        assert phone.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    finally:
        context.close()


def test_visitors_wait_in_line_with_their_place_and_a_closed_page_gives_it_up(browser: Browser, elsewhere: str):
    page, other, third = (browser.new_page(viewport=WIDE) for _ in range(3))
    for each in (page, other, third):
        each.set_default_timeout(SLOW)
    opened(page, elsewhere, "&target=ring&steps=20000&seed=3&play=nothing")  # minutes, if nobody ends it
    for each in (other, third):
        opened(each, elsewhere, "&target=moons&seconds=1&seed=4&play=nothing")
    for each in (page, other, third):  # nothing is painted: three pages on two cores would wait for each other
        each.add_style_tag(content="#race-stage { display: none !important }")
    page.bring_to_front()
    page.locator("#race-run").click()
    page.wait_for_function("window.playgroundRaceState().frames.vae >= 2", timeout=SLOW)
    other.bring_to_front()
    other.locator("#race-run").click()
    expect(other.locator("#race-told")).to_contain_text("place 2", timeout=SLOW)
    expect(other.locator("#race-told")).to_contain_text("one race is before yours")
    third.bring_to_front()
    third.locator("#race-run").click()
    expect(third.locator("#race-told")).to_contain_text("place 3", timeout=SLOW)
    seen = frames(page)["gan"]
    page.wait_for_function(f"window.playgroundRaceState().frames.gan > {seen}", timeout=SLOW)  # the first is not disturbed
    for each in (other, third):
        remember(each)
    page.close()  # its race ends, and the next begins
    was_told(other, "at work", 60_000)
    was_told(third, "place 2", SLOW)
    expect(other.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(third.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    other.close()
    third.close()

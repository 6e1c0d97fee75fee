"""Points of one's own in a real browser: the sheet shows what was read, a stroke adds to it, Clear and every other change can be undone."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW

ROWS = "\n".join(f"{k};{k / 8:.3f};{(k * 7 % 25) * 1000}".replace(".", ",") for k in range(40))
FILE = {"name": "mine.csv", "mimeType": "text/csv", "buffer": ("\ufeffid;breite;preis\r\n" + ROWS).encode("utf-16")}


def state(page: Page) -> dict:
    return page.evaluate("window.playgroundOwnPointsState()")


def has(page: Page, points: int) -> None:
    """Waits until the sheet shows so many points, all of which the server has read."""
    page.wait_for_function(
        "n => { const s = window.playgroundOwnPointsState(); return s.points === n && !s.fresh; }", arg=points, timeout=SLOW, polling=100
    )


def text(page: Page) -> str:
    return page.locator("#race-own textarea").input_value()


def stroke(page: Page) -> int:
    """Draws from the middle to the right; gives how many points were added, once they have been read."""
    sheet = page.locator(".own-sheet canvas").first
    sheet.scroll_into_view_if_needed()
    box, before = sheet.bounding_box(), state(page)["points"]
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.9 * box["width"], box["y"] + 0.5 * box["height"], steps=10)
    page.mouse.up()
    page.wait_for_function("n => window.playgroundOwnPointsState().points > n", arg=before, timeout=SLOW, polling=100)
    return state(page)["points"] - before


def opened(page: Page, url: str) -> None:
    page.goto(f"{url}?tab=race&target=own&seconds=1&seed=3&play=nothing")
    page.wait_for_function("window.playgroundIsOpen", timeout=SLOW)
    page.get_by_role("button", name="Your own points").click()
    page.wait_for_function("window.playgroundOwnPointsState", timeout=SLOW)


def test_a_stroke_adds_to_the_points_of_a_file_and_clear_can_be_undone(page: Page, url: str):
    opened(page, url)
    read, undo, clear = page.locator("#race-read"), page.locator(".own-sheet .own-undo").first, page.locator(".own-sheet .own-clear").first
    expect(undo).to_be_disabled()
    page.locator(".own-sheet input[type=file]").set_input_files(FILE)
    has(page, 40)
    expect(read).to_contain_text("40 points read, x from “breite”, y from “preis” (not from id), with decimal commas")
    expect(read).to_contain_text("Each axis has its own scale: y spans 4,923 times as much as x.")
    plane = state(page)["plane"]
    assert max(abs(value) for point in plane for value in point) < 1.71 and len({round(y, 3) for _, y in plane}) == 25
    painted = "document.querySelector('.own-sheet canvas').getContext('2d').getImageData(0, 0, 440, 440).data.filter((v, k) => k % 4 === 3 && v).length"
    assert page.evaluate(painted) > 40 * 4
    table = text(page)
    added = stroke(page)
    assert added >= 20 and state(page)["plane"][:40] == plane, "nothing jumps"
    last = state(page)["plane"][-1]
    assert abs(last[0] - 0.8 * 2) < 0.2 and abs(last[1]) < 0.2, "a point lies where it was drawn"
    expect(read).to_contain_text(f"{40 + added} points read")
    lines = text(page).splitlines()
    assert len(lines) == 40 + added and lines[0].split(", ") == ["0.0", "0.0"]
    clear.click()
    has(page, 0)
    assert text(page) == ""
    undo.click()
    has(page, 40 + added)
    assert text(page).splitlines() == lines
    undo.click()
    has(page, 40)
    assert text(page) == table
    undo.click()
    has(page, 0)
    expect(undo).to_be_disabled()
    more = stroke(page) + stroke(page)
    assert state(page)["points"] == more and state(page)["view"]["middle"] == [0, 0], "an empty sheet has its own coordinates"


def test_a_text_with_two_readings_is_asked_about_and_any_columns_can_be_chosen(page: Page, url: str):
    opened(page, url)
    read = page.locator("#race-read")
    page.locator("#race-own textarea").fill("0,5,1,25\n2,5,3,75\n" * 15)
    expect(read).to_contain_text("points can be read in two ways")
    page.locator(".own-sheet canvas").first.click()
    expect(page.locator(".own-said")).to_contain_text("Answer the question below first")
    page.locator("#race-run").click()
    expect(page.locator(".toast-body, .error").first).to_contain_text("choose decimal_mark, point or comma")
    page.get_by_label("Decimal mark").click()
    page.get_by_role("option", name="comma", exact=True).click()
    expect(read).to_contain_text("30 points read, with decimal commas")
    has(page, 30)
    page.locator("#race-own textarea").fill("height,weight,age\n" + "\n".join(f"{k * k},{k % 9},{70 - k}" for k in range(30)))
    expect(read).to_contain_text("x from “height”, y from “weight” (not from age)")
    expect(page.get_by_label("Decimal mark")).to_have_value("auto")
    page.get_by_label("Column of y").click()
    page.get_by_role("option", name="age", exact=True).click()
    expect(read).to_contain_text("x from “height”, y from “age” (not from weight)")
    page.get_by_label("Scale of the axes").click()
    page.get_by_role("option", name="each", exact=True).click()
    expect(read).to_contain_text("Each axis has its own scale: x spans 29 times as much as y.")
    page.locator("#race-run").click()
    expect(page.locator("#race-told .badge.live")).to_be_visible(timeout=SLOW)
    expect(page.locator("#race-told")).to_contain_text("x from “height”, y from “age” (not from weight). Each axis has its own scale")


def test_clearing_digits_of_ones_own_can_be_undone(page: Page, url: str):
    page.goto(f"{url}?tab=race&seed=3&play=nothing")
    page.wait_for_function("window.playgroundIsOpen", timeout=SLOW)
    page.get_by_role("button", name="Your own digits").click()
    sheet, undo, kept = page.locator(".own-digits > canvas"), page.locator(".own-digits .own-undo"), page.locator(".own-added canvas")
    sheet.scroll_into_view_if_needed()
    ink = "document.querySelector('.own-digits > canvas').getContext('2d').getImageData(0, 0, 280, 280).data.some((value) => value)"
    expect(undo).to_be_disabled()
    box = sheet.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    assert page.evaluate(ink)
    page.locator(".own-digits .own-clear").click()
    assert not page.evaluate(ink)
    undo.click()
    assert page.evaluate(ink)
    page.locator(".own-add").click()
    written = page.evaluate("document.querySelector('#race-drawings textarea, #race-drawings input').value")
    page.locator(".own-none").click()
    expect(kept).to_have_count(0)
    undo.click()
    expect(kept).to_have_count(1)
    assert written and page.evaluate("document.querySelector('#race-drawings textarea, #race-drawings input').value") == written
    undo.click()
    expect(kept).to_have_count(0)
    assert page.evaluate(ink), "the drawing is on the sheet again"
    expect(undo).to_be_disabled()

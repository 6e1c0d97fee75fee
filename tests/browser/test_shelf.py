"""Runs side by side: pinned from what was drawn, what differs marked, at most six, as CSV and as one PNG."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import open_tab, press, set_number

TAB = "gan"


def draw(page: Page, *seeds: int, tab: str = TAB) -> None:
    """Draws a picture of each seed."""
    panel = open_tab(page, tab)
    set_number(panel, "n (samples)", 1)
    strip = page.locator("#visit .visit-item")
    for seed in seeds:
        set_number(panel, "Seed", seed)
        before = strip.count()
        press(panel, tab)
        expect(strip).to_have_count(before + 1)


def test_two_runs_stand_side_by_side_and_what_differs_is_marked(page: Page, tmp_path: Path) -> None:
    shelf = page.locator("#visit .shelf")
    expect(shelf).to_be_hidden()
    draw(page, 31, 32)
    pins = page.locator("#visit .visit-pin")
    expect(pins).to_have_count(2)
    for k in (0, 1):
        pins.nth(k).click()
    expect(pins.first).to_have_attribute("aria-pressed", "true")
    expect(shelf.locator("thead img")).to_have_count(2)
    rows = {row.locator("th").inner_text(): row.locator("td").all_inner_texts() for row in shelf.locator("tbody tr").all()}
    assert rows["seed ≠"] == ["32", "31"] and rows["model"] == ["gan-mnist"] * 2 and rows["n"] == ["1", "1"]
    assert "seconds" in rows and "link" not in rows, "a result is no setting that differs"
    with page.expect_download() as caught:
        shelf.locator(".shelf-csv").click()
    caught.value.save_as(tmp_path / "runs.csv")
    table = {row[0]: row[1:] for row in csv.reader(io.StringIO((tmp_path / "runs.csv").read_text()))}
    assert table["setting"] == ["run 1", "run 2", "differs"] and table["seed"] == ["32", "31", "yes"] and table["model"][2] == "no"
    with page.expect_download() as caught:
        shelf.locator(".shelf-png").click()
    caught.value.save_as(tmp_path / "runs.png")
    with Image.open(tmp_path / "runs.png") as sheet:
        assert sheet.width == 2 * 272 and sheet.height > 290
    shelf.get_by_role("button", name="Unpin gan-mnist, seed 32").click()
    expect(shelf.locator("thead img")).to_have_count(1)
    expect(page.locator("#visit .visit-pin[aria-pressed=true]")).to_have_count(1)
    page.locator("#visit .visit-clear").click()
    expect(shelf).to_be_hidden()


def test_runs_of_two_tabs_can_be_compared_and_a_seventh_is_refused(page: Page) -> None:
    draw(page, *range(41, 46))
    draw(page, 41, 42, tab="vae")
    pins = page.locator("#visit .visit-pin")
    expect(pins).to_have_count(7)
    for k in range(7):
        pins.nth(k).click()
    shelf = page.locator("#visit .shelf")
    expect(shelf.locator("thead img")).to_have_count(6)
    expect(page.locator("#visit .visit-said")).to_contain_text("Six runs stand side by side at most")
    assert "model ≠" in shelf.locator("tbody th").all_inner_texts()
    shelf.locator(".shelf-clear").click()
    expect(shelf).to_be_hidden()

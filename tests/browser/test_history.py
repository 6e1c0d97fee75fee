"""This visit: what was drawn comes back with its settings, from the strip or out of a dropped PNG, and all of it as one ZIP."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin
from playwright.sync_api import Locator, Page, expect

from tests.browser.looking import SLOW, open_tab, press, set_number, settle, taken

TAB = "gan"


def seed_of(panel: Locator) -> Locator:
    return panel.locator("input[type=number][aria-label='Seed']").first


def restored(page: Page) -> None:
    """Waits until what was brought back has arrived."""
    page.wait_for_timeout(150)  # a link presses its button after a while
    settle(page)


def png(tmp_path: Path, chunk: object, name: str = "x.png") -> Path:
    """A picture with this text chunk, or none."""
    about = PngImagePlugin.PngInfo()
    if chunk is not None:
        about.add_text("playground", chunk if isinstance(chunk, str) else json.dumps(chunk))
    path = tmp_path / name
    Image.new("RGB", (8, 8)).save(path, pnginfo=about)
    return path


def test_what_was_drawn_comes_back_and_can_be_taken_away_together(page: Page, tmp_path: Path) -> None:
    strip = page.locator("#visit .visit-item")
    assert strip.count() == 0, "what is recorded was not drawn on this visit"
    panel = open_tab(page, TAB)
    drawn = {}
    for seed, n in ((21, 2), (22, 3)):
        set_number(panel, "Seed", seed)
        set_number(panel, "n (samples)", n)
        press(panel, TAB)
        drawn[seed] = taken(panel)[0]
    expect(strip).to_have_count(2)
    assert strip.nth(1).locator("img").get_attribute("alt") == "gan-mnist, seed 21: bring its settings back"
    open_tab(page, "vae")
    strip.nth(1).focus()
    page.keyboard.press("Enter")
    restored(page)
    expect(seed_of(panel)).to_have_value("21")
    expect(page.locator("#visit .visit-said")).to_contain_text("The settings of gan-mnist, seed 21, are back")
    assert panel.is_visible() and strip.count() == 2, "its tab is open, and nothing was drawn unasked"
    press(panel, TAB)
    assert np.array_equal(taken(panel)[0], drawn[21])
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download all").click()
    waiting.value.save_as(tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as files:
        assert files.testzip() is None and len(files.namelist()) == len(set(files.namelist())) == 2
        found = [json.loads(Image.open(io.BytesIO(files.read(name))).text["playground"]) for name in files.namelist()]
    assert sorted(each["seed"] for each in found) == [21, 22], "what was drawn twice is there once"
    page.get_by_role("button", name="Clear", exact=True).filter(visible=True).last.click()
    expect(strip).to_have_count(0)


def test_a_picture_of_this_page_brings_its_settings_back_within_bounds(page: Page, tmp_path: Path) -> None:
    chooser = page.locator("#visit input[type=file]")
    chooser.set_input_files(
        png(tmp_path, {"model": "gan-mnist", "seed": 77, "link": "?tab=gan&seed=77&n=9000&label=3&evil=%3Cimg%20onerror%3D1%3E"})
    )
    restored(page)
    panel = page.locator(f"#tab-{TAB}")
    expect(panel).to_be_visible()
    expect(seed_of(panel)).to_have_value("77")
    expect(page.get_by_text("The link asks for n '9000'")).to_be_visible(timeout=SLOW)
    assert panel.locator("input[aria-label='number input for n (samples)']").first.input_value() == "64"
    assert page.locator("#visit img[onerror]").count() == 0


FAULTS = {
    "no settings": (None, "carries no settings"),
    "no JSON": ("{", "carries no settings"),
    "no link": ({"seed": 3}, "carries no settings"),
    "another address": ({"link": "https://evil.example/?tab=gan"}, "carries no settings"),
    "too long": ({"link": "?" + "a" * 20_000}, "carries no settings"),
    "too large a chunk": ({"link": "?tab=gan", "x": "a" * 80_000}, "carries no settings"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_picture_that_is_not_ours_is_one_sentence_and_asks_nobody(page: Page, tmp_path: Path, fault: str) -> None:
    chunk, words = FAULTS[fault]
    restored(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/queue/join" in request.url else None)
    page.locator("#visit input[type=file]").set_input_files(png(tmp_path, chunk))
    expect(page.locator("#visit .visit-said")).to_contain_text(words)
    assert not asked


def test_a_file_that_is_no_png_and_a_tab_that_is_none_are_one_sentence(page: Page, tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(b"BM and something else that is long enough")
    page.locator("#visit input[type=file]").set_input_files(tmp_path / "x.png")
    expect(page.locator("#visit .visit-said")).to_contain_text("This is no PNG")
    page.locator("#visit input[type=file]").set_input_files(png(tmp_path, {"link": "?tab=moon"}, "y.png"))
    expect(page.get_by_text("which is no tab of this page")).to_be_visible(timeout=SLOW)


def test_a_dropped_picture_is_read_wherever_it_falls(page: Page, tmp_path: Path) -> None:
    body = list(png(tmp_path, {"model": "gan-mnist", "seed": 5, "link": "?tab=gan&seed=5"}).read_bytes())
    page.evaluate(
        """bytes => { const data = new DataTransfer(); data.items.add(new File([Uint8Array.from(bytes)], 'x.png', { type: 'image/png' }));
            document.querySelector('h1').dispatchEvent(new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })); }""",
        body,
    )
    restored(page)
    expect(seed_of(page.locator(f"#tab-{TAB}"))).to_have_value("5")

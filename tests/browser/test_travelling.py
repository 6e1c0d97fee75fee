"""Settings that travel, in a real browser: a rewritten PNG, a film, a refused copy, a reload, a private window."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect

from playground import run, settings
from tabs import api, pictures
from tests.browser.looking import SLOW, open_tab, press, set_number
from tests.test_settings import KINDS, rewritten

ABOUT = {"model": "gan-mnist", "seed": 77, "link": "?tab=gan&seed=77"}


def choose(page: Page, tmp_path: Path, data: bytes, name: str = "x.png") -> None:
    """Gives the page a picture to read."""
    (tmp_path / name).write_bytes(data)
    page.locator("#visit input[type=file]").set_input_files(tmp_path / name)


def pictures_to_read() -> dict[str, bytes]:
    """A picture of every writer, and a PNG as optimisers rewrite it."""
    frames = [np.full((8, 8, 1), value, np.uint8) for value in (0, 90, 200)]
    drawn = run.sample("gan-mnist", 2, 77)
    found = {f"{kind}.png": rewritten(kind, ABOUT) for kind in KINDS[1:]}
    found |= {f"film.{kind.lower()}": pictures.animation(frames, kind, settings=ABOUT) for kind in ("GIF", "WEBP")}
    uri = api.answer(drawn)["image"]
    return found | {
        "api.png": base64.b64decode(uri.split(",")[1]),
        "line.png": settings.png(drawn.samples.uint8()[0], settings.of_picture(drawn)),
    }


def test_every_kind_of_picture_brings_its_settings_back(page: Page, tmp_path: Path) -> None:
    panel, said = page.locator("#tab-gan"), page.locator("#visit .visit-said")
    for name, data in pictures_to_read().items():
        open_tab(page, "gan")
        set_number(panel, "Seed", 1)
        page.evaluate("document.querySelector('#visit .visit-said').textContent = ''")
        choose(page, tmp_path, data, name)
        expect(said).to_contain_text("The settings of gan-mnist, seed 77, are back")
        expect(panel.locator("input[type=number][aria-label='Seed']").first).to_have_value("77")


def test_a_picture_made_from_a_given_one_says_what_is_not_back(page: Page, tmp_path: Path, url: str) -> None:
    link = "?tab=diffusion&model=diffusion-mnist&seed=78&strength=0.25&missing=given"
    choose(page, tmp_path, rewritten("zTXt", {"model": "diffusion-mnist", "seed": 78, "link": link}))
    expect(page.locator("#visit .visit-said")).to_contain_text("are back, but for given, which no link can hold")
    expect(page.get_by_text("This link leaves out 'given'")).to_be_visible(timeout=SLOW)
    opened = page.context.new_page()
    opened.goto(url + link)
    expect(opened.get_by_text("This link leaves out 'given'")).to_be_visible(timeout=SLOW)
    opened.wait_for_timeout(1500)
    assert not opened.locator("#diffusion-out .badge.live, #diffusion-out .badge.running").count(), "nothing else is drawn unasked"
    opened.close()


REFUSALS = {
    "plain http": "Object.defineProperty(navigator, 'clipboard', { value: undefined, configurable: true })",
    "refused": "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }, configurable: true })",
    "throws": "Object.defineProperty(navigator, 'clipboard', { value: { writeText: () => { throw new TypeError('no'); } }, configurable: true })",
}


def test_a_link_that_was_not_copied_says_so_and_is_selected(page: Page) -> None:
    panel = open_tab(page, "gan")
    for refusal in REFUSALS.values():  # from the second on, the panel is there already
        page.evaluate(refusal)
        link = panel.locator("#gan-out a.permalink")
        link.click()
        expect(link).to_contain_text("not copied")
        expect(page.locator("#share .share")).to_contain_text("Not copied:")
        page.wait_for_function("document.activeElement.closest?.('#share')")
        selected = page.evaluate("(field => field.value.slice(field.selectionStart, field.selectionEnd))(document.activeElement)")
        assert selected == page.locator("#share .share input").input_value() and "tab=gan" in selected
        assert "(copied)" not in page.locator("#share").inner_text()
        page.evaluate("document.activeElement.blur()")
        expect(link).to_have_text("link")


def test_a_link_that_was_copied_says_so(page: Page) -> None:
    page.evaluate(
        "Object.defineProperty(navigator, 'clipboard', { value: { writeText: (text) => { window.wrote = text; return Promise.resolve(); } }, configurable: true })"
    )
    link = open_tab(page, "gan").locator("#gan-out a.permalink")
    link.click()
    expect(link).to_contain_text("link copied")
    expect(page.locator("#share .share")).to_contain_text("Address (copied)")
    assert page.evaluate("window.wrote") == page.locator("#share .share input").input_value()


def test_a_reload_keeps_this_visit_and_clear_empties_it_for_good(page: Page, url: str) -> None:
    panel, strip = open_tab(page, "gan"), page.locator("#visit .visit-item img")
    set_number(panel, "n (samples)", 1)
    for seed in (21, 22):
        set_number(panel, "Seed", seed)
        press(panel, "gan")
    expect(strip).to_have_count(2)
    page.reload()
    page.wait_for_function("window.playgroundIsOpen")
    expect(strip).to_have_count(2)
    assert [each.get_attribute("alt") for each in strip.all()] == [f"gan-mnist, seed {seed}: bring its settings back" for seed in (22, 21)]
    page.locator("#visit .visit-item").last.click()
    expect(panel.locator("input[type=number][aria-label='Seed']").first).to_have_value("21")
    panel = open_tab(page, "gan")
    press(panel, "gan")  # the same again is there once, in front
    expect(strip).to_have_count(2)
    page.reload()
    page.wait_for_function("window.playgroundIsOpen")
    expect(strip).to_have_count(2)
    assert "seed 21" in strip.first.get_attribute("alt")
    page.locator("#visit .visit-clear").click()
    expect(strip).to_have_count(0)
    page.reload()
    page.wait_for_function("window.playgroundIsOpen")
    page.wait_for_timeout(500)
    assert strip.count() == 0


def kept(page: Page, count: int, size: int) -> list[int]:
    """Keeps so many runs of that size and returns the seeds that are still there, newest first."""
    return page.evaluate(
        """async ([count, size]) => {
            const store = window.playgroundVisits((text) => { throw new Error(text); });
            for (let seed = 0; seed < count; seed++) store.keep({ settings: { seed, link: "?tab=gan" }, bytes: new Uint8Array(size), name: "x.png", at: Date.now() });
            return (await store.all()).map((run) => run.settings.seed);
        }""",
        [count, size],
    )


def test_the_oldest_go_first_by_number_and_by_size(page: Page) -> None:
    assert kept(page, 30, 10) == list(range(29, 5, -1))
    assert kept(page, 5, 6_000_000) == [4, 3, 2]


FAULTS = {
    "full": ("IDBObjectStore.prototype.add = () => { throw new DOMException('full', 'QuotaExceededError'); }", "no room left"),
    "a private window": (
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError'); }",
        "keeps nothing for this page",
    ),
    "no store at all": ("Object.defineProperty(window, 'indexedDB', { value: undefined })", "keeps nothing for this page"),
}


def test_a_browser_that_keeps_nothing_is_one_sentence_and_the_visit_goes_on(page: Page) -> None:
    for code, words in FAULTS.values():
        said = page.evaluate(
            """async (code) => {
                const said = [], store = window.playgroundVisits((text) => said.push(text));
                new Function(code)();
                for (const seed of [1, 2]) store.keep({ settings: { seed, link: "?tab=gan" }, bytes: new Uint8Array(9), name: "x.png", at: Date.now() });
                await store.clear();
                await store.all();
                return said;
            }""",
            code,
        )
        assert len(said) == 1 and words in said[0] and said[0].endswith(".")
    page.evaluate("window.playgroundKeep(new Uint8Array(40), { model: 'race', seed: 3, link: '?tab=race' }, 'x.png')")
    expect(page.locator("#visit .visit-item")).to_have_count(1)

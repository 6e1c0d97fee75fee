"""On every canvas to draw on, only the first pointer draws. No server: the scripts, the canvases, and events as several fingers give them."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tabs import drawing
from tests.conftest import ROOT

ASSETS = ROOT / "assets"
DIGITS = (
    '<div><canvas data-side="56" data-most="24" width="280" height="280"></canvas><p class="own-added"></p><button class="own-add"></button>'
    '<button class="own-clear"></button><button class="own-none"></button><button class="own-undo"></button></div>'
)
POINTS = (
    '<div><canvas data-longest="1000" data-most="1000" data-plane="2" data-filled="0.8" width="280" height="280"></canvas><button class="own-clear"></button>'
    '<button class="own-undo"></button><input type="file"><p class="own-said"></p></div>'
)
PADS = {
    "white on black": (drawing.TEMPLATE.format(side=280, kind="", name="a", width=20, more=""), "window.playgroundPad(root, () => {})"),
    "over a picture": (drawing.TEMPLATE.format(side=280, kind="over", name="a", width=40, more=""), "window.playgroundPad(root, () => {})"),
    "in colour": (
        drawing.TEMPLATE.format(side=280, kind="colour", name="a", width=20, more=drawing.COLOUR),
        "window.playgroundPad(root, () => {})",
    ),
    "digits of the race": (DIGITS, "window.playgroundOwnDigits(root)"),
    "points of the race": (POINTS, "window.playgroundOwnPoints(root)"),
}
INK = """([x0, y0, x1, y1]) => {
    const data = document.querySelector("canvas").getContext("2d").getImageData(x0, y0, x1 - x0, y1 - y0).data;
    const paper = window.paper;
    return Array.from({length: data.length / 4}, (_, k) => [0, 1, 2, 3].some((c) => data[4 * k + c] !== paper[c])).filter(Boolean).length;
}"""


def touch(page: Page, kind: str, finger: int, x: int, y: int) -> None:
    """An event of one finger on the canvas."""
    page.evaluate(
        "([kind, pointerId, clientX, clientY]) => document.querySelector('canvas').dispatchEvent(new PointerEvent(kind, "
        "{pointerId, clientX, clientY, pointerType: 'touch', bubbles: true, cancelable: true}))",
        [f"pointer{kind}", finger, x, y],
    )


@pytest.fixture
def pad(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = browser.new_page()
    markup, start = PADS[request.param]
    scripts = [(ASSETS / name).read_text() for name in ("pen.js", "page.js", "race_pictures.js", "race.js", "race_points.js")]
    page.set_content(
        f"<style>body {{ margin: 0 }} canvas {{ width: 280px; height: 280px; touch-action: none; display: block }}</style><div id=root>{markup}</div>"
    )
    page.evaluate("HTMLCanvasElement.prototype.setPointerCapture = () => {}")  # no such finger is on this screen
    for script in scripts:
        page.add_script_tag(content=script)
    page.evaluate(
        f"() => {{ const root = document.getElementById('root').firstElementChild.parentElement; {start}; "
        "window.paper = document.querySelector('canvas').getContext('2d').getImageData(5, 270, 1, 1).data; }"
    )
    yield page
    page.close()


@pytest.mark.parametrize("pad", PADS, indirect=True)
def test_only_the_first_pointer_draws(pad: Page):
    touch(pad, "down", 1, 60, 40)
    touch(pad, "move", 1, 60, 80)
    touch(pad, "down", 2, 240, 200)  # the palm
    touch(pad, "move", 2, 240, 240)
    touch(pad, "move", 1, 60, 120)
    touch(pad, "up", 2, 240, 240)
    touch(pad, "move", 1, 60, 200)
    assert pad.evaluate(INK, [0, 0, 110, 280]) > 20, "the finger draws"
    assert pad.evaluate(INK, [30, 170, 90, 230]) > 3, "also after the palm was lifted"
    assert pad.evaluate(INK, [130, 0, 280, 280]) == 0, "the palm draws nothing, and is not joined with the finger"
    touch(pad, "down", 3, 240, 60)
    touch(pad, "up", 1, 60, 200)
    touch(pad, "move", 3, 240, 120)
    assert pad.evaluate(INK, [130, 0, 280, 280]) == 0, "a finger that waited its turn does not go on"
    touch(pad, "up", 3, 240, 120)
    touch(pad, "down", 4, 220, 60)
    touch(pad, "move", 4, 220, 120)
    touch(pad, "cancel", 4, 220, 120)
    touch(pad, "move", 4, 150, 250)
    assert pad.evaluate(INK, [170, 0, 280, 180]) > 10, "the next stroke is drawn by whoever begins it"
    assert pad.evaluate(INK, [110, 200, 200, 280]) == 0, "and ends where the system takes it"


@pytest.mark.parametrize("pad", [name for name in PADS if not name.startswith("points")], indirect=True)  # points are sprayed at random
def test_two_fingers_draw_what_one_alone_draws(pad: Page):
    """Fuzzed: a second finger's events between those of the first change no point."""
    rng = random.Random(0)
    path = [(rng.randrange(280), rng.randrange(280)) for _ in range(12)]
    seen = []
    for beside in (False, True):
        pad.evaluate("document.querySelector('.pad-clear, .own-clear').click()")
        for k, (x, y) in enumerate(path):
            touch(pad, "down" if k == 0 else "move", 7, x, y)
            for kind in ("down", "move", "up") if beside else ():
                touch(pad, kind, rng.randrange(8, 11), rng.randrange(280), rng.randrange(280))
        touch(pad, "up", 7, *path[-1])
        seen.append(pad.evaluate("document.querySelector('canvas').toDataURL()"))
    assert seen[0] == seen[1]


def test_every_canvas_takes_its_pointers_from_the_one_pen():
    capturing = [path.name for path in ASSETS.glob("*.js") if "setPointerCapture" in path.read_text()]
    assert capturing == ["pen.js"]

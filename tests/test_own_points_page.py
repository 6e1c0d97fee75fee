"""Points of one's own on their way: onto the plane, onto the page, through the endpoints, out of a file."""

from __future__ import annotations

import html
import inspect
import json
import re
import subprocess

import numpy as np
import pytest

from playground import race
from playground.data import points
from playground.errors import ControlError
from playground.weights import ASSETS
from tests.node import NODE

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("ratio", [50_000.0, 25.0, 1e-6, 1e200])
def test_axes_of_very_different_units_each_fill_the_plane(ratio: float):
    given = RNG.random((100, 2)) * [1, ratio]
    placed = points.own(given).given
    assert np.allclose(np.abs(placed).max(0), points.FILLED * points.REACH) and np.isfinite(placed).all()
    assert points.placement(given).note.startswith("Each axis has its own scale: ")
    shared = points.own(given, "shared").given
    assert np.abs(shared).max(0).min() < 0.1 and points.placement(given, "shared").note.startswith("Both axes share one scale: ")


def test_axes_of_like_units_share_one_scale_unless_asked_and_the_note_says_so():
    given = RNG.random((100, 2)) * [1, 10]
    assert np.isclose(
        np.ptp(points.own(given).given, 0)[1] / np.ptp(points.own(given).given, 0)[0], np.ptp(given, 0)[1] / np.ptp(given, 0)[0]
    )
    assert "Both axes share one scale: y spans 10 times as much as x." == points.placement(given).note
    assert np.allclose(np.abs(points.own(given, "each").given).max(0), points.FILLED * points.REACH)
    with pytest.raises(ControlError, match="scaling must be one of auto, each, shared"):
        points.own(given, "both")


def test_points_on_a_line_or_in_one_place_or_at_the_end_of_the_numbers_are_placed():
    for given in (
        [[1, 2]] * 30,
        [[k, 5] for k in range(30)],
        [[k * 1e307, k] for k in range(-15, 15)],
        [[k * 1e-310, k] for k in range(30)],
    ):
        for scaling in points.SCALING.choices:
            placed = points.own(given, scaling).given
            assert np.isfinite(placed).all() and np.abs(placed).max() <= points.FILLED * points.REACH * (1 + 1e-9)


PAGE = [
    ("0,125;-3,25\n" * 10 + "1,5;2\n" * 10, "20 points read, with decimal commas and semicolons between the columns."),
    (",x,y\n" + "".join(f"{k},{k * k},{k % 7}\n" for k in range(30)), "x from “x”, y from “y” (not from column 1)"),
    ("1.0,,3.0\n" + "1.5,2.5,3\n1.25,2,9\n" * 15, "Left out: 1 line without two numbers."),
    ("\ufeff" + "\u22120.5\t50000\n0.5\t9\n" * 15, "Each axis has its own scale: y spans 49,991 times as much as x."),
]


@pytest.mark.parametrize(("text", "words"), PAGE)
def test_the_page_shows_what_the_core_reads(text: str, words: str):
    from tabs import own_points

    target, note = points.from_text(text)
    shown = own_points._read(text, "auto", "auto", "auto", "auto")
    assert words in note and html.unescape(shown).endswith(f">{note}</p>")
    told = json.loads(html.unescape(re.search(r'data-read="([^"]*)"', shown)[1]))
    place = (np.array(told["points"]) - told["middle"]) / told["reach"] * points.FILLED * points.REACH
    assert np.allclose(place, target.given) and told["chars"] == len(text)


def test_every_endpoint_that_takes_points_reads_them_with_the_same_eyes():
    from tabs import api

    taking = [getattr(api, name) for name in api.ENDPOINTS if "points" in inspect.signature(getattr(api, name)).parameters]
    assert [each.__name__ for each in taking] == ["race_to_own_points"]
    for endpoint in taking:
        for text in ("0,5,1,5\n" * 30, "1 2\n", 3):
            with pytest.raises(ControlError) as expected:
                points.from_text(text)
            with pytest.raises(ControlError) as found:
                endpoint(text, 3, 1)
            assert str(found.value) == str(expected.value)


@pytest.mark.slow
def test_the_endpoint_races_to_the_points_that_were_read():
    from tabs import api

    text = PAGE[1][0]
    found = api.race_to_own_points(text, 3, 1, x="y", y="x", scaling="each")
    assert found["read"] == points.from_text(text, "y", "x", scaling="each")[1] and found["target"] == "own"
    assert set(found["families"]) == set(race.LEARNERS)


def test_the_page_shows_the_question_and_offers_the_columns():
    from tabs import own_points

    shown, x, y, mark = own_points._new_text("0,5,1,5\n" * 30, "auto")
    assert "choose decimal_mark, point or comma" in shown and "&quot;open&quot;:true" in shown and x.choices == [("auto", "auto")]
    shown, x, y = own_points._new_mark("0,5,1,5\n" * 30, "comma", "auto")
    assert "30 points read, with decimal commas" in shown and len(x.choices) == 3
    shown, x, y, mark = own_points._new_text("a,b,c\n1,5,9\n2,7,<b>\n3,1,4\n", "auto")
    assert [title for title, _ in y.choices] == ["auto", "a", "b", "c"] and mark == "auto" and "A race needs 20 points at least." in shown
    assert "x from “c”" in own_points._read("a,b,c\n1,5,9\n2,7,8\n3,1,4\n", "c", "auto", "auto", "each")
    assert "<b>" not in own_points._read("x,y,<b>\n1,2,3\n4,5,9\n", "auto", "auto", "auto", "auto")


def test_too_few_points_are_refused_with_what_was_left_out():
    with pytest.raises(ControlError) as error:
        points.from_text("1,2\n3,4\nfive,six\n")
    assert (
        str(error.value)
        == "points must be 20 to 2,000 pairs of finite numbers, got 2: 2 points read; Left out: 1 line without two numbers."
    )
    for wrong in ({"scaling": "both"}, {"decimal_mark": "dot"}, {"x": "z"}):
        with pytest.raises(ControlError, match="must be"):
            points.from_text("x,y\n" + "1,2\n3,5\n" * 20, **wrong)


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("x;y\n0,5;\u22121", encoding) for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-be")] + [("Größe;y\n0,5;1", "windows-1252")],
)
def test_a_file_is_decoded_as_spreadsheets_save_it(text: str, encoding: str):
    data = (b"\xfe\xff" if encoding == "utf-16-be" else b"") + text.encode(encoding)
    source = (ASSETS / "race_points.js").read_text(encoding="utf-8")
    code = f"globalThis.window = {{}};\n{source}\nprocess.stdout.write(window.playgroundDecoded(new Uint8Array({list(data)})));"
    found = subprocess.run([NODE, "-e", code], capture_output=True, timeout=60, check=True).stdout.decode()
    assert found == text

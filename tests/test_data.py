"""A person's picture as the data set would hold it, however it was drawn; and what a split is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from playground import data
from playground.errors import ControlError, DataUnavailable, PlaygroundError
from tests.conftest import drawing


def rgba(ink: Image.Image, colour: tuple[int, int, int]) -> Image.Image:
    """A stroke of one colour on nothing: the ink is the alpha channel."""
    picture = Image.new("RGBA", ink.size, (*colour, 0))
    picture.putalpha(ink)
    return picture


def stroke(width: int) -> Image.Image:
    """A slanted line of that width."""
    picture = Image.new("L", (300, 300))
    ImageDraw.Draw(picture).line([(110, 60), (190, 240)], fill=255, width=width)
    return picture


DRAWINGS = {
    "middle": drawing(),
    "corner": drawing(at=(20, 24), font_size=40),
    "tiny": drawing(font_size=14, at=(170, 30)),
    "huge": drawing(font_size=260),
    "thin": stroke(1),
    "thick": stroke(60),
    "dark on light": drawing(ink=0, paper=255),
    "faint": drawing(ink=90, paper=20),
    "colour": drawing(ink=0, paper=255).convert("RGB"),
    "black on transparent": rgba(drawing(), (0, 0, 0)),
    "white on transparent": rgba(drawing(), (255, 255, 255)),
    "opaque RGBA": drawing(ink=0, paper=255).convert("RGBA"),
    "one line of points": Image.fromarray(np.pad(np.full((1, 60), 255, np.uint8), 40)),
}


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_becomes_a_digit_centred_by_mass_in_its_box(name: str):
    found = data.from_picture("mnist", DRAWINGS[name])
    assert found.pixels.shape == (1, 28, 28, 1) and found.pixels.dtype == np.uint8
    ink = found.pixels[0, :, :, 0].astype(float)
    assert ink.max() > 200, "the stroke faded"
    rows, columns = np.nonzero(ink > 20)
    height, width = rows.max() - rows.min() + 1, columns.max() - columns.min() + 1
    assert max(height, width) <= 21 and max(height, width) >= 18
    y, x = np.mgrid[:28, :28]
    off = np.array([(y * ink).sum(), (x * ink).sum()]) / ink.sum() - 13.5
    assert np.abs(off).max() <= 1.0, off


def test_place_size_and_polarity_do_not_matter():
    middle = data.from_picture("mnist", drawing(font_size=120)).float32()
    for other in (drawing(font_size=120, at=(70, 130)), drawing(font_size=120, ink=0, paper=255), rgba(drawing(font_size=120), (0, 0, 0))):
        assert np.abs(data.from_picture("mnist", other).float32() - middle).mean() < 0.02


@pytest.mark.parametrize(
    "picture",
    [Image.new("L", (200, 200)), Image.new("L", (200, 200), 255), Image.new("RGBA", (200, 200)), Image.new("RGB", (2, 2), (90, 90, 90))],
    ids=["black", "white", "transparent", "grey"],
)
def test_an_empty_drawing_is_named_empty(picture: Image.Image):
    with pytest.raises(ControlError, match="empty"):
        data.from_picture("mnist", picture)


@pytest.mark.parametrize("picture", [np.zeros((0, 0), np.uint8), np.zeros((5,), np.uint8), np.zeros((9, 9)), "a.png", None], ids=str)
def test_what_is_no_picture_is_refused_in_one_sentence(picture: object):
    with pytest.raises(ControlError, match="picture"):
        data.from_picture("mnist", picture)


def test_unknown_names_are_refused():
    with pytest.raises(PlaygroundError, match="mnist"):
        data.get("nonesuch")
    with pytest.raises(PlaygroundError, match="train"):
        data.load("mnist", "nonesuch")


def test_missing_data_say_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_DATA", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(DataUnavailable, match="PLAYGROUND_DATA"):
        data.load.__wrapped__("mnist", "test")

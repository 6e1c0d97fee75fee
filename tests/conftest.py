"""What all tests share: an offline environment without the data sets, and a few drawn digits."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["PLAYGROUND_DEVICE"] = "cpu"
DATA = os.environ.pop("PLAYGROUND_DATA", None)  # the tests must not need more than the repository ships

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from playground import data, registry  # noqa: E402
from playground.data import faces  # noqa: E402
from playground.types import Images  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DRAWING = tuple(card.id for card in registry.shipped() if "sample" in card.can)  # pictures or texts
SAMPLERS = tuple(card_id for card_id in DRAWING if registry.get(card_id).kind == "image")
WRITERS = tuple(card_id for card_id in DRAWING if registry.get(card_id).kind == "text")
CONDITIONAL = tuple(card.id for card in registry.shipped() if "sample" in card.can and any(c.name == "label" for c in card.controls))


def card_ids(what: str) -> tuple[str, ...]:
    """The ids of all shipped cards that can do that."""
    return tuple(card.id for card in registry.shipped() if what in card.can)


def drawing(
    text: str = "3", size: int = 200, at: tuple[int, int] = (100, 100), font_size: int = 120, ink: int = 255, paper: int = 0
) -> Image.Image:
    """A digit in a grey picture of size x size, its middle at `at`."""
    picture = Image.new("L", (size, size), paper)
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=ImageFont.load_default(font_size), anchor="mm")
    return picture


@pytest.fixture(scope="session")
def some() -> dict[str, Images]:
    """Six samples of every data set by its name, as the data set would hold them: uint8 (6, h, w, c)."""
    digits = Images(np.concatenate([data.from_picture("mnist", drawing(text)).pixels for text in "024679"]))
    return {"mnist": digits, "faces": Images(faces.make(range(6)).pixels)}

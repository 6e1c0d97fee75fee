"""Photographs of digits: what levelling the paper gains, and that it changes no drawing."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from playground import data
from playground.data import levelling, mnist
from playground.metrics import features, photographed
from tests.conftest import drawing

N = 25
LEAST = {"the edge of a shadow": 0.85, "ruled paper": 0.8}  # others: 0.9


def pad_drawings() -> list[Image.Image]:
    """Digits as a pad sends them: white on black, of any size and place, some reaching the edge."""
    found = []
    for k, pixels in enumerate(features.reference("mnist")["pictures"][..., 0]):
        side = (140, 200, 280, 330, 400, 420)[k % 6]
        large = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC).point(lambda value: 255 if value > 127 else 0)
        sheet = Image.new("L", (280, 280))
        sheet.paste(large, ((280 - side) // 2, (280 - side) // 2))
        found.append(sheet)
    return found


def block_zero(width: int) -> Image.Image:
    """A 0 drawn as a box, which looks most like a card in a frame."""
    sheet = Image.new("L", (280, 280))
    ImageDraw.Draw(sheet).rectangle((50, 20, 230, 260), outline=255, width=width)
    return sheet


@pytest.mark.slow
def test_levelling_changes_no_drawing():
    drawings = [*pad_drawings(), *(block_zero(width) for width in (4, 20, 40))]
    drawings += [drawing(str(k), ink=ink, paper=paper) for k in range(10) for ink, paper in ((0, 255), (255, 0), (90, 20))]
    changed = [
        k for k, each in enumerate(drawings) if not np.array_equal(mnist.from_picture(each, False).pixels, mnist.from_picture(each).pixels)
    ]
    assert not changed


def test_levelling_changes_no_sample_of_the_data_set():
    for pixels in features.reference("mnist")["pictures"][:50]:
        assert np.array_equal(mnist.from_picture(pixels, False).pixels, mnist.from_picture(pixels).pixels)


@pytest.mark.slow
@pytest.mark.parametrize("kind", photographed.KINDS)
def test_a_digit_is_read_from_a_photograph(kind: str):
    before, after = (photographed.hit_rate(kind, N, level, seed=1) for level in (False, True))
    print(f"{kind}: {before:.0%} before, {after:.0%} after levelling")
    assert after >= max(before, LEAST.get(kind, 0.9))


def test_frames_of_every_width_are_cut_off():
    plain = data.from_picture("mnist", drawing("4", ink=0, paper=255)).float32()
    for width in (1, 2, 3, 5, 8, 13, 21, 34):
        for frame, ink, paper in ((0, 0, 255), (255, 255, 0), (120, 0, 255), (120, 255, 0), (60, 20, 200)):
            sheet = Image.new("L", (200 + 2 * width, 200 + 2 * width), frame)
            sheet.paste(drawing("4", ink=ink, paper=paper), (width, width))
            found = data.from_picture("mnist", sheet).float32()
            assert np.abs(found - plain).mean() < 0.05, (width, frame, ink, paper)


def test_any_shade_of_paper_may_carry_darker_or_lighter_ink():
    plain = data.from_picture("mnist", drawing("4")).float32()
    for paper in range(0, 256, 15):
        for ink in {max(0, paper - 90), min(255, paper + 90)}:
            if abs(ink - paper) >= 60:
                assert np.abs(data.from_picture("mnist", drawing("4", ink=ink, paper=paper)).float32() - plain).mean() < 0.05, (ink, paper)


@pytest.mark.parametrize("shape", [(48, 48), (49, 300), (300, 50), (640, 480), (641, 90)], ids=str)
def test_any_size_and_any_noise_is_levelled_without_an_error(shape: tuple[int, int]):
    rng = np.random.default_rng(0)
    flat = np.full(shape, 90.0)
    for grey in (
        rng.uniform(0, 255, shape),
        flat,
        flat + np.linspace(-90, 90, shape[1]),
        (rng.uniform(size=shape) > 0.5) * 255.0,
        np.eye(*shape) * 255,
    ):
        found = levelling.levelled(grey.astype(np.float32))
        assert np.isfinite(found).all() and found.ndim == 2

"""Small digits, 8 x 8 or 14 x 14, and a visitor's own drawings among them: pictures that every family can learn within seconds.

They are 2,000 of MNIST's training digits, which are shipped; what a race learns and what it is judged by are two parts of them.
"""

from __future__ import annotations

import base64
import binascii
import functools
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from playground import weights
from playground.controls import shown
from playground.data import mnist
from playground.errors import ControlError, DataUnavailable
from playground.types import Images

SHIPPED = weights.ASSETS / "reference" / "mnist" / "reference.npz"
LEARNT = 1500  # of the shipped ones; the others are held out
OWN_SHARE = 0.25  # of the digits that are drawn, once there are drawings of one's own
MOST_OWN, SHEET = 24, 56  # drawings of one's own, and the side of the sheet that each was drawn on
KINDS = 10


@dataclass(frozen=True)
class Digits:
    """Digits of side x side points in [-1, 1], each as one row of numbers. learnt, held: float32 (n, side * side); labels: int of the learnt.

    given: a visitor's own (k, side * side), of which every fourth picture is one, here as in what is held out.
    """

    name: str
    title: str
    side: int
    learnt: np.ndarray
    labels: np.ndarray
    held: np.ndarray
    given: np.ndarray | None = None

    def sample(self, n: int, seed: int) -> np.ndarray:
        """n of those to be learnt, each at most once, float32 (n, side * side); the same for the same seed."""
        return self._some(self.learnt, n, seed)

    def held_out(self, n: int, seed: int) -> np.ndarray:
        """n that nothing learns from, likewise."""
        return self._some(self.held, n, seed)

    def _some(self, among: np.ndarray, n: int, seed: int) -> np.ndarray:
        rng = np.random.default_rng(seed)
        x = among[rng.permutation(len(among))[:n]]
        if self.given is None:
            return x
        mine = rng.random((len(x), 1)) < OWN_SHARE
        return np.where(mine, self.given[rng.integers(len(self.given), size=len(x))], x)


def smaller(pixels: np.ndarray, side: int) -> np.ndarray:
    """Digits uint8 (n, 28, 28) as float32 (n, side * side) in [-1, 1]: means of 2 x 2 points, or of 3 x 3 of the middle 24 x 24."""
    cut = pixels if side == 14 else pixels[:, 2:26, 2:26]
    block = cut.shape[1] // side
    means = cut.reshape(len(cut), side, block, side, block).mean((2, 4), dtype=np.float32)
    return means.reshape(len(cut), side * side) / np.float32(127.5) - 1


def larger(x: np.ndarray, side: int) -> Images:
    """Small digits (n, side * side) at MNIST's size: uint8 (n, 28, 28, 1), what smaller() cut off black again."""
    pixels = Images(np.nan_to_num(x, nan=0.0).reshape(-1, side, side)).uint8()
    inner = 28 if side == 14 else 24
    big = np.stack([np.asarray(Image.fromarray(each).resize((inner, inner), Image.Resampling.BICUBIC)) for each in pixels])
    edge = (28 - inner) // 2
    return Images(np.pad(big, ((0, 0), (edge, edge), (edge, edge)))[..., None])


def read(path: Path | str, side: int, given: np.ndarray | None = None) -> Digits:
    """The target of this side, from the file of the shipped digits."""
    with np.load(path, allow_pickle=False) as file:
        x, labels = smaller(file["train_pictures"][..., 0], side), file["train_labels"].astype(np.int64)
    return Digits(f"digits-{side}", f"Digits, {side} × {side}", side, x[:LEARNT], labels[:LEARNT], x[LEARNT:], given)


TITLES = {f"digits-{side}": (f"Digits, {side} × {side}", side) for side in (8, 14)}


@functools.cache
def get(name: str) -> Digits:
    """A target by its name. Raises ControlError for an unknown one, DataUnavailable where the digits are missing."""
    if name not in TITLES:
        raise ControlError(f"target must be one of {', '.join(TITLES)}; got {shown(name)}.")
    try:
        return read(SHIPPED, TITLES[name][1])
    except (OSError, KeyError) as error:
        raise DataUnavailable("The shipped digits are missing: make them with python -m playground.metrics --reference mnist.") from error


def with_own(name: str, drawings: str) -> Digits:
    """A target to which drawings were added: one a line, SHEET x SHEET shades of ink from the top left as base64; none where the text is empty.

    Each is scaled and centred as MNIST's digits were. Raises ControlError for what is no such drawing, and for too many.
    """
    lines = drawings.split() if isinstance(drawings, str) else [drawings]
    if len(lines) > MOST_OWN:
        raise ControlError(f"drawings must be at most {MOST_OWN}, got {len(lines)}.")
    known = get(name)
    if not lines:
        return known
    return replace(known, given=smaller(np.concatenate([mnist.from_picture(_sheet(line)).pixels[..., 0] for line in lines]), known.side))


def _sheet(line: object) -> np.ndarray:
    try:
        found = np.frombuffer(base64.b64decode(str(line).encode("ascii"), validate=True), np.uint8)
    except (binascii.Error, UnicodeEncodeError):
        found = np.zeros(0, np.uint8)
    if len(found) != SHEET * SHEET:
        raise ControlError(f"a drawing must be {SHEET} x {SHEET} shades as base64, got {shown(line)}.")
    return found.reshape(SHEET, SHEET)

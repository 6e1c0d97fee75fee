"""Where the ink of a drawn or photographed digit is, whatever it was drawn with and on."""

from __future__ import annotations

import numpy as np
from PIL import Image

from playground.data.levelling import levelled
from playground.data.picture_files import pixels_of

INK = 40  # a stroke is what is at least this bright, of 255
CLEAR = 32  # alpha that varies by less is no transparency
APART = 40  # shades that colours of one ink may differ by
STRAY = 0.0005  # share of the visible points that may differ by more
LONGEST = 640  # points of a side that tell a digit
FULL, LARGE = 0.75, 0.2  # a card fills that much of its bounding box, which is that much of the picture


def ink_of(picture: object, level: bool = True) -> np.ndarray:
    """How much ink each point of a picture holds: uint8 (h, w), 255 where the stroke is. picture: as pixels_of takes it.

    Ink may be dark on light or light on dark: the border is paper. Transparency is ink, or the lack of it, only where all that is visible
    has one colour; else the picture lies on white, or, if what is visible is a card, on the card's own colour. level: whether photographs are
    levelled first, which also cuts frames off. Large pictures are made smaller by a whole number. Raises ControlError.
    """
    pixels = _reduced(pixels_of(picture))
    grey = pixels[..., :3].mean(axis=2, dtype=np.float32)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3]
        if alpha.max() < CLEAR:
            return np.zeros(alpha.shape, np.uint8)
        if int(alpha.max()) - int(alpha.min()) >= CLEAR:
            if _is_flat(pixels):
                return _contrast(alpha.astype(np.float32))
            grey = _laid(grey, alpha)
    return _contrast(levelled(grey) if level else grey)


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """A picture uint8 (h, w, c) with at most LONGEST points a side."""
    factor = -(-max(pixels.shape[:2]) // LONGEST)
    if factor == 1 or min(pixels.shape[:2]) < 2 * factor:
        return pixels
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    return pixels_of(image.reduce(factor))


def _contrast(grey: np.ndarray) -> np.ndarray:
    """Shades float32 (h, w) as ink uint8 (h, w): how far each is from the border's, the furthest 255."""
    level = np.median(_border(grey))
    ink = grey - level if grey.max() - level > level - grey.min() else level - grey  # paper may be of any shade
    return np.clip(ink * (255.0 / max(ink.max(), 1.0)) if ink.max() >= INK else ink, 0, 255).astype(np.uint8)


def _border(array: np.ndarray) -> np.ndarray:
    return np.concatenate([array[0], array[-1], array[:, 0], array[:, -1]])


def _is_flat(pixels: np.ndarray) -> bool:
    """Whether all that is visible of a picture (h, w, 4) has one colour."""
    colours = pixels[..., :3][pixels[..., 3] >= (int(pixels[..., 3].max()) + 1) // 2].astype(np.int16)
    apart = np.abs(colours - np.median(colours, axis=0)).max(1) > APART
    return apart.sum() <= max(3, STRAY * len(apart))


def _laid(grey: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Shades with transparency on white, or where the visible part is a card, on the colour of its rim."""
    visible = alpha >= (int(alpha.max()) + 1) // 2
    rows, columns = np.nonzero(visible.any(1))[0], np.nonzero(visible.any(0))[0]
    box = visible[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    inner = visible.copy()
    inner[1:] &= visible[:-1]
    inner[:-1] &= visible[1:]
    inner[:, 1:] &= visible[:, :-1]
    inner[:, :-1] &= visible[:, 1:]
    rim = grey[visible & ~inner]
    paper = 255.0
    if box.mean() >= FULL and box.size >= LARGE * visible.size and len(rim) and np.abs(rim - np.median(rim)).mean() < APART / 2:
        paper = float(np.median(rim))
    share = alpha.astype(np.float32) / 255
    return share * grey + (1 - share) * np.float32(paper)

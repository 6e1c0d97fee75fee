"""One rule for masks: which points of a picture are to be repainted, however the mask was made."""

from __future__ import annotations

import numpy as np
from PIL import Image

from playground.data.photographs import middle
from playground.data.picture_files import pixels_of
from playground.errors import ControlError
from playground.types import Images

BRIGHT = 128  # from here on a point is white
CLEAR = 32  # alpha that varies by less is no transparency
MIXED = (0.2, 0.8)  # shares of the border between which it does not tell what was painted
STRAY = 0.02  # share of the visible points that may be of another colour, at the edges of strokes


def selected(picture: object) -> np.ndarray:
    """bool (h, w): True where a mask says that the picture is to be repainted. picture: as pixels_of takes it.

    1. Without transparency (no alpha, or the same all over): the points whose brightest channel is above one half. Shades of only 0 and 1 are black and white.
    2. With transparency, and black and white alone among what is visible, white included: transparent counts as black. Strokes of white on a transparent layer,
       white strokes on a black card with a transparent margin. A white sheet whose border is opaque all round and that has a transparent hole is case 3.
    3. With transparency otherwise (black strokes, coloured ones, a mask kept in the alpha channel, a picture with a part erased): the colour says nothing.
       Where the border is transparent, the opaque part was painted and is repainted; where it is opaque, the hole is.
       A border that is partly both tells nothing: ControlError.
    """
    pixels = pixels_of(picture)
    colour, alpha = pixels[..., :3].max(2), pixels[..., 3] if pixels.shape[2] == 4 else None
    if alpha is None or int(alpha.max()) - int(alpha.min()) < CLEAR:
        if alpha is not None and alpha.max() < CLEAR:
            return np.zeros(colour.shape, bool)  # nothing to be seen
        return colour > 0 if colour.max() == 1 else colour >= BRIGHT
    painted = alpha >= (int(alpha.max()) + 1) // 2  # a layer at half its opacity is a layer
    around = np.concatenate([painted[0], painted[-1], painted[1:-1, 0], painted[1:-1, -1]]).mean()
    rgb = pixels[..., :3][painted].astype(np.int16)
    greys = rgb.max(1) - rgb.min(1) < 48
    white, black = greys & (rgb.min(1) > 207), greys & (rgb.max(1) < 48)
    only_both = (white | black).mean() >= 1 - STRAY
    if only_both and white.mean() > STRAY and (around <= MIXED[1] or black.mean() > STRAY):
        return painted & (colour >= BRIGHT)
    if MIXED[0] < around < MIXED[1]:
        raise ControlError(
            "mask has a border that is partly painted and partly transparent, so it is not clear which part is to be repainted: "
            "send white on black, without transparency."
        )
    return painted if around <= MIXED[0] else ~painted


def as_images(picture: object, shape: tuple[int, int, int]) -> Images:
    """A mask at the size of a data set's samples, its middle square as theirs: uint8 (1, *shape), 255 where repainted, 0 elsewhere."""
    found = Image.fromarray(selected(picture).astype(np.uint8) * np.uint8(255))
    small = np.asarray(middle(found).resize((shape[1], shape[0]), Image.Resampling.BOX))
    both = np.where(small >= BRIGHT, 255, 0).astype(np.uint8)
    return Images(np.repeat(both[None, :, :, None], shape[2], axis=3))

"""Many small pictures in one PNG, cut apart again, with the settings inside the file as text."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from playground import settings as kept


def tile(pixels: np.ndarray, columns: int) -> np.ndarray:
    """(n, h, w, c) -> one picture (rows * h, columns * w, c), row by row, the rest of the last row left black."""
    n, height, width, channels = pixels.shape
    rows = -(-n // columns)
    filled = np.zeros((rows * columns, height, width, channels), dtype=pixels.dtype)
    filled[:n] = pixels
    return filled.reshape(rows, columns, height, width, channels).transpose(0, 2, 1, 3, 4).reshape(rows * height, columns * width, channels)


def cut(sprite: np.ndarray, n: int, columns: int) -> np.ndarray:
    """The n pictures (n, h, w, c) of a sprite (rows * h, columns * w, c): the way back from tile."""
    rows = -(-n // columns)
    height, width, channels = sprite.shape[0] // rows, sprite.shape[1] // columns, sprite.shape[2]
    return sprite.reshape(rows, height, columns, width, channels).transpose(0, 2, 1, 3, 4).reshape(-1, height, width, channels)[:n]


def write_png(path: Path, picture: np.ndarray, settings: Mapping[str, Any]) -> None:
    """Writes a uint8 picture (h, w, c) as PNG that holds the settings (playground.settings), in one atomic step."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(kept.png(picture, settings, optimize=True))
    os.replace(part, path)


def read_png(path: Path) -> np.ndarray:
    """A PNG as uint8 (h, w, c)."""
    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels[..., None] if pixels.ndim == 2 else pixels

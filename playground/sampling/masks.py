"""What is hidden from a picture that is to be repaired: rectangles, in NumPy."""

from __future__ import annotations

import numpy as np


def rectangles(u: np.ndarray, side: int) -> np.ndarray:
    """One rectangle in each picture of side x side points, True where it is hidden: bool (n, side, side).

    u: (n, 4) in [0, 1), uniform for rectangles of any size and place: height and width, each from a quarter to a half of the side,
    then how far down and how far across.
    """
    least, most = side // 4, side // 2
    height, width = (least + np.floor(u[:, k] * (most - least + 1)).astype(int) for k in (0, 1))
    top, left = (np.floor(u[:, 2 + k] * (side - length + 1)).astype(int) for k, length in enumerate((height, width)))
    place = np.arange(side)
    rows = (place >= top[:, None]) & (place < (top + height)[:, None])  # (n, side)
    columns = (place >= left[:, None]) & (place < (left + width)[:, None])
    return rows[:, :, None] & columns[:, None, :]

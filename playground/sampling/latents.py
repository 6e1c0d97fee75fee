"""Ways through a latent space, in NumPy: straight lines, great circles, grids."""

from __future__ import annotations

import numpy as np


def lerp_path(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """`count` codes on the straight line from a (d,) to b (d,), both ends included: float32 (count, d)."""
    t = np.linspace(0.0, 1.0, count)[:, None]
    return ((1 - t) * a + t * b).astype(np.float32)


def slerp_path(a: np.ndarray, b: np.ndarray, count: int) -> np.ndarray:
    """`count` codes on the arc from a (d,) to b (d,): keeps the length that Gaussian noise has (White, arXiv:1609.04468)."""
    cosine = np.dot(a, b) / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)
    angle = np.arccos(np.clip(cosine, -1.0, 1.0))
    if np.sin(angle) < 1e-4:
        return lerp_path(a, b, count)
    t = np.linspace(0.0, 1.0, count)[:, None]
    return ((np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / np.sin(angle)).astype(np.float32)


def plane_grid(count: int, limit: float) -> np.ndarray:
    """The points of a count x count grid over [-limit, limit]^2, row by row from the top left: float32 (count * count, 2), x then y up."""
    axis = np.linspace(-limit, limit, count, dtype=np.float32)
    x, y = np.meshgrid(axis, axis[::-1])
    return np.stack([x.ravel(), y.ravel()], axis=1)

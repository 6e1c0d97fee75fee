"""How near two clouds of points are: modes covered, share on a mode, squared MMD, sliced Wasserstein distance. Tested against closed forms."""

from __future__ import annotations

import numpy as np

from playground.data.points import NEAR, Target

DIRECTIONS = 64
WIDTHS = (0.1, 0.4, 1.6)  # of the kernels
COVERED = 0.25  # of the points that a mode has in truth, at least so many


def modes(points: np.ndarray, target: Target) -> dict[str, float]:
    """covered: modes with at least COVERED times their true share of points; on_mode: share of points within NEAR deviations of one.

    Empty for a target without modes.
    """
    if target.modes is None:
        return {}
    away = np.linalg.norm(points[:, None] - target.modes[None], axis=2)  # (n, k)
    near = away.min(1) <= NEAR * target.deviation
    counts = np.bincount(away.argmin(1)[near], minlength=len(target.modes))
    return {
        "covered": int((counts >= COVERED * len(points) / len(target.modes)).sum()),
        "on_mode": float(near.mean()),
    }


def mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy, unbiased, Gaussian kernels of WIDTHS added (Gretton et al. 2012, JMLR 13, equation 3)."""

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        away = np.square(x[:, None] - y[None]).sum(2)
        return sum(np.exp(-away / (2 * width**2)) for width in WIDTHS)

    return unbiased(kernel(a, a), kernel(b, b), kernel(a, b), len(WIDTHS))


def unbiased(aa: np.ndarray, bb: np.ndarray, ab: np.ndarray, alike: float) -> float:
    """Squared MMD from the kernels within and between two samples (n, n), (m, m), (n, m); alike: the kernel of a sample with itself."""
    n, m = ab.shape
    within = (aa.sum() - n * alike) / (n * (n - 1)) + (bb.sum() - m * alike) / (m * (m - 1))
    return float(within - 2 * ab.mean())


def sliced_wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Sliced 2-Wasserstein distance over DIRECTIONS even directions; both clouds of one size (Bonneel et al. 2015)."""
    turn = np.pi * (np.arange(DIRECTIONS) + 0.5) / DIRECTIONS
    directions = np.stack([np.cos(turn), np.sin(turn)])
    return float(np.sqrt(np.square(np.sort(a @ directions, 0) - np.sort(b @ directions, 0)).mean()))


def judge(points: np.ndarray, real: np.ndarray, target: Target, whole: bool = True) -> dict[str, float]:
    """All of them, of points (n, 2) against as many held-out real ones; without mmd, the slow one, where not whole."""
    return {**modes(points, target), **({"mmd": mmd(points, real)} if whole else {}), "sliced": sliced_wasserstein(points, real)}


def read(points: np.ndarray, real: np.ndarray, target: Target) -> dict[str, float]:
    """What takes a model to measure: of points nothing."""
    return {}

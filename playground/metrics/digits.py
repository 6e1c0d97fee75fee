"""How near small pictures are to real ones: kinds covered, squared MMD, sliced Wasserstein distance; and as a reader of digits sees them."""

from __future__ import annotations

import functools

import numpy as np

from playground.data import mnist
from playground.data.digits import KINDS, Digits, larger
from playground.metrics import features
from playground.metrics.distances import squares
from playground.metrics.kernel import kid
from playground.metrics.points import COVERED, unbiased
from playground.types import Images

WIDTHS = (1.0, 2.0, 4.0)  # of the kernels, at 64 points a picture
DIRECTIONS = 256


def kinds(drawn: np.ndarray, target: Digits) -> dict[str, float]:
    """covered: kinds of digits of which at least COVERED times their share are drawn, by the nearest digit that was learnt. yours: share of what
    is nearest to a drawing of the visitor's own, where there are such.
    """
    among = target.learnt if target.given is None else np.concatenate([target.learnt, target.given])
    nearest = squares(drawn, among).argmin(1)
    own = nearest >= len(target.learnt)
    counts = np.bincount(target.labels[nearest[~own]], minlength=KINDS)
    found = {"covered": int((counts >= COVERED * (~own).sum() / KINDS).sum()) if (~own).any() else 0}
    return found if target.given is None else {**found, "yours": float(own.mean())}


def mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Squared maximum mean discrepancy, unbiased, as of points; the kernels are as much wider as there are more points."""
    wider = (a.shape[1] / 64) ** 0.5

    def kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        away = squares(x, y)
        return sum(np.exp(-away / (2 * (wider * width) ** 2)) for width in WIDTHS)

    return unbiased(kernel(a, a), kernel(b, b), kernel(a, b), len(WIDTHS))


def sliced_wasserstein(a: np.ndarray, b: np.ndarray) -> float:
    """Sliced 2-Wasserstein distance over DIRECTIONS directions drawn once for all; both sides of one size (Bonneel et al. 2015)."""
    directions = np.random.default_rng(0).standard_normal((a.shape[1], DIRECTIONS)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    return float(np.sqrt(np.square(np.sort(a @ directions, 0) - np.sort(b @ directions, 0)).mean()))


def judge(drawn: np.ndarray, real: np.ndarray, target: Digits, whole: bool = True) -> dict[str, float]:
    """All of them, of pictures (n, d) against as many held-out real ones; without mmd where not whole. What has run away stays at the edge."""
    drawn = np.clip(np.nan_to_num(drawn, nan=0.0), -1, 1)
    return {
        **kinds(drawn, target),
        **({"mmd": mmd(drawn, real)} if whole else {}),
        "sliced": sliced_wasserstein(drawn, real),
    }


def read(drawn: np.ndarray, real: np.ndarray, target: Digits) -> dict[str, float]:
    """What a reader of digits makes of them."""
    return {"seen": seen(drawn, real, target.side)}


def seen(drawn: np.ndarray, real: np.ndarray, side: int) -> float:
    """Kernel distance of pictures to as many real ones in the features of the classifier of digits, both enlarged to its size: KID, unbiased."""
    a, b = (_features(larger(x, side).pixels.tobytes()) for x in (real, drawn))
    return kid(a, b).value


@functools.lru_cache(maxsize=4)
def _features(pixels: bytes) -> np.ndarray:
    """Of pictures of the classifier's size; remembered, as the same real ones are asked for again and again."""
    shape = mnist.DATASET.shape
    return features.extract(Images(np.frombuffer(pixels, np.uint8).reshape(-1, *shape)), mnist.DATASET.extractor).features

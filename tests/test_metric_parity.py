"""FID, precision, recall, density, coverage and distances against the same formulas computed otherwise, near the origin and far from it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg
from scipy.spatial.distance import cdist

from playground.metrics import guidance, memory
from playground.metrics.distances import centred, fid, prdc, squares

OFFSETS = (0.0, 30.0, 1000.0)


def pair(offset: float, m: int = 400, n: int = 300, d: int = 16, kind: type = np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds with correlated features, around the same far point."""
    rng = np.random.default_rng(7)
    mix = rng.standard_normal((d, d)) / d**0.5
    real, fake = rng.standard_normal((m, d)) @ mix, rng.standard_normal((n, d)) @ mix * 0.9 + 0.15
    return (real + offset).astype(kind), (fake + offset).astype(kind)


def frechet(real: np.ndarray, fake: np.ndarray) -> float:
    """As pytorch-fid and clean-fid compute it: means, covariances, a matrix square root."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    s, t = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = linalg.sqrtm(s @ t)
    return float(np.square(real.mean(0) - fake.mean(0)).sum() + np.trace(s + t - 2 * np.real(root)))


@pytest.mark.parametrize("offset", OFFSETS)
def test_fid_is_that_of_a_matrix_square_root_and_of_eigenvalues(offset: float):
    real, fake = pair(offset)
    found = fid(real, fake)
    assert found == pytest.approx(frechet(real, fake), rel=1e-4)
    s, t = (np.cov(each.astype(np.float64), rowvar=False) for each in (real, fake))
    away = np.square(real.mean(0, np.float64) - fake.mean(0, np.float64)).sum()
    roots = np.sqrt(np.maximum(linalg.eigvals(s @ t).real, 0)).sum()
    assert found == pytest.approx(away + np.trace(s) + np.trace(t) - 2 * roots, rel=1e-4)


def brute(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    """As prdc computes it, pair by pair in float64."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    inner, outer, between = cdist(real, real), cdist(fake, fake), cdist(real, fake)
    real_radius, fake_radius = np.partition(inner, k, 1)[:, k], np.partition(outer, k, 1)[:, k]
    inside = between < real_radius[:, None]
    return {
        "precision": inside.any(0).mean(),
        "recall": (between < fake_radius[None]).any(1).mean(),
        "density": inside.sum() / (k * len(fake)),
        "coverage": (between.min(1) < real_radius).mean(),
    }


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize("k", [1, 5])
def test_precision_recall_density_and_coverage_are_those_of_all_pairs(k: int, offset: float):
    real, fake = pair(offset)
    assert prdc(real, fake, k) == pytest.approx(brute(real, fake, k), abs=1e-9)


def test_two_clouds_far_from_each_other_keep_their_digits():
    """The mean lies between them, so that taking it off is not enough: products of float64 are."""
    rng = np.random.default_rng(3)
    real, fake = (np.concatenate([rng.standard_normal((150, 30)) + far for far in (-2000.0, 2000.0)]).astype(np.float32) for _ in range(2))
    assert prdc(real, fake) == pytest.approx(brute(real, fake, 5), abs=1e-9)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("offset", OFFSETS)
def test_distances_are_those_of_differences_wherever_the_points_lie(offset: float, kind: type):
    real, fake = pair(offset, 120, 90, kind=kind)
    exact = cdist(real.astype(np.float64), fake.astype(np.float64))
    assert np.sqrt(squares(real, fake)) == pytest.approx(exact, rel=1e-6)
    assert squares(real, fake).dtype == kind
    found = memory.nearest(fake, real)
    assert np.array_equal(found.index, exact.argmin(0)) and found.distance == pytest.approx(exact.min(0), rel=1e-5)
    inner = cdist(real.astype(np.float64), real.astype(np.float64))
    assert guidance.distance(real) == pytest.approx(inner[~np.eye(len(real), dtype=bool)].mean(), rel=1e-6)


def test_centred_moves_all_sets_together():
    real, fake = pair(1000.0)
    moved = centred(real, fake)
    assert abs(moved[0].mean(0)).max() < 1e-9 and all(each.dtype == np.float64 for each in moved)
    assert moved[0][0] - moved[1][0] == pytest.approx(real[0].astype(np.float64) - fake[0], abs=1e-9)

"""Distances against closed forms and against the papers' definitions written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from playground.metrics.distances import fid, prdc


def gaussian(n: int, mean: np.ndarray, std: np.ndarray, seed: int) -> np.ndarray:
    """n points whose sample mean and sample covariance are exactly mean and diag(std^2)."""
    x = np.random.default_rng(seed).standard_normal((n, len(mean)))
    x -= x.mean(0)
    x = x @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T)).T)
    return (x * std + mean).astype(np.float32)


def test_fid_is_the_closed_form_for_gaussians():
    mean, std = np.array([0.5, -1.0, 2.0, 0.0]), np.array([1.0, 2.0, 0.5, 3.0])
    real, fake = gaussian(3000, np.zeros(4), np.ones(4), 0), gaussian(2000, mean, std, 1)
    expected = (mean**2).sum() + ((std - 1.0) ** 2).sum()  # diagonal covariances commute
    assert fid(real, fake) == pytest.approx(expected, rel=1e-3)


def test_fid_of_a_set_with_itself_is_zero():
    x = gaussian(2000, np.zeros(8), np.ones(8), 3)
    assert fid(x, x) == pytest.approx(0.0, abs=1e-4)


@pytest.mark.parametrize("k", [1, 5])
def test_prdc_is_the_definition_written_out(k: int):
    rng = np.random.default_rng(2)
    real, fake = rng.standard_normal((70, 3)).astype(np.float32), (rng.standard_normal((50, 3)) * 0.8 + 0.4).astype(np.float32)

    def pairwise(a, b):
        return np.linalg.norm(a[:, None] - b[None], axis=-1)

    real_radius = np.sort(pairwise(real, real), axis=1)[:, k]  # column 0 is the point itself
    fake_radius = np.sort(pairwise(fake, fake), axis=1)[:, k]
    between = pairwise(real, fake)
    inside = between < real_radius[:, None]
    found = prdc(real, fake, k)
    assert found["precision"] == pytest.approx(inside.any(0).mean())
    assert found["recall"] == pytest.approx((between < fake_radius[None]).any(1).mean())
    assert found["density"] == pytest.approx(inside.sum(0).mean() / k, rel=1e-5)
    assert found["coverage"] == pytest.approx((between.min(1) < real_radius).mean())

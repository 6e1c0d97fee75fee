"""Distances against closed forms and against the papers' definitions written out in NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from playground.metrics.distances import fid, kid, prdc


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


def test_kid_is_about_zero_for_one_distribution_and_not_for_two():
    rng = np.random.default_rng(0)
    a, b, c = (rng.standard_normal((1500, 6)).astype(np.float32) for _ in range(3))
    mean, spread = kid(a, b)
    assert abs(mean) < 3 * spread
    mean, spread = kid(a, c + 1.0)
    assert mean > 10 * spread


def test_kid_repeats_and_leaves_the_global_generator_alone():
    import torch

    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((600, 6)).astype(np.float32) for _ in range(2))
    before = torch.random.get_rng_state()
    assert kid(a, b, seed=1, subset_size=100) == kid(a, b, seed=1, subset_size=100)
    assert torch.equal(before, torch.random.get_rng_state())


def test_kid_over_the_whole_set_is_the_unbiased_cubic_mmd():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((80, 5)).astype(np.float32), rng.standard_normal((80, 5)).astype(np.float32) * 1.3
    value, _ = kid(x, y, subsets=1, subset_size=80)

    def kernel(a, b):
        return (a @ b.T / 5 + 1.0) ** 3

    xx, yy, xy = kernel(x, x), kernel(y, y), kernel(x, y)
    m = len(x)
    expected = (xx.sum() - np.trace(xx) + yy.sum() - np.trace(yy)) / (m * (m - 1)) - 2 * xy.mean()
    assert value == pytest.approx(expected, rel=1e-3, abs=1e-4)


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

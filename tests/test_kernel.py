"""KID against a closed sum, its error against many draws, and its test against chance."""

from __future__ import annotations

import numpy as np
import pytest

from playground.metrics import kernel


def cubic(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The kernel of the paper, pair by pair."""
    return ((a[:, None] * b[None]).sum(2) / a.shape[1] + 1.0) ** 3


def closed_sum(real: np.ndarray, fake: np.ndarray) -> float:
    """The unbiased estimate as it stands in the paper: all pairs of two different samples of a set, and all pairs between."""
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    alone = [(k.sum() - np.trace(k)) / (len(k) * (len(k) - 1)) for k in (cubic(real, real), cubic(fake, fake))]
    return float(sum(alone) - 2 * cubic(real, fake).mean())


def gaussians(n: int, d: int, seed: int, shift: float = 0.0, kind: type = np.float32) -> np.ndarray:
    """Standard normal points, all moved by the same."""
    return (np.random.default_rng(seed).standard_normal((n, d)) + shift).astype(kind)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "n"), [(2, 2), (80, 80), (70, 33), (kernel.TILE + 5, kernel.TILE - 3)])
def test_kid_is_the_closed_sum_over_all_pairs(m: int, n: int, kind: type):
    real, fake = gaussians(m, 5, 1, kind=kind), gaussians(n, 5, 2, 0.3, kind)
    found = kernel.kid(real, fake)
    assert found.value == pytest.approx(closed_sum(real, fake), rel=1e-9, abs=1e-9)
    assert found == kernel.kid(real, fake, known=kernel.within(real)), "what is known of the real ones changes nothing"


def test_kid_depends_on_no_seed_and_no_order():
    real, fake = gaussians(300, 6, 0), gaussians(200, 6, 1)
    rng = np.random.default_rng(0)
    found = kernel.kid(rng.permutation(real), rng.permutation(fake))
    assert found.value == pytest.approx(kernel.kid(real, fake).value, abs=1e-9)
    assert found.error == pytest.approx(kernel.kid(real, fake).error, rel=1e-6)


def test_kid_keeps_its_digits_far_from_the_origin():
    real, fake = gaussians(60, 4, 0, 50.0, np.float64), gaussians(50, 4, 1, 50.2, np.float64)
    assert kernel.kid(real, fake).value == pytest.approx(closed_sum(real, fake), rel=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1.0])
def test_the_error_is_the_deviation_of_the_estimate_over_many_draws(shift: float):
    found = [kernel.kid(gaussians(90, 6, k), gaussians(60, 6, 10_000 + k, shift)) for k in range(250)]
    spread = np.std([each.value for each in found], ddof=1)
    assert np.sqrt(np.mean([each.error**2 for each in found])) == pytest.approx(spread, rel=0.3)


def classes(labels: np.ndarray, seed: int) -> np.ndarray:
    """Points around a place of their class."""
    places = np.random.default_rng(99).standard_normal((4, 6))
    return places[labels] + np.random.default_rng(seed).standard_normal((len(labels), 6))


def test_kid_of_classes_in_fixed_shares_is_unbiased():
    labels = np.arange(40) % 4
    pairs = [(classes(np.random.default_rng(k).integers(0, 4, 120), k), classes(labels, 10_000 + k)) for k in range(300)]
    weighed = np.array([kernel.kid(real, fake, labels).value for real, fake in pairs])
    plain = np.array([kernel.kid(real, fake).value for real, fake in pairs])
    error = weighed.std(ddof=1) / len(pairs) ** 0.5
    assert abs(weighed.mean()) < 3 * error, "on average nothing, as both are alike"
    assert plain.mean() < -5 * error, "without their classes such samples seem nearer than real ones"


def test_kid_with_classes_is_the_sum_written_out():
    labels = np.array([0] * 5 + [1] * 7 + [2] * 3)
    real, fake = gaussians(9, 4, 3, kind=np.float64), gaussians(15, 4, 4, kind=np.float64)
    alone = cubic(fake, fake) * (1 - np.eye(15))
    share = np.bincount(labels) / 15
    within = sum(
        share[a] * share[b] * alone[labels == a][:, labels == b].sum() / ((labels == a).sum() * ((labels == b).sum() - (a == b)))
        for a in range(3)
        for b in range(3)
    )
    other = cubic(real, real)
    wanted = within + (other.sum() - np.trace(other)) / (9 * 8) - 2 * cubic(fake, real).mean()
    assert kernel.kid(real, fake, labels).value == pytest.approx(wanted, rel=1e-9)
    assert kernel.kid(real, fake, np.zeros(15)) == kernel.kid(real, fake), "one class is none"
    labels[0] = 3
    assert kernel.kid(real, fake, labels) == kernel.kid(real, fake), "a class with a single sample has no pairs"


def test_fewer_than_two_samples_are_refused():
    with pytest.raises(ValueError, match="two samples of each at least, got 1 real and 5 drawn"):
        kernel.kid(np.zeros((1, 2)), np.zeros((5, 2)))


def test_the_p_of_the_test_is_that_of_permutations_written_out():
    real, fake = gaussians(25, 3, 0, kind=np.float64), gaussians(20, 3, 1, 0.25, np.float64)
    value, together, rng = closed_sum(real, fake), np.concatenate([real, fake]), np.random.default_rng(5)
    hits = sum(closed_sum(mixed[20:], mixed[:20]) >= value for mixed in (rng.permutation(together) for _ in range(2000)))
    assert kernel.p_value(real, fake, value, 1999) == pytest.approx((1 + hits) / 2001, abs=0.04)


def test_p_is_even_where_both_are_alike_and_least_where_they_are_not():
    found = []
    for k in range(100):
        real, fake = gaussians(50, 4, k), gaussians(40, 4, 10_000 + k)
        found.append(kernel.p_value(real, fake, kernel.kid(real, fake).value, 99))
    assert 0.4 < np.mean(found) < 0.6 and np.mean(np.array(found) <= kernel.ALPHA) < 0.13
    real, fake = gaussians(600, 4, 0), gaussians(600, 4, 1, 0.5)
    assert kernel.p_value(real, fake, kernel.kid(real, fake).value, 99) == 0.01


def test_the_test_repeats_and_leaves_the_global_generators_alone():
    real, fake = gaussians(50, 4, 0), gaussians(40, 4, 1)
    before = np.random.get_state()[1].copy()
    assert kernel.p_value(real, fake, 0.1, 99, seed=3) == kernel.p_value(real, fake, 0.1, 99, seed=3)
    assert np.array_equal(before, np.random.get_state()[1])


def test_a_small_difference_that_subsets_cannot_see_is_found_at_the_whole_n():
    """Why the spread of subsets is no error: at n = 2,000 the difference is plain, though it is less than a subset of 100 varies by."""
    real, fake = gaussians(2000, 6, 0), gaussians(2000, 6, 1, 0.1)
    found = kernel.kid(real, fake)
    subsets = [kernel.kid(real[k : k + 100], fake[k : k + 100]).value for k in range(0, 2000, 100)]
    assert found.value < 2 * np.std(subsets)
    assert found.value > 2 * found.error and kernel.p_value(real, fake, found.value, 99) == 0.01

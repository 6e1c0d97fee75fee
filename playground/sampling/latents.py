"""Ways through a latent space, in NumPy: straight lines, great circles, grids, and the directions of known factors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from playground.controls import Choice, Slider
from playground.types import Dataset

KNOTS = np.linspace(-1.0, 1.0, 21, dtype=np.float32)  # values of a column at which a calibration is told; between them it is straight
NEAR = 0.03  # of the 2 that a column spans
RIDGE = 0.02  # keeps a factor that the codes hardly hold from being reached by a leap


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


def adjustable(dataset: Dataset) -> tuple[Slider | Choice, ...]:
    """The known factors of a data set that a code can be moved along: all but the one that is the label."""
    return tuple(factor for factor in dataset.factors if factor.name != dataset.label_factor)


def column_count(factors: Sequence[Slider | Choice]) -> int:
    """How many columns the factors take: one for a number, one for every choice but the first for a word."""
    return sum(1 if isinstance(factor, Slider) else len(factor.choices) - 1 for factor in factors)


def columns(factors: Sequence[Slider | Choice], values: Mapping[str, np.ndarray]) -> np.ndarray:
    """Factors as a design matrix float32 (n, column_count): numbers scaled to [-1, 1], words as 0 or 1 for every choice but the first.

    values: by name (n,), numbers as they are, words as the index of the choice.
    """
    found = []
    for factor in factors:
        value = np.asarray(values[factor.name])
        if isinstance(factor, Slider):
            found.append((2 * (value - factor.minimum) / (factor.maximum - factor.minimum) - 1)[:, None])
        else:
            found.append(value[:, None] == np.arange(1, len(factor.choices)))
    return np.concatenate(found, axis=1).astype(np.float32)


def widened(factors: Sequence[Slider | Choice], values: np.ndarray) -> np.ndarray:
    """One number for each factor (n, factors) as one for each of its columns: float32 (n, column_count)."""
    return np.repeat(values, [column_count([factor]) for factor in factors], axis=1).astype(np.float32)


def fit_directions(codes: np.ndarray, design: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Least squares both ways between codes (n, d) and a design matrix (n, k).

    directions (k, d): how the mean code moves with each column while the others stay. readout (d + 1, k): what each column is, read
    off a code and a 1. explained (k,): the share of each column's variance that the readout explains (R2).
    """
    one = np.ones((len(codes), 1), dtype=np.float32)
    directions = np.linalg.lstsq(np.concatenate([design, one], 1), codes, rcond=None)[0][:-1]
    readout = np.linalg.lstsq(np.concatenate([codes, one], 1), design, rcond=None)[0]
    left = design - np.concatenate([codes, one], 1) @ readout
    return directions.astype(np.float32), readout.astype(np.float32), 1 - left.var(0) / design.var(0)


def fit_calibration(factors: Sequence[Slider | Choice], design: np.ndarray, read: np.ndarray) -> np.ndarray:
    """What is read (n, k) of samples whose columns are known (n, k), for each column's values at KNOTS: float32 (k, len(KNOTS)).

    Least squares reads everything too near to its mean, and what lies on a curve not evenly: a polynomial of the third degree tells how. A word's
    column, 0 or 1, is left as it is.
    """
    found = np.tile(KNOTS, (design.shape[1], 1)).astype(np.float32)
    at = 0
    for factor in factors:
        if isinstance(factor, Slider):
            polynomial = np.polynomial.polynomial.polyfit(design[:, at], read[:, at], 3)
            found[at] = np.polynomial.polynomial.polyval(KNOTS, polynomial)
        at += column_count([factor])
    return found


def mended(calibration: np.ndarray, seen: np.ndarray, real: np.ndarray) -> np.ndarray:
    """The calibration of one column, once more: what has to be read for another reader to see what it sees of real samples. All (len(KNOTS),).

    seen: what that reader sees, on average, of samples moved to each of KNOTS by this calibration; real: what it sees of real samples. What no sample
    shows is aimed at from the first value that shows within NEAR of the most: further out samples fall apart.
    """
    first, last = np.flatnonzero(seen <= seen.min() + NEAR)[-1], np.flatnonzero(seen >= seen.max() - NEAR)[0]
    reached = slice(first, last + 1)
    wanted = np.interp(real, np.maximum.accumulate(seen[reached]), KNOTS[reached])
    return np.interp(wanted, KNOTS, calibration).astype(np.float32)


def steered(
    codes: np.ndarray,
    directions: np.ndarray,
    readout: np.ndarray,
    factors: Sequence[Slider | Choice],
    wanted: Mapping[str, float | str],
    seen: np.ndarray | None = None,
    calibration: np.ndarray | None = None,
) -> np.ndarray:
    """Codes (n, d) moved along the directions so that the readout of each wanted factor is its wanted value, and no other changes.

    seen: codes (n, d) off which the factors are read, where they are not those that are moved. calibration: (k, len(KNOTS)), what is read of a
    sample that has a column's value; without it, that value itself.
    """
    read = (codes if seen is None else seen) @ readout[:-1] + readout[-1]
    change = np.zeros_like(read)
    at = 0
    for factor in factors:
        width = column_count([factor])
        if factor.name in wanted:
            value = wanted[factor.name]
            index = np.asarray([value if isinstance(factor, Slider) else factor.choices.index(value)])
            aim = columns([factor], {factor.name: index})
            if calibration is not None:
                aim = np.stack([np.interp(aim[:, k], KNOTS, calibration[at + k]) for k in range(width)], 1)
            change[:, at : at + width] = aim - read[:, at : at + width]
        at += width
    response = directions @ readout[:-1]  # (k, k): what a step along each direction does to every reading
    return (codes + change @ np.linalg.solve(response + RIDGE * np.eye(len(response)), directions)).astype(np.float32)

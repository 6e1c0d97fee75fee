"""KID, the kernel distance of features: unbiased over all samples, its standard error, and a permutation test against chance.

MMD squared with the kernel (a·b / d + 1)³ of Bińkowski et al. 2018 (arXiv:1801.01401), as the U-statistic of Gretton et al. 2012
(JMLR 13, equation 3). All pairs count, in float64 and in blocks of rows: there are no subsets, so no luck of the subsets.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TILE = 512  # rows and columns of a kernel matrix at once: they fit a processor's cache
PERMUTATIONS = 499
ALPHA = 0.05  # with a p above it, the test cannot tell samples from real ones
LANDMARKS = 256


@dataclass(frozen=True)
class Kid:
    """The estimate and its standard error: one standard deviation over draws of both sets."""

    value: float
    error: float


@dataclass(frozen=True)
class Within:
    """What KID needs of one set alone.

    mean: the kernel's mean over pairs of two samples. rows: of each sample, its mean kernel with the others, (n,). noise: the part of
    the mean's variance that stays where all rows are alike.
    """

    mean: float
    rows: np.ndarray
    noise: float


def kid(real: np.ndarray, fake: np.ndarray, labels: np.ndarray | None = None, known: Within | None = None) -> Kid:
    """KID between features (m, d) and (n, d). known: within(real), where it is at hand. Raises ValueError for fewer than two samples.

    labels: the classes of the fake samples, where those were drawn in fixed shares. Such a set holds fewer pairs of one class than chance
    does, which lowers the plain estimate by something in 1 / n; its pairs are weighed by their classes, which is unbiased again. Without
    labels, and where a class has a single sample, every pair counts alike.
    """
    if min(len(real), len(fake)) < 2:
        raise ValueError(f"KID needs two samples of each at least, got {len(real)} real and {len(fake)} drawn.")
    real, fake = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    codes = _codes(labels, len(fake))
    mine, theirs = within(fake, codes), within(real) if known is None else known
    to_real, to_fake, noise = _between(fake, real, codes)
    value = mine.mean + theirs.mean - 2 * to_real.mean()
    m, n = len(real), len(fake)
    first = 4 * _variance(mine.rows - to_real, codes) / n + 4 * np.var(theirs.rows - to_fake, ddof=1) / m
    noise += mine.noise + theirs.noise
    # The variance of the rows holds the noise of pairs once more than the estimate does (Efron & Stein 1981).
    return Kid(float(value), float(np.sqrt(max(first - noise, noise, 0.0))))


def within(x: np.ndarray, codes: np.ndarray | None = None) -> Within:
    """The kernel within one set (n, d). codes: the class of each sample, from 0 up, where classes come in fixed shares."""
    x = np.asarray(x, np.float64)
    codes = _codes(codes, len(x))
    member = np.eye(codes.max() + 1)[codes]  # (n, classes)
    sums, squares = np.zeros(member.shape), 0.0
    parts = _parts(len(x))
    for k, rows in enumerate(parts):
        for columns in parts[k:]:
            block = _kernel(x[rows], x[columns])
            if rows == columns:
                np.fill_diagonal(block, 0.0)  # never a sample with itself
            else:
                sums[columns] += block.T @ member[rows]
            sums[rows] += block @ member[columns]
            squares += (1 if rows == columns else 2) * np.vdot(block, block)
    others = member.sum(0)[None] - member  # of each class, how many others a sample meets
    means = sums / others
    share = member.mean(0)
    pairs = member.T @ others
    between = member.T @ sums / pairs  # (classes, classes)
    left = squares - 2 * (others * means**2).sum() + (pairs * between**2).sum()
    return Within(float(share @ between @ share), means @ share, max(2 * float(left) / (len(x) * (len(x) - 1.0)) ** 2, 0.0))


def p_value(real: np.ndarray, fake: np.ndarray, value: float, permutations: int = PERMUTATIONS, seed: int = 0) -> float:
    """How often chance gives a KID of at least `value`: the share of permutations of both sets put together, the sets themselves counted in.

    Where the samples' classes come in fixed shares the test errs on the side of chance a little: permuted sets vary more.
    """
    together = np.concatenate([np.asarray(fake, np.float64), np.asarray(real, np.float64)])
    n, m = len(fake), len(real)
    rng = np.random.default_rng(seed)
    chosen = np.zeros((n + m, permutations), np.float32)  # one column a permutation: 1 for who is taken for drawn
    for column in chosen.T:
        column[rng.permutation(n + m)[:n]] = 1.0
    # f(a) + f(b) taken from every k(a, b) leaves the estimate as it is, and small numbers that float32 can add up
    landmarks = together[rng.permutation(n + m)[:LANDMARKS]]
    level = _kernel(together, landmarks).mean(1)
    level -= _kernel(landmarks, landmarks).mean() / 2
    quadratic, rows = np.zeros(permutations), np.zeros(n + m)
    parts = _parts(n + m)
    for k, mine in enumerate(parts):
        met = np.zeros((len(together[mine]), permutations), np.float32)
        for theirs in parts[k:]:
            block = (_kernel(together[mine], together[theirs]) - level[mine, None] - level[None, theirs]).astype(np.float32)
            if mine == theirs:
                np.fill_diagonal(block, 0.0)
            else:
                rows[theirs] += block.sum(0, dtype=np.float64)
            rows[mine] += block.sum(1, dtype=np.float64)
            met += (1 if mine == theirs else 2) * (block @ chosen[theirs])  # twice: the other half of a symmetric matrix
        quadratic += np.einsum("ij,ij->j", chosen[mine], met, dtype=np.float64)
    linear = rows @ chosen.astype(np.float64)
    real_part = rows.sum() - 2 * linear + quadratic
    found = quadratic / (n * (n - 1.0)) + real_part / (m * (m - 1.0)) - 2 * (linear - quadratic) / (n * m * 1.0)
    return float((1 + (found >= value).sum()) / (1 + permutations))


def _kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    inner = a @ b.T
    inner /= a.shape[1]
    inner += 1.0
    cubed = inner * inner
    cubed *= inner
    return cubed


def _between(x: np.ndarray, y: np.ndarray, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The mean kernel of each x with all y, of each y with all x, and the noise of pairs in the estimate."""
    member = np.eye(codes.max() + 1)[codes]
    counts = member.sum(0)
    rows, columns, squares = np.zeros(len(x)), np.zeros((len(counts), len(y))), 0.0
    for mine in _parts(len(x)):
        for theirs in _parts(len(y)):
            block = _kernel(x[mine], y[theirs])
            rows[mine] += block.sum(1)
            columns[:, theirs] += member[mine].T @ block
            squares += np.vdot(block, block)
    rows /= len(y)
    columns /= counts[:, None]
    left = squares - len(y) * np.square(rows).sum() - (counts[:, None] * columns**2).sum() + len(y) * (counts * columns.mean(1) ** 2).sum()
    return rows, counts @ columns / len(x), max(4 * float(left) / (float(len(x)) * len(y)) ** 2, 0.0)


def _parts(n: int) -> list[slice]:
    return [slice(start, start + TILE) for start in range(0, n, TILE)]


def _codes(labels: np.ndarray | None, n: int) -> np.ndarray:
    """Classes from 0 up; all one class without labels, or where one of them has a single sample."""
    if labels is None:
        return np.zeros(n, int)
    codes = np.unique(labels, return_inverse=True)[1]
    return codes if np.bincount(codes).min() > 1 else np.zeros(n, int)


def _variance(values: np.ndarray, codes: np.ndarray) -> float:
    """The variance within classes, unbiased, each class in its share."""
    parts = [values[codes == code] for code in range(codes.max() + 1)]
    return sum(len(part) * part.var(ddof=1) for part in parts) / len(values)

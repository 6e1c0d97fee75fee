"""Photographs of a digit on paper, levelled: a frame round the paper cut off, uneven light and noise taken out, before the ink is found.

A drawing with an even border is left as it is, to the last point.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

LEAST_SIDE = 48  # smaller pictures are samples of a data set rather than photographs
COARSE = 96  # points of the longer side of the small copy on which the paper is found
EVEN = 12.0  # spread of the border's shades, of 255, up to which the light is even
LINES = 3  # strokes that cross two opposite sides each, from which on the paper is ruled
APART = 48.0  # shades that a frame and its paper differ by, at least
CARD, FILLS = 0.3, 0.86  # share of the picture that a card takes, and of its smallest rectangle, at least
LEAST_INK, MOST_INK = 0.003, 0.45  # share of a card that is ink
NOISE = 4.0  # standard deviations of the paper's noise that are no ink
SPECK = 0.12  # of the largest stroke's area: what is smaller and apart is dirt


def levelled(grey: np.ndarray) -> np.ndarray:
    """Shades float32 (h, w) of a picture as those of a drawing on even paper: of a framed picture the card alone, ink as dark or light as before."""
    if min(grey.shape) < LEAST_SIDE:
        return grey
    grey = _card(_without_hairline(grey))
    return grey if _is_even(grey) else _lit_evenly(grey)


def _is_even(grey: np.ndarray) -> bool:
    """Whether the border is of one shade, and is not crossed by the lines of ruled paper either; or the picture is a drawing that reaches the border."""
    border = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    low, middle, high = np.percentile(border, (5, 50, 95))
    crossings = [
        (np.diff((np.abs(side - middle) > EVEN).astype(np.int8)) > 0).sum() for side in (grey[0], grey[-1], grey[:, 0], grey[:, -1])
    ]
    is_ruled = max(min(crossings[:2]), min(crossings[2:])) >= LINES
    return not is_ruled and (high - low <= EVEN or _is_drawn(grey, middle))


def _is_drawn(grey: np.ndarray, paper: float) -> bool:
    """Whether nearly all points are of two shades, the paper's exactly so: no photograph is."""
    apart = np.abs(grey - paper)
    return (apart == 0).mean() >= 0.4 and ((apart <= 8) | (apart >= apart.max() - 8)).mean() >= 0.8


def _small(grey: np.ndarray) -> np.ndarray:
    """The picture at most COARSE points wide and high, each the mean of what it covers."""
    scale = min(1.0, COARSE / max(grey.shape))
    size = (max(2, round(grey.shape[1] * scale)), max(2, round(grey.shape[0] * scale)))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def _large(small: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(small.astype(np.float32)).resize((shape[1], shape[0]), Image.Resampling.BILINEAR))


def _without_hairline(grey: np.ndarray) -> np.ndarray:
    """The picture without the outermost rows and columns that are a thin line, much darker or lighter than the row or column a little further in."""
    depth = max(2, 2 * max(grey.shape) // COARSE)
    cuts = []
    for side in (grey, grey[::-1], grey.T, grey.T[::-1]):
        shades = np.median(side[: depth + 1], axis=1)
        other = np.abs(shades - shades[-1]) > APART
        even = np.percentile(side[0], 90) - np.percentile(side[0], 10) <= EVEN
        cuts.append(int(np.nonzero(other)[0][-1]) + 2 if other[0] and even else 0)
    top, bottom, left, right = cuts
    return grey[top : grey.shape[0] - bottom, left : grey.shape[1] - right]


def _card(grey: np.ndarray) -> np.ndarray:
    """The card of a picture that has a frame, cropped, what is not card filled with its paper; the picture itself where there is no frame.

    A frame lies along at least one whole side of the picture and is much darker or lighter than the card; a card is a large rectangle, also a
    tilted one, with ink on it. A line round the card is a frame, too. A drawn 0, whose hole has its own shape, is none.
    """
    small = _small(grey)
    cut = _threshold(small)
    if cut is None:
        return grey
    border = np.median(np.concatenate([small[0], small[-1], small[:, 0], small[:, -1]]))
    for kind in (small < cut, small >= cut, np.abs(small - border) < APART / 2):
        frame = _reached(_sides(kind), kind)
        if not frame.any():
            continue
        inside = _largest(~frame)
        if inside.sum() < max(16, CARD * inside.size) or inside.sum() < FILLS * _least_rectangle(inside):
            continue
        core = _shrunk(_shrunk(inside))
        if not core.any():
            continue
        paper = np.median(small[core])
        other = inside & (np.abs(small - paper) > APART)
        if abs(paper - np.median(small[frame])) < APART:  # the same paper on both sides: a line round the card, or no card
            core = _within_line(inside, other)
        ink = core & other
        if not LEAST_INK <= ink.sum() / max(1, core.sum()) <= MOST_INK or _is_ring(inside, ink):
            continue
        found = _cut_out(grey, core)
        if found is not None:
            return found
    return grey


def _within_line(inside: np.ndarray, other: np.ndarray) -> np.ndarray:
    """What a line along the rim of a card encloses; nothing where there is no such line."""
    rim = inside & ~_shrunk(inside)
    if (rim & other).sum() < 0.8 * rim.sum():
        return np.zeros_like(inside)
    core = _shrunk(_largest(inside & ~_reached(rim, other)))
    return core if core.sum() >= CARD / 2 * core.size else np.zeros_like(inside)


def _cut_out(grey: np.ndarray, inside: np.ndarray) -> np.ndarray | None:
    valid = _large(inside, grey.shape) > 0.75
    rows, columns = np.nonzero(valid.any(1))[0], np.nonzero(valid.any(0))[0]
    if len(rows) < LEAST_SIDE // 2 or len(columns) < LEAST_SIDE // 2:
        return None
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    grey, valid = grey[box], valid[box]
    return np.where(valid, grey, _surface(grey, valid)).astype(np.float32)


def _lit_evenly(grey: np.ndarray) -> np.ndarray:
    """Dark ink on white or light ink on black, from a picture whose paper is not of one shade."""
    small = _small(grey)
    rest = small - _surface(small, np.ones(small.shape, bool))
    low, middle, high = np.percentile(rest, (2, 50, 98))
    sign = 1.0 if middle - low >= high - middle else -1.0  # 1: the ink is dark
    paper = _large(_closed(sign * small), grey.shape) * sign
    ink = (paper - grey) * sign
    if sign > 0:  # the same ink is darker where there is more light
        ink = ink * (np.percentile(paper, 90) / np.maximum(paper, 16.0))
    ink = _without_noise(ink)
    return np.clip(255.0 - ink if sign > 0 else ink, 0, 255).astype(np.float32)


def _without_noise(ink: np.ndarray) -> np.ndarray:
    """Ink float32 (h, w), the furthest at 255, without the paper's noise and without specks."""
    width = max(1, max(ink.shape) // 200)
    soft = (
        np.asarray(Image.fromarray(ink).resize((ink.shape[1] // width, ink.shape[0] // width), Image.Resampling.BOX)) if width > 1 else ink
    )
    soft = _blurred(soft)
    middle = np.median(soft)
    noise = 1.4826 * np.median(np.abs(soft - middle))
    strong = np.percentile(soft, 99.5)
    floor = middle + min(NOISE * noise, 0.45 * (strong - middle))
    found = np.clip((soft - floor) / max(strong - floor, 1.0), 0, 1)
    stroke = found > 0.35
    labels = _labels(stroke)
    sizes = np.bincount(labels[labels > 0]) if stroke.any() else np.zeros(1, int)
    at_edge = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    within = np.where(np.isin(np.arange(len(sizes)), at_edge), 0, sizes)
    if within.max() >= SPECK * sizes.max():  # what reaches the edge is a shadow, or the rest of a frame
        sizes = within
    keep = np.isin(labels, np.nonzero(sizes >= max(1, SPECK * sizes.max()))[0]) & stroke
    keep = _grown(_grown(keep))
    return _large(255.0 * found * keep, ink.shape)


def _surface(grey: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The paper's shades as a polynomial of the place of degree 2, fitted to the valid points without those far from it."""
    y, x = np.meshgrid(*(np.linspace(-1, 1, length) for length in grey.shape), indexing="ij")
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], -1).reshape(-1, 6)
    step = max(1, len(terms) // 8000)
    rows, values = terms[valid.ravel()][::step], grey.ravel()[valid.ravel()][::step]
    keep = np.abs(values - np.median(values)) <= np.percentile(np.abs(values - np.median(values)), 85)
    for _ in range(4):
        fitted = np.linalg.lstsq(rows[keep], values[keep], rcond=None)[0]
        rest = np.abs(values - rows @ fitted)
        keep = rest <= max(2.0, 2.5 * 1.4826 * np.median(rest))
    return (terms @ fitted).reshape(grey.shape).astype(np.float32)


def _closed(shades: np.ndarray) -> np.ndarray:
    """Each place's paper: dark strokes narrower than a quarter of the picture are filled with what is beside them, then all is smoothed."""
    reach = max(3, round(0.13 * max(shades.shape)))
    soft = _blurred(shades)
    high = _windowed(soft, reach, np.maximum)
    closed = _windowed(high, reach, np.minimum)
    for _ in range(3):
        closed = _blurred(closed)
    return closed


def _windowed(array: np.ndarray, reach: int, pick: np.ufunc) -> np.ndarray:
    """The largest or smallest of the window of 2 reach + 1 points round each point."""
    for axis in (0, 1):
        wide = np.pad(array, [(reach, reach) if each == axis else (0, 0) for each in (0, 1)], mode="edge")
        array = pick.reduce(np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1, axis=axis), axis=-1)
    return array


def _blurred(array: np.ndarray) -> np.ndarray:
    """The mean of the 3 x 3 points round each point."""
    wide = np.pad(array, 1, mode="edge")
    return sum(wide[y : y + array.shape[0], x : x + array.shape[1]] for y in range(3) for x in range(3)) / 9.0


def _threshold(small: np.ndarray) -> float | None:
    """Otsu's threshold; None where the two halves are not far apart."""
    shades = np.sort(small.ravel())
    n = len(shades)
    sums = np.cumsum(shades, dtype=np.float64)
    below = np.arange(1, n)
    means = sums[:-1] / below, (sums[-1] - sums[:-1]) / (n - below)
    k = int(np.argmax(below * (n - below) * np.square(means[1] - means[0])))
    return None if means[1][k] - means[0][k] < APART else float((shades[k] + shades[k + 1]) / 2)


def _sides(kind: np.ndarray) -> np.ndarray:
    """The points on those sides of a picture that are nearly all of a kind."""
    found = np.zeros_like(kind)
    for side in ((0, slice(None)), (-1, slice(None)), (slice(None), 0), (slice(None), -1)):
        if kind[side].mean() >= 0.9:
            found[side] = kind[side]
    return found


def _grown(mask: np.ndarray) -> np.ndarray:
    wide = np.pad(mask, 1)
    return wide[1:-1, 1:-1] | wide[:-2, 1:-1] | wide[2:, 1:-1] | wide[1:-1, :-2] | wide[1:-1, 2:]


def _shrunk(mask: np.ndarray) -> np.ndarray:
    wide = np.pad(mask, 1)
    return wide[1:-1, 1:-1] & wide[:-2, 1:-1] & wide[2:, 1:-1] & wide[1:-1, :-2] & wide[1:-1, 2:]


def _reached(start: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """What can be reached from the start over allowed points."""
    found = start & allowed
    while True:
        more = _grown(found) & allowed
        if more.sum() == found.sum():
            return found
        found = more


def _labels(mask: np.ndarray) -> np.ndarray:
    """A number above 0 for each connected part of a mask, 0 elsewhere: int (h, w)."""
    labels, left, count = np.zeros(mask.shape, np.int64), mask.copy(), 0
    while left.any() and count < 200:
        count += 1
        start = np.zeros_like(mask)
        start.flat[int(np.argmax(left))] = True
        part = _reached(start, left)
        labels[part] = count
        left &= ~part
    return labels


def _largest(mask: np.ndarray) -> np.ndarray:
    """The largest connected part of a mask."""
    labels = _labels(mask)
    return labels == np.bincount(labels[labels > 0], minlength=2)[1:].argmax() + 1 if mask.any() else mask


def _least_rectangle(mask: np.ndarray) -> float:
    """The area of the smallest rectangle, however turned, round a mask."""
    edge = np.argwhere(mask & ~_shrunk(mask)).astype(np.float64)
    turns = np.radians(np.arange(0, 90, 3))
    ways = np.stack([np.cos(turns), np.sin(turns)]), np.stack([-np.sin(turns), np.cos(turns)])
    spans = [np.ptp(edge @ way, axis=0) + 1 for way in ways]
    return float((spans[0] * spans[1]).min())


def _is_ring(inside: np.ndarray, ink: np.ndarray) -> bool:
    """Whether the ink of a card is a hole of the card's own shape: then it is a drawn 0."""
    spans = [[np.ptp(np.nonzero(mask.any(axis))[0]) + 1 for axis in (0, 1)] for mask in (ink, inside)]
    wide = all(hole >= 0.55 * whole for hole, whole in zip(*spans, strict=True))
    return wide and ink.sum() >= 0.7 * spans[0][0] * spans[0][1]

"""What textbooks say of the families, measured: how sharp the samples are, how even the ways between two codes, what a straight line reads
off a code, and which codes a decoder may be given.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from playground import data, run
from playground.controls import Choice
from playground.metrics import features, kernel, shared
from playground.metrics.codes import drawn as drawn_codes
from playground.metrics.quality import JACKKNIFE, shuffled
from playground.sampling.latents import column_count, columns, slerp_path
from playground.types import Images, Latents, Measurement, ModelCard

PREFIX = "evidence_"  # of the metrics' names
N = 2000  # samples at most, where all of a card is measured
BANDS = 8  # of spatial frequency, equally wide, up to half a cycle a point
FINE = BANDS // 2  # the first band that counts as fine: from a quarter of a cycle a point on
PAIRS = 400  # ways between two codes
STEPS = 64  # a way's step is 1 / STEPS of it
ALIKE = 1e-4  # a column that varies less is the same in all samples

Make = Callable[..., Measurement]


def measure(card: ModelCard, drawn: Images, seed: int, split: str, make: Make) -> list[Measurement]:
    """All that can be measured of a card of pictures by what it drew with a seed. Raises PlaygroundError where samples or data are missing."""
    n = len(drawn)
    return [*sharpness(card, drawn, n, split, make), *between_codes(card, n, seed, make), *draws(card, n, seed, split, make)]


def spectrum(pixels: np.ndarray) -> np.ndarray:
    """The power of pictures (n, h, w, c), 0..255, in each band of spatial frequency: float64 (n, BANDS).

    Of the mean of the channels, without its own mean, under a Hann window (which keeps the edges of the picture from passing for detail).
    """
    grey = pixels.astype(np.float64).mean(3) / 255.0
    height, width = grey.shape[1:]
    window = np.hanning(height)[:, None] * np.hanning(width)[None]
    power = np.abs(np.fft.fft2((grey - grey.mean((1, 2), keepdims=True)) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])  # cycles a point
    band = np.ceil(frequency / 0.5 * BANDS).astype(int) - 1  # the mean, at frequency 0, is in none; nor are the corners, beyond 0.5
    return np.stack([power[:, band == k].sum(1) for k in range(BANDS)], 1)


def detail(power: np.ndarray, real: np.ndarray) -> float:
    """How much fine detail samples have against real ones: the ratio of amplitudes from a quarter of a cycle a point on; 1 as sharp as real."""
    return float(np.sqrt(power[:, FINE:].sum(1).mean() / real[:, FINE:].sum(1).mean()))


def sharpness(card: ModelCard, drawn: Images, n: int, split: str, make: Make) -> list[Measurement]:
    """evidence_sharpness, and evidence_spectrum_K: the drawn power in each band as a multiple of the real. floor: training pictures."""
    power, real, train = (
        spectrum(images.uint8()) for images in (drawn, shuffled(card.dataset, split, n), shuffled(card.dataset, "train", n))
    )
    parts = [detail(part, real) for part in np.array_split(power, 10)]
    error = float(np.std(parts, ddof=1) / len(parts) ** 0.5)
    floor = _short(detail(train, real))
    found = [
        make(
            metric=f"{PREFIX}sharpness", value=_short(detail(power, real)), floor=floor, spread=_short(error), spread_over="standard error"
        )
    ]
    for k, (mine, theirs, floor) in enumerate(zip(power.mean(0), real.mean(0), train.mean(0), strict=True)):
        found.append(make(metric=f"{PREFIX}spectrum_{k}", value=_short(mine / theirs), floor=_short(floor / theirs)))
    return found


def between_codes(card: ModelCard, n: int, seed: int, make: Make) -> list[Measurement]:
    """Of a card that draws from codes: evidence_path_length, and where the factors are known evidence_probe, evidence_probe_NAME."""
    if "decode" not in card.can or "z" not in card.views:
        return []
    codes = drawn_codes(card, n, seed)
    return [path_length(card, codes, make), *probe(card, codes, make)]


def path_length(card: ModelCard, codes: Latents, make: Make) -> Measurement:
    """Perceptual path length (Karras et al. 2019, arXiv:1812.04948, section 4.1) as a multiple of the straightest possible.

    Of pairs of codes of one class, the mean squared change of the extractor's features over 1 / STEPS of the way at a random place,
    times STEPS squared, over the mean squared distance of the two ends: 1 where features change evenly along a straight line.
    """
    pairs = min(PAIRS, len(codes) // 2)
    labels = None if codes.labels is None else np.repeat(codes.labels[:pairs], 2)
    rng = np.random.default_rng(0)
    steps, ends = [], []
    for k in range(pairs):
        first, last = codes.values[k], codes.values[len(codes) // 2 + k]
        way, i = slerp_path(first, last, STEPS + 1), int(rng.integers(STEPS))
        steps += [way[i], way[i + 1]]
        ends += [first, last]
    extractor = data.get(card.dataset).extractor
    near, far = (
        np.square(
            np.diff(
                features.extract(run.decode(card.id, Latents(np.stack(rows), labels)), extractor)
                .features.astype(np.float64)
                .reshape(pairs, 2, -1),
                axis=1,
            )
        ).sum((1, 2))
        for rows in (steps, ends)
    )
    lengths = near * STEPS**2 / far.mean()
    error = float(lengths.std(ddof=1) / pairs**0.5)
    return make(
        metric=f"{PREFIX}path_length",
        value=_short(lengths.mean()),
        floor=1.0,
        spread=_short(error),
        spread_over="standard error over the pairs",
        n=pairs,
    )


def probe(card: ModelCard, codes: Latents, make: Make) -> list[Measurement]:
    """evidence_probe_NAME: R2 of each factor, as the reader sees it in the decoded sample, explained by a linear function of the code.

    Fitted on the first half of the codes, judged on the second. The factor that is the label is left out: it is given, not encoded.
    evidence_probe: the mean over the factors that vary.
    """
    dataset = data.get(card.dataset)
    if not dataset.factors:
        return []
    read = features.extract(run.decode(card.id, codes), dataset.extractor).factors
    seen = {name: value if value.ndim == 1 else value.argmax(1) for name, value in read.items()}
    known = np.concatenate([codes.values, np.ones((len(codes), 1), np.float32)], 1).astype(np.float64)
    half, found = len(codes) // 2, []
    for factor in dataset.factors:
        if factor.name == dataset.label_factor or factor.name not in seen:
            continue
        truth = columns([factor], seen).astype(np.float64).reshape(len(codes), column_count([factor]))
        spread = np.square(truth[half:] - truth[:half].mean(0)).mean()
        if spread < ALIKE:
            continue
        fitted = np.linalg.lstsq(known[:half], truth[:half], rcond=None)[0]
        left = np.square(truth[half:] - known[half:] @ fitted).mean()
        found.append(make(metric=f"{PREFIX}probe_{factor.name}", value=_short(1 - left / spread), n=len(codes)))
    mean = float(np.mean([m.value for m in found])) if found else 0.0
    return [make(metric=f"{PREFIX}probe", value=_short(mean), n=len(codes)), *found]


def draws(card: ModelCard, n: int, seed: int, split: str, make: Make) -> list[Measurement]:
    """Of a card that can draw its codes in several ways: evidence_kid_WAY of each; and evidence_kid_given_back of real pictures encoded and decoded."""
    ways = next((control for control in card.controls if isinstance(control, Choice) and control.name == "draw"), None)
    if ways is None:
        return []
    extractor = data.get(card.dataset).extractor
    real = features.of_split(card.dataset, split, extractor)
    back = shuffled(card.dataset, "train", n)
    pictures = {way: shared.draw(card.id, n, seed, **{ways.name: way}) for way in ways.choices}
    pictures["given back"] = run.reconstruct(card.id, back)
    known = kernel.within(real)
    floor = kernel.kid(real, features.extract(back, extractor).features, known=known).value
    found = []
    for way, images in pictures.items():
        kid = kernel.kid(real, features.extract(images, extractor).features, known=known)
        name = f"{PREFIX}kid_{named(way)}"
        found.append(make(metric=name, value=_short(kid.value), floor=_short(floor), spread=_short(kid.error), spread_over=JACKKNIFE))
    return found


def named(way: str) -> str:
    """A choice as part of a metric's name: "N(0, I)" is n_0_i."""
    return re.sub(r"[^a-z0-9]+", "_", way.lower()).strip("_")


def _short(value: float) -> float:
    return float(f"{float(value):.6g}")

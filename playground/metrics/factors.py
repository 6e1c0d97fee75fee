"""What only a data set with known factors allows: does a model cover all kinds, obey a factor, remember? As read by its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from playground import data, run
from playground.controls import Choice, Slider, adjustments, equal_shares
from playground.metrics import features, memory
from playground.types import Dataset, Images, Latents, Measurement, ModelCard, Scores

CONFIDENCE = 0.01  # legible: read with at least the confidence of this quantile of real samples
SEEN = 1 / 3  # a combination counts when it is seen at least this share as often as in truth
CONTROLLED = 2000  # samples for factor control
LEVELS = 20  # values of a number that is controlled

Make = Callable[..., Measurement]


def reader(dataset: Dataset, scores: Scores, truth: Mapping[str, np.ndarray], make: Make) -> list[Measurement]:
    """How well the reader reads real samples: accuracy_NAME of a word, r2_NAME of a number."""
    found = []
    for factor in dataset.factors:
        read = scores.factors[factor.name]
        if isinstance(factor, Slider):
            found.append(make(metric=f"r2_{factor.name}", value=_short(r2(truth[factor.name], read))))
        else:
            found.append(make(metric=f"accuracy_{factor.name}", value=float((read.argmax(1) == truth[factor.name]).mean())))
    return found


def r2(wanted: np.ndarray, read: np.ndarray) -> float:
    """The share of the variance of what was wanted that what is read explains: 1 - squared error / variance; may be negative."""
    return float(1 - np.square(read - wanted).mean() / wanted.var())


def combinations(dataset: Dataset, indices: Mapping[str, np.ndarray]) -> np.ndarray:
    """Each sample's combination of the data set's counted factors as one whole number (n,)."""
    total = np.zeros(len(next(iter(indices.values()))), dtype=np.int64)
    for factor in counted(dataset):
        total = total * len(factor.choices) + indices[factor.name]
    return total


def counted(dataset: Dataset) -> list[Choice]:
    """The factors whose combinations are counted."""
    return [factor for factor in dataset.factors if factor.name in dataset.counted]


def modes(dataset: Dataset, fake: Scores, real: Scores, truth: Mapping[str, np.ndarray], make: Make) -> list[Measurement]:
    """mode_coverage: the share of the combinations that exist which are seen, legibly, at least SEEN as often as in truth.

    mode_distance: total variation between the frequencies seen and the true ones. truth: factors of a large sample of the real
    distribution. Real samples through the same reader are the floor.
    """
    names = [factor.name for factor in counted(dataset)]
    size = int(np.prod([len(factor.choices) for factor in counted(dataset)]))
    true = np.bincount(combinations(dataset, truth), minlength=size) / len(truth[names[0]])
    limit = np.quantile(np.min([real.factors[name].max(1) for name in names], axis=0), CONFIDENCE)

    def measured(scores: Scores) -> tuple[float, float, float]:
        read = combinations(dataset, {name: scores.factors[name].argmax(1) for name in names})
        legible = np.min([scores.factors[name].max(1) for name in names], axis=0) >= limit
        seen = np.bincount(read[legible], minlength=size) / len(read)
        exists = true > 0
        return float((seen[exists] >= SEEN * true[exists]).mean()), float(0.5 * np.abs(seen - true).sum()), float(legible.mean())

    values, floors = measured(fake), measured(real)
    return [
        make(metric=name, value=_short(value), floor=_short(floor))
        for name, value, floor in zip(("mode_coverage", "mode_distance", "legible"), values, floors, strict=True)
    ]


def proportions(dataset: Dataset, fake: Scores, real: Scores, make: Make) -> list[Measurement]:
    """bias_NAME: total variation between the shares of a word's choices as read in the samples and in real ones."""
    found = []
    for factor in dataset.factors:
        if isinstance(factor, Choice):
            a, b = (np.bincount(s.factors[factor.name].argmax(1), minlength=len(factor.choices)) / len(s) for s in (fake, real))
            half = len(real) // 2
            halves = [
                np.bincount(part.argmax(1), minlength=len(factor.choices)) / len(part)
                for part in (real.factors[factor.name][:half], real.factors[factor.name][half:])
            ]
            floor = 0.5 * np.abs(halves[0] - halves[1]).sum()
            found.append(make(metric=f"bias_{factor.name}", value=_short(0.5 * np.abs(a - b).sum()), floor=_short(floor)))
    return found


def nearest(fake: np.ndarray, real: np.ndarray, train: np.ndarray, make: Make) -> Measurement:
    """The median distance from a sample to the nearest training sample, in features (n, d); real test samples are the floor.

    Far below the floor means that training samples are remembered.
    """
    value, floor = (np.median(memory.nearest(rows, train).distance) for rows in (fake, real))
    return make(metric="nearest_train", value=_short(value), floor=_short(floor))


def control(card: ModelCard, seed: int, make: Make) -> list[Measurement]:
    """How a card obeys its factors, over CONTROLLED drawn samples each moved in one factor alone.

    control_NAME: r2 of the value set against the value read for a number, the share read as set for a word. leakage_NAME: the mean
    share of the other words that are read otherwise than before.
    """
    factors = adjustments(card.controls)
    if not factors:
        return []
    dataset = data.get(card.dataset)
    z, labels = _codes(card, seed)
    before = features.extract(run.decode(card.id, Latents(z, labels)), dataset.extractor).factors
    found = []
    for factor in factors:
        values: Sequence[float | str] = (
            np.linspace(factor.minimum, factor.maximum, LEVELS).tolist() if isinstance(factor, Slider) else factor.choices
        )
        row_values = np.arange(CONTROLLED) % len(values)
        pixels = np.empty((CONTROLLED, *dataset.shape), dtype=np.float32)
        for k, value in enumerate(values):
            rows = np.nonzero(row_values == k)[0]
            pixels[rows] = run.decode(card.id, Latents(z[rows], labels[rows]), **{factor.name: value}).pixels
        read = features.extract(Images(pixels), dataset.extractor).factors
        if isinstance(factor, Slider):
            value = r2(np.asarray(values)[row_values], read[factor.name])
        else:
            value = float((read[factor.name].argmax(1) == row_values).mean())
        others = [other.name for other in dataset.factors if isinstance(other, Choice) and other.name != factor.name]
        leaked = np.mean([(read[name].argmax(1) != before[name].argmax(1)).mean() for name in others])
        found.append(make(metric=f"control_{factor.name}", value=_short(value), n=CONTROLLED))
        found.append(make(metric=f"leakage_{factor.name}", value=_short(leaked), n=CONTROLLED))
    return found


def _codes(card: ModelCard, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """The codes (CONTROLLED, d) that a card draws at its default setting, labels in equal shares."""
    parts = []
    shares = equal_shares(card.controls, CONTROLLED)
    for found in run.stream(card.id, CONTROLLED, seed, views=("z",), **shares):
        parts.append(found.step.views["z"])
    return np.concatenate([part.values for part in parts]), np.concatenate([part.labels for part in parts])


def _short(value: float) -> float:
    return float(f"{float(value):.6g}")

"""What only a data set with known factors allows: does a model cover all kinds, obey a factor, remember? As read by its reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from playground import data, run
from playground.controls import Choice, Slider, adjustments, equal_shares, prompt_of
from playground.metrics import features, memory
from playground.metrics.codes import drawn as drawn_codes
from playground.types import Dataset, Images, Latents, Measurement, ModelCard, Scores

CONFIDENCE = 0.01  # legible: read with at least the confidence of this quantile of real samples
SEEN = 1 / 3  # a combination counts when it is seen at least this share as often as in truth
TRIALS = 500  # captions by which a card's grasp of words is measured
CONTROLLED = 2000  # samples for the control of each factor
ASKED = 400  # the same for a word where every sample is drawn anew: a share has a standard error of at most 2.5 % then
LEVELS = 20  # values of a number that is controlled
RANGES = 4  # parts of a number whose shares are counted

Make = Callable[..., Measurement]
Named = Mapping[str, str | tuple[float, float]]
"""What a caption names, by factor: a word, or a number's range."""


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


def parts(factor: Slider | Choice) -> tuple[str, ...]:
    """What the shares of a factor are counted in: a word's choices, a number's RANGES ranges of equal width."""
    if isinstance(factor, Choice):
        return factor.choices
    edges = np.linspace(factor.minimum, factor.maximum, RANGES + 1)
    return tuple(f"{low:g} to {high:g}" for low, high in zip(edges[:-1], edges[1:], strict=True))


def shares(factor: Slider | Choice, read: np.ndarray) -> np.ndarray:
    """The share of each part of a factor as a reader read it: of a word probabilities (n, choices), of a number values (n,)."""
    if isinstance(factor, Choice):
        which = read.argmax(1)
    else:
        which = np.clip((read - factor.minimum) * RANGES / (factor.maximum - factor.minimum), 0, RANGES - 1).astype(np.int64)
    return np.bincount(which, minlength=len(parts(factor))) / len(read)


def share_name(factor: Slider | Choice, part: str) -> str:
    """The name of the metric that holds the share of one part of a factor."""
    return f"share_{factor.name}_{part.replace(' ', '_')}"


def proportions(dataset: Dataset, fake: Scores, real: Scores, make: Make) -> list[Measurement]:
    """share_NAME_PART: how many of the samples are read as each part of a factor, beside real samples through the same reader.

    bias_NAME: total variation between those shares; one half of the real samples against the other is the floor.
    """
    found = []
    for factor in dataset.factors:
        seen, true = (shares(factor, scores.factors[factor.name]) for scores in (fake, real))
        half = len(real) // 2
        first, second = (shares(factor, part) for part in (real.factors[factor.name][:half], real.factors[factor.name][half:]))
        distance, floor = 0.5 * np.abs(seen - true).sum(), 0.5 * np.abs(first - second).sum()
        found.append(make(metric=f"bias_{factor.name}", value=_short(distance), floor=_short(floor)))
        for part, value, beside in zip(parts(factor), seen, true, strict=True):
            found.append(make(metric=share_name(factor, part), value=_short(value), floor=_short(beside)))
    return found


def nearest(fake: np.ndarray, real: np.ndarray, train: np.ndarray, make: Make) -> Measurement:
    """The median distance from a sample to the nearest training sample, in features (n, d); real test samples are the floor.

    Far below the floor means that training samples are remembered.
    """
    value, floor = (np.median(memory.nearest(rows, train).distance) for rows in (fake, real))
    return make(metric="nearest_train", value=_short(value), floor=_short(floor))


def control(card: ModelCard, n: int, seed: int, make: Make) -> list[Measurement]:
    """How a card obeys its factors, over n drawn samples for each factor (at most ASKED for a word that a code cannot be moved to), set in
    that factor alone.

    control_NAME: r2 of the value set against the value read for a number, the share read as set for a word. leakage_NAME: the mean
    share of the other words that are read otherwise than in the same sample with nothing set.
    """
    factors = adjustments(card.controls)
    if not factors:
        return []
    dataset = data.get(card.dataset)
    draw = _decoded(card, n, seed) if "decode" in card.can else _asked(card, seed)
    plain = n if "decode" in card.can else max(n // _levels(factor) for factor in factors)  # enough for every row below
    before = features.extract(draw(np.arange(plain)), dataset.extractor).factors
    found = []
    for factor in factors:
        values: Sequence[float | str] = (
            np.linspace(factor.minimum, factor.maximum, LEVELS).tolist() if isinstance(factor, Slider) else factor.choices
        )
        if "decode" in card.can:
            rows = [np.arange(k, n, len(values)) for k in range(len(values))]
        else:
            each = (n if isinstance(factor, Slider) else min(n, ASKED)) // len(values)
            rows = [np.arange(each)] * len(values)
        pictures = np.concatenate([draw(part, **{factor.name: value}).pixels for part, value in zip(rows, values, strict=True)])
        read = features.extract(Images(pictures), dataset.extractor).factors
        which = np.repeat(np.arange(len(values)), [len(part) for part in rows])
        same = np.concatenate(rows)
        if isinstance(factor, Slider):
            value = r2(np.asarray(values)[which], read[factor.name])
        else:
            value = float((read[factor.name].argmax(1) == which).mean())
        others = [other.name for other in dataset.factors if isinstance(other, Choice) and other.name != factor.name]
        leaked = np.mean([(read[name].argmax(1) != before[name].argmax(1)[same]).mean() for name in others])
        found.append(make(metric=f"control_{factor.name}", value=_short(value), n=len(which)))
        found.append(make(metric=f"leakage_{factor.name}", value=_short(leaked), n=len(which)))
    return found


def adherence(card: ModelCard, n: int, seed: int, make: Make) -> list[Measurement]:
    """How a card obeys words: of the features that n captions name, which it never met, the share that is read as named.

    adherence over all of them, adherence_NAME for each factor; the faces that the captions describe, through the same reader, are the floor.
    """
    prompt = prompt_of(card.controls)
    if prompt is None:
        return []
    dataset = data.get(card.dataset)
    texts, named, real = data.trials(dataset.name, n)
    drawn = run.sample(card.id, n, seed, **{prompt.name: texts}).samples
    right = [rights(dataset, named, features.extract(images, dataset.extractor).factors) for images in (drawn, real)]
    found = []
    for name in (factor.name for factor in dataset.factors if any(factor.name in said for said in named)):
        each = [[sample[name] for sample in samples if name in sample] for samples in right]
        value, floor = (float(np.mean(one)) for one in each)
        found.append(make(metric=f"adherence_{name}", value=_short(value), floor=_short(floor), n=len(each[0])))
    value, floor = (float(np.mean([is_right for sample in samples for is_right in sample.values()])) for samples in right)
    return [make(metric="adherence", value=_short(value), floor=_short(floor), n=n), *found]


def rights(dataset: Dataset, named: Sequence[Named], read: Mapping[str, np.ndarray]) -> list[dict[str, bool]]:
    """For each sample, of every factor that its caption names, whether it is read as named. read: what the reader says, by factor."""
    return [
        {factor.name: reads_as(factor, said[factor.name], read[factor.name][row]) for factor in dataset.factors if factor.name in said}
        for row, said in enumerate(named)
    ]


def reads_as(factor: Slider | Choice, said: str | tuple[float, float], seen: np.ndarray) -> bool:
    """Whether one sample is read as what is said: its likeliest word is that word, its number lies in that range."""
    if isinstance(factor, Choice):
        return factor.choices[int(seen.argmax())] == said
    low, high = said
    return bool(low <= np.clip(seen, factor.minimum, factor.maximum) <= high)


def _levels(factor: Slider | Choice) -> int:
    return LEVELS if isinstance(factor, Slider) else len(factor.choices)


def _decoded(card: ModelCard, n: int, seed: int) -> Callable[..., Images]:
    """draw(rows, **factor) for a card whose codes can be moved: the samples of those rows from codes drawn once, at its default setting."""
    codes = drawn_codes(card, n, seed)
    return lambda rows, **factor: run.decode(card.id, Latents(codes.values[rows], codes.labels[rows]), **factor)


def _asked(card: ModelCard, seed: int) -> Callable[..., Images]:
    """draw(rows, **factor) for a card that is asked before it draws: as many samples as rows, from the same noise whatever is asked."""
    return lambda rows, **factor: run.sample(card.id, len(rows), seed, **equal_shares(card.controls, len(rows)), **factor).samples


def _short(value: float) -> float:
    return float(f"{float(value):.6g}")

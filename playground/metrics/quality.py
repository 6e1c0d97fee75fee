"""How good a card's samples are: distances to a real split, each beside its floor, in the eyes of one or two classifiers."""

from __future__ import annotations

import functools
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from playground import data, registry, run
from playground.controls import in_shares, prompt_of
from playground.metrics import factors, features, guidance, keeping, kernel, shared
from playground.types import Dataset, Images, Measurement, ModelCard, Scores

MIN_FID_N = 2000  # below, FID says more about n than about the pictures
BLOCK = 500  # continuous integration draws this many again, of models of many calls FEW, and the others at night
FEW = 50
FIRST = "first_"  # before a metric of the first FEW samples
MIN_BLOCKS = 4
JACKKNIFE = "standard error over samples"

Make = Callable[..., Measurement]


def generator(card: ModelCard, drawn: Images, seed: int, split: str, **about: Any) -> list[Measurement]:
    """All quality metrics of what draw() gave with a seed, against a split.

    The floor of each is the same metric of n random training pictures against the same split; that of class_right is what the
    classifier sees rightly in the split itself. fid only from n = MIN_FID_N on. about: fields of every Measurement.
    """
    dataset, n = data.get(card.dataset), len(drawn)
    found = []
    for extractor in extractors(dataset.name):
        make = partial(Measurement, card=card.id, n=n, seed=seed, split=split, extractor=extractor, **about)
        numbers, fake = seen(drawn, dataset, extractor, split, make)
        found += numbers
        if extractor == dataset.extractor:
            found += band(features.of_split(dataset.name, split, extractor), fake.features, drawn.labels, make)
            found += bands(fake, drawn.labels, make)
        if extractor == dataset.extractor and dataset.factors:
            found += known_factors(dataset, fake, split, make)
    if dataset.factors:
        make = partial(Measurement, card=card.id, seed=seed, split=split, extractor=dataset.extractor, **about)
        found += factors.control(card, min(n, factors.CONTROLLED), seed, make) + factors.adherence(card, min(n, factors.TRIALS), seed, make)
        found += keeping.image_to_image(card, min(n, keeping.N), seed, make)
        if guidance.scales(card):
            found += guidance.measure(card, min(n, guidance.MEASURED), seed, make)
    return found


def draw(card: ModelCard, n: int, seed: int) -> Images:
    """n samples at the default setting, asked for as asked_for says."""
    return shared.draw(card.id, n, seed, **asked_for(card, n))


def asked_for(card: ModelCard, n: int) -> dict[str, tuple[str, ...]]:
    """What n samples are asked for, so that a perfect model's are as the data are: labels as often as the data set has them, captions of training
    samples."""
    return in_shares(card.controls, n, data.get(card.dataset).shares) | captions_for(card, n)


def seen(drawn: Images, dataset: Dataset, extractor: str, split: str, make: Make) -> tuple[list[Measurement], Scores]:
    """fid, kid and class_right of drawn samples as one extractor sees them, and as the data set's own does also precision, recall, density and
    coverage, each with its floor; and what it saw."""
    fake = features.extract(drawn, extractor)
    floor = train_features(dataset.name, extractor, len(drawn))
    real = features.split_seen(dataset.name, split, extractor)
    found = distances(real.features, fake.features, floor, make, extractor == dataset.extractor, drawn.labels)
    if drawn.labels is not None:
        found.append(class_right(fake, drawn.labels, real, data.load(dataset.name, split).labels, make))
    return found, fake


def captions_for(card: ModelCard, n: int) -> dict[str, tuple[str, ...]]:
    """The captions of n training samples, for a card that is asked in words: its samples are then of all kinds, as real ones are."""
    prompt = prompt_of(card.controls)
    if prompt is None:
        return {}
    captions = data.captions(card.dataset)
    return {prompt.name: tuple(captions[i % len(captions)] for i in range(n))}


def known_factors(dataset: Dataset, fake: Scores, split: str, make: Make) -> list[Measurement]:
    """What a data set's known factors allow to ask of drawn samples: kinds covered, shares kept, training samples remembered."""
    train = data.load(dataset.name, "train")
    real = features.split_seen(dataset.name, split, dataset.extractor)
    remembered = features.of_split(dataset.name, "train", dataset.extractor)
    return [
        *factors.modes(dataset, fake, real, train.factors, make),
        *factors.proportions(dataset, fake, real, make),
        factors.nearest(fake.features, real.features, remembered, make),
    ]


def classifier(card: ModelCard, split: str, **about: Any) -> list[Measurement]:
    """The accuracy of a classifier on a split, with its binomial standard error; and of every factor where it reads factors."""
    real = data.load(card.dataset, split)
    scores = run.score(card.id, real)
    right = features.class_right(scores, real.labels)
    error = (right * (1 - right) / len(real)) ** 0.5
    make = partial(Measurement, card=card.id, n=len(real), seed=0, split=split, **about)
    return [
        *(factors.reader(data.get(card.dataset), scores, real.factors, make) if scores.factors else ()),
        make(metric="accuracy", value=right, spread=_short(error), spread_over="standard error"),
    ]


def distances(
    real: np.ndarray, fake: np.ndarray, floor: np.ndarray, make: Make, full: bool, labels: np.ndarray | None = None
) -> list[Measurement]:
    """fid and kid, and with full also precision, recall, density, coverage, of features (n, d), each with its floor. labels: as kernel.kid
    takes them."""
    from playground.metrics.distances import fid, prdc

    found = []
    if len(fake) >= MIN_FID_N:
        found.append(make(metric="fid", value=_short(fid(real, fake)), floor=_short(fid(real, floor))))
    found.append(kid(real, fake, floor, make, labels))
    if full:
        floors = prdc(real, floor)
        found += [make(metric=name, value=_short(value), floor=_short(floors[name])) for name, value in prdc(real, fake).items()]
    return found


def kid(real: np.ndarray, fake: np.ndarray, floor: np.ndarray, make: Make, labels: np.ndarray | None = None) -> Measurement:
    """KID of features (n, d) over all samples, with its standard error, its floor, and the p of a permutation test at these n."""
    known = kernel.within(real)
    found = kernel.kid(real, fake, labels, known)
    return make(
        metric="kid",
        value=_short(found.value),
        spread=_short(found.error),
        spread_over=JACKKNIFE,
        floor=_short(kernel.kid(real, floor, known=known).value),
        p=kernel.p_value(real, fake, found.value),
        p_by=f"{kernel.PERMUTATIONS} permutations of {len(fake):,} drawn and {len(real):,} real samples",
    )


def class_right(fake: Scores, asked: np.ndarray, real: Scores, truth: np.ndarray, make: Make) -> Measurement:
    """The share of samples seen as the class that was asked for, with its binomial standard error."""
    right = features.class_right(fake, asked)
    error = (right * (1 - right) / len(fake)) ** 0.5
    return make(
        metric="class_right", value=right, spread=_short(error), spread_over="standard error", floor=features.class_right(real, truth)
    )


def band(real: np.ndarray, fake: np.ndarray, labels: np.ndarray | None, make: Make) -> list[Measurement]:
    """kid of the first BLOCK samples, which continuous integration draws again, with its standard error; nothing of fewer.

    Sample i follows (seed, i) alone, so the first BLOCK of a large run are what a run of BLOCK draws.
    """
    if len(fake) < BLOCK:
        return []
    found = kernel.kid(real, fake[:BLOCK], None if labels is None else labels[:BLOCK])
    return [make(metric=f"kid_{BLOCK}", n=BLOCK, value=_short(found.value), spread=_short(found.error), spread_over=JACKKNIFE)]


def bands(fake: Scores, asked: np.ndarray | None, make: Make) -> list[Measurement]:
    """class_right of the first BLOCK samples, which continuous integration draws again, and its spread over all such blocks."""
    blocks = [slice(start, start + BLOCK) for start in range(0, len(fake) - BLOCK + 1, BLOCK)]
    if asked is None or len(blocks) < MIN_BLOCKS:
        return []
    found = [float((fake.probabilities[rows].argmax(1) == asked[rows]).mean()) for rows in blocks]
    over = f"{len(blocks)} blocks of {BLOCK}"
    spread = _short(np.std(found, ddof=1))
    return [make(metric=f"class_right_{BLOCK}", n=BLOCK, value=_short(found[0]), spread=spread, spread_over=over)]


def first(card: ModelCard, seed: int, split: str, **about: Any) -> list[Measurement]:
    """kid and class_right of the first FEW samples, which are those of any larger number: what continuous integration draws again of a model of many
    calls. Neither is a statement about the model."""
    extractor = data.get(card.dataset).extractor
    make = partial(Measurement, card=card.id, n=FEW, seed=seed, split=split, extractor=extractor, **about)
    drawn = draw(card, FEW, seed)
    scores = features.extract(drawn, extractor)
    found = kernel.kid(real_features(card.dataset, split, extractor), scores.features, drawn.labels)
    numbers = [make(metric=f"{FIRST}kid", value=_short(found.value), spread=_short(found.error), spread_over=JACKKNIFE)]
    if drawn.labels is not None:
        numbers.append(make(metric=f"{FIRST}class_right", value=features.class_right(scores, drawn.labels)))
    return numbers


def extractors(dataset: str) -> tuple[str, ...]:
    """The classifier that judges a data set, then the independent ones that confirm what it says."""
    first = data.get(dataset).extractor
    family = registry.get(first).family
    return (first, *(card.id for card in registry.cards() if card.family == family and card.dataset == dataset and card.id != first))


def shuffled(dataset: str, split: str, n: int) -> Images:
    """The first n pictures of a split in a fixed random order (the same order for every n).

    Of a data set that is drawn by rule, a few training pictures are drawn alone: the whole split takes minutes.
    """
    about = data.get(dataset)
    if split == "train" and about.factors and 4 * n <= about.sizes[split]:
        found = data.again(dataset, np.random.default_rng(0).permutation(about.sizes[split])[:n].tolist())
        return Images(found.pixels, found.labels)
    real = data.load(dataset, split)
    rows = np.random.default_rng(0).permutation(len(real))[:n]
    return Images(real.pixels[rows], real.labels[rows])


def real_features(dataset: str, split: str, extractor: str) -> np.ndarray:
    """Features (n, d) of a split: the shipped ones, in half precision, where there are such; else from the data itself."""
    if split == "test" and extractor == data.get(dataset).extractor:
        return features.reference(dataset)["test_features"]
    return features.of_split(dataset, split, extractor)


@functools.lru_cache(maxsize=4)
def train_features(dataset: str, extractor: str, n: int) -> np.ndarray:
    """Features (n, d) of as many training pictures, in shuffled's order, which floors are measured with: the shipped ones where those suffice."""
    if extractor == data.get(dataset).extractor and n <= len(shipped := features.reference(dataset)["train_features"]):
        return shipped[:n]
    return features.extract(shuffled(dataset, "train", n), extractor).features


def _short(value: float) -> float:
    return float(f"{value:.6g}")

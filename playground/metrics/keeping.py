"""Image to image, measured where features are known: what of a given picture is kept, and what of new words is followed, by strength."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from playground import data, run
from playground.controls import Choice, Given, prompt_of
from playground.metrics import factors, features
from playground.types import Dataset, Images, Measurement, ModelCard

STRENGTHS = (0.2, 0.4, 0.6, 0.8, 1.0)
N = 200

Make = Callable[..., Measurement]


def image_to_image(card: ModelCard, n: int, seed: int, make: Make) -> list[Measurement]:
    """For each of STRENGTHS, n real test samples, each changed towards a caption that the card never met.

    keeps_PER_CENT: of the words that the caption does not name, the share that is read as in the given picture; another real sample in
    its place is the floor. follows_PER_CENT: of the words that the caption names, the share that is read as named; the given pictures
    themselves are the floor. Nothing for a card that is not asked in words or cannot start from a picture.
    """
    prompt = prompt_of(card.controls)
    if prompt is None or not any(isinstance(control, Given) and control.name == "given" for control in card.controls):
        return []
    dataset = data.get(card.dataset)
    texts, named, _ = data.trials(dataset.name, n)
    given = data.load(dataset.name, "test").pixels[: 2 * n]
    seen, others = (_words(dataset, Images(part)) for part in (given[:n], given[n:]))
    untold = {name: np.array([name not in said for said in named]) for name in seen}
    found = []
    for strength in STRENGTHS:
        drawn = run.sample(card.id, n, seed, **{prompt.name: texts}, given=Images(given[:n]).float32(), strength=strength).samples
        read = _words(dataset, drawn)
        for metric, value, floor in (
            ("keeps", _kept(seen, read, untold), _kept(seen, others, untold)),
            ("follows", _followed(dataset, named, read), _followed(dataset, named, seen)),
        ):
            found.append(make(metric=f"{metric}_{100 * strength:.0f}", value=_short(value), floor=_short(floor), n=n))
    return found


def _words(dataset: Dataset, images: Images) -> dict[str, np.ndarray]:
    """What the data set's reader says of each word: probabilities of its choices (n, choices), by factor."""
    scores = features.extract(images, dataset.extractor).factors
    return {factor.name: scores[factor.name] for factor in dataset.factors if isinstance(factor, Choice)}


def _kept(before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], counted: Mapping[str, np.ndarray]) -> float:
    """The share of the counted words, over all samples and factors, that are alike."""
    return float(np.mean(np.concatenate([(before[name].argmax(1) == after[name].argmax(1))[counted[name]] for name in before])))


def _followed(dataset: Dataset, named: Sequence[factors.Named], read: Mapping[str, np.ndarray]) -> float:
    """The share of the named words that are read as named."""
    words = [{name: word for name, word in said.items() if name in read} for said in named]
    return float(np.mean([is_right for each in factors.rights(dataset, words, read) for is_right in each.values()]))


def _short(value: float) -> float:
    return float(f"{value:.6g}")

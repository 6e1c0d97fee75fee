"""Traditional and generative AI on the same digit: a classifier reads a real picture of it, generators draw pictures of it.

The one maps a picture to what it shows, p(y | x); the other draws what could have been seen, x ~ p(x | y). A classifier can say of any picture
which digit it is, and cannot draw one; a generator draws as many as one likes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import comparison, data, exhibits, run
from playground.controls import Choice
from playground.exhibits import Row
from playground.types import Dataset, Images, ModelCard, Run

N = 4  # pictures of each generator
DIGIT, SEED = "3", 7
RECORDED_WITH = "gan"  # the family whose card's previews hold the first paint


@dataclass(frozen=True)
class Read:
    """A real picture of a digit, (1, h, w, 1), and what a classifier says that it shows: float32 (10,), summing to one."""

    digit: str
    seed: int
    picture: Images
    probabilities: np.ndarray


def generators() -> Mapping[str, ModelCard]:
    """The cards that draw, by family: those of the comparison but the autoencoder, which is no generator."""
    return {family: card for family, card in comparison.chosen().items() if family != "autoencoder"}


def dataset() -> Dataset:
    """What all of them learnt from."""
    return data.get(generators()[RECORDED_WITH].dataset)


def read(digit: object, seed: object) -> Read:
    """One real test picture of a digit, chosen by the seed, and what the classifier reads. Raises PlaygroundError for a bad digit or seed."""
    about = dataset()
    known = Choice("digit", "Digit", DIGIT, about.labels).validate(digit)
    picture = exhibits.real_samples(about.name, 1, seed, known)
    return Read(known, int(seed), picture, run.score(about.extractor, picture).probabilities[0])


def draw(digit: str, seed: int) -> Iterator[tuple[str, Run]]:
    """(family, run) for every step of N pictures of a digit by each generator, quick families first. Raises PlaygroundError."""
    for family in (each for each in comparison.QUICK_FIRST if each in generators()):
        for found in run.stream(generators()[family].id, N, seed, limit=run.VISITOR_N, label=digit):
            yield family, found


def recorded(card: ModelCard, seed: int) -> Iterator[tuple[str, Sequence[Row], dict[str, Any]]]:
    """What the first paint needs: (name, rows, settings), as exhibits.recorded gives them."""
    if card != generators()[RECORDED_WITH]:
        return
    known = read(DIGIT, seed)
    drawn = {family: found.samples for family, found in draw(DIGIT, seed) if found.done}
    rows = [Row("real", known.picture), *(Row(family, images) for family, images in drawn.items())]
    yield "ways", rows, {"digit": DIGIT, "seed": seed, "probabilities": known.probabilities.round(4).tolist()}


def restored(rows: Sequence[Row], about: Mapping[str, Any]) -> tuple[Read, dict[str, Images]]:
    """What recorded() wrote, as it was: the picture that is read, and those that were drawn by family."""
    real, *drawn = rows
    probabilities = np.asarray(about["probabilities"], np.float32)
    return Read(about["digit"], about["seed"], real.images, probabilities), {row.name: row.images for row in drawn}


def title(family: str) -> str:
    """The title of a family's card."""
    return generators()[family].title

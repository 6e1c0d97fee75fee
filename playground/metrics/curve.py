"""Speed against quality: how far a model's samples are from the real ones when it takes few steps, and when it takes many.

A card is measured at its default setting but for the number of steps and, where it has a choice of solvers, with each of them. The
distance is KID to the shipped features of the test split, so that nothing but the repository is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playground import data, registry, run, weights
from playground.controls import Choice, Control, Slider, equal_shares, prompt_of, shown
from playground.errors import PlaygroundError
from playground.metrics import features, kernel
from playground.types import ModelCard

STEPS = (4, 8, 16, 32)
FEW = 4  # a card that takes so few steps at most is measured at every number of them
N = 300
SEEDS = (0, 1, 2)


@dataclass(frozen=True)
class Point:
    """One number of steps. calls: network calls a sample. kid: mean over the seeds, spread their standard deviation; seconds a sample."""

    steps: int
    calls: int
    kid: float
    spread: float
    seconds: float


@dataclass(frozen=True)
class Line:
    """A card, with what it was set to, through all its numbers of steps; and how that was measured: n samples for each of seeds.

    floor: the same of real training samples. kid_over: how KID was averaged, where it was not computed over all samples at once.
    """

    card: str
    settings: Mapping[str, str]
    points: tuple[Point, ...]
    n: int
    seeds: tuple[int, ...]
    floor: float
    extractor: str
    machine: str
    commit: str
    when: str
    command: str
    kid_over: str = ""


def path(dataset: str) -> Path:
    """Where a data set's lines are recorded."""
    return weights.ASSETS / "curves" / f"{dataset}.json"


def read(dataset: str) -> tuple[Line, ...]:
    """The recorded lines of a data set; none where nothing was recorded yet."""
    if not path(dataset).is_file():
        return ()
    found = json.loads(path(dataset).read_text(encoding="utf-8"))
    return tuple(
        Line(**{**line, "points": tuple(Point(**point) for point in line["points"]), "seeds": tuple(line["seeds"])}) for line in found
    )


def steps_of(card: ModelCard) -> Slider | None:
    """The control that says how many steps a card takes; None for a card that takes one, or is asked in words."""
    found = next((control for control in card.controls if control.name == "num_inference_steps"), None)
    return found if isinstance(found, Slider) and prompt_of(card.controls) is None else None


def cards(dataset: str) -> tuple[ModelCard, ...]:
    """The cards of a data set that can be measured so. Raises PlaygroundError for an unknown data set."""
    name = data.get(dataset).name
    return tuple(card for card in registry.cards() if card.dataset == name and card.source == "shipped" and steps_of(card))


def settings(controls: Sequence[Control]) -> tuple[dict[str, str], ...]:
    """The settings that a card is measured in: one for each of its solvers."""
    solver = next((control for control in controls if isinstance(control, Choice) and control.name == "solver"), None)
    return ({},) if solver is None else tuple({solver.name: choice} for choice in solver.choices)


def measure(card: ModelCard, n: int = N, seeds: Sequence[int] = SEEDS, steps: Sequence[int] = STEPS, **about: Any) -> Iterator[Line]:
    """The lines of a card, each when it is measured. about: machine, commit, when, command of every Line. Raises PlaygroundError."""
    slider = steps_of(card)
    if slider is None or card not in cards(card.dataset):
        raise PlaygroundError(f"{shown(card.id)} has no curve: it must take a number of steps, and be asked without words.")
    extractor = data.get(card.dataset).extractor
    real = features.reference(card.dataset)["test_features"]
    known = kernel.within(real)
    counts = range(1, int(slider.maximum) + 1) if slider.maximum <= FEW else steps
    for setting in settings(card.controls):
        points = []
        for count in counts:
            runs = [run.sample(card.id, n, seed, **equal_shares(card.controls, n), **{slider.name: count}, **setting) for seed in seeds]
            values = [kernel.kid(real, features.extract(s, extractor).features, s.labels, known).value for s in (r.samples for r in runs)]
            seconds = float(np.median([found.seconds for found in runs])) / n
            points.append(Point(count, runs[0].nfe, _short(np.mean(values)), _short(np.std(values, ddof=1)), round(seconds, 5)))
        yield Line(card.id, setting, tuple(points), n, tuple(seeds), floor(card.dataset, n), extractor, **about)


def floor(dataset: str, n: int) -> float:
    """KID of n real training samples, the mean over all blocks of n that are shipped: about 0, and below it by chance as often as above."""
    reference = features.reference(dataset)
    real, train = reference["test_features"], reference["train_features"]
    known = kernel.within(real)
    blocks = [train[first : first + n] for first in range(0, max(1, len(train) - n + 1), n)]
    return _short(np.mean([kernel.kid(real, block, known=known).value for block in blocks]))


def write(dataset: str, line: Line) -> None:
    """Records a line in one atomic step, in the place of an older one of the same card and settings; lines keep the order of the cards."""
    order = {card.id: place for place, card in enumerate(cards(dataset))}
    kept = [old for old in read(dataset) if (old.card, old.settings) != (line.card, line.settings) and old.card in order]
    path(dataset).parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(path(dataset), [asdict(each) for each in sorted([*kept, line], key=lambda each: order[each.card])])


def _short(value: float) -> float:
    return float(f"{float(value):.4g}")

"""How far back a model of text remembers: how much it loses when what stands further back is shuffled.

After Khandelwal et al. 2018, Sharp nearby, fuzzy far away, arXiv:1805.04623: the last d characters before the scored ones stay, all before
them are put in a random order; where the loss no longer falls with d, nothing that far back is used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playground import data, registry, run, weights
from playground.errors import PlaygroundError
from playground.metrics import curve
from playground.types import ModelCard

SCORED = 16  # characters at the end of a window
CONTEXT = 240  # characters before them
DISTANCES = (1, 2, 4, 8, 16, 32, 64, 128, CONTEXT)
N = 100  # windows


@dataclass(frozen=True)
class Point:
    """The mean loss in nats a character with the last `distance` characters in order and the rest shuffled; error: standard error over windows."""

    distance: int
    loss: float
    error: float


@dataclass(frozen=True)
class Line:
    """A card through all distances, and how that was measured."""

    card: str
    points: tuple[Point, ...]
    n: int
    seed: int
    split: str
    machine: str
    commit: str
    when: str
    command: str


def path(dataset: str) -> Path:
    """Where the lines of a data set are recorded."""
    return curve.path(f"{dataset}-memory")


def read(dataset: str) -> tuple[Line, ...]:
    """The recorded lines of a data set; none where nothing was measured."""
    if not path(dataset).is_file():
        return ()
    found = json.loads(path(dataset).read_text(encoding="utf-8"))
    return tuple(Line(**{**line, "points": tuple(Point(**point) for point in line["points"])}) for line in found)


def cards(dataset: str) -> tuple[ModelCard, ...]:
    """The shipped cards of a data set that read texts."""
    return tuple(card for card in registry.shipped() if card.dataset == dataset and "read" in card.can and card.kind == "text")


def shuffled(window: str, distance: int, rng: np.random.Generator) -> str:
    """A window whose last SCORED characters and the `distance` before them stay as they are, all before put in a random order."""
    far = len(window) - SCORED - distance
    return "".join(rng.permutation(list(window[:far]))) + window[far:] if far > 1 else window


def measure(card: ModelCard, n: int = N, seed: int = 0, **about: Any) -> Line:
    """The line of a card over n windows of the validation split, the same for all cards. Raises PlaygroundError, DataUnavailable."""
    if card not in cards(card.dataset):
        raise PlaygroundError(f"{card.id} does not read texts.")
    text = data.load(card.dataset, "valid").text
    starts = np.linspace(0, len(text) - CONTEXT - SCORED, n).astype(int)
    points = []
    for distance in DISTANCES:
        losses = []
        for k, start in enumerate(starts):
            window = shuffled(text[start : start + CONTEXT + SCORED], distance, np.random.default_rng((seed, k)))
            losses.append(float(run.read(card.id, window).surprise[-SCORED:].mean()))
        points.append(Point(distance, round(float(np.mean(losses)), 4), round(float(np.std(losses, ddof=1) / np.sqrt(n)), 4)))
    return Line(card.id, tuple(points), n, seed, "valid", **about)


def write(dataset: str, lines: Sequence[Line]) -> None:
    """Records lines in one atomic step, each in the place of an older one of the same card."""
    order = [card.id for card in cards(dataset)]
    kept = {line.card: line for line in (*read(dataset), *lines) if line.card in order}
    path(dataset).parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(path(dataset), [asdict(kept[card]) for card in order if card in kept])

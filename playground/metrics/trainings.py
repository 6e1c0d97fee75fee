"""How much of a card's numbers is the luck of one training: its recipe from scratch with several seeds, in full or for a part of its steps."""

from __future__ import annotations

import functools
import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from playground import data, registry, weights
from playground.errors import PlaygroundError
from playground.metrics import quality
from playground.training.settings import with_settings
from playground.types import Measurement, ModelCard

SEEDS, N = (0, 1, 2), 2000
PATH = weights.ASSETS / "curves" / "trainings.json"
WORK = Path("runs") / "trainings"  # what is trained stays there, and is not trained again


@dataclass(frozen=True)
class Trainings:
    """Trainings of one card that differ in their seed alone.

    steps: of each; whole: of the shipped one. values: by metric, in the order of seeds, each of n samples drawn with seed 0; floors: the
    same of real ones. seconds: of each training. kid_over: what KID was averaged over, where it was not computed over all samples at once.
    """

    card: str
    steps: int
    whole: int
    seeds: tuple[int, ...]
    values: Mapping[str, tuple[float, ...]]
    floors: Mapping[str, float | None]
    seconds: tuple[float, ...]
    n: int
    split: str
    extractor: str
    machine: str
    commit: str
    when: str
    command: str
    kid_over: str = ""

    @property
    def is_whole(self) -> bool:
        """True where each training was as long as the shipped one's."""
        return self.steps == self.whole

    def over_seeds(self, metric: str) -> Measurement:
        """A metric's mean over the trainings, with their standard deviation as its spread."""
        values = self.values[metric]
        return Measurement(
            card=self.card,
            metric=metric,
            value=_short(np.mean(values)),
            n=self.n,
            seed=self.seeds[0],
            split=self.split,
            spread=_short(np.std(values, ddof=1)),
            spread_over=f"{len(values)} trainings of {self.steps:,} steps",
            floor=self.floors[metric],
            extractor=self.extractor,
            machine=self.machine,
            commit=self.commit,
            when=self.when,
            command=self.command,
        )


def measure(
    card: ModelCard,
    steps: int | None = None,
    n: int = N,
    split: str = "test",
    seeds: Sequence[int] = SEEDS,
    work: Path = WORK,
    **about: Any,
) -> Trainings:
    """Trains a card anew with every seed, where that is not done yet, and measures what each training draws.

    steps: of each, by default as many as the shipped one's. about: machine, commit, when, command. Raises PlaygroundError for a card that
    draws no pictures.
    """
    if card.hub is not None or card.kind != "image" or "sample" not in card.can:
        raise PlaygroundError(f"{card.id} draws no pictures, or is not trained here: there is nothing of this kind to measure.")
    whole = int(weights.record(card.id)["steps"])
    dataset = data.get(card.dataset)
    values: dict[str, list[float]] = {}
    floors: dict[str, float | None] = {}
    seconds = []
    for seed in seeds:
        folder = train(card, whole if steps is None else steps, seed, work)
        with weights.elsewhere(card.id, folder):
            seconds.append(float(weights.record(card.id)["seconds"]))
            registry.unload()
            try:
                drawn = quality.draw(card, n, 0)
            finally:
                registry.unload()
        make = partial(Measurement, card=card.id, n=n, seed=0, split=split, extractor=dataset.extractor)
        for found in quality.seen(drawn, dataset, dataset.extractor, split, make)[0]:
            values.setdefault(found.metric, []).append(found.value)
            floors[found.metric] = found.floor
    told = {metric: tuple(each) for metric, each in values.items()}
    return Trainings(
        card.id, whole if steps is None else steps, whole, tuple(seeds), told, floors, tuple(seconds), n, split, dataset.extractor, **about
    )


def train(card: ModelCard, steps: int, seed: int, work: Path) -> Path:
    """The folder of the weights after so many steps of a card's recipe with a seed; trains them, or goes on with that, unless they are there,
    or are the shipped ones.

    Raises PlaygroundError where the recipe has no such setting.
    """
    settings = [f"seed={seed}", f"num_steps={steps}"]
    recipe = with_settings(card, registry.resolve(card.recipe)(card), settings)
    place = work / f"{card.id}-{steps}-{seed}"
    out = place / "weights"
    for there in (weights.folder(card.id), out):
        if _trained_so(there, recipe.config, steps):
            return there
    command = f"python -m playground.training {card.id} --set {settings[0]} --set {settings[1]}"
    importlib.import_module("playground.training.loop").train(recipe, out, place, resume=True, command=command)
    return out


def _trained_so(folder: Path, config: Any, steps: int) -> bool:
    """True where a folder's weights came from this config alone, in so many steps. A setting that came later must stand at its default."""
    now = json.loads(json.dumps(asdict(config)))
    usual = {field.name: field.default for field in fields(config)}
    try:
        about = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        return about["steps"] == steps and now == usual | about["config"]
    except (OSError, ValueError, KeyError):
        return False


def write(found: Trainings, path: Path = PATH) -> None:
    """Records one in one atomic step, in the place of an older one of the same card and as many steps; they keep the order of the cards."""
    order = [card.id for card in registry.shipped()]
    kept = [each for each in read(path) if (each.card, each.steps) != (found.card, found.steps) and each.card in order]
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(path, [asdict(each) for each in sorted([*kept, found], key=lambda each: (order.index(each.card), each.steps))])


def read(path: Path = PATH) -> tuple[Trainings, ...]:
    """What is recorded; nothing where nothing is. A table asks for it once a cell: it is parsed once a version of the file."""
    return _parsed(path, path.stat().st_mtime_ns) if path.is_file() else ()


@functools.lru_cache(maxsize=2)
def _parsed(path: Path, version: int) -> tuple[Trainings, ...]:
    def typed(entry: dict[str, Any]) -> Trainings:
        values = {metric: tuple(each) for metric, each in entry["values"].items()}
        return Trainings(**{**entry, "seeds": tuple(entry["seeds"]), "seconds": tuple(entry["seconds"]), "values": values})

    return tuple(map(typed, json.loads(path.read_text(encoding="utf-8"))))


def _short(value: float) -> float:
    return float(f"{float(value):.4g}")

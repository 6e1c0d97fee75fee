"""Data sets by name; the only place that reads them and the only place that normalises."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence

from playground.errors import ControlError, PlaygroundError
from playground.types import Dataset, Images

MODULES = ("mnist", "faces")


def names() -> tuple[str, ...]:
    """The names of all data sets."""
    return MODULES


def get(name: str) -> Dataset:
    """The description of a data set, without loading it. Raises PlaygroundError for an unknown name."""
    if name not in MODULES:
        raise PlaygroundError(f"data set must be one of {', '.join(MODULES)}; got {name!r}.")
    return importlib.import_module(f"playground.data.{name}").DATASET


@functools.lru_cache(maxsize=4)
def load(name: str, split: str) -> Images:
    """A whole split ("train", "valid" or "test") as uint8 Images with labels. Raises DataUnavailable where it is missing."""
    dataset = get(name)
    if split not in dataset.sizes:
        raise PlaygroundError(f"split must be one of {', '.join(dataset.sizes)}; got {split!r}.")
    return importlib.import_module(f"playground.data.{name}").load(split)


def from_factors(name: str, values: Mapping[str, object]) -> Images:
    """The sample that is made of these factors, the others at their default: the truth itself. Raises ControlError, also for a data
    set whose factors are not known."""
    if not get(name).factors:
        raise ControlError(f"The factors of {name} are not known.")
    module = importlib.import_module(f"playground.data.{name}")
    return Images(module.draw(module.checked(values))[None])


def drawn(name: str, n: int, seed: int, fixed: Mapping[str, object] | None = None) -> Images:
    """n new real samples of a data set that is drawn by rule, in none of its splits; the factors in `fixed` are held at those values.

    Raises ControlError for values out of bounds or that cannot go together.
    """
    if not get(name).factors:
        raise ControlError(f"The factors of {name} are not known.")
    return importlib.import_module(f"playground.data.{name}").drawn(n, seed, fixed or {})


def again(name: str, rows: Sequence[int]) -> Images:
    """Training samples made anew by their row, without loading the split: only where a data set is drawn by rule. Raises ControlError."""
    if not get(name).factors:
        raise ControlError(f"The samples of {name} cannot be drawn again.")
    return importlib.import_module(f"playground.data.{name}").again(rows)


def from_picture(name: str, picture: object) -> Images:
    """A person's picture as one sample of the data set: cropped, scaled and centred as its samples were."""
    get(name)
    return importlib.import_module(f"playground.data.{name}").from_picture(picture)

"""Data sets by name; the only place that reads them and the only place that normalises."""

from __future__ import annotations

import functools
import importlib

from playground.errors import PlaygroundError
from playground.types import Dataset, Images

MODULES = ("mnist",)


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


def from_picture(name: str, picture: object) -> Images:
    """A person's picture as one sample of the data set: cropped, scaled and centred as its samples were."""
    get(name)
    return importlib.import_module(f"playground.data.{name}").from_picture(picture)

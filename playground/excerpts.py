"""A piece of a text data set that the page ships: kept out of the training of its models, to be read with their eyes."""

from __future__ import annotations

from pathlib import Path

from playground import data, weights
from playground.errors import DataUnavailable

LENGTH, MUSIC = 1200, 1950  # characters; four pieces


def path(dataset: str) -> Path:
    """Where a data set's excerpt is shipped."""
    return weights.ASSETS / "reference" / dataset / "excerpt.txt"


def write(dataset: str) -> Path:
    """Writes the first lines of the validation split, about LENGTH characters, or MUSIC of them. Raises DataUnavailable without the data set."""
    text = data.load(dataset, "valid").text[: MUSIC if data.get(dataset).voices else LENGTH]
    begin = text.index("\n\n") + 2 if "\n\n" in text else 0
    path(dataset).parent.mkdir(parents=True, exist_ok=True)
    path(dataset).write_text(text[begin : text.rindex("\n")] + "\n", encoding="utf-8")
    return path(dataset)


def read(dataset: str) -> str:
    """The excerpt. Raises DataUnavailable where it is missing."""
    try:
        return path(dataset).read_text(encoding="utf-8")
    except OSError as error:
        raise DataUnavailable(f"{dataset} has no excerpt: make it with python -m playground.metrics --reference {dataset}.") from error

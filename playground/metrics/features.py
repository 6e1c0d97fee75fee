"""Pictures as the metrics see them: the penultimate features of a data set's classifier."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np

from playground import data, run, weights
from playground.errors import DataUnavailable
from playground.types import Images, Scores

REFERENCE = weights.ASSETS / "reference"


def extract(images: Images, extractor: str) -> Scores:
    """Class probabilities and features of pictures, by a classifier card."""
    return run.score(extractor, images)


def class_right(scores: Scores, asked: np.ndarray) -> float:
    """The share of pictures that the classifier takes for the class that was asked for, in [0, 1]."""
    return float((scores.probabilities.argmax(1) == asked).mean())


@functools.lru_cache(maxsize=8)
def split_seen(dataset: str, split: str, extractor: str) -> Scores:
    """A whole split as an extractor sees it, from the data itself."""
    return extract(data.load(dataset, split), extractor)


def of_split(dataset: str, split: str, extractor: str) -> np.ndarray:
    """Features float32 (n, d) of a whole split, from the data itself."""
    return split_seen(dataset, split, extractor).features


def path(dataset: str) -> Path:
    """Where a data set's reference is shipped."""
    return REFERENCE / dataset / "reference.npz"


@functools.lru_cache(maxsize=4)
def reference(dataset: str) -> dict[str, np.ndarray]:
    """The shipped reference: test_features (10,000, d) and train_features (2,000, d) as float32, test_labels, pictures, codes.

    Raises DataUnavailable where it is missing.
    """
    if not path(dataset).is_file():
        raise DataUnavailable(f"The reference of {dataset} is missing: make it with python -m playground.metrics --reference.")
    with np.load(path(dataset), allow_pickle=False) as file:
        found = {name: file[name] for name in file.files}
    return {name: value.astype(np.float32) if value.dtype == np.float16 else value for name, value in found.items()}

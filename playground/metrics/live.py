"""The numbers of a run that has just been drawn, within a second, from the shipped reference alone."""

from __future__ import annotations

import functools

import numpy as np

from playground import data
from playground.errors import PlaygroundError
from playground.metrics import features, kernel
from playground.types import Images

MIN_N = 8


def live(images: Images, asked: np.ndarray | None, dataset: str) -> dict[str, float | int | None]:
    """class_right (None where nothing was asked for), kid, kid_error, kid_floor and n of some pictures of a data set.

    kid compares all the pictures with all real test pictures; kid_error is its standard error. kid_floor: as many real test pictures
    against training pictures. No FID: at this n it says nothing. Raises PlaygroundError for n < MIN_N, DataUnavailable without the
    reference.
    """
    n = len(images)
    if n < MIN_N:
        raise PlaygroundError(f"n must be at least {MIN_N} to compare with real pictures, got {n}.")
    reference = features.reference(dataset)
    test, train = reference["test_features"], reference["train_features"]
    scores = features.extract(images, data.get(dataset).extractor)
    kid = kernel.kid(test, scores.features, known=_within(dataset, "test"))
    rows = np.random.default_rng(0).permutation(len(test))[:n]
    floor = kernel.kid(train, test[rows], known=_within(dataset, "train"))
    right = None if asked is None else features.class_right(scores, np.asarray(asked))
    return {"n": n, "class_right": right, "kid": kid.value, "kid_error": kid.error, "kid_floor": floor.value}


@functools.lru_cache(maxsize=4)
def _within(dataset: str, split: str) -> kernel.Within:
    """What the real pictures of a split have to do with each other: the same for every run, and half a second's work."""
    return kernel.within(features.reference(dataset)[f"{split}_features"])

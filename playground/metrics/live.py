"""The numbers of a run that has just been drawn, within a second, from the shipped reference alone."""

from __future__ import annotations

import numpy as np

from playground import data
from playground.errors import PlaygroundError
from playground.metrics import features
from playground.types import Images

MIN_N = 8
SUBSETS = 50


def live(images: Images, asked: np.ndarray | None, dataset: str) -> dict[str, float | int | None]:
    """class_right (None where nothing was asked for), kid, kid_error, kid_floor and n of some pictures of a data set.

    kid compares random halves of the pictures with as many real test pictures; kid_error is the standard deviation over the halves,
    which is the standard error of the whole (delete-half jackknife). kid_floor: as many real test pictures against training pictures.
    No FID: at this n it says nothing. Raises PlaygroundError for n < MIN_N, DataUnavailable without the reference.
    """
    from playground.metrics.distances import KID_SUBSET, kid

    n = len(images)
    if n < MIN_N:
        raise PlaygroundError(f"n must be at least {MIN_N} to compare with real pictures, got {n}.")
    reference = features.reference(dataset)
    scores = features.extract(images, data.get(dataset).extractor)
    half = min(n // 2, KID_SUBSET)
    rows = np.random.default_rng(0).permutation(len(reference["test_features"]))[:n]
    value, error = kid(reference["test_features"], scores.features, subsets=SUBSETS, subset_size=half)
    floor, _ = kid(reference["train_features"], reference["test_features"][rows], subsets=SUBSETS, subset_size=half)
    right = None if asked is None else features.class_right(scores, np.asarray(asked))
    return {"n": n, "class_right": right, "kid": value, "kid_error": error, "kid_floor": floor}

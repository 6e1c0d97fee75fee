"""Is it a copy? The nearest training samples to what a model drew, by features.

Among all of a data set whose samples are drawn by rule: a byte for each of their features is shipped, and the samples are made again. Of one
whose samples are not, among those that are shipped with its reference.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from playground import data
from playground.errors import DataUnavailable
from playground.metrics import features
from playground.metrics.distances import centred
from playground.types import Images

CHUNK = 500
QUANTILES = (0.01, 0.05, 0.5, 0.95)  # of the distances from real test samples
LEVELS = 255


@dataclass(frozen=True)
class Found:
    """index, distance: for each of n samples the row of the nearest training sample and how far it is in features, (n,)."""

    index: np.ndarray
    distance: np.ndarray


def nearest(rows: np.ndarray, among: np.ndarray) -> Found:
    """The nearest of `among` (m, d) to each of `rows` (n, d), by Euclidean distance."""
    import torch

    others, asked = (torch.from_numpy(np.ascontiguousarray(each, dtype=np.float32)) for each in centred(among, rows))
    index = torch.cat([torch.cdist(part, others).argmin(1) for part in asked.split(CHUNK)])
    return Found(index.numpy(), torch.linalg.vector_norm(asked - others[index], dim=1).numpy())


def make(dataset: str) -> dict[str, np.ndarray]:
    """The arrays of a data set's memory: train uint8 (n, d) with low and step float32 (d,), so that a feature is low + step * byte;
    real float32 (len(QUANTILES),), measured through the same bytes."""
    extractor = data.get(dataset).extractor
    rows = features.of_split(dataset, "train", extractor)
    low, step = rows.min(0), np.maximum(np.ptp(rows, axis=0), 1e-6) / LEVELS
    packed = np.round((rows - low) / step).astype(np.uint8)
    distance = nearest(features.of_split(dataset, "test", extractor), low + step * packed).distance
    return {
        "train": packed,
        "low": low.astype(np.float32),
        "step": step.astype(np.float32),
        "real": np.quantile(distance, QUANTILES).astype(np.float32),
    }


def path(dataset: str) -> Path:
    """Where a data set's memory is shipped."""
    return features.REFERENCE / dataset / "memory.npz"


def has_all(dataset: str) -> bool:
    """True where the nearest are looked for among all training samples, False where among those that are shipped."""
    return bool(data.get(dataset).factors)


@functools.lru_cache(maxsize=2)
def train(dataset: str) -> np.ndarray:
    """Features float32 (n, d) of the training samples that are looked through. Raises DataUnavailable where there is no memory."""
    if not has_all(dataset):
        return _shipped(dataset)["train_features"]
    found = _arrays(dataset, "train", "low", "step")
    return found["low"] + found["step"] * found["train"].astype(np.float32)


@functools.lru_cache(maxsize=2)
def real(dataset: str) -> dict[float, float]:
    """How far real test samples are from the nearest training sample: the QUANTILES of that distance. Raises DataUnavailable."""
    if not has_all(dataset):
        distance = nearest(_shipped(dataset)["test_features"], train(dataset)).distance
        return dict(zip(QUANTILES, np.quantile(distance, QUANTILES).tolist(), strict=True))
    return dict(zip(QUANTILES, _arrays(dataset, "real")["real"].tolist(), strict=True))


def clear() -> None:
    """Forgets what was read, for when the files have changed."""
    train.cache_clear()
    real.cache_clear()


def _arrays(dataset: str, *names: str) -> dict[str, np.ndarray]:
    if not path(dataset).is_file():
        raise DataUnavailable(f"The memory of {dataset} is missing: make it with python -m playground.metrics --reference {dataset}.")
    with np.load(path(dataset), allow_pickle=False) as file:
        return {name: file[name] for name in names}


def _shipped(dataset: str) -> dict[str, np.ndarray]:
    found = features.reference(dataset)
    if "train_pictures" not in found:
        raise DataUnavailable(
            f"The reference of {dataset} has no training samples: make it with python -m playground.metrics --reference {dataset}."
        )
    return found


def look_up(dataset: str, images: Images) -> tuple[Found, Images]:
    """The training samples nearest to pictures, and those samples themselves. Raises DataUnavailable where there is no memory."""
    found = nearest(features.extract(images, data.get(dataset).extractor).features, train(dataset))
    return found, data.again(dataset, found.index.tolist()) if has_all(dataset) else Images(
        _shipped(dataset)["train_pictures"][found.index]
    )

"""Distances between two sets of features. Each is a pure function of float arrays (n, d); KID has a file of its own, kernel.py.

A squared distance is a difference of products: far from the origin the products are large, and only their last digits are left. So
the mean is subtracted first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ALONE = {"sync_on_compute": False}  # every process has all the features already; torchmetrics would count those of each


def fid(real: np.ndarray, fake: np.ndarray) -> float:
    """Frechet distance between the Gaussians fitted to both sets (arXiv:1706.08500), by torchmetrics; biased upward for small n."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    real, fake = centred(real, fake)
    return float(_fill(FrechetInceptionDistance(feature=_identity(real.shape[1]), **ALONE).set_dtype(_double()), real, fake).compute())


def prdc(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    """Precision and recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797), with balls to the k-th nearest neighbour."""
    import torch

    real_t, fake_t = map(torch.from_numpy, centred(real, fake))
    real_radius, fake_radius = _radii(real_t, k), _radii(fake_t, k)
    covered = torch.full((len(real_t),), float("inf"), dtype=real_t.dtype)
    inside_count = torch.zeros(len(fake_t), dtype=real_t.dtype)
    recalled = torch.zeros(len(real_t), dtype=torch.bool)
    for start in range(0, len(fake_t), 1000):
        rows = slice(start, start + 1000)
        distance = torch.cdist(real_t, fake_t[rows])  # (real, fake of this chunk)
        inside_count[rows] = (distance < real_radius[:, None]).double().sum(0)
        recalled |= (distance < fake_radius[None, rows]).any(1)
        covered = torch.minimum(covered, distance.min(1).values)
    return {
        "precision": float((inside_count > 0).double().mean()),
        "recall": float(recalled.double().mean()),
        "density": float(inside_count.mean() / k),
        "coverage": float((covered < real_radius).double().mean()),
    }


def centred(*sets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Sets of points (n, d), float64, moved together so that the mean of the first is the origin: their distances stay as they are."""
    mean = np.mean(sets[0], axis=0, dtype=np.float64)
    return tuple(each - mean for each in sets)


def squares(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Squared Euclidean distances between the rows of a (n, d) and of b (m, d): (n, m), computed in float64, in the type of a."""
    x, y = centred(a, b)
    found = np.maximum(np.square(x).sum(1)[:, None] + np.square(y).sum(1)[None] - 2 * x @ y.T, 0.0)
    return found.astype(np.result_type(a, np.float32), copy=False)


def _radii(x: Any, k: int) -> Any:
    """The distance of each row to its k-th nearest other row, (n,)."""
    import torch

    return torch.cat([torch.cdist(part, x).kthvalue(k + 1, dim=1).values for part in x.split(1000)])


def _fill(metric: Any, real: np.ndarray, fake: np.ndarray) -> Any:
    import torch

    for features, is_real in ((real, True), (fake, False)):
        for part in torch.from_numpy(np.ascontiguousarray(features)).split(2000):
            metric.update(part, real=is_real)
    return metric


def _identity(width: int) -> Any:
    """torchmetrics asks for a network: this one returns the features it is given."""
    from torch import nn

    net = nn.Identity()
    net.num_features = width
    return net


def _double() -> Any:
    import torch

    return torch.float64

"""Distances between two sets of features. Each is a pure function of float arrays (n, d)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

KID_SUBSET = 1000
ALONE = {"sync_on_compute": False}  # every process has all the features already; torchmetrics would count those of each


def fid(real: np.ndarray, fake: np.ndarray) -> float:
    """Frechet distance between the Gaussians fitted to both sets (arXiv:1706.08500), by torchmetrics; biased upward for small n."""
    from torchmetrics.image.fid import FrechetInceptionDistance

    return float(_fill(FrechetInceptionDistance(feature=_identity(real.shape[1]), **ALONE).set_dtype(_double()), real, fake).compute())


def kid(real: np.ndarray, fake: np.ndarray, seed: int = 0, subsets: int = 50, subset_size: int = KID_SUBSET) -> tuple[float, float]:
    """Kernel distance (arXiv:1801.01401, cubic kernel, unbiased): mean and standard deviation over random subsets, by torchmetrics."""
    import torch
    from torchmetrics.image.kid import KernelInceptionDistance

    warnings.filterwarnings("ignore", message="Metric `Kernel Inception Distance` will save all extracted features")
    size = min(subset_size, len(real), len(fake))
    metric = _fill(KernelInceptionDistance(feature=_identity(real.shape[1]), subsets=subsets, subset_size=size, **ALONE), real, fake)
    with torch.random.fork_rng(devices=[]):  # torchmetrics draws its subsets from the global generator
        torch.random.default_generator.manual_seed(seed)
        mean, std = metric.compute()
    return float(mean), float(std)


def prdc(real: np.ndarray, fake: np.ndarray, k: int = 5) -> dict[str, float]:
    """Precision and recall (arXiv:1904.06991), density and coverage (arXiv:2002.09797), with balls to the k-th nearest neighbour."""
    import torch

    real_t, fake_t = torch.from_numpy(real).float(), torch.from_numpy(fake).float()
    real_radius, fake_radius = _radii(real_t, k), _radii(fake_t, k)
    covered = torch.full((len(real_t),), float("inf"))
    inside_count = torch.zeros(len(fake_t))
    recalled = torch.zeros(len(real_t), dtype=torch.bool)
    for start in range(0, len(fake_t), 1000):
        rows = slice(start, start + 1000)
        distance = torch.cdist(real_t, fake_t[rows])  # (real, fake of this chunk)
        inside_count[rows] = (distance < real_radius[:, None]).float().sum(0)
        recalled |= (distance < fake_radius[None, rows]).any(1)
        covered = torch.minimum(covered, distance.min(1).values)
    return {
        "precision": float((inside_count > 0).float().mean()),
        "recall": float(recalled.float().mean()),
        "density": float(inside_count.mean() / k),
        "coverage": float((covered < real_radius).float().mean()),
    }


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

"""The forward process in NumPy: a picture at any time t between clean and nothing but noise, without torch."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence

import numpy as np

from playground.types import Images

NUM_TRAIN_TIMESTEPS = 1000
MAX_BETA = 0.999


@functools.lru_cache(maxsize=1)
def alphas_cumprod() -> np.ndarray:
    """alpha_bar_t for t = 0..999 of the cosine schedule (Nichol & Dhariwal, arXiv:2102.09672): float64 (1000,)."""

    def signal(share: float) -> float:
        return math.cos((share + 0.008) / 1.008 * math.pi / 2) ** 2

    count = NUM_TRAIN_TIMESTEPS
    betas = [min(1 - signal((i + 1) / count) / signal(i / count), MAX_BETA) for i in range(count)]
    return np.cumprod(1 - np.asarray(betas))


def begins_at(total: int, num_inference_steps: int, shift: float = 1.0) -> int:
    """The time, 0 to 999, at which the last `total` of so many steps begin; shift as a flow's times have it."""
    share = total / num_inference_steps
    return round(NUM_TRAIN_TIMESTEPS * shift * share / (1 + (shift - 1) * share)) - 1


def noised(x_0: np.ndarray, times: Sequence[int], seed: int = 0) -> Images:
    """One clean picture x_0 float32 (h, w, c) at each of the times, all with the same eps: float32 (len(times), h, w, c) in [-1, 1].

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) eps; DDPM eq. 4, arXiv:2006.11239.
    """
    alpha_bar = alphas_cumprod()[np.asarray(times)].reshape(-1, 1, 1, 1)
    eps = np.random.default_rng(seed).standard_normal(x_0.shape)
    x_t = np.sqrt(alpha_bar) * x_0 + np.sqrt(1 - alpha_bar) * eps
    return Images(np.clip(x_t, -1, 1).astype(np.float32))


def mixed(x_0: np.ndarray, times: Sequence[int], seed: int = 0) -> Images:
    """The same along a flow's straight path: x_t = (1 - t) x_0 + t eps with t = times / 1000 (arXiv:2210.02747)."""
    t = np.asarray(times).reshape(-1, 1, 1, 1) / NUM_TRAIN_TIMESTEPS
    eps = np.random.default_rng(seed).standard_normal(x_0.shape)
    return Images(np.clip((1 - t) * x_0 + t * eps, -1, 1).astype(np.float32))

"""Randomness: one generator per sample, seeded by a hash, so that a sample is the same in any batch and on any device."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def seed_of(*parts: object) -> int:
    """A 32-bit seed from any parts by SHA-256; neighbouring seeds share nothing, unlike seed + i."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big")


def generators(seed: int, first: int, count: int) -> list[torch.Generator]:
    """One CPU generator for each of the samples first .. first + count - 1 of a seed."""
    import torch

    return [torch.Generator("cpu").manual_seed(seed_of(seed, i)) for i in range(first, first + count)]


def randn(shape: Sequence[int], generators: Sequence[torch.Generator], device: str | torch.device = "cpu") -> torch.Tensor:
    """Standard normal float32 (n, *shape), row i from generator i, drawn on the CPU and then moved."""
    import torch

    return torch.stack([torch.randn(tuple(shape), generator=generator) for generator in generators]).to(device)

"""What a recipe is: a frozen description, and the trainee that it makes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from playground import weights
from playground.types import Images, Texts

Update = Callable[..., None]
"""update(name, loss, *more): one step of the named optimizer, and of those named after the loss, down it; the loop does zero_grad, backward,
clipping and the schedule."""


@dataclass(frozen=True)
class Batch:
    """x: float32 (b, c, h, w) in [-1, 1]. label: int64 (b,). factors: by name (b,), and b captions, where the data set has them."""

    x: torch.Tensor
    label: torch.Tensor
    factors: Mapping[str, torch.Tensor] = field(default_factory=dict)
    captions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class TextBatch:
    """x: int64 (b, t + 1) tokens, of which the first t are read and the last t are to be guessed. starts: whether they go on from nothing."""

    x: torch.Tensor
    starts: bool

    def __len__(self) -> int:
        return len(self.x)


class Trainee:
    """What is being trained: modules and optimizers by name, and the maths of one step.

    modules may be replaced by their prepared (wrapped) selves before the first step. averaged names those of which an
    exponential moving average is kept and shipped; shipped names those whose weights are saved at the end, by default all.
    """

    shipped: tuple[str, ...] | None = None

    def __init__(self, modules: Mapping[str, nn.Module], optimizers: Mapping[str, torch.optim.Optimizer], averaged: tuple[str, ...] = ()):
        self.modules = dict(modules)
        self.optimizers = dict(optimizers)
        self.averaged = averaged

    def step(self, batch: Any, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        """Trains on one batch (a Batch of pictures, or what the recipe's own batches are) with every draw from the generator; returns what to log, by name."""
        raise NotImplementedError

    def earlier(self, card_id: str) -> dict[str, Mapping[str, torch.Tensor]]:
        """The weights that a run begins with which starts from a shipped card, by module: those of the card. Raises WeightsUnavailable."""
        shipped = weights.load(card_id, **{name: type(module) for name, module in self.modules.items()})
        return {name: module.state_dict() for name, module in shipped.items()}

    def preview(self, modules: Mapping[str, nn.Module]) -> Images | Texts | None:
        """What the (averaged) modules make of the same fixed noise or uniform numbers, or None if the family has no such story."""
        return None

    def whole(self, modules: Mapping[str, nn.Module]) -> Any | None:
        """A pipeline with a save_pretrained that writes all (averaged) modules and what belongs to them, or None: each is written by itself."""
        return None

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Called once after the last step: may fit buffers of the modules; returns facts for card.json."""
        return {}


@dataclass(frozen=True)
class Recipe:
    """How a card's weights are made. make() builds a fresh trainee from config alone; data order and noise follow (seed, step).

    spans: first step and end of the learning rate's schedule by optimizer, where one works in a part of the run only.
    teacher: the shipped card that it is learnt from, if any: what that took belongs to how these weights were made.
    batches: how the training set is cut into batches, where they are not pictures.
    """

    card: str
    dataset: str
    config: Any
    make: Callable[[], Trainee]
    num_steps: int
    batch_size: int
    seed: int = 0
    ema_decay: float = 0.999
    warmup_steps: int = 0
    decay_from: float = 0.0  # fraction of num_steps at which the learning rate begins its half cosine down to zero
    clip_norm: float | None = None
    spans: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    story: tuple[int, ...] = field(default=())
    teacher: str | None = None
    batches: Callable[[Any], Any] | None = None

    def learning_rate_factor(self, i: int, name: str = "") -> float:
        """What multiplies the named optimizer's learning rates at step i: linear warm-up, constant, then a half cosine to zero."""
        first, end = self.spans.get(name, (0, self.num_steps))
        i, num_steps = i - first, end - first
        if i < self.warmup_steps:
            return (i + 1) / self.warmup_steps
        start = self.decay_from * num_steps
        if i <= start:
            return 1.0
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, (i - start) / max(1.0, num_steps - start))))


def log_spaced(num_steps: int, count: int = 12) -> tuple[int, ...]:
    """About `count` step numbers from 0 to num_steps, spaced evenly in log(step), for a training story."""
    ratio = num_steps ** (1.0 / max(1, count - 2))
    return tuple(sorted({0, num_steps, *(round(ratio**k) for k in range(1, count - 2))}))

"""What a family offers to the race."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from playground.data.points import REACH
from playground.models.nets.mlp import LAYERS, WIDTH, Timed, begin

__all__ = ["REACH", "Learner", "Settings", "Walker"]


class Settings:
    """What every learner is built with: the seed of its weights, the size of its networks, and its own settings by name."""

    def __init__(self, seed: int = 0, width: int = WIDTH, layers: int = LAYERS, learning_rate: float = 2e-3, **own: float):
        self.seed, self.width, self.layers, self.learning_rate, self.own = seed, width, layers, learning_rate, own


class Walker:
    """A network that is told the time, and walks from noise to points in steps. own setting: steps, network calls a sample."""

    def __init__(self, settings: Settings):
        self.net = Timed(settings.width, settings.layers)
        begin(settings.seed, self.net)
        self.steps = int(settings.own.get("steps", 30))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.learning_rate)
        self.parameters = sum(p.numel() for p in self.net.parameters())

    def update(self, loss: torch.Tensor) -> float:
        """One step of the optimizer down the loss, which is returned as a number."""
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        return self.way(torch.randn(n, 2, generator=generator))[-1]

    def way(self, x: torch.Tensor) -> torch.Tensor:
        """From noise x (n, 2) to points, every step: (steps + 1, n, 2)."""
        raise NotImplementedError


class Learner(Protocol):
    """A model in training. parameters: how many numbers it trains."""

    parameters: int

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        """One update on real points x (n, 2), with every draw from the generator; its losses by name."""
        ...

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """n points (n, 2); from the same generator state the same noise, so that a point can be followed while the model learns."""
        ...

    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """Its inner life as tensors by the name of how they are drawn: field, landscape, grid, curve, ways, density."""
        ...

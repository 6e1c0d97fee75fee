"""What a family offers to the race."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import torch

from playground.data.points import REACH
from playground.models.nets.mlp import LAYERS, WIDTH, Timed, begin

__all__ = ["CODE", "REACH", "SHELF", "Learner", "Settings", "Walker", "between", "descend"]

CODE = 8  # numbers of a picture's code, where a family has one
SHELF = (2, 6)  # rows of pictures that tell of a learner's inner life, and how many stand in each


class Settings:
    """What every learner is built with: the seed of its weights, the size of its networks, and its own settings by name.

    side: 0 where it learns points of the plane; else it learns pictures of side x side points in [-1, 1], each as one row of numbers.
    """

    def __init__(self, seed: int = 0, width: int = WIDTH, layers: int = LAYERS, learning_rate: float = 2e-3, side: int = 0, **own: float):
        self.seed, self.width, self.layers, self.learning_rate, self.own = seed, width, layers, learning_rate, own
        self.side, self.dims = side, side * side or 2

    def ending(self, net: torch.nn.Sequential) -> torch.nn.Sequential:
        """A network that paints: pictures lie in [-1, 1], so theirs ends there."""
        return net.append(torch.nn.Tanh()) if self.side else net


def descend(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> float:
    """One step of an optimizer down a loss, which is returned as a number."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def between(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """From each row of a (n, d) straight to that of b, in as many stops as a row of the shelf has pictures: (n * stops, d)."""
    return torch.lerp(a[:, None], b[:, None], torch.linspace(0, 1, SHELF[1])[None, :, None]).flatten(0, 1)


class Walker:
    """A network that is told the time, and walks from noise to points in steps. own setting: steps, network calls a sample."""

    def __init__(self, settings: Settings):
        self.net, self.side, self.dims = Timed(settings.width, settings.layers, settings.dims), settings.side, settings.dims
        begin(settings.seed, self.net)
        self.steps = int(settings.own.get("steps", 30))
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.learning_rate)
        self.parameters = sum(p.numel() for p in self.net.parameters())

    def update(self, loss: torch.Tensor) -> float:
        """One step of the optimizer down the loss, which is returned as a number."""
        return descend(self.optimizer, loss)

    def times(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Times (n,) in [0, 1] to learn at: even ones; of pictures most in the middle, where they take shape (logit-normal, arXiv:2403.03206)."""
        return torch.randn(n, generator=generator).sigmoid() if self.side else torch.rand(n, generator=generator)

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        return self.way(torch.randn(n, self.dims, generator=generator))[-1]

    def way(self, x: torch.Tensor) -> torch.Tensor:
        """From noise x (n, dims) to points, every step: (steps + 1, n, dims)."""
        raise NotImplementedError

    def shelf(self, generator: torch.Generator) -> torch.Tensor:
        """Pictures on their way from noise, at even moments of it: (*SHELF, dims)."""
        way = self.way(torch.randn(SHELF[0], self.dims, generator=generator))
        return way[torch.linspace(0, len(way) - 1, SHELF[1]).round().long()].transpose(0, 1)


class Learner(Protocol):
    """A model in training. parameters: how many numbers it trains."""

    parameters: int

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        """One update on real points x (n, dims), with every draw from the generator; its losses by name."""
        ...

    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """n points (n, dims); from the same generator state the same noise, so that a point can be followed while the model learns."""
        ...

    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """Its inner life as tensors by the name of how they are drawn: field, landscape, grid, curve, ways, density; of pictures shelf, (*SHELF, dims)."""
        ...

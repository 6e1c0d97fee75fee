"""Along a flow from noise to data: times, and one step of a solver of dx/dt = u(x, t), with t from 1 (all noise) to 0 (data)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

Field = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""u(x, t): the velocity (n, ...) of points x (n, ...) at one time t, a scalar in [0, 1]."""
SOLVERS = {"Euler": 1, "Heun": 2}
"""How often each asks for the velocity in a step; Heun once only in a step that ends at t = 0, where nothing is left to correct for."""


@dataclass(frozen=True)
class Moved:
    """x: where the points are after the step. x_0: where they were bound for. calls: how often the velocity was asked for."""

    x: torch.Tensor
    x_0: torch.Tensor
    calls: int


def times(num_steps: int, shift: float = 1.0) -> torch.Tensor:
    """num_steps + 1 times from 1 down to 0, float32; a shift above 1 takes smaller steps near the noise (arXiv:2403.03206, eq. 23)."""
    t = torch.linspace(1.0, 0.0, num_steps + 1)
    return shift * t / (1.0 + (shift - 1.0) * t)


def mix(x_0: torch.Tensor, eps: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """The straight path x_t = (1 - t) x_0 + t eps, along which dx/dt = eps - x_0; t (n,) or a scalar (arXiv:2210.02747, arXiv:2209.03003)."""
    t = t.reshape(-1, *[1] * (x_0.dim() - 1))
    return (1.0 - t) * x_0 + t * eps


def step(field: Field, x: torch.Tensor, t: torch.Tensor, until: torch.Tensor, solver: str = "Euler") -> Moved:
    """One step from time t down to `until`. Heun's second velocity is taken at the end, and the mean of both is followed."""
    u = field(x, t)
    x_0 = x - t * u
    moved = x + (until - t) * u
    if SOLVERS[solver] == 1 or until == 0:
        return Moved(moved, x_0, 1)
    return Moved(x + (until - t) * 0.5 * (u + field(moved, until)), x_0, 2)

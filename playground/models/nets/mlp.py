"""Small networks on points of the plane, and on small pictures as rows of numbers."""

from __future__ import annotations

import math

import torch
from torch import nn

WIDTH, LAYERS = 96, 3


def mlp(inputs: int, outputs: int, width: int = WIDTH, layers: int = LAYERS) -> nn.Sequential:
    """inputs -> `layers` hidden ones of `width`, SiLU -> outputs."""
    sizes = [inputs, *[width] * layers]
    body = [part for a, b in zip(sizes, sizes[1:], strict=False) for part in (nn.Linear(a, b), nn.SiLU())]
    return nn.Sequential(*body, nn.Linear(sizes[-1], outputs))


def begin(seed: int, *modules: nn.Module) -> None:
    """Draws all weights from a seed alone, spread as nn.Linear and nn.Embedding spread them; nobody else's random numbers change."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in (part for module in modules for part in module.modules()):
            if isinstance(part, nn.Linear):
                reach = part.in_features**-0.5
                part.weight.uniform_(-reach, reach, generator=generator)
                part.bias.uniform_(-reach, reach, generator=generator)
            elif isinstance(part, nn.Embedding):
                part.weight.normal_(generator=generator)


class Timed(nn.Module):
    """x (n, dims) and times t (n,) in [0, 1] -> (n, dims): an MLP that is told the time as sines and cosines."""

    def __init__(self, width: int = WIDTH, layers: int = LAYERS, dims: int = 2, waves: int = 8):
        super().__init__()
        self.register_buffer("frequency", math.pi * 2.0 ** torch.arange(waves // 2).float())
        self.body = mlp(dims + waves, dims, width, layers)

    def forward(self, x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        angle = t[:, None] * self.frequency
        return self.body(torch.cat([x, angle.sin(), angle.cos()], 1))


def square(count: int, reach: float) -> torch.Tensor:
    """The centres of count x count fields of the plane from -reach to reach, rows from the top: (count * count, 2)."""
    side = (torch.arange(count) + 0.5) / count * 2 * reach - reach
    y, x = torch.meshgrid(-side, side, indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


def normal_grid(count: int) -> torch.Tensor:
    """A grid of codes of two numbers, lines at even quantiles of N(0, 1): (count * count, 2)."""
    places = torch.erfinv(2 * (torch.arange(count) + 0.5) / count - 1) * math.sqrt(2)
    a, b = torch.meshgrid(places, places, indexing="ij")
    return torch.stack([a.flatten(), b.flatten()], 1)

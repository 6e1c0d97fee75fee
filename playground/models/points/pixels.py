"""An autoregressive model of small pictures, point after point from the top left: a masked network that sees at each only those before it
(MADE, arXiv:1502.03509).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from playground.models.nets.mlp import begin
from playground.models.points.learner import SHELF, Settings, descend

SHADES = 8  # that a point is chosen among


class Masked(nn.Linear):
    """A linear layer, some of whose weights are always 0. mask: bool (outputs, inputs), True where one is not."""

    def __init__(self, mask: torch.Tensor):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask.float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.linear(x, self.weight * self.mask, self.bias)


class PixelAutoregressive:
    """The product of p(point | those before it), each a choice among SHADES."""

    def __init__(self, settings: Settings):
        self.dims, places = settings.dims, torch.arange(settings.dims)
        units = torch.arange(settings.width) * (self.dims - 1) // settings.width  # the last point that each hidden unit may have seen
        known, layers = places, []
        for _ in range(settings.layers):
            layers += [Masked(units[:, None] >= known[None]), nn.SiLU()]
            known = units
        self.net = nn.Sequential(*layers, Masked(places.repeat_interleave(SHADES)[:, None] > known[None]))
        begin(settings.seed, self.net)
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=settings.learning_rate)
        self.parameters = sum(p.numel() for p in self.net.parameters())

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        shades = ((x + 1) / 2 * (SHADES - 1)).round().long().clamp(0, SHADES - 1)
        said = self.net(_light(shades)).reshape(-1, SHADES)
        loss = F.cross_entropy(said, shades.flatten(), reduction="sum") / len(x)
        return {"surprise": descend(self.optimizer, loss)}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        return self._written(n, generator, 1)[-1]

    def _written(self, n: int, generator: torch.Generator, stops: int) -> torch.Tensor:
        """n pictures as they are written, what is not yet written as 0, after each of even parts: (stops, n, dims)."""
        u, x, found = torch.rand(n, self.dims, generator=generator), torch.zeros(n, self.dims), []
        body, last = self.net[:-1], self.net[-1]
        ends = [round(self.dims * (stop + 1) / stops) for stop in range(stops)]
        for k in range(self.dims):
            rows = slice(k * SHADES, (k + 1) * SHADES)
            said = F.linear(body(x), (last.weight * last.mask)[rows], last.bias[rows])
            x[:, k] = _light((said.softmax(1).cumsum(1) < u[:, k : k + 1]).sum(1).clamp(max=SHADES - 1))
            if k + 1 in ends:
                found.append(x.clone())
        return torch.stack(found)

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """shelf: pictures as they are written, (*SHELF, dims)."""
        return {"shelf": self._written(SHELF[0], generator, SHELF[1]).transpose(0, 1)}


def _light(shades: torch.Tensor) -> torch.Tensor:
    """Shades as lights, from -1 for the first to 1 for the last."""
    return shades / (SHADES - 1) * 2 - 1

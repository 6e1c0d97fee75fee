"""Flow matching on the plane: guess the straight way from noise to point, then follow it (arXiv:2210.02747)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from playground.models.nets.mlp import square
from playground.models.points.learner import REACH, Walker

WAYS, FIELDS, SHOWN_AT = 24, 15, 0.7


class PointFlow(Walker):
    """Time goes from 0, noise, to 1, points."""

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        t, eps = torch.rand(len(x), generator=generator), torch.randn(x.shape, generator=generator)
        loss = (self.net(torch.lerp(eps, x, t[:, None]), t) - (x - eps)).square().sum(1).mean()
        return {"velocity error": self.update(loss)}

    def way(self, x: torch.Tensor) -> torch.Tensor:
        """From noise x (n, 2) to points by Euler steps, every step: (steps + 1, n, 2)."""
        found = [x]
        for k in range(self.steps):
            x = x + self.net(x, torch.full((len(x),), k / self.steps)) / self.steps
            found.append(x)
        return torch.stack(found)

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """field: the velocity late on the way, (FIELDS, FIELDS, 2). ways: of some samples, (steps + 1, WAYS, 2)."""
        velocity = self.net(square(FIELDS, REACH), torch.full((FIELDS * FIELDS,), SHOWN_AT))
        return {"field": velocity.reshape(FIELDS, FIELDS, 2), "ways": self.way(torch.randn(WAYS, 2, generator=generator))}

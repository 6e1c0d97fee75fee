"""Flow matching on the plane or on small pictures: guess the straight way from noise to point, then follow it (arXiv:2210.02747). Of a picture
its end is guessed, from which the way follows: a narrow network cannot hand all of the noise on (arXiv:2511.13720).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from playground.models.nets.mlp import square
from playground.models.points.learner import REACH, Walker

WAYS, FIELDS, SHOWN_AT = 24, 15, 0.7
LEAST = 0.3  # of the way left, below which an error counts no more


class PointFlow(Walker):
    """Time goes from 0, noise, to 1, points."""

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        t, eps = self.times(len(x), generator), torch.randn(x.shape, generator=generator)
        said = self.net(torch.lerp(eps, x, t[:, None]), t)
        error = (said - x) / (1 - t[:, None]).clamp(min=LEAST) if self.side else said - (x - eps)
        return {"velocity error": self.update(error.square().sum(1).mean())}

    def way(self, x: torch.Tensor) -> torch.Tensor:
        """From noise x (n, dims) to points by Euler steps, every step: (steps + 1, n, dims)."""
        found = [x]
        for k in range(self.steps):
            said = self.net(x, torch.full((len(x),), k / self.steps))
            x = x + ((said - x) / (1 - k / self.steps) if self.side else said) / self.steps
            found.append(x)
        return torch.stack(found)

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """field: the velocity late on the way, (FIELDS, FIELDS, 2). ways: of some samples, (steps + 1, WAYS, 2).

        Of pictures shelf: some on their way, (*SHELF, dims).
        """
        if self.side:
            return {"shelf": self.shelf(generator)}
        velocity = self.net(square(FIELDS, REACH), torch.full((FIELDS * FIELDS,), SHOWN_AT))
        return {"field": velocity.reshape(FIELDS, FIELDS, 2), "ways": self.way(torch.randn(WAYS, 2, generator=generator))}

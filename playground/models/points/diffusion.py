"""Diffusion on the plane or on small pictures: guess the noise at a random time, a cosine schedule, DDIM steps back (arXiv:2006.11239,
arXiv:2010.02502). Of a picture the picture is guessed: a narrow network cannot hand all of the noise on (arXiv:2511.13720).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from playground.models.nets.mlp import square
from playground.models.points.learner import REACH, Walker

WAYS, FIELDS, SHOWN_AT = 24, 15, 0.35
LEAST = 0.3  # noise below which an error counts no more


class PointDiffusion(Walker):
    """Time goes from 1, noise, to 0, points."""

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        t, eps = self.times(len(x), generator), torch.randn(x.shape, generator=generator)
        signal, noise = (each[:, None] for each in _levels(t))
        said = self.net(signal * x + noise * eps, t)
        if self.side:  # the error of v, which is that of the picture over the noise
            return {"v error": self.update(((said - x) / noise.clamp(min=LEAST)).square().sum(1).mean())}
        return {"noise error": self.update((said - eps).square().sum(1).mean())}

    def way(self, x: torch.Tensor) -> torch.Tensor:
        """From noise x (n, dims) to points, every step: (steps + 1, n, dims)."""
        times, found = torch.linspace(0.99, 0.0, self.steps + 1), [x]
        for t, after in zip(times[:-1], times[1:], strict=True):
            said = self.net(x, t.expand(len(x)))
            signal, noise = _levels(t)
            if self.side:
                guess = said.clamp(-1, 1)
                eps = (x - signal * guess) / noise
            else:
                guess, eps = ((x - noise * said) / signal).clamp(-2 * REACH, 2 * REACH), said
            signal, noise = _levels(after)
            x = signal * guess + noise * eps
            found.append(x)
        return torch.stack(found)

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """field: which way less noise lies at a third of the way, (FIELDS, FIELDS, 2). ways: of some samples, (steps + 1, WAYS, 2).

        Of pictures shelf: some on their way, (*SHELF, dims).
        """
        if self.side:
            return {"shelf": self.shelf(generator)}
        eps = self.net(square(FIELDS, REACH), torch.full((FIELDS * FIELDS,), SHOWN_AT))
        return {"field": -eps.reshape(FIELDS, FIELDS, 2), "ways": self.way(torch.randn(WAYS, 2, generator=generator))}


def _levels(t: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Amplitudes of signal and noise at times t, 0 clean to 1 all noise (arXiv:2102.09672)."""
    return torch.cos(t * torch.pi / 2), torch.sin(t * torch.pi / 2)

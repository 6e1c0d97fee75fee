"""A VAE on the plane or on small pictures: a code of few numbers, a Gaussian likelihood whose deviation is learnt (Kingma & Welling 2013, arXiv:1312.6114)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from playground.models.nets.mlp import begin, mlp, normal_grid
from playground.models.points.learner import CODE, SHELF, Settings, between, descend

GRID = 17


class PointVAE:
    """own setting: beta, the weight of the divergence (1: the bound)."""

    def __init__(self, settings: Settings):
        size = (settings.width, settings.layers)
        self.side, self.code = settings.side, CODE if settings.side else 2
        self.encoder, self.decoder = mlp(settings.dims, 2 * self.code, *size), settings.ending(mlp(self.code, settings.dims, *size))
        begin(settings.seed, self.encoder, self.decoder)
        self.log_sigma = torch.nn.Parameter(torch.tensor(-1.0))
        self.beta = settings.own.get("beta", 1.0)
        trained = [*self.encoder.parameters(), *self.decoder.parameters(), self.log_sigma]
        self.optimizer = torch.optim.Adam(trained, lr=settings.learning_rate)
        self.parameters = sum(p.numel() for p in trained)

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        mean, logvar = self.encoder(x).chunk(2, 1)
        logvar = logvar.clamp(-10, 4)
        z = mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=generator)
        sigma = self.log_sigma.clamp(-3.5, 1.0)
        error = ((x - self.decoder(z)).square() / (2 * (2 * sigma).exp()) + sigma + 0.9189).sum(1).mean()
        divergence = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean()
        loss = error + self.beta * divergence
        descend(self.optimizer, loss)
        return {"negative ELBO": (error + divergence).item(), "divergence": divergence.item()}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        """Of points with the likelihood's noise; of pictures without it, as is usual: the mean alone."""
        z = torch.randn(n, self.code, generator=generator)
        if self.side:
            return self.decoder(z)
        eps = torch.randn(n, 2, generator=generator)
        return self.decoder(z) + self.log_sigma.clamp(-3.5, 1.0).exp() * eps

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """grid: where lines of codes are painted, (GRID, GRID, 2). Of pictures shelf: from one code straight to another, (*SHELF, dims)."""
        if self.side:
            ends = torch.randn(2, SHELF[0], self.code, generator=generator)
            return {"shelf": self.decoder(between(*ends)).reshape(*SHELF, -1)}
        return {"grid": self.decoder(normal_grid(GRID)).reshape(GRID, GRID, 2)}

"""A plain autoencoder on the plane or on small pictures: few numbers in the middle, and no prior: what it draws are decoded codes from around its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from playground.models.nets.mlp import begin, mlp
from playground.models.points.learner import CODE, SHELF, Settings, descend

KEPT, CURVE = 512, 200


class PointAutoencoder:
    """own settings: code, how many numbers lie in the middle; spread, of the bell at each known code in units of all codes' (1: one bell over all)."""

    def __init__(self, settings: Settings):
        size, code = (settings.width, settings.layers), int(settings.own.get("code", CODE if settings.side else 1))
        self.encoder, self.decoder = mlp(settings.dims, code, *size), settings.ending(mlp(code, settings.dims, *size))
        begin(settings.seed, self.encoder, self.decoder)
        trained = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(trained, lr=settings.learning_rate)
        self.parameters = sum(p.numel() for p in trained)
        self.side, self.shown = settings.side, torch.zeros(SHELF[1], settings.dims)
        self.codes, self.spread = torch.zeros(1, code), settings.own.get("spread", 1.0)

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        code, self.shown = self.encoder(x), x[: SHELF[1]]
        loss = (self.decoder(code) - x).square().sum(1).mean()
        self.codes = torch.cat([code.detach(), self.codes])[:KEPT]
        return {"squared error": descend(self.optimizer, loss)}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        noise = torch.randn(n, self.codes.shape[1], generator=generator)
        which = torch.randint(len(self.codes), (n,), generator=generator)
        centre = self.codes.mean(0) if self.spread >= 1 else self.codes[which]
        return self.decoder(centre + self.spread * self.codes.std(0, unbiased=False) * noise)

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """curve: all that a code of one number can become, from its least to its largest, (CURVE, 2).

        Of pictures shelf: real ones, and below them what is left of each, (*SHELF, dims).
        """
        if self.side:
            return {"shelf": torch.stack([self.shown, self.decoder(self.encoder(self.shown))])}
        if self.codes.shape[1] != 1:
            return {}
        ends = self.codes.min(), self.codes.max()
        return {"curve": self.decoder(torch.linspace(float(ends[0]), float(ends[1]), CURVE)[:, None])}

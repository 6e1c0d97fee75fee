"""A GAN on the plane or on small pictures: relativistic pairing loss with a zero-centred gradient penalty on both sides (R3GAN, arXiv:2501.05441), or the older
non-saturating loss (Goodfellow et al. 2014, arXiv:1406.2661).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from playground.models.nets.mlp import begin, mlp, normal_grid, square
from playground.models.points.learner import CODE, REACH, SHELF, Settings, between

GRID, FIELDS = 17, 24


class PointGAN:
    """z (n, 2), for pictures (n, CODE), from N(0, I) -> points. own settings: penalty (gamma of R1 and R2), critic_steps, relativistic (0: the older loss)."""

    def __init__(self, settings: Settings):
        size = (settings.width, settings.layers)
        self.side, self.code = settings.side, CODE if settings.side else 2
        self.generator, self.critic = settings.ending(mlp(self.code, settings.dims, *size)), mlp(settings.dims, 1, *size)
        begin(settings.seed, self.generator, self.critic)
        self.penalty, self.turns = settings.own.get("penalty", 0.3), int(settings.own.get("critic_steps", 1))
        self.relativistic = bool(settings.own.get("relativistic", 1))
        self.optimizers = [
            torch.optim.Adam(net.parameters(), lr=settings.learning_rate, betas=(0.0, 0.99)) for net in (self.generator, self.critic)
        ]
        self.parameters = sum(p.numel() for net in (self.generator, self.critic) for p in net.parameters())

    def step(self, x: torch.Tensor, generator: torch.Generator, only: str = "") -> dict[str, float]:
        """One update of both, or of the one that `only` names."""
        losses: dict[str, float] = {}
        for _ in range(self.turns if only != "generator" else 0):
            fake = self.generator(torch.randn(len(x), self.code, generator=generator)).detach().requires_grad_()
            real = x.clone().requires_grad_()
            score_real, score_fake = self.critic(real), self.critic(fake)
            critic_loss = loss = self._ranked(score_real, score_fake)
            if self.penalty:
                slopes = torch.autograd.grad(score_real.sum() + score_fake.sum(), (real, fake), create_graph=True)
                loss = loss + 0.5 * self.penalty * sum(slope.square().sum(1).mean() for slope in slopes)
            self._update(1, loss)
            losses = {"critic": critic_loss.item()}
        if only == "critic":
            return losses
        drawn = self.generator(torch.randn(len(x), self.code, generator=generator))
        score = self.critic(drawn)
        generator_loss = F.softplus(self.critic(x).detach() - score if self.relativistic else -score).mean()
        self._update(0, generator_loss)
        return {"generator": generator_loss.item(), **losses}

    def _ranked(self, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        """The critic's loss: each fake below its real one, or each on its own side of 0."""
        return F.softplus(fake - real).mean() if self.relativistic else F.softplus(fake).mean() + F.softplus(-real).mean()

    def _update(self, which: int, loss: torch.Tensor) -> None:
        net, optimizer = (self.generator, self.critic)[which], self.optimizers[which]
        for p, slope in zip(net.parameters(), torch.autograd.grad(loss, list(net.parameters())), strict=True):
            p.grad = slope
        optimizer.step()

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        return self.generator(torch.randn(n, self.code, generator=generator))

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """landscape: the critic's score as rank, 0 lowest to 1 highest, (FIELDS, FIELDS). grid: where lines of z go, (GRID, GRID, 2).

        Of pictures shelf: from one z straight to another, (*SHELF, dims).
        """
        if self.side:
            ends = torch.randn(2, SHELF[0], self.code, generator=generator)
            return {"shelf": self.generator(between(*ends)).reshape(*SHELF, -1)}
        score = self.critic(square(FIELDS, REACH)).flatten()
        return {
            "landscape": (score.argsort().argsort().float() / (len(score) - 1)).reshape(FIELDS, FIELDS),
            "grid": self.generator(normal_grid(GRID)).reshape(GRID, GRID, 2),
        }

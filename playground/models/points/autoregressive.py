"""An autoregressive model on the plane: p(x) p(y | x), each a choice among BINS (the chain rule, as PixelRNN, arXiv:1601.06759, one pixel at a time)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F

from playground.models.nets.mlp import begin, mlp
from playground.models.points.learner import REACH, Settings, descend

BINS, WIDE = 80, 1.1 * REACH


class PointAutoregressive:
    """Both numbers as bins from -WIDE to WIDE; within a bin all places are as likely."""

    def __init__(self, settings: Settings):
        self.first = torch.nn.Parameter(torch.zeros(BINS))
        self.second = torch.nn.Sequential(torch.nn.Embedding(BINS, 32), mlp(32, BINS, settings.width, settings.layers))
        begin(settings.seed, self.second)
        trained = [self.first, *self.second.parameters()]
        self.optimizer = torch.optim.Adam(
            [{"params": [self.first], "lr": 10 * settings.learning_rate}, {"params": list(self.second.parameters())}],
            lr=settings.learning_rate,
        )
        self.parameters = sum(p.numel() for p in trained)

    def step(self, x: torch.Tensor, generator: torch.Generator) -> dict[str, float]:
        bins = ((x + WIDE) / (2 * WIDE) * BINS).long().clamp(0, BINS - 1)
        loss = F.cross_entropy(self.first.expand(len(x), -1), bins[:, 0]) + F.cross_entropy(self.second(bins[:, 0]), bins[:, 1])
        return {"surprise": descend(self.optimizer, loss)}

    @torch.no_grad()
    def sample(self, n: int, generator: torch.Generator) -> torch.Tensor:
        u = torch.rand(n, 4, generator=generator)
        first = _drawn(self.first.softmax(0).expand(n, -1), u[:, 0])
        second = _drawn(self.second(first).softmax(1), u[:, 1])
        return (torch.stack([first, second], 1) + u[:, 2:]) / BINS * 2 * WIDE - WIDE

    @torch.no_grad()
    def inside(self, generator: torch.Generator) -> Mapping[str, Any]:
        """density: p(x) p(y | x) of every pair of bins against the largest, rows from the top, (BINS, BINS)."""
        joint = self.first.softmax(0)[:, None] * self.second(torch.arange(BINS)).softmax(1)
        return {"density": (joint / joint.max()).T.flip(0)}


def _drawn(probabilities: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """The bin at u of the cumulative distribution: (n,)."""
    return (probabilities.cumsum(1) < u[:, None]).sum(1).clamp(max=BINS - 1)

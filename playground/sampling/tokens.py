"""The next token: what may be chosen, and the choice, by one uniform number for each sample and position.

The filters come in transformers' order, repetition penalty, temperature, top-k, top-p, and give what its logits processors give.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

LONGEST = 2048  # tokens that one run writes at most: so many uniform numbers are drawn, however many are used


@dataclass(frozen=True)
class Filters:
    """How the model's distribution is changed before a token is drawn.

    temperature: divides the logits; 0 takes the likeliest token. top_k: tokens that are kept, 0 all. top_p: keeps the likeliest tokens until they
    hold that much probability (Holtzman et al., arXiv:1904.09751). repetition_penalty: divides the positive logits of tokens that have
    been seen, multiplies the negative ones (Keskar et al., arXiv:1909.05858); 1 is off.
    """

    temperature: float = 1.0
    top_k: int = 0
    top_p: float = 1.0
    repetition_penalty: float = 1.0

    def apply(self, logits: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
        """Probabilities (n, v) to draw from. logits: (n, v). seen: int64 (n, t), the tokens of the text so far."""
        logits = logits.float()
        if self.repetition_penalty != 1.0 and seen.shape[1]:
            found = logits.gather(1, seen)
            logits = logits.scatter(1, seen, torch.where(found < 0, found * self.repetition_penalty, found / self.repetition_penalty))
        if self.temperature == 0.0:
            return torch.nn.functional.one_hot(logits.argmax(-1), logits.shape[-1]).float()
        logits = logits / self.temperature
        if 0 < self.top_k < logits.shape[-1]:
            least = logits.topk(self.top_k).values[:, -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        if self.top_p < 1.0:
            ordered, order = logits.sort(-1)
            off = ordered.softmax(-1).cumsum(-1) <= 1.0 - self.top_p
            off[:, -1] = False  # the likeliest always stays
            logits = logits.masked_fill(off.scatter(1, order, off), -torch.inf)
        return logits.softmax(-1)


def uniforms(generators: Sequence[torch.Generator]) -> torch.Tensor:
    """One number in [0, 1) for each sample and position: float64 (n, LONGEST). Position k of a sample is the same however long the text gets."""
    return torch.stack([torch.rand(LONGEST, generator=generator, dtype=torch.float64) for generator in generators])


def choose(probabilities: torch.Tensor, u: torch.Tensor) -> torch.Tensor:
    """One token of each row by the inverse of the cumulative distribution, the likeliest first: int64 (n,). probabilities: (n, v). u: (n,) in [0, 1)."""
    ordered, order = probabilities.double().cpu().sort(dim=-1, descending=True, stable=True)
    cumulative = ordered.cumsum(-1)
    place = torch.searchsorted(cumulative, (u * cumulative[:, -1])[:, None], right=True)
    last = (ordered > 0).sum(-1, keepdim=True) - 1
    return order.gather(1, torch.minimum(place, last))[:, 0]

"""Cross-attention seen while a denoiser works: which of the words each place of the picture reads, by diffusers' own attention processors.

softmax(Q K^T / sqrt(d)): Q of a place of the picture, K of a token. Mean over heads and layers, each layer scaled to the size of the latents
(as in Tang et al., What the DAAM, arXiv:2210.04885). For any UNet2DConditionModel.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F

from playground.types import Word

START, END, PADDING = "start of text", "end of text", "padding"


class Watched:
    """A denoiser that is called as before; weights is what the last call read: float32 (n, tokens, h, w), summing to one over the tokens."""

    def __init__(self, unet: Any):
        self.unet = unet
        self.weights: torch.Tensor | None = None

    def __call__(self, x: torch.Tensor, *args: Any, **kwargs: Any) -> Any:
        """The denoiser's own output for x (n, c, h, w); its processors are put back before this returns."""
        before = self.unet.attn_processors
        seen: list[torch.Tensor] = []
        self.unet.set_attn_processor({name: Recording(inner, seen) for name, inner in before.items()})
        try:
            return self.unet(x, *args, **kwargs)
        finally:
            self.unet.set_attn_processor(dict(before))
            self.weights = torch.stack([on_grid(weights, x.shape[-2:]) for weights in seen]).mean(0) if seen else None


class Recording:
    """A processor that lets another do the layer's work, so that nothing changes, and works out beside it how the words were read."""

    def __init__(self, inner: Any, seen: list[torch.Tensor]):
        self.inner, self.seen = inner, seen

    def __call__(
        self,
        attn: Any,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> torch.Tensor:
        """What the other processor returns. A layer that is told no words looks at the picture itself and is not recorded."""
        if encoder_hidden_states is not None:
            self.seen.append(read_words(attn, hidden_states, encoder_hidden_states, attention_mask))
        return self.inner(attn, hidden_states, encoder_hidden_states, attention_mask, *args, **kwargs)


def read_words(attn: Any, places: torch.Tensor, words: torch.Tensor, mask: torch.Tensor | None = None) -> torch.Tensor:
    """The weights of a diffusers Attention layer, mean over its heads: places (n, p, c), words (n, tokens, d) -> float32 (n, p, tokens)."""
    n, count = places.shape[0], words.shape[1]
    mask = attn.prepare_attention_mask(mask, count, n)
    if attn.group_norm is not None:
        places = attn.group_norm(places.transpose(1, 2)).transpose(1, 2)
    if attn.norm_cross:
        words = attn.norm_encoder_hidden_states(words)
    query = attn.to_q(places).unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (n, heads, p, d)
    key = attn.to_k(words).unflatten(-1, (attn.heads, -1)).transpose(1, 2)  # (n, heads, tokens, d)
    query = query if attn.norm_q is None else attn.norm_q(query)
    key = key if attn.norm_k is None else attn.norm_k(key)
    weights = attn.get_attention_scores(query.flatten(0, 1), key.flatten(0, 1), mask)  # (n * heads, p, tokens)
    return weights.float().unflatten(0, (n, attn.heads)).mean(1)


def on_grid(weights: torch.Tensor, size: Sequence[int]) -> torch.Tensor:
    """A layer's weights (n, p, tokens) over the latents' places: (n, tokens, h, w). Between the layer's places the weights are mixed."""
    height, width = size
    factor = 1
    while -(-height // factor) * -(-width // factor) > weights.shape[1]:  # each level of the network halves the sides, rounding up
        factor *= 2
    maps = weights.transpose(1, 2).unflatten(2, (-(-height // factor), -(-width // factor)))
    return maps if factor == 1 else F.interpolate(maps, size=(height, width), mode="bilinear", align_corners=False)


def words_of(tokenizer: Any, text: str, total: int) -> tuple[Word, ...]:
    """What the tokens of a text are, padded to `total`: its words, of one token or several, between start, end and padding."""
    read = tokenizer(text, truncation=True, max_length=total)
    owners = read.word_ids()  # by token, None for those around the text
    spoken = [place for place, owner in enumerate(owners) if owner is not None]
    found = []
    for owner, places in itertools.groupby(spoken, key=owners.__getitem__):
        own = list(places)
        found.append(Word(text[slice(*read.word_to_chars(owner))], own[0], own[-1] + 1))
    begin, end = (spoken[0], spoken[-1] + 1) if spoken else (1, 1)
    around = [(START, 0, begin), (END, end, len(owners)), (PADDING, len(owners), total)]
    first, *rest = [Word(name, start, stop, False) for name, start, stop in around if stop > start]
    return (first, *found, *rest)

"""A transformer of the Hub that turns one text into another: an encoder reads it whole, a decoder writes token by token and looks across.

Raffel et al. 2019, Exploring the limits of transfer learning with a unified text-to-text transformer, arXiv:1910.10683: the task is a few words
before the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from playground import hub, weights
from playground.device import pick_device
from playground.models.nets.language import HubTokens, LanguageModel, Reader
from playground.types import ModelCard, Step

TASKS = {
    "German": "translate English to German: ",
    "French": "translate English to French: ",
    "Romanian": "translate English to Romanian: ",
    "a summary": "summarize: ",
}
"""The words before a text by what is asked for, as T5 was trained with them (appendix D of the paper)."""


class CrossReader(Reader):
    """Reads n texts side by side, each beside the same text that the encoder has read."""

    def __init__(self, network: nn.Module, encoded: torch.Tensor, n: int):
        self.network = network
        self.encoded = encoded.expand(n, -1, -1)  # (n, source, width)
        self.cache: Any = None

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Reads on."""
        from transformers.modeling_outputs import BaseModelOutput

        answer = self.network(
            encoder_outputs=BaseModelOutput(last_hidden_state=self.encoded),
            decoder_input_ids=ids.to(self.network.device),
            past_key_values=self.cache,
            use_cache=True,
        )
        self.cache = answer.past_key_values
        return answer.logits[:, -1].float()


class Written(LanguageModel):
    """What is written beside one source text: a language model of its own, begun by the decoder's start."""

    def __init__(self, network: nn.Module, tokens: HubTokens, encoded: torch.Tensor):
        self.network, self.tokens, self.encoded = network, tokens, encoded

    def reader(self, n: int) -> CrossReader:
        """A reader beside the source."""
        return CrossReader(self.network, self.encoded, n)

    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """How surprised the decoder is by a text beside this source."""
        given = torch.from_numpy(np.concatenate([self.tokens.start, ids]))[None]
        logits = self.reader(1).network(encoder_outputs=(self.encoded,), decoder_input_ids=given[:, :-1]).logits.float()
        return nn.functional.cross_entropy(logits[0].cpu(), given[0, 1:], reduction="none").double().numpy()


class Rewriter:
    """A loaded encoder-decoder."""

    def __init__(self, network: nn.Module, tokenizer: Any):
        ends = network.generation_config.eos_token_id
        self.network = network.to(pick_device()).eval().requires_grad_(False)
        self.tokens = HubTokens(tokenizer, network.config.vocab_size, ends if isinstance(ends, list) else [ends])
        self.tokens.start = (network.config.decoder_start_token_id,)
        self.end = self.tokens.tokenizer.eos_token_id
        self.size_bytes = sum(p.numel() * p.element_size() for p in network.parameters())

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        prompt: str = "",
        into: str = "a summary",
        views: Sequence[str] = (),
        **choosing: Any,
    ) -> Iterator[Step]:
        """One Step for each token that n texts grow by, as a LanguageModel's; prompt: the text that is turned into another."""
        ids = [*self.tokens.ids(TASKS[into] + prompt), self.end]
        encoded = self.network.get_encoder()(torch.tensor([ids], device=self.network.device)).last_hidden_state
        yield from Written(self.network, self.tokens, encoded).stream(n, generators, views=views, **choosing)


def load(card: ModelCard) -> Rewriter:
    """The loader that cards name. Raises WeightsUnavailable."""
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    weights.hush()
    folder = hub.require(card).as_posix()
    with hub.reading(card):
        network = AutoModelForSeq2SeqLM.from_pretrained(folder, local_files_only=True, use_safetensors=True, dtype=torch.float32)
        return Rewriter(network, AutoTokenizer.from_pretrained(folder, local_files_only=True))

"""From one text to another: an encoder reads the source, a decoder writes the target and looks back across at every character.

Two of them, of about the same size: a transformer, transformers' own T5 at small size (Raffel et al., arXiv:1910.10683), and an LSTM with additive
attention (Bahdanau et al., arXiv:1409.0473). Both write the likeliest character each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.models.nets.language import text_recipe
from playground.training import batches
from playground.training.recipe import Recipe, Trainee, Update
from playground.types import ModelCard, Pairs, Translation

PAD, END = 0, 1  # of the tokens; the characters follow
FIRST = 2
IGNORED = -100


@dataclass(frozen=True)
class Config:
    """The recipe's settings. width: of the transformer, or of the LSTM's state."""

    kind: str = "t5"
    width: int = 96
    layers: int = 2
    heads: int = 4
    dropout: float = 0.1
    learning_rate: float = 2e-3
    num_steps: int = 4000
    batch_size: int = 64
    warmup_steps: int = 200
    ema_decay: float = 0.998


LSTM = Config(kind="lstm", width=160, layers=1)


class PairTokens:
    """Pairs of texts as tokens: characters from FIRST on, PAD behind, END after a target."""

    def __init__(self, alphabet: Sequence[str]):
        self.alphabet = tuple(alphabet)
        self.places = {character: place for place, character in enumerate(alphabet, FIRST)}
        self.size = FIRST + len(alphabet)

    def ids(self, text: str) -> list[int]:
        """The tokens of a text; characters outside the alphabet are left out."""
        return [self.places[each] for each in text if each in self.places]

    def rows(self, texts: Sequence[str], end: bool = False) -> torch.Tensor:
        """Texts as int64 (n, longest), PAD behind the shorter ones."""
        found = [torch.tensor(self.ids(text) + [END] * end, dtype=torch.long) for text in texts]
        return nn.utils.rnn.pad_sequence(found, batch_first=True, padding_value=PAD)

    def pieces(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Tokens as characters, up to the first END."""
        ids = list(ids)
        ids = ids[: ids.index(END)] if END in ids else ids
        return tuple(self.alphabet[token - FIRST] for token in ids if token >= FIRST)


class Attending(nn.Module, PyTorchModelHubMixin):
    """An LSTM reads the source both ways; another writes the target and looks across before each character."""

    def __init__(self, vocabulary: int, width: int, dropout: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width // 2, padding_idx=PAD)
        self.encoder = nn.LSTM(width // 2, width // 2, bidirectional=True, batch_first=True)
        self.decoder = nn.LSTMCell(width // 2 + width, width)
        self.query, self.key, self.energy = nn.Linear(width, width), nn.Linear(width, width), nn.Linear(width, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(2 * width, vocabulary)

    def read(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The source (n, s) as (n, s, width), its keys, and where it is padding (n, s)."""
        out = self.encoder(self.dropout(self.embedding(source)))[0]
        return out, self.key(out), source == PAD

    def step(
        self, token: torch.Tensor, state: tuple[torch.Tensor, torch.Tensor], source: tuple[torch.Tensor, torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor], torch.Tensor]:
        """Logits (n, v), the next state, and where it looked (n, s). token: (n,)."""
        out, keys, padding = source
        energy = self.energy(torch.tanh(self.query(state[0])[:, None] + keys))[..., 0].masked_fill(padding, -torch.inf)
        looked = energy.softmax(-1)
        context = (looked[..., None] * out).sum(1)
        state = self.decoder(torch.cat([self.dropout(self.embedding(token)), context], -1), state)
        return self.head(self.dropout(torch.cat([state[0], context], -1))), state, looked

    def begin(self, n: int, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """The state before the first character."""
        zeros = torch.zeros(n, self.decoder.hidden_size, device=device)
        return zeros, zeros

    def forward(self, source: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
        """Logits (n, t, v) with the true characters before each. target: (n, t), shifted right here."""
        read, state = self.read(source), self.begin(len(source), source.device)
        before = torch.cat([torch.full_like(target[:, :1], PAD), target[:, :-1]], 1)
        found = []
        for k in range(target.shape[1]):
            logits, state, _ = self.step(before[:, k], state, read)
            found.append(logits)
        return torch.stack(found, 1)


class TranslationTrainee(Trainee):
    """Cross-entropy of each character of the target, given the source and the true characters before."""

    def __init__(self, config: Config, alphabet: Sequence[str]):
        torch.manual_seed(0)
        size = PairTokens(alphabet).size
        network = t5(config, size) if config.kind == "t5" else Attending(size, config.width, config.dropout)
        optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.kind = config.kind
        super().__init__({"network": network}, {"adamw": optimizer}, averaged=("network",))

    def step(self, batch: tuple[torch.Tensor, torch.Tensor], i: int, generator: torch.Generator, update: Update) -> dict[str, torch.Tensor]:
        """One step on pairs."""
        source, target = batch
        network = self.modules["network"]
        if self.kind == "t5":
            logits = network(
                input_ids=source, attention_mask=(source != PAD).long(), labels=target.masked_fill(target == PAD, IGNORED)
            ).logits
        else:
            logits = network(source, target)
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), target.flatten(), ignore_index=PAD)
        update("adamw", loss)
        return {"loss": loss.detach()}


def t5(config: Config, vocabulary: int) -> nn.Module:
    """A small T5."""
    from transformers import T5Config, T5ForConditionalGeneration

    return T5ForConditionalGeneration(
        T5Config(
            vocab_size=vocabulary,
            d_model=config.width,
            d_kv=config.width // config.heads,
            d_ff=2 * config.width,
            num_layers=config.layers,
            num_heads=config.heads,
            dropout_rate=config.dropout,
            feed_forward_proj="gated-gelu",
            pad_token_id=PAD,
            eos_token_id=END,
            decoder_start_token_id=PAD,
        )
    )


class PairBatches:
    """Pairs in a new order each epoch, as padded tokens."""

    def __init__(self, pairs: Pairs, tokens: PairTokens):
        self.pairs, self.tokens = pairs, tokens

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor:
        """The pairs of a batch."""
        return batches.batch_rows(len(self.pairs), batch_size, seed, step)

    def take(self, rows: torch.Tensor, device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
        """Their sources and targets."""
        chosen = rows.tolist()
        sources, targets = [self.pairs.sources[k] for k in chosen], [self.pairs.targets[k] for k in chosen]
        return self.tokens.rows(sources).to(device), self.tokens.rows(targets, end=True).to(device)


class Translator:
    """A loaded model that turns one text into another."""

    MOST = 24  # characters that it writes

    def __init__(self, network: nn.Module, tokens: PairTokens):
        self.network, self.tokens = network, tokens
        self.size_bytes = sum(p.numel() * p.element_size() for p in network.parameters())

    def translate(self, texts: Sequence[str]) -> Translation:
        """Every text, the likeliest character each time."""
        device = next(self.network.parameters()).device
        source = self.tokens.rows(texts).to(device)
        written, looked = self._attending(source) if isinstance(self.network, Attending) else self._t5(source)
        sources = [self.tokens.pieces(row) for row in source.tolist()]
        targets = [self.tokens.pieces(row) for row in written.tolist()]
        attention = [each[: len(target), : len(text)].cpu().numpy() for each, target, text in zip(looked, targets, sources, strict=True)]
        return Translation(tuple(sources), tuple(targets), tuple(attention))

    def _attending(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        read, state = self.network.read(source), self.network.begin(len(source), source.device)
        token, written, looked = torch.full_like(source[:, 0], PAD), [], []
        for _ in range(self.MOST):
            logits, state, seen = self.network.step(token, state, read)
            token = logits.argmax(-1)
            written.append(token)
            looked.append(seen)
        return torch.stack(written, 1), torch.stack(looked, 1)

    def _t5(self, source: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        mask = (source != PAD).long()
        found = self.network.generate(input_ids=source, attention_mask=mask, max_new_tokens=self.MOST, do_sample=False, num_beams=1)
        again = self.network(input_ids=source, attention_mask=mask, decoder_input_ids=found[:, :-1], output_attentions=True)
        looked = torch.stack([layer.float().mean(1) for layer in again.cross_attentions]).mean(0)  # (n, t, s)
        return found[:, 1:], looked


def load(card: ModelCard) -> Translator:
    """The loader that cards name."""
    kind = weights.record(card.id)["config"]["kind"]
    if kind == "t5":
        from transformers import T5ForConditionalGeneration

        network: Any = weights.load(card.id, network=T5ForConditionalGeneration)["network"].float()
        network.set_attn_implementation("eager")  # the fused kernels keep no weights
    else:
        network = weights.load(card.id, network=Attending)["network"].float()
    return Translator(network, PairTokens(data.get(card.dataset).labels))


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a small T5."""
    config = config or Config()
    alphabet = data.get(card.dataset).labels
    return text_recipe(
        card, config, partial(TranslationTrainee, config, alphabet), lambda pairs: PairBatches(pairs, PairTokens(alphabet)), has_story=False
    )


def lstm_recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of an LSTM with attention."""
    return recipe(card, config or LSTM)

"""Networks with a memory: they read a text character by character and carry a state along, an LSTM's or a plain RNN's.

Hochreiter & Schmidhuber 1997, Long short-term memory; Elman 1990, Finding structure in time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.models.nets.language import Characters, LanguageModel, Reader, characters_seen, pieces, text_recipe, write
from playground.training import batches
from playground.training.recipe import Recipe, TextBatch, Trainee, Update
from playground.types import Corpus, ModelCard, Texts

STORY = 2, 160  # texts, and characters of each, at a moment of the training story
AT_ONCE = 2000  # characters that are read in one call


@dataclass(frozen=True)
class Config:
    """The recipe's settings. length: characters between two updates, over which gradients flow (truncated backpropagation through time)."""

    cell: str = "lstm"
    embedding: int = 64
    hidden: int = 512
    layers: int = 2
    dropout: float = 0.4
    length: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    num_steps: int = 3500
    batch_size: int = 32
    warmup_steps: int = 100
    ema_decay: float = 0.998


PLAIN = Config(cell="rnn", hidden=256, layers=1, dropout=0.0, length=64, learning_rate=1e-3, num_steps=6000)
"""A plain RNN, small."""


class Recurrent(nn.Module, PyTorchModelHubMixin):
    """Characters in, a state carried along, logits of the next character out."""

    def __init__(self, vocabulary: int, cell: str, embedding: int, hidden: int, layers: int, dropout: float = 0.0):
        super().__init__()
        kind = {"lstm": nn.LSTM, "rnn": nn.RNN}[cell]
        self.cell, self.layers, self.hidden = cell, layers, hidden
        self.embedding = nn.Embedding(vocabulary, embedding)
        self.recurrent = kind(embedding, hidden, layers, batch_first=True, dropout=dropout if layers > 1 else 0.0)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, ids: torch.Tensor, state: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Logits (n, t, v), the top layer's output (n, t, hidden) and the state after it: (parts, layers, n, hidden), parts being h and an LSTM's c."""
        x = self.embedding(ids)
        if state is not None:
            state = tuple(state.unbind(0)) if self.cell == "lstm" else state[0]
        out, after = self.recurrent(x, state)
        after = torch.stack(after) if self.cell == "lstm" else after[None]
        return self.head(self.dropout(out)), out, after


class Memory(nn.Module):
    """The state between two steps of training, so that a resumed run remembers what it had read."""

    def __init__(self, shape: Sequence[int]):
        super().__init__()
        self.register_buffer("state", torch.zeros(*shape))


class RecurrentTrainee(Trainee):
    """Cross-entropy of the next character, the state carried from batch to batch."""

    shipped = ("network",)

    def __init__(self, config: Config, alphabet: Sequence[str]):
        torch.manual_seed(0)
        network = Recurrent(len(alphabet), config.cell, config.embedding, config.hidden, config.layers, config.dropout)
        if config.cell == "lstm":
            for name, bias in network.recurrent.named_parameters():
                if name.startswith("bias_ih"):
                    nn.init.ones_(bias[config.hidden : 2 * config.hidden])  # remember at first (Jozefowicz et al. 2015)
        parts = 2 if config.cell == "lstm" else 1
        self.alphabet, self.config = tuple(alphabet), config
        optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay)
        memory = Memory((parts, config.layers, config.batch_size, config.hidden))
        super().__init__({"network": network, "memory": memory}, {"adamw": optimizer}, averaged=("network",))

    def step(self, batch: TextBatch, i: int, generator: torch.Generator, update: Update) -> dict[str, torch.Tensor]:
        """One step on the next piece of each lane."""
        memory = self.modules["memory"].state
        state = torch.zeros_like(memory) if batch.starts else memory.clone()
        logits, _, after = self.modules["network"](batch.x[:, :-1], state[:, :, : len(batch)].contiguous())
        memory[:, :, : len(batch)] = after.detach().float()
        loss = nn.functional.cross_entropy(logits.float().flatten(0, 1), batch.x[:, 1:].flatten())
        update("adamw", loss)
        return {"loss": loss.detach()}

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, int]:
        """How many characters were seen, each repetition counted."""
        return characters_seen(self.config.num_steps, self.config.batch_size, self.config.length)

    def preview(self, modules: Mapping[str, nn.Module]) -> Texts:
        """What the averaged network writes from nothing."""
        return torch.no_grad()(write)(RecurrentModel(modules["network"].eval(), Characters(self.alphabet)), *STORY, seed=0)


class StateReader(Reader):
    """Keeps the state."""

    def __init__(self, network: Recurrent):
        self.network = network
        self.state: torch.Tensor | None = None

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Reads on."""
        logits, _, self.state = self.network(ids.to(self.network.head.weight.device), self.state)
        return logits[:, -1].float()


class RecurrentModel(LanguageModel):
    """A loaded recurrent network."""

    def __init__(self, network: Recurrent, tokens: Characters):
        self.network, self.tokens = network, tokens
        self.size_bytes = sum(p.numel() * p.element_size() for p in network.parameters())

    def reader(self, n: int) -> StateReader:
        """A reader with a state."""
        return StateReader(self.network)

    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """The state carried from the first character to the last."""
        device = self.network.head.weight.device
        given = torch.from_numpy(np.concatenate([self.tokens.start, ids])).to(device)
        found, state = [], None
        for first in range(0, len(ids), AT_ONCE):
            part = given[first : first + AT_ONCE + 1][None]
            logits, _, state = self.network(part[:, :-1], state)
            found.append(nn.functional.cross_entropy(logits[0].float(), part[0, 1:], reduction="none").cpu().numpy())
        return np.concatenate(found).astype(np.float64)

    def remember(self, text: str) -> tuple[tuple[str, ...], np.ndarray]:
        """The characters of a text, and the top layer's output after each: float32 (t, hidden), in [-1, 1]."""
        ids = self.tokens.ids(text)
        if not ids:
            return (), np.zeros((0, self.network.hidden), np.float32)
        _, out, _ = self.network(torch.tensor([ids], device=self.network.head.weight.device))
        return pieces(self.tokens, ids), out[0].float().cpu().numpy()


def load(card: ModelCard) -> RecurrentModel:
    """The loader that cards name."""
    network = weights.load(card.id, network=Recurrent)["network"].float()
    return RecurrentModel(network, Characters.of(card.dataset))


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of an LSTM of characters."""
    config = config or Config()
    alphabet = data.get(card.dataset).labels

    def cut(corpus: Corpus) -> batches.Lanes:
        return batches.Lanes(batches.tokens_of(corpus.text, alphabet), config.length)

    return text_recipe(card, config, partial(RecurrentTrainee, config, alphabet), cut)


def plain_recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a plain RNN of characters."""
    return recipe(card, config or PLAIN)

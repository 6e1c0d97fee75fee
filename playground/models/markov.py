"""An n-gram model: the next character by what followed the last few in the training text, counted; no network.

Shannon 1948, A mathematical theory of communication. Orders are interpolated by absolute discounting (Ney, Essen & Kneser 1994), each with
its own discount n1 / (n1 + 2 n2), from how many n-grams were seen once and twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.models.nets.language import Characters, LanguageModel, Reader, write
from playground.training import batches
from playground.training.recipe import Recipe, Trainee, Update
from playground.types import Corpus, ModelCard, Texts

LONGEST = 8  # characters of context at most: nine of 7 bits fit into an int64
BITS = 7
STORY = 2, 160  # texts, and characters of each, at a moment of the training story


@dataclass(frozen=True)
class Config:
    """The recipe's settings. num_steps: the orders that are tried, from 1 on. held_out: share of the training text on which one is chosen."""

    num_steps: int = LONGEST
    batch_size: int = 1
    held_out: float = 0.05


class Counts:
    """How often every n-gram of up to LONGEST + 1 characters occurs in a text: its windows as sorted numbers, so that a prefix is a range."""

    def __init__(self, symbols: np.ndarray, vocabulary: int, order: int):
        self.vocabulary, self.order = vocabulary, order
        padded = np.concatenate([symbols.astype(np.int64), np.full(LONGEST, (1 << BITS) - 1)])
        keys = np.zeros(len(symbols), np.int64)
        for k in range(LONGEST + 1):
            keys = (keys << BITS) | padded[k : k + len(symbols)]
        self.keys = np.sort(keys)
        self.types, self.discounts = [], []
        for k in range(order + 1):
            grams = self.keys >> (BITS * (LONGEST - k))  # the first k + 1 characters
            new = np.concatenate([[True], grams[1:] != grams[:-1]])
            self.types.append(np.concatenate([[0], np.cumsum(new)]))
            seen = np.diff(np.concatenate([np.nonzero(new)[0], [len(grams)]]))
            once, twice = int((seen == 1).sum()), int((seen == 2).sum())
            self.discounts.append(once / max(1, once + 2 * twice))
        self.total = int(sum(types[-1] for types in self.types))

    def probabilities(self, contexts: np.ndarray, lengths: np.ndarray, asked: np.ndarray) -> np.ndarray:
        """p(asked | context), float64 (m, c). contexts: int64 (m, LONGEST), the last characters rightmost; lengths: (m,) how many of them count;
        asked: int64 (m, c)."""
        p = np.full(asked.shape, 1.0 / self.vocabulary)
        for k in range(self.order + 1):
            prefix = np.zeros(len(contexts), np.int64)
            for j in range(LONGEST - k, LONGEST):
                prefix = (prefix << BITS) | contexts[:, j]
            shift = BITS * (LONGEST - k)
            base = (prefix << BITS) << shift
            low = np.searchsorted(self.keys, base)
            high = np.searchsorted(self.keys, base + (self.vocabulary << shift))
            known = (high > low) & (lengths >= k)
            first = np.searchsorted(self.keys, base[:, None] + (asked << shift))
            count = np.searchsorted(self.keys, base[:, None] + ((asked + 1) << shift)) - first
            n = np.maximum(high - low, 1)[:, None]
            types = (self.types[k][high] - self.types[k][low])[:, None]
            discount = self.discounts[k]
            p = np.where(known[:, None], (np.maximum(count - discount, 0.0) + discount * types * p) / n, p)
        return p


class Ngrams(nn.Module, PyTorchModelHubMixin):
    """What an n-gram model keeps: the text that it counts, as symbols uint8, and how many characters of context it looks at."""

    def __init__(self, vocabulary: int, size: int):
        super().__init__()
        self.vocabulary = vocabulary
        self.register_buffer("text", torch.zeros(size, dtype=torch.uint8))
        self.register_buffer("order", torch.zeros(1, dtype=torch.int64))
        self.register_buffer("tried", torch.zeros(LONGEST, dtype=torch.float64))

    def counts(self) -> Counts:
        """The counts of its text."""
        return Counts(self.text.cpu().numpy(), self.vocabulary, int(self.order))


class MarkovTrainee(Trainee):
    """Tries one order a step on text that was held out of the count, then counts everything at the best."""

    def __init__(self, config: Config, dataset: str):
        about = data.get(dataset)
        self.config, self.dataset = config, dataset
        super().__init__({"ngrams": Ngrams(len(about.labels), about.sizes["train"])}, {})

    def step(self, batch: Any, i: int, generator: torch.Generator, update: Update) -> dict[str, float]:
        """The loss of order i + 1 on what is held out."""
        module, symbols = self.modules["ngrams"], batch.numpy()
        cut = int(len(symbols) * (1.0 - self.config.held_out))
        counts = Counts(symbols[:cut], module.vocabulary, i + 1)
        loss = float(surprises(counts, symbols[:cut][-LONGEST:], symbols[cut:]).mean())
        module.tried[i] = loss
        return {"loss": loss}

    def preview(self, modules: Mapping[str, nn.Module]) -> Texts:
        """What is written by the order that was tried last, at first by how often each character occurs."""
        about, order = data.get(self.dataset), int((modules["ngrams"].tried > 0).sum())
        symbols = batches.tokens_of(data.load(self.dataset, "train").text, about.labels).numpy()
        return write(Markov(Counts(symbols, len(about.labels), order), Characters(about.labels)), *STORY, seed=0)

    def finish(self, modules: Mapping[str, nn.Module]) -> dict[str, Any]:
        """Keeps the whole training text and the order that did best."""
        module = modules["ngrams"]
        tried = module.tried[: self.config.num_steps]
        module.order.fill_(int(tried.argmin()) + 1)
        corpus = data.load(self.dataset, "train")
        module.text.copy_(batches.tokens_of(corpus.text, data.get(self.dataset).labels).to(torch.uint8))
        return {"order": int(module.order), "held_out_loss": round(float(tried.min()), 4), "counts": module.counts().total}


def surprises(counts: Counts, before: np.ndarray, symbols: np.ndarray) -> np.ndarray:
    """-log p of each symbol (t,) given those before it, the first ones given `before` too: float64 (t,)."""
    whole = np.concatenate([np.zeros(LONGEST, np.int64), before, symbols]).astype(np.int64)
    places = np.arange(len(symbols)) + LONGEST + len(before)
    contexts = whole[places[:, None] - np.arange(LONGEST, 0, -1)]
    return -np.log(counts.probabilities(contexts, places - LONGEST, whole[places][:, None])[:, 0])


class CountingReader(Reader):
    """Keeps the last characters."""

    def __init__(self, counts: Counts, n: int):
        self.counts = counts
        self.contexts = np.zeros((n, LONGEST), np.int64)
        self.length = 0

    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Reads on."""
        self.contexts = np.concatenate([self.contexts, ids.numpy()], 1)[:, -LONGEST:]
        self.length += ids.shape[1]
        n = len(self.contexts)
        asked = np.tile(np.arange(self.counts.vocabulary), (n, 1))
        return torch.from_numpy(np.log(self.counts.probabilities(self.contexts, np.full(n, self.length), asked)).astype(np.float32))


class Markov(LanguageModel):
    """A loaded n-gram model."""

    def __init__(self, counts: Counts, tokens: Characters):
        self.counts, self.tokens = counts, tokens
        self.size_bytes = counts.keys.nbytes + sum(types.nbytes for types in counts.types)

    def reader(self, n: int) -> CountingReader:
        """A reader of the last characters."""
        return CountingReader(self.counts, n)

    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """From the characters before each, as many as its order says."""
        return surprises(self.counts, np.asarray(self.tokens.start), ids)


def load(card: ModelCard) -> Markov:
    """The loader that cards name."""
    module = weights.load(card.id, ngrams=Ngrams)["ngrams"]
    return Markov(module.counts(), Characters.of(card.dataset))


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of an n-gram model."""
    config = config or Config()
    alphabet: Sequence[str] = data.get(card.dataset).labels
    return Recipe(
        card.id,
        card.dataset,
        config,
        partial(MarkovTrainee, config, card.dataset),
        config.num_steps,
        config.batch_size,
        story=tuple(range(config.num_steps + 1)),
        batches=lambda corpus: Whole(corpus, alphabet),
    )


class Whole:
    """The whole training text, at every step."""

    def __init__(self, corpus: Corpus, alphabet: Sequence[str]):
        self.tokens = batches.tokens_of(corpus.text, alphabet)

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor:
        """Nothing to choose."""
        return torch.zeros(1, dtype=torch.long)

    def take(self, rows: torch.Tensor, device: torch.device) -> torch.Tensor:
        """All symbols, int64 (t,)."""
        return self.tokens

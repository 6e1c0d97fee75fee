"""What a training step is shown: the batch of a step follows (seed, step) alone, so that a resumed run goes on with the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch

from playground.sampling.noise import seed_of
from playground.training.recipe import Batch, TextBatch
from playground.types import Corpus, Images


class Batches(Protocol):
    """A training set cut into batches. rows: what batch `step` holds. take: those rows as a batch on a device."""

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor: ...

    def take(self, rows: torch.Tensor, device: torch.device) -> Any: ...


class Pictures:
    """Pictures in a new order each epoch."""

    def __init__(self, images: Images):
        self.pixels = torch.from_numpy(images.pixels).permute(0, 3, 1, 2).contiguous()  # uint8 (n, c, h, w)
        self.labels = torch.from_numpy(images.labels)
        self.factors = {name: torch.from_numpy(value) for name, value in (images.factors or {}).items()}
        self.captions = images.captions

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor:
        """The pictures of a batch."""
        return batch_rows(len(self.pixels), batch_size, seed, step)

    def take(self, rows: torch.Tensor, device: torch.device) -> Batch:
        """Those pictures with all that is known of them."""
        return Batch(
            (self.pixels[rows].float() / 127.5 - 1.0).to(device),
            self.labels[rows].to(device),
            {name: value[rows].to(device) for name, value in self.factors.items()},
            tuple(self.captions[row] for row in rows.tolist()) if self.captions else (),
        )


class Windows:
    """Windows of length + 1 tokens of a long text, anywhere in it, an epoch's without overlap: each epoch shifts the grid by another offset."""

    def __init__(self, tokens: torch.Tensor, length: int):
        self.tokens, self.length = tokens, length

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor:
        """The first places of a batch's windows."""
        count = (len(self.tokens) - 1 - self.length) // self.length
        epoch = step // max(1, count // batch_size)
        return batch_rows(count, batch_size, seed, step) * self.length + seed_of(seed, "offset", epoch) % self.length

    def take(self, rows: torch.Tensor, device: torch.device) -> TextBatch:
        """Those windows."""
        return TextBatch(self.tokens[rows[:, None] + torch.arange(self.length + 1)].to(device), starts=True)


class Lanes:
    """As many lanes as a batch has rows, each reading on through a part of a long text: what a network with a memory is trained on.

    Every epoch the lanes begin at another offset.
    """

    def __init__(self, tokens: torch.Tensor, length: int):
        self.tokens, self.length = tokens, length

    def rows(self, batch_size: int, seed: int, step: int) -> torch.Tensor:
        """Where each lane stands; below zero, -1 - place, where it begins anew."""
        lane = (len(self.tokens) - 1) // batch_size
        per_epoch = (lane - self.length) // self.length
        epoch, place = divmod(step, per_epoch)
        starts = torch.arange(batch_size) * lane + seed_of(seed, "offset", epoch) % self.length + place * self.length
        return -1 - starts if place == 0 else starts

    def take(self, rows: torch.Tensor, device: torch.device) -> TextBatch:
        """The next piece of each lane."""
        starts = bool((rows < 0).any())
        rows = torch.where(rows < 0, -1 - rows, rows)
        return TextBatch(self.tokens[rows[:, None] + torch.arange(self.length + 1)].to(device), starts)


def of(samples: Images | Corpus) -> Batches:
    """The batches of a training set whose recipe cuts none itself."""
    if not isinstance(samples, Images):
        raise TypeError("a recipe for texts must say how they are cut into batches")
    return Pictures(samples)


def batch_rows(size: int, batch_size: int, seed: int, step: int) -> torch.Tensor:
    """The rows of the training set in batch `step`: epochs are permutations seeded by (seed, epoch); follows (seed, step) alone."""
    per_epoch = max(1, size // batch_size)
    epoch, place = divmod(step, per_epoch)
    if batch_rows.cache[0] != (size, seed, epoch):
        batch_rows.cache = (
            (size, seed, epoch),
            torch.randperm(size, generator=torch.Generator().manual_seed(seed_of(seed, "epoch", epoch))),
        )
    return batch_rows.cache[1][place * batch_size : (place + 1) * batch_size]


batch_rows.cache = (None, None)


def tokens_of(text: str, alphabet: Sequence[str]) -> torch.Tensor:
    """A text as the places of its characters in an alphabet: int64 (len(text),)."""
    places = {character: place for place, character in enumerate(alphabet)}
    return torch.tensor([places[character] for character in text])

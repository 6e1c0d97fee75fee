"""Factor readers: what a picture was made of, read off it. Numbers by regression, words by classification, from shared features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.controls import Slider
from playground.models.nets.conv import Encoder
from playground.sampling.pixels import in_parts
from playground.training.recipe import Batch, Recipe, Trainee, Update
from playground.types import Dataset, Images, ModelCard, Scores


class Reader(nn.Module, PyTorchModelHubMixin):
    """x (n, picture_channels, side, side) -> (readings (n, outputs), features (n, features))."""

    def __init__(
        self,
        outputs: int = 1,
        features: int = 128,
        channels: int = 24,
        deep: int = 64,
        deepest: int = 128,
        side: int = 64,
        picture_channels: int = 3,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.encoder = Encoder(features, channels, deep, side, picture_channels, deepest=deepest)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, outputs)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = F.leaky_relu(self.encoder(x), 0.2)
        return self.head(self.dropout(features)), features


def widths(dataset: Dataset) -> dict[str, int]:
    """How many outputs each factor takes: one for a number, one a choice for a word."""
    return {factor.name: 1 if isinstance(factor, Slider) else len(factor.choices) for factor in dataset.factors}


def split(readings: torch.Tensor, dataset: Dataset) -> dict[str, torch.Tensor]:
    """The reader's outputs (n, outputs) by factor: (n, 1) for a number, on the scale [-1, 1] of its bounds; logits for a word."""
    parts = readings.split(list(widths(dataset).values()), 1)
    return dict(zip(widths(dataset), parts, strict=True))


@dataclass(frozen=True)
class Config:
    """The recipe's settings. number_weight: of the squared error of a number beside the cross-entropy of a word."""

    features: int = 64
    channels: int = 24
    deep: int = 64
    deepest: int = 128
    number_weight: float = 4.0
    num_steps: int = 2400
    batch_size: int = 96
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    max_noise: float = 0.1
    seed: int = 0


class ReaderTrainee(Trainee):
    """Cross-entropy of every word and squared error of every number, on pictures with a little noise of random strength."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        self.config, self.dataset = config, data.get(dataset)
        side, _, picture_channels = self.dataset.shape
        net = Reader(
            sum(widths(self.dataset).values()), config.features, config.channels, config.deep, config.deepest, side, picture_channels
        ).to(memory_format=torch.channels_last)
        super().__init__(
            {"reader": net},
            {"reader": torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)},
            averaged=("reader",),
        )

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        strength = self.config.max_noise * torch.rand(len(batch), 1, 1, 1, generator=generator)
        noise = strength * torch.randn(batch.x.shape, generator=generator)
        readings, _ = self.modules["reader"](batch.x + noise.to(batch.x.device))
        losses = dict(self._losses(split(readings, self.dataset), batch.factors))
        loss = sum(losses.values())
        update("reader", loss)
        return {"loss": loss.detach(), **{name: value.detach() for name, value in losses.items()}}

    def _losses(self, found: Mapping[str, torch.Tensor], truth: Mapping[str, torch.Tensor]) -> Iterator[tuple[str, torch.Tensor]]:
        for factor in self.dataset.factors:
            if isinstance(factor, Slider):
                wanted = 2 * (truth[factor.name] - factor.minimum) / (factor.maximum - factor.minimum) - 1
                yield factor.name, self.config.number_weight * F.mse_loss(found[factor.name][:, 0], wanted)
            else:
                yield factor.name, F.cross_entropy(found[factor.name], truth[factor.name])


class ReaderModel:
    """A loaded reader."""

    def __init__(self, card: ModelCard):
        self.reader = weights.load(card.id, reader=Reader)["reader"]
        self.size_bytes = weights.size_bytes(card.id)
        self.dataset = data.get(card.dataset)

    def score(self, images: Images) -> Scores:
        """Probabilities of the label, penultimate features, and every factor as read."""
        device = next(self.reader.parameters()).device
        readings, features = [], []
        for part in in_parts(images, 500, device):
            found, seen = self.reader(part)
            readings.append(found.cpu())
            features.append(seen.cpu())
        factors: dict[str, Any] = {}
        for factor, values in zip(self.dataset.factors, split(torch.cat(readings), self.dataset).values(), strict=True):
            if isinstance(factor, Slider):
                factors[factor.name] = (factor.minimum + (factor.maximum - factor.minimum) * (values[:, 0] + 1) / 2).numpy()
            else:
                factors[factor.name] = values.softmax(1).numpy()
        return Scores(factors[self.dataset.label_factor], torch.cat(features).numpy(), factors)


def load(card: ModelCard) -> ReaderModel:
    """The loader that cards name."""
    return ReaderModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of factors-faces."""
    config = config or Config()
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: ReaderTrainee(config, card.dataset),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.998,
        warmup_steps=200,
        decay_from=0.2,
        clip_norm=5.0,
    )

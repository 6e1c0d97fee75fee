"""The source detector: is a picture real, or which generator drew it? Trained on real pictures and on what the shipped generators draw.

Attribution as in Yu et al. 2019, arXiv:1811.08180. The network keeps full resolution at first: what gives a generator away is fine.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import blind, weights
from playground.sampling.pixels import from_images
from playground.training.batches import Pictures
from playground.training.recipe import Batch, Recipe, Trainee, Update
from playground.types import Images, ModelCard

DRAWN_WITH = 1_000_003  # the seed of the training pictures; others are drawn for measuring and for visitors


class Detector(nn.Module, PyTorchModelHubMixin):
    """x (n, 1, 28, 28) in [-1, 1] -> logits (n, sources)."""

    def __init__(self, channels: int = 16, sources: int = 4, dropout: float = 0.2):
        super().__init__()
        c = channels
        self.body = nn.Sequential(
            _block(1, c),
            _block(c, 2 * c, stride=2),  # (n, 2c, 14, 14)
            _block(2 * c, 2 * c),
            _block(2 * c, 4 * c, stride=2),  # (n, 4c, 7, 7)
            _block(4 * c, 4 * c),
        )
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(4 * c, sources)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.dropout(self.body(x).mean((2, 3))))


def _block(channels: int, out_channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, out_channels, 3, stride, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU())


@dataclass(frozen=True)
class Config:
    """The recipe's settings. each: drawn pictures of every generator. real: real ones, more of them because they are the more varied, counted so
    that each source weighs alike.
    """

    each: int = 2000
    real: int = 8000
    channels: int = 16
    num_steps: int = 1200
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    max_shift: int = 1  # points, so that a place is no sign
    seed: int = 0


class DetectorTrainee(Trainee):
    """Cross-entropy; a batch's label is the source's place in blind.sources()."""

    def __init__(self, config: Config):
        torch.manual_seed(config.seed)
        net = Detector(config.channels, len(blind.sources())).to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
        super().__init__({"detector": net}, {"detector": optimizer})
        self.config = config
        self.weight = torch.ones(len(blind.sources()))
        self.weight[blind.sources().index(blind.REAL)] = config.each / config.real

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        reach = self.config.max_shift
        down, right = torch.randint(-reach, reach + 1, (2,), generator=generator).tolist()
        x = torch.roll(batch.x, (down, right), (2, 3)).contiguous(memory_format=torch.channels_last)
        logits = self.modules["detector"](x)
        loss = F.cross_entropy(logits, batch.label, self.weight.to(logits.device))
        update("detector", loss)
        return {"loss": loss.detach(), "right": (logits.argmax(1) == batch.label).float().mean()}


def batches(config: Config, train: Images) -> Pictures:
    """Real training pictures, and drawn ones of all digits in equal shares."""
    counts = [config.real if source == blind.REAL else config.each for source in blind.sources()]
    found = [blind.drawn(source, count, DRAWN_WITH, train) for source, count in zip(blind.sources(), counts, strict=True)]
    labels = np.repeat(np.arange(len(found)), counts)
    return Pictures(Images(np.concatenate([images.uint8() for images in found]), labels))


class DetectorModel:
    """A loaded detector."""

    def __init__(self, card: ModelCard):
        self.detector = weights.load(card.id, detector=Detector)["detector"].to(memory_format=torch.channels_last)
        self.size_bytes = weights.size_bytes(card.id)

    def attribute(self, images: Images) -> np.ndarray:
        """Probabilities float32 (n, sources), in the order of blind.sources()."""
        x = from_images(images, next(self.detector.parameters()).device)
        with torch.no_grad():
            return torch.cat([self.detector(part).softmax(1).cpu() for part in x.split(500)]).numpy()


def load(card: ModelCard) -> DetectorModel:
    """The loader that cards name."""
    return DetectorModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of source-detector."""
    config = config or Config()
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: DetectorTrainee(config),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.998,
        warmup_steps=100,
        batches=lambda train: batches(config, train),
    )

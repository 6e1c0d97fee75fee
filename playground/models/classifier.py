"""Classifiers: the discriminative counterpart. Their penultimate features are what the metrics look at.

Classifier: a small residual ConvNet. Referee: an independent one of another shape (large kernels, no residuals, another seed)
that nothing is tuned on, to confirm what the first one says.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import weights
from playground.training.recipe import Batch, Recipe, Trainee, Update
from playground.types import Images, ModelCard, Scores


class Classifier(nn.Module, PyTorchModelHubMixin):
    """x (n, 1, 28, 28) in [-1, 1] -> (logits (n, classes), features (n, features))."""

    def __init__(self, channels: int = 32, features: int = 64, classes: int = 10, dropout: float = 0.3):
        super().__init__()
        c = channels
        self.stem = nn.Sequential(nn.Conv2d(4, c, 3, padding=1, bias=False), nn.BatchNorm2d(c), nn.ReLU())
        self.block1 = _Residual(c)  # (n, c, 14, 14)
        self.down = nn.Sequential(nn.Conv2d(c, 2 * c, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(2 * c), nn.ReLU())
        self.block2 = _Residual(2 * c)  # (n, 2c, 7, 7)
        self.block3 = _Residual(2 * c)
        self.project = nn.Linear(2 * c * 49, features)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        h = self.stem(F.pixel_unshuffle(x, 2))  # (n, 1, 28, 28) -> (n, 4, 14, 14) -> (n, c, 14, 14)
        h = self.block3(self.block2(self.down(self.block1(h))))
        features = F.relu(self.project(h.flatten(1)))
        return self.head(self.dropout(features)), features


class _Residual(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.relu(x + self.body(x))


class Referee(nn.Module, PyTorchModelHubMixin):
    """x (n, 1, 28, 28) in [-1, 1] -> (logits (n, classes), features (n, features)); 5 x 5 kernels, pooling, tanh features."""

    def __init__(self, channels: int = 24, features: int = 96, classes: int = 10, dropout: float = 0.3):
        super().__init__()
        c = channels
        self.body = nn.Sequential(
            nn.Conv2d(1, c, 5, stride=2, padding=2),
            nn.GELU(),
            nn.Conv2d(c, 2 * c, 5, padding=2),
            nn.GELU(),
            nn.AvgPool2d(2),
            nn.Conv2d(2 * c, 2 * c, 5),
            nn.GELU(),
        )
        self.project = nn.Linear(2 * c * 9, features)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(features, classes)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = torch.tanh(self.project(self.body(x).flatten(1)))
        return self.head(self.dropout(features)), features


ARCHITECTURES = {"residual": Classifier, "referee": Referee}


@dataclass(frozen=True)
class Config:
    """The recipe's settings."""

    architecture: str = "residual"
    channels: int = 32
    features: int = 64
    num_steps: int = 3000  # seven epochs of 55,000
    batch_size: int = 128
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    max_shift: float = 2.0  # pixels
    max_turn: float = 0.18  # radians
    max_zoom: float = 0.1
    seed: int = 0


class ClassifierTrainee(Trainee):
    """Cross-entropy on gently shifted, turned and scaled digits (label smoothing 0.05)."""

    def __init__(self, config: Config):
        torch.manual_seed(config.seed)
        net = ARCHITECTURES[config.architecture](channels=config.channels, features=config.features)
        net = net.to(memory_format=torch.channels_last)
        super().__init__(
            {"classifier": net},
            {"classifier": torch.optim.AdamW(net.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)},
            averaged=("classifier",),
        )
        self.config = config

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        logits, _ = self.modules["classifier"](jitter(batch.x, self.config, generator))
        loss = F.cross_entropy(logits, batch.label, label_smoothing=0.05)
        update("classifier", loss)
        return {"loss": loss.detach(), "right": (logits.argmax(1) == batch.label).float().mean()}


def jitter(x: torch.Tensor, config: Config, generator: torch.Generator) -> torch.Tensor:
    """Every picture shifted, turned and scaled a little, at random: an affine map sampled bilinearly."""
    n, size = len(x), x.shape[-1]
    u = (torch.rand(n, 4, generator=generator) * 2 - 1).to(x.device)  # (n, 4) in [-1, 1]
    angle, zoom = u[:, 0] * config.max_turn, 1 + u[:, 1] * config.max_zoom
    shift = u[:, 2:] * (2 * config.max_shift / size)
    cos, sin = torch.cos(angle) * zoom, torch.sin(angle) * zoom
    theta = torch.stack([torch.stack([cos, -sin, shift[:, 0]], 1), torch.stack([sin, cos, shift[:, 1]], 1)], 1)  # (n, 2, 3)
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    return F.grid_sample(x + 1, grid, align_corners=False) - 1  # outside is -1, as the background is


class ClassifierModel:
    """A loaded classifier."""

    def __init__(self, card: ModelCard):
        config = weights.record(card.id)["config"]
        self.classifier = weights.load(card.id, classifier=ARCHITECTURES[config["architecture"]])["classifier"]
        self.size_bytes = weights.size_bytes(card.id)

    def score(self, images: Images) -> Scores:
        """Probabilities (n, classes) and penultimate features (n, d) of pictures."""
        device = next(self.classifier.parameters()).device
        probabilities, features = [], []
        pixels = torch.from_numpy(np.ascontiguousarray(images.float32().transpose(0, 3, 1, 2)))
        with torch.no_grad():
            for part in pixels.split(500):
                logits, found = self.classifier(part.to(device))
                probabilities.append(logits.softmax(1).cpu())
                features.append(found.cpu())
        return Scores(torch.cat(probabilities).numpy(), torch.cat(features).numpy())


def load(card: ModelCard) -> ClassifierModel:
    """The loader that cards name."""
    return ClassifierModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of classifier-mnist: seven epochs."""
    config = config or Config()
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: ClassifierTrainee(config),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.998,
        warmup_steps=200,
    )


def referee_recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of referee-mnist: another network, another seed, five epochs."""
    return recipe(card, config or Config(architecture="referee", channels=24, features=96, num_steps=2200, seed=1))

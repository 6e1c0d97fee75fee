"""GAN: a generator learns to pass off its pictures as real before a critic that learns to tell (Goodfellow et al., arXiv:1406.2661).

The recipe is R3GAN's (arXiv:2501.05441): a relativistic pairing loss, which compares each fake with a real one of the same class,
and zero-centred gradient penalties on real (R1) and fake (R2) samples; both nets are small ConvNets without normalisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.errors import ControlError
from playground.models.nets.conv import LARGE_SIDE, Decoder, Encoder
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn
from playground.sampling.pixels import to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, Latents, ModelCard, Step


class Generator(nn.Module, PyTorchModelHubMixin):
    """z (n, z_size), label (n,) -> pictures (n, picture_channels, side, side), about in [-1, 1].

    The output is linear: a tanh saturated within 40 steps (all black) and let no gradient through again.
    """

    def __init__(
        self,
        z_size: int = 64,
        channels: int = 32,
        deep: int = 128,
        classes: int = 10,
        side: int = 28,
        picture_channels: int = 1,
        blocks: int = 1,
        deepest: int = 0,
    ):
        super().__init__()
        self.z_size = z_size
        self.embed = nn.Embedding(classes, z_size)
        self.decoder = Decoder(2 * z_size, channels, deep, side, picture_channels, blocks, deepest)

    def forward(self, z: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        return self.decoder(torch.cat([z, self.embed(label)], 1))


class Critic(nn.Module, PyTorchModelHubMixin):
    """x (n, c, side, side), label (n,) -> scores (n,); only their differences mean anything. Projection head: arXiv:1802.05637."""

    def __init__(
        self,
        channels: int = 32,
        deep: int = 128,
        features: int = 256,
        classes: int = 10,
        side: int = 28,
        picture_channels: int = 1,
        blocks: int = 1,
        deepest: int = 0,
    ):
        super().__init__()
        self.encoder = Encoder(features, channels, deep, side, picture_channels, blocks, deepest)
        self.embed = nn.Embedding(classes, features)
        self.head = nn.Linear(features, 1)
        nn.init.normal_(self.embed.weight, std=features**-0.5)

    def forward(self, x: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        h = F.leaky_relu(self.encoder(x), 0.2)
        return self.head(h)[:, 0] + (self.embed(label) * h).sum(1)


LOSSES = ("pairs", "2014")


@dataclass(frozen=True)
class Config:
    """The recipe's settings. penalty is R3GAN's gamma, from its first value to its last along the schedule; none where the first is 0.

    deepest: channels of a third level for larger pictures, 0 for none. loss: "pairs", R3GAN's, or "2014", Goodfellow's without saturation.
    critic_steps: how often the critic learns before the generator does once. With 2014, four steps and no penalty it collapses.
    """

    z_size: int = 64
    channels: int = 32
    deep: int = 128
    deepest: int = 0
    blocks: int = 1
    num_steps: int = 7000
    batch_size: int = 64
    learning_rate: float = 5e-4
    beta2: float = 0.99
    penalty_first: float = 1.0
    penalty_last: float = 0.1
    penalty_every: int = 4
    loss: str = "pairs"
    critic_steps: int = 1
    seed: int = 0


LARGE = Config(channels=24, deep=64, deepest=160, num_steps=18_000, batch_size=32, learning_rate=4e-4, penalty_first=5.0, penalty_last=0.3)
"""For pictures of more than LARGE_SIDE points a side."""


class GANTrainee(Trainee):
    """One critic step, or more, and one generator step per batch; the generator is scored against the real samples of the same class."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        about = data.get(dataset)
        side, _, picture_channels = about.shape
        shape = {
            "channels": config.channels,
            "deep": config.deep,
            "classes": len(about.labels),
            "side": side,
            "picture_channels": picture_channels,
            "blocks": config.blocks,
            "deepest": config.deepest,
        }
        generator = Generator(config.z_size, **shape).to(memory_format=torch.channels_last)
        critic = Critic(**shape).to(memory_format=torch.channels_last)
        options = {"lr": config.learning_rate, "betas": (0.0, config.beta2)}
        super().__init__(
            {"generator": generator, "critic": critic},
            {"generator": torch.optim.Adam(generator.parameters(), **options), "critic": torch.optim.Adam(critic.parameters(), **options)},
            averaged=("generator",),
        )
        if config.deepest:
            self.shipped = ("generator",)  # drawing needs no critic, and the larger one would be two thirds of the weights
        self.config = config

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        net, critic, config = self.modules["generator"], self.modules["critic"], self.config
        z = torch.randn(config.critic_steps + 1, len(batch), config.z_size, generator=generator).to(batch.x.device)
        for k in range(config.critic_steps):
            critic_loss = self._teach_critic(batch, z[k], i, update)
        critic.requires_grad_(False)
        fooled = critic(net(z[-1], batch.label), batch.label)
        with torch.no_grad():
            score_real = critic(batch.x, batch.label)
        generator_loss = F.softplus(score_real - fooled if config.loss == "pairs" else -fooled).mean()
        update("generator", generator_loss)
        critic.requires_grad_(True)
        return {
            "critic_loss": critic_loss.detach(),
            "generator_loss": generator_loss.detach(),
            "ranked_right": (score_real > fooled).float().mean(),
        }

    def _teach_critic(self, batch: Batch, z: torch.Tensor, i: int, update: Update) -> torch.Tensor:
        critic, config = self.modules["critic"], self.config
        fake = self.modules["generator"](z, batch.label).detach()
        penalise = config.penalty_first > 0 and i % config.penalty_every == 0
        real = batch.x.requires_grad_(penalise)
        fake.requires_grad_(penalise)
        score_real, score_fake = critic(real, batch.label), critic(fake, batch.label)
        if config.loss == "pairs":
            critic_loss = F.softplus(score_fake - score_real).mean()
        else:
            critic_loss = (F.softplus(score_fake) + F.softplus(-score_real)).mean()
        loss = critic_loss
        if penalise:
            progress = i / config.num_steps
            gamma = config.penalty_first * (config.penalty_last / config.penalty_first) ** progress
            gradients = torch.autograd.grad((score_real.sum() + score_fake.sum()), (real, fake), create_graph=True)
            penalty = sum(gradient.square().sum((1, 2, 3)).mean() for gradient in gradients)
            loss = loss + 0.5 * gamma * config.penalty_every * penalty  # lazy regularisation, arXiv:1912.04958
        update("critic", loss)
        return critic_loss

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        net = modules["generator"]
        classes = net.embed.num_embeddings
        device = next(net.parameters()).device
        label = torch.arange(16, device=device) % classes
        with torch.no_grad():
            return to_images(net(randn((self.config.z_size,), sample_generators(self.config.seed, 0, 16), device), label))


class GANModel:
    """A loaded generator; its critic is not needed to draw."""

    def __init__(self, card: ModelCard):
        self.generator = weights.load(card.id, generator=Generator)["generator"]
        self.size_bytes = weights.size_bytes(card.id)

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        label: np.ndarray,
        truncation: float = 1.0,
        z: np.ndarray | None = None,
        views: Sequence[str] = (),
        **_: Any,
    ) -> Iterator[Step]:
        """One forward pass. truncation scales z towards the mean (BigGAN's trade of variety for typicality, arXiv:1809.11096)."""
        device = next(self.generator.parameters()).device
        drawn = randn((self.generator.z_size,), generators, device) * truncation
        pictures = to_images(self.generator(drawn, torch.from_numpy(label).to(device)), label)
        yield Step(pictures, 1, 1, 1, {"z": Latents(drawn.cpu().numpy(), label)} if "z" in views else {})

    def decode(self, latents: Latents) -> Images:
        """Pictures (n, h, w, c) from z (n, z_size) and their labels."""
        device = next(self.generator.parameters()).device
        label = latents.labels if latents.labels is not None else np.zeros(len(latents), dtype=np.int64)
        return to_images(self.generator(torch.from_numpy(latents.values).float().to(device), torch.from_numpy(label).to(device)), label)


def load(card: ModelCard) -> GANModel:
    """The loader that cards name."""
    return GANModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a conditional GAN; larger pictures get a third level. Raises ControlError for a loss that it does not know."""
    config = config or (LARGE if data.get(card.dataset).shape[0] > LARGE_SIDE else Config())
    if config.loss not in LOSSES:
        raise ControlError(f"loss must be one of {', '.join(LOSSES)}; got {config.loss!r}.")
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: GANTrainee(config, card.dataset),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.998,
        warmup_steps=100,
        decay_from=0.4,
        story=log_spaced(config.num_steps, 14),
    )

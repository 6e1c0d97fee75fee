"""Diffusion: a network learns to undo a little noise; drawing starts from nothing but noise and undoes it step by step.

Ho et al., arXiv:2006.11239, with the v-prediction of arXiv:2202.00512, min-SNR weights (arXiv:2303.09556) and classifier-free guidance
(arXiv:2207.12598). The network is diffusers' UNet2DModel on space-to-depth pictures: with patches of 2, (1, 28, 28) is seen as (4, 14, 14).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from torch import nn

from playground import data, weights
from playground.sampling import denoise as loop
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn
from playground.sampling.pixels import from_images, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, ModelCard, Step


@dataclass(frozen=True)
class Config:
    """The recipe's settings. unlabelled: share of the training pictures whose label is hidden, for guidance. min_snr: gamma of arXiv:2303.09556.

    patch: side of the square of points that the network sees as one.
    """

    patch: int = 2
    channels: int = 48
    deep_channels: int = 128
    layers_per_block: int = 1
    unlabelled: float = 0.1
    min_snr: float = 5.0
    num_steps: int = 2300
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    seed: int = 0


def make_unet(config: Config, dataset: str) -> UNet2DModel:
    """A UNet2DModel for a data set at 1 / patch of its resolution, with one class more than it has labels: the last means "any"."""
    about = data.get(dataset)
    side, _, picture_channels = about.shape
    return UNet2DModel(
        sample_size=side // config.patch,
        in_channels=config.patch**2 * picture_channels,
        out_channels=config.patch**2 * picture_channels,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(config.channels, config.deep_channels),
        layers_per_block=config.layers_per_block,
        norm_num_groups=16,
        attention_head_dim=32,
        num_class_embeds=len(about.labels) + 1,
    )


def predict_v(unet: nn.Module, x: torch.Tensor, t: torch.Tensor, label: torch.Tensor, patch: int = 2) -> torch.Tensor:
    """The network's v for pictures x (n, c, h, w): folded to 1 / patch of the resolution and back."""
    folded = F.pixel_unshuffle(x, patch).to(memory_format=torch.channels_last)
    return F.pixel_shuffle(unet(folded, t, label).sample, patch)


class DiffusionTrainee(Trainee):
    """Mean squared error of v at a random time, weighed by min(SNR, gamma) / (SNR + 1)."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        unet = make_unet(config, dataset).to(memory_format=torch.channels_last)
        super().__init__(
            {"unet": unet},
            {"unet": torch.optim.AdamW(unet.parameters(), lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay)},
            averaged=("unet",),
        )
        self.config, self.classes = config, len(data.get(dataset).labels)
        self.shape = (data.get(dataset).shape[2], *data.get(dataset).shape[:2])
        self.alphas_cumprod = loop.alphas_cumprod()

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        n, device = len(batch), batch.x.device
        # one stratum of time for each picture of the batch: same distribution, less noise in the loss
        t = ((torch.arange(n) + torch.rand(n, generator=generator)) / n * 1000).long().clamp(0, 999)
        eps = torch.randn(batch.x.shape, generator=generator).to(device)
        hidden = torch.rand(n, generator=generator).to(device) < self.config.unlabelled
        alpha_bar = self.alphas_cumprod[t].to(device)
        label = torch.where(hidden, self.classes, batch.label)
        v = predict_v(self.modules["unet"], loop.add_noise(batch.x, eps, alpha_bar), t.to(device), label, self.config.patch)
        error = (v - loop.velocity(batch.x, eps, alpha_bar)).square().mean((1, 2, 3))
        snr = alpha_bar / (1 - alpha_bar)
        loss = (error * snr.clamp(max=self.config.min_snr) / (snr + 1)).mean()
        update("unet", loss)
        return {"loss": loss.detach(), "error": error.mean().detach()}

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        unet = modules["unet"]
        device = next(unet.parameters()).device
        label = torch.arange(16, device=device) % self.classes
        drawn = sample_generators(self.config.seed, 0, 16)
        scheduler = loop.make_scheduler("DDIM")
        scheduler.set_timesteps(20)
        with torch.no_grad():
            x = randn(self.shape, drawn, device)
            predict = partial(predict_v, unet, label=label, patch=self.config.patch)
            for found in loop.denoise(predict, x, scheduler, scheduler.timesteps, drawn):
                x = found.x
        return to_images(x)


class DiffusionModel:
    """A loaded diffusion model."""

    def __init__(self, card: ModelCard):
        self.unet = weights.load(card.id, unet=UNet2DModel)["unet"].to(memory_format=torch.channels_last)
        self.size_bytes = weights.size_bytes(card.id)
        height, width, channels = data.get(card.dataset).shape
        self.shape, self.classes = (channels, height, width), len(data.get(card.dataset).labels)
        self.patch = height // self.unet.config.sample_size

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        label: np.ndarray,
        scheduler: str = "DDIM",
        num_inference_steps: int = 20,
        guidance_scale: float = 1.0,
        guidance_start: float = 0.0,
        guidance_stop: float = 1.0,
        eta: float = 0.0,
        given: np.ndarray | None = None,
        strength: float = 1.0,
        views: Sequence[str] = (),
        **_: Any,
    ) -> Iterator[Step]:
        """One Step for each timestep: the picture after it as samples; as views, what the network was shown (x_t) and what it guessed (x_0).

        The x_t of the first Step is what denoising starts from: nothing but noise, or the given pictures noised.

        guidance_scale 1 asks the network once a step; any other value twice, with and without the label, in the steps whose middle
        lies from guidance_start to guidance_stop (0: all noise, 1: the clean picture; arXiv:2404.07724). given: pictures
        (n, h, w, c) that are noised as far as strength (0..1) says and denoised from there (SDEdit, arXiv:2108.01073).
        """
        device = self.unet.device
        asked = torch.from_numpy(label).to(device)
        plan = loop.make_scheduler(scheduler)
        plan.set_timesteps(num_inference_steps)
        timesteps = plan.timesteps
        x = randn(self.shape, generators, device)
        if given is not None:
            start = min(num_inference_steps, max(1, round(num_inference_steps * strength)))
            timesteps = timesteps[-start:]
            if hasattr(plan, "set_begin_index"):
                plan.set_begin_index(num_inference_steps - start)
            x = loop.add_noise(from_images(Images(given), device), x, plan.alphas_cumprod[int(timesteps[0])])
        middles = (np.arange(num_inference_steps) + 0.5)[-len(timesteps) :] / num_inference_steps
        within = (guidance_start <= middles) & (middles <= guidance_stop) & (guidance_scale != 1.0)
        guided = {int(t) for t, guide in zip(timesteps, within, strict=True) if guide}

        def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            if int(t) not in guided:
                return predict_v(self.unet, x, t, asked, self.patch)
            both = predict_v(self.unet, torch.cat([x, x]), t, torch.cat([asked, torch.full_like(asked, self.classes)]), self.patch)
            conditional, free = both.chunk(2)
            return free + guidance_scale * (conditional - free)

        total, calls = len(timesteps), np.cumsum(1 + within).tolist()
        for i, found in enumerate(loop.denoise(predict, x, plan, timesteps, generators, eta=eta), 1):
            moment = {"x_t": x, "x_0": found.x_0}
            x = found.x
            yield Step(
                to_images(x, label), i, total, calls[i - 1], {name: to_images(moment[name], label) for name in moment if name in views}
            )


def load(card: ModelCard) -> DiffusionModel:
    """The loader that cards name."""
    return DiffusionModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of diffusion-mnist."""
    config = config or Config()
    return Recipe(
        card.id,
        card.dataset,
        config,
        lambda: DiffusionTrainee(config, card.dataset),
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.9985,
        warmup_steps=150,
        decay_from=0.2,
        clip_norm=1.0,
        story=log_spaced(config.num_steps, 12),
    )

"""Diffusion: a network learns to undo a little noise; drawing starts from nothing but noise and undoes it step by step.

Ho et al., arXiv:2006.11239, with the v-prediction of arXiv:2202.00512, min-SNR weights (arXiv:2303.09556) and classifier-free guidance
(arXiv:2207.12598).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from playground import data
from playground.models.nets import denoiser
from playground.models.nets.conv import LARGE_SIDE
from playground.models.nets.denoiser import DenoiserModel, DenoiserTrainee, Sketching, Task
from playground.sampling import denoise as loop
from playground.sampling.noise import randn
from playground.sampling.pixels import flat, from_images, seen, to_images, unflat
from playground.training.recipe import Recipe
from playground.types import Images, Latents, ModelCard, Step


@dataclass(frozen=True)
class Config(denoiser.Config):
    """The recipe's settings. min_snr: gamma of arXiv:2303.09556.

    even: whether v's error counts alike wherever SNR is below min_snr, not in proportion to SNR / (SNR + 1) as eps's does: of large
    pictures the features are decided while almost all is noise.
    """

    min_snr: float = 5.0
    even: bool = False


LARGE = Config(**denoiser.LARGE, min_snr=10.0, even=True)
"""For pictures of more than LARGE_SIDE points a side."""


EVEN = ("DPM-Solver++",)
"""The schedulers whose steps are even in the log of the signal-to-noise ratio where a large picture is drawn from nothing but noise.

Of a large picture, the averages over wide areas, a background's colour say, are decided while almost all is noise: of ten steps of equal
length in time, one. It then takes the mean of all colours.
"""


class DiffusionTrainee(DenoiserTrainee):
    """The squared error of v, weighed by min(SNR, gamma) / (SNR + 1), or by min(1, gamma / SNR) where it is even."""

    config: Config

    def __init__(self, config: Config, dataset: str):
        super().__init__(config, dataset)
        self.alphas_cumprod = loop.alphas_cumprod()

    def task(self, x: torch.Tensor, eps: torch.Tensor, t: torch.Tensor) -> Task:
        t = (t * 1000).long().clamp(0, 999)
        alpha_bar = self.alphas_cumprod.to(x.device)[t]
        snr = alpha_bar / (1 - alpha_bar)
        below = 1.0 if self.config.even else snr / (snr + 1)
        weight = below * (self.config.min_snr / snr).clamp(max=1)
        return Task(loop.add_noise(x, eps, alpha_bar), t, loop.velocity(x, eps, alpha_bar), weight)

    def drawn(self, predict: loop.Predict, x: torch.Tensor, generators: Sequence[torch.Generator]) -> torch.Tensor:
        scheduler = loop.make_scheduler("DDIM")
        scheduler.set_timesteps(20)
        for found in loop.denoise(predict, x, scheduler, scheduler.timesteps, generators):
            x = found.x
        return x


class DiffusionModel(DenoiserModel):
    """A loaded diffusion model."""

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
        noise: np.ndarray | None = None,
        views: Sequence[str] = (),
        **wanted: Any,
    ) -> Iterator[Step]:
        """One Step for each timestep: the picture after it as samples; as views, what the network was shown (x_t) and what it guessed (x_0),
        and the noise that it all began with (z).

        The x_t of the first Step is what denoising starts from: nothing but noise, or the given pictures noised.

        Guidance as in DenoiserModel.guided, in the steps that `within` says. given: pictures (n, h, w, c) that are noised as far as
        strength (0..1) says and denoised from there (SDEdit, arXiv:2108.01073). noise: what to start from, (n, h * w * c),
        instead of the generators' own. wanted: values of known factors by name.
        """
        plan = loop.make_scheduler(scheduler)
        if self.large and given is None and scheduler in EVEN:
            plan.set_timesteps(timesteps=loop.even_timesteps(num_inference_steps))
        else:
            loop.set_steps(plan, num_inference_steps)
        timesteps = plan.timesteps
        x = randn(self.shape, generators, self.unet.device) if noise is None else unflat(noise, self.shape).to(self.unet.device)
        begun = flat(x)
        if given is not None:
            kept = denoiser.kept_steps(num_inference_steps, strength)
            timesteps = timesteps[-kept:]
            if hasattr(plan, "set_begin_index"):
                plan.set_begin_index(num_inference_steps - kept)
            x = loop.add_noise(from_images(Images(given), self.unet.device), x, plan.alphas_cumprod[int(timesteps[0])])
        total = len(timesteps)
        within = denoiser.within(num_inference_steps, guidance_scale, guidance_start, guidance_stop)[-total:]
        guided = {int(t) for t, guide in zip(timesteps, within, strict=True) if guide}
        answer, calls = self.guided(label, wanted, guidance_scale), np.cumsum(1 + within).tolist()

        def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return answer(x, t, int(t) in guided)

        for i, found in enumerate(loop.denoise(predict, x, plan, timesteps, generators, eta=eta), 1):
            before = dict(seen(x, found.x_0, views, label)) | ({"z": Latents(begun, label)} if "z" in views else {})
            x = found.x
            yield Step(to_images(x, label), i, total, calls[i - 1], before)


class LabelDiffusionModel(DiffusionModel):
    """One that is told a class alone: all else of a sample is in its noise."""

    def decode(self, given: Latents) -> Images:
        """What noise (n, h * w * c) becomes in the card's default setting, which draws no more of it; codes without labels as any class."""
        label = np.full(len(given), self.classes) if given.labels is None else given.labels
        *_, last = self.stream(len(given), (), label=label, noise=given.values, **self.defaults)
        return last.samples


class FactorDiffusionModel(Sketching, DiffusionModel):
    """One that is told factors."""


def load(card: ModelCard) -> DiffusionModel:
    """The loader that cards name."""
    return FactorDiffusionModel(card) if data.get(card.dataset).factors else LabelDiffusionModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a conditional diffusion model; larger pictures are seen in larger patches."""
    config = config or (LARGE if data.get(card.dataset).shape[0] > LARGE_SIDE else Config())
    return denoiser.denoiser_recipe(card, config, lambda: DiffusionTrainee(config, card.dataset))

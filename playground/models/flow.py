"""Flow matching: a network learns the velocity that carries noise to data along straight lines; drawing follows it in a few steps.

Lipman et al., arXiv:2210.02747; Liu et al., arXiv:2209.03003. The network, what it is told and how it is trained are the diffusion
model's, so that the two can be compared: what differs is the path, the target and the solver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from playground import data
from playground.models.nets import denoiser
from playground.models.nets.conv import LARGE_SIDE
from playground.models.nets.denoiser import CLOCK, Config, DenoiserModel, DenoiserTrainee, Sketching, Task
from playground.sampling import flow
from playground.sampling.denoise import Predict
from playground.sampling.noise import randn
from playground.sampling.pixels import from_images, seen, to_images
from playground.training.recipe import Recipe
from playground.types import Images, ModelCard, Step

SMALL = Config(num_steps=7300)
"""As many steps as diffusion-mnist took."""
LARGE = Config(**denoiser.LARGE)
"""For pictures of more than LARGE_SIDE points a side: as many steps as the first run of diffusion-faces took."""


class FlowTrainee(DenoiserTrainee):
    """The squared error of the velocity eps - x_0 at points of the straight lines between data and noise."""

    def task(self, x: torch.Tensor, eps: torch.Tensor, t: torch.Tensor) -> Task:
        return Task(flow.mix(x, eps, t), CLOCK * t, eps - x)

    def drawn(self, predict: Predict, x: torch.Tensor, generators: Sequence[torch.Generator]) -> torch.Tensor:
        times = flow.times(20)
        for t, until in zip(times[:-1], times[1:], strict=True):
            x = flow.step(lambda x, t: predict(x, CLOCK * t), x, t, until).x
        return x


class FlowModel(DenoiserModel):
    """A loaded flow."""

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        label: np.ndarray,
        solver: str = "Euler",
        shift: float = 1.0,
        num_inference_steps: int = 20,
        guidance_scale: float = 1.0,
        guidance_start: float = 0.0,
        guidance_stop: float = 1.0,
        given: np.ndarray | None = None,
        strength: float = 1.0,
        views: Sequence[str] = (),
        **wanted: Any,
    ) -> Iterator[Step]:
        """One Step for each step of the solver: the picture after it as samples; as views, where it stood (x_t) and where it was bound for (x_0).

        The x_t of the first Step is what the way starts from: nothing but noise, or the given pictures mixed with it.

        Guidance as in DenoiserModel.guided, in the steps that `within` says. given: pictures (n, h, w, c) that are mixed with noise as
        far as strength (0..1) says and carried back from there. wanted: values of known factors by name.
        """
        times = flow.times(num_inference_steps, shift)
        x = randn(self.shape, generators, self.unet.device)
        if given is not None:
            times = times[-1 - denoiser.kept_steps(num_inference_steps, strength) :]
            x = flow.mix(from_images(Images(given), self.unet.device), x, times[0])
        total, calls = len(times) - 1, 0
        within = denoiser.within(num_inference_steps, guidance_scale, guidance_start, guidance_stop)[-total:].tolist()
        answer = self.guided(label, wanted, guidance_scale)

        def field(x: torch.Tensor, t: torch.Tensor, twice: bool) -> torch.Tensor:
            return answer(x, CLOCK * t, twice)

        for i, (t, until, twice) in enumerate(zip(times[:-1], times[1:], within, strict=True), 1):
            found = flow.step(partial(field, twice=twice), x, t, until, solver)
            before = seen(x, found.x_0, views, label)
            x, calls = found.x, calls + found.calls * (1 + twice)
            yield Step(to_images(x, label), i, total, calls, before)


class FactorFlowModel(Sketching, FlowModel):
    """One that is told factors."""


def load(card: ModelCard) -> FlowModel:
    """The loader that cards name."""
    return FactorFlowModel(card) if data.get(card.dataset).factors else FlowModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a conditional flow; larger pictures are seen in larger patches."""
    config = config or (LARGE if data.get(card.dataset).shape[0] > LARGE_SIDE else SMALL)
    return denoiser.denoiser_recipe(card, config, lambda: FlowTrainee(config, card.dataset))

"""Diffusion models of the Hub that are asked for nothing: a DDPMPipeline (U-Net and scheduler), stepped through by our own loop.

Ho et al., arXiv:2006.11239.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from diffusers import DDPMPipeline

from playground import hub
from playground.device import pick_device
from playground.sampling import denoise as loop
from playground.sampling.noise import randn
from playground.sampling.pixels import seen, to_images
from playground.types import ModelCard, Step


class UnconditionalModel:
    """A loaded U-Net with what its scheduler says of the noise that it learnt from."""

    def __init__(self, pipeline: DDPMPipeline):
        self.unet = pipeline.unet.to(pick_device(), memory_format=torch.channels_last).eval().requires_grad_(False)
        self.noise = loop.noise_of(pipeline.scheduler)
        self.size_bytes = sum(tensor.nbytes for tensor in self.unet.state_dict().values())

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        scheduler: str = "DPM-Solver++",
        num_inference_steps: int = 20,
        eta: float = 0.0,
        views: Sequence[str] = (),
    ) -> Iterator[Step]:
        """One Step for each timestep: the picture after it; as views what the network was shown (x_t) and what it guessed (x_0)."""
        config = self.unet.config
        side = config.sample_size if isinstance(config.sample_size, int) else tuple(config.sample_size)
        shape = (config.in_channels, *((side, side) if isinstance(side, int) else side))
        plan = loop.make_scheduler(scheduler, **self.noise)
        loop.set_steps(plan, num_inference_steps)
        x, total = randn(shape, generators, self.unet.device), len(plan.timesteps)

        def predict(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
            return self.unet(x, t).sample

        for i, found in enumerate(loop.denoise(predict, x, plan, plan.timesteps, generators, eta=eta), 1):
            before = seen(x, found.x_0, views, None)
            x = found.x
            yield Step(to_images(x), i, total, i, before)


def load(card: ModelCard) -> UnconditionalModel:
    """The loader that cards name. Raises WeightsUnavailable."""
    folder = hub.require(card)
    with hub.reading(card):
        return UnconditionalModel(DDPMPipeline.from_pretrained(folder.as_posix(), local_files_only=True, use_safetensors=True))

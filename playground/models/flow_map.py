"""A flow map: a network that jumps along the ways of a trained flow, so that one to four calls take the place of a solver's many.

Boffi et al., arXiv:2406.07507; learnt from whole ways of the teacher, as in trajectory distillation (Kim et al., arXiv:2310.02279). The
teacher's guidance is learnt with the ways and costs no call any more (Meng et al., arXiv:2210.03142).
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from diffusers import UNet2DModel
from diffusers.models.embeddings import get_timestep_embedding
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, registry, weights
from playground.device import bf16_pays
from playground.models.nets import denoiser
from playground.models.nets.denoiser import CLOCK, DenoiserModel, Sketching, parted
from playground.sampling import flow
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn, seed_of
from playground.sampling.pixels import from_images, seen, to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update
from playground.types import Images, ModelCard, Step

WAY = flow.times(8, shift=4.0)
"""The times at which the teacher's solver stops, from noise to picture: its card's default."""
STOPS: Mapping[int, tuple[int, ...]] = {1: (0, 8), 2: (0, 5, 8), 3: (0, 4, 7, 8), 4: (0, 3, 5, 7, 8)}
"""For each number of calls, the indices in WAY at which the map stops."""
SHARES: Mapping[int, float] = {1: 0.15, 2: 0.2, 3: 0.15, 4: 0.5}
"""How the training is shared out among them."""
MARKS = tuple(sorted({mark for stops in STOPS.values() for mark in stops}))
"""Every index in WAY that is any jump's start or end: what is kept of a way."""


@dataclass(frozen=True)
class Config:
    """The recipe's settings. teacher: a shipped flow, and how it is guided.

    pool: how many ways are drawn at a time. reused: for how many steps they serve, before as many new ones are drawn. label_alone:
    share of the ways of which the label alone is told; of the others each factor is told or hidden, at a rate drawn for each way.
    """

    teacher: str = "flow-faces"
    guidance_scale: float = 1.5
    guidance_start: float = 0.2
    guidance_stop: float = 0.7
    label_alone: float = 0.5
    pool: int = 1024
    reused: int = 1000
    num_steps: int = 8000
    batch_size: int = 32
    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    seed: int = 0


class Until(nn.Module, PyTorchModelHubMixin):
    """The time at which a jump ends, (n,) from 0 to 1, as what is added to the network's time embedding (n, size); nothing before training."""

    def __init__(self, size: int, features: int = 64):
        super().__init__()
        self.features = features
        self.layers = nn.Sequential(nn.Linear(features, size), nn.SiLU(), nn.Linear(size, size))
        nn.init.zeros_(self.layers[2].weight)
        nn.init.zeros_(self.layers[2].bias)

    def forward(self, until: torch.Tensor) -> torch.Tensor:
        return self.layers(get_timestep_embedding(CLOCK * until, self.features))


def jump(
    unet: UNet2DModel, until: nn.Module, x: torch.Tensor, t: torch.Tensor, end: torch.Tensor, told: torch.Tensor, patch: int
) -> torch.Tensor:
    """The mean velocity from time t to time end, both (n,), of the ways through x (n, c, h, w): x + (end - t) times it is where they are then."""
    sketch = (unet.config.out_channels // 4, unet.config.sample_size, unet.config.sample_size)
    vector, sketched = parted(told, sketch)
    said = torch.cat([vector + until(end), sketched.flatten(1)], 1)
    return denoiser.predict(unet, x, CLOCK * t, said, patch)


@dataclass(frozen=True)
class Ways:
    """Ways of the teacher. x: float16 (n, MARKS, c, h, w), where they are at MARKS. columns, told: what a Condition is told of each."""

    x: torch.Tensor
    columns: torch.Tensor
    told: torch.Tensor


class FlowMapTrainee(Trainee):
    """The squared error of the mean velocity between two stops of a way that the teacher went, from the teacher's weights on."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        self.config, self.dataset = config, data.get(dataset)
        self.teacher = DenoiserModel(registry.get(config.teacher))
        learner = {name: copy.deepcopy(getattr(self.teacher, name)) for name in ("unet", "condition")}
        modules: dict[str, nn.Module] = {name: module.train().requires_grad_(True) for name, module in learner.items()}
        modules["condition"].sketch.requires_grad_(False)  # the mean picture of what is told stays as it was learnt
        modules["until"] = Until(4 * modules["unet"].config.block_out_channels[0]).to(self.teacher.unet.device)
        learnt = [parameter for module in modules.values() for parameter in module.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(learnt, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay)
        super().__init__(modules, {"unet": optimizer}, averaged=tuple(modules))
        jumps = [(calls, *jump) for calls, stops in STOPS.items() for jump in pairwise(map(MARKS.index, stops))]
        self.jumps = torch.tensor(jumps)  # a row each: of how many calls it is one, and its start and end in MARKS
        self.shares = torch.tensor([SHARES[calls] / calls for calls, _, _ in jumps])
        self.drawn: tuple[int, Ways] | None = None

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        n, device = len(batch), batch.x.device
        ways = self.ways(i // self.config.reused)
        rows = torch.randint(len(ways.x), (n,), generator=generator)
        calls, start, end = self.jumps[torch.multinomial(self.shares, n, replacement=True, generator=generator)].T
        x, reached = (ways.x[rows, mark].float().to(device) for mark in (start, end))
        t, until = (WAY[list(MARKS)][mark].to(device) for mark in (start, end))
        told = self.modules["condition"](ways.columns[rows].to(device), ways.told[rows].to(device))
        u = jump(self.modules["unet"], self.modules["until"], x, t, until, told, self.teacher.patch)
        error = (u.float() - (x - reached) / (t - until).view(-1, 1, 1, 1)).square().mean((1, 2, 3))
        loss = error.mean()
        update("unet", loss)
        by_calls = {f"error_{k}": error[(calls == k).to(device)].detach() for k in STOPS}
        return {"loss": loss.detach()} | {name: found.mean() for name, found in by_calls.items() if len(found)}

    def ways(self, block: int) -> Ways:
        """The ways of a block of steps, the same whenever they are drawn: told as training pictures are, from noise of their own."""
        if self.drawn is None or self.drawn[0] != block:
            self.drawn = (block, self._drawn(block))
        return self.drawn[1]

    @torch.no_grad()
    def _drawn(self, block: int) -> Ways:
        config, device = self.config, self.teacher.unet.device
        generator = torch.Generator().manual_seed(seed_of(config.seed, "ways", block))
        known = data.load(self.dataset.name, "train").factors or {}
        rows = torch.randint(len(known[self.dataset.label_factor]), (config.pool,), generator=generator).numpy()
        factors = self.dataset.factors
        which = denoiser.told_at_random(factors, self.dataset.label_factor, config.pool, config.label_alone, generator)
        columns, told = denoiser.telling(factors, {name: value[rows] for name, value in known.items()}, which)
        parts = []
        for first in range(0, config.pool, config.batch_size):
            part = slice(first, first + config.batch_size)
            asked, wanted = columns[part].to(device), told[part].to(device)
            condition = self.teacher.condition
            saying = denoiser.guided(
                self.teacher.unet,
                condition(asked, wanted),
                condition(torch.zeros_like(asked), torch.zeros_like(wanted)),
                config.guidance_scale,
                self.teacher.patch,
            )
            noise = sample_generators(config.seed, block * config.pool + first, len(asked))
            with torch.autocast(device.type, torch.bfloat16, enabled=bf16_pays()):
                parts.append(torch.stack(self._way(saying, randn(self.teacher.shape, noise, device)), 1).half().cpu())
        return Ways(torch.cat(parts), columns, told)

    def _way(self, saying: denoiser.Guided, x: torch.Tensor) -> list[torch.Tensor]:
        """Where the teacher's solver is at MARKS, from the noise x on."""
        twice = denoiser.within(len(WAY) - 1, self.config.guidance_scale, self.config.guidance_start, self.config.guidance_stop)
        found = [x]
        for t, until, guided in zip(WAY[:-1], WAY[1:], twice.tolist(), strict=True):
            found.append(flow.step(lambda x, t, guided=guided: saying(x, CLOCK * t, guided).float(), found[-1], t, until, "Heun").x)
        return [found[mark] for mark in MARKS]

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        unet = modules["unet"]
        device = next(unet.parameters()).device
        label = np.arange(16) % len(self.dataset.labels)
        columns, told = denoiser.wanted_columns(self.dataset.factors, {self.dataset.label_factor: label}, 16)
        with torch.no_grad():
            said = modules["condition"](columns.to(device), told.to(device))
            x = randn(self.teacher.shape, sample_generators(self.config.seed, 0, 16), device)
            for t, end in pairwise(WAY[list(STOPS[4])]):
                x = x + (end - t) * jump(unet, modules["until"], x, t.expand(16), end.expand(16), said, self.teacher.patch)
        return to_images(x)


class FlowMapModel(Sketching, DenoiserModel):
    """A loaded flow map."""

    def __init__(self, card: ModelCard):
        super().__init__(card)
        self.until = weights.load(card.id, until=Until)["until"]

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        label: np.ndarray,
        num_inference_steps: int = 4,
        given: np.ndarray | None = None,
        strength: float = 1.0,
        views: Sequence[str] = (),
        **wanted: Any,
    ) -> Iterator[Step]:
        """One Step for each jump, 1 to 4 of them: the picture after it as samples; as views, where it stood (x_t), and where it would
        be if it went straight on (x_0).

        given: pictures (n, h, w, c) that are mixed with noise as far as strength (0..1) says and carried back from there. wanted:
        values of known factors by name; None leaves one to chance.
        """
        device = self.unet.device
        times = WAY[list(STOPS[num_inference_steps])]
        x = randn(self.shape, generators, device)
        if given is not None:
            times = times[-1 - denoiser.kept_steps(num_inference_steps, strength) :]
            x = flow.mix(from_images(Images(given), device), x, times[0])
        told, _ = self.told(label, {name: value for name, value in wanted.items() if value is not None})
        for i, (t, end) in enumerate(pairwise(times), 1):
            u = jump(self.unet, self.until, x, t.expand(n).to(device), end.expand(n).to(device), told, self.patch)
            before = seen(x, x - t * u, views, label)
            x = x + (end - t) * u
            yield Step(to_images(x, label), i, len(times) - 1, i, before)


def load(card: ModelCard) -> FlowMapModel:
    """The loader that cards name."""
    return FlowMapModel(card)


def recipe(card: ModelCard, config: Config | None = None) -> Recipe:
    """The recipe of a flow map: a denoiser's, from a teacher."""
    config = config or Config()
    return replace(denoiser.denoiser_recipe(card, config, lambda: FlowMapTrainee(config, card.dataset)), teacher=config.teacher)

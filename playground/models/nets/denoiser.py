"""A denoiser and what it is told: diffusers' UNet2DModel on space-to-depth pictures, and factors as a vector and a sketch beside it.

What the methods share that learn one network for all amounts of noise. With patches of 2, (1, 28, 28) is seen as (4, 14, 14). Where the
factors of a data set are known, any of them may be told, and the others are left to chance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers import UNet2DModel
from huggingface_hub import PyTorchModelHubMixin
from torch import nn

from playground import data, weights
from playground.controls import Choice, Slider
from playground.errors import PlaygroundError
from playground.models.nets.conv import LARGE_SIDE
from playground.models.nets.emphasis import focused
from playground.models.nets.growth import deepened
from playground.sampling import latents
from playground.sampling.denoise import Predict
from playground.sampling.noise import generators as sample_generators
from playground.sampling.noise import randn
from playground.sampling.pixels import to_images
from playground.training.recipe import Batch, Recipe, Trainee, Update, log_spaced
from playground.types import Images, ModelCard

Guided = Callable[[torch.Tensor, torch.Tensor, bool], torch.Tensor]
"""answer(x_t, t, twice) -> the network's output for the whole batch at time t; twice: whether this step is guided."""
CLOCK = 1000.0  # the time embedding is made for 0 to 1000


@dataclass(frozen=True)
class Config:
    """What the recipes of denoisers have in common. unlabelled: share of the training pictures of which nothing is told, for guidance.

    patch: side of the square of points that the network sees as one. label_alone: share of the pictures of which the label alone is
    told, where more factors are known; of the others each factor is told or hidden, at a rate drawn for each picture. time_power: as in
    `training_times`. focus: how many times as much an error counts where the data set says that what matters is small, as in `emphasis.focused`.
    """

    patch: int = 2
    channels: int = 48
    deep_channels: int = 128
    layers_per_block: int = 1
    unlabelled: float = 0.1
    label_alone: float = 0.4
    time_power: float = 1.0
    focus: float = 1.0
    num_steps: int = 2300
    batch_size: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    seed: int = 0


LARGE: Mapping[str, Any] = {"patch": 4, "channels": 96, "deep_channels": 96, "label_alone": 0.1, "num_steps": 14_000, "batch_size": 32}
"""The same for pictures of more than LARGE_SIDE points a side."""


class Condition(nn.Module, PyTorchModelHubMixin):
    """Factors as columns (n, columns) and which of them are told (n, columns), 0 or 1 -> what a U-Net is told (n, size + channels side^2).

    The first `size` numbers are added to its time embedding. The others are a sketch (channels, side, side) that it sees beside the
    picture: the mean, at half the resolution, of all pictures that are as told. It shows where glasses sit; a vector that is the same
    everywhere teaches that slowly.
    """

    def __init__(self, columns: int, size: int, channels: int, side: int):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2 * columns, size), nn.SiLU(), nn.Linear(size, size))
        self.sketch = nn.Sequential(nn.Linear(2 * columns, 48), nn.SiLU(), nn.Linear(48, channels * side * side))
        nn.init.normal_(self.layers[0].weight, std=0.3)  # one column of many would hardly be heard by default
        nn.init.normal_(self.sketch[0].weight, std=0.3)
        nn.init.zeros_(self.sketch[2].weight)  # from grey on: what a random layer draws takes a thousand steps to forget

    def forward(self, columns: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        seen = torch.cat([columns * told, told], 1)
        return torch.cat([self.layers(seen), self.sketch(seen)], 1)


def parted(told: torch.Tensor, shape: Sequence[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """What a Condition says (n, size + ...) as its vector (n, size) and its sketch (n, *shape)."""
    vector, sketch = told.tensor_split([told.shape[1] - math.prod(shape)], 1)
    return vector, sketch.unflatten(1, tuple(shape))


def make_unet(config: Config, dataset: str) -> UNet2DModel:
    """A UNet2DModel for a data set at 1 / patch of its resolution.

    It is told a class, one more than the data set has labels (the last means "any"), or, where factors are known, a Condition's vector.
    """
    about = data.get(dataset)
    side, _, picture_channels = about.shape
    channels = config.patch**2 * picture_channels
    told = (
        {"class_embed_type": "identity", "resnet_time_scale_shift": "scale_shift"}
        if about.factors
        else {"num_class_embeds": len(about.labels) + 1}
    )
    return UNet2DModel(
        sample_size=side // config.patch,
        in_channels=channels + (channels // 4 if about.factors else 0),
        out_channels=channels,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(config.channels, config.deep_channels),
        layers_per_block=config.layers_per_block,
        norm_num_groups=16,
        attention_head_dim=32,
        **told,
    )


def make_condition(unet: UNet2DModel, dataset: str) -> Condition:
    """The Condition for the known factors of a data set, as wide as the U-Net's time embedding."""
    columns, config = latents.column_count(data.get(dataset).factors), unet.config
    return Condition(columns, 4 * config.block_out_channels[0], config.out_channels // 4, config.sample_size)


def predict(unet: nn.Module, x: torch.Tensor, t: torch.Tensor, told: torch.Tensor, patch: int = 2) -> torch.Tensor:
    """The network's output for pictures x (n, c, h, w), folded to 1 / patch of the resolution and back. told: classes (n,), or a Condition's vectors."""
    folded = F.pixel_unshuffle(x, patch)
    if told.is_floating_point():
        told, sketch = parted(told, (folded.shape[1] // 4, *folded.shape[2:]))
        folded = torch.cat([folded, sketch], 1)
    return F.pixel_shuffle(unet(folded.contiguous(memory_format=torch.channels_last), t, told).sample, patch)


def telling(factors: Sequence[Slider | Choice], values: Mapping[str, np.ndarray], told: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Values of factors (n,) by name and which of them are told (n, factors) as a Condition wants them: columns and told, (n, columns)."""
    widened = latents.widened(factors, told.float().numpy())
    return torch.from_numpy(latents.columns(factors, values)), torch.from_numpy(widened)


def wanted_columns(factors: Sequence[Slider | Choice], values: Mapping[str, np.ndarray], n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Known values of factors (n,) by name as a Condition wants them, those that are not named as not told: columns and told, (n, columns)."""
    known = {factor.name: np.asarray(values.get(factor.name, np.zeros(n))) for factor in factors}
    told = torch.tensor([factor.name in values for factor in factors]).expand(n, -1)
    return telling(factors, known, told)


def told_at_random(
    factors: Sequence[Slider | Choice], label_factor: str, n: int, label_alone: float, generator: torch.Generator
) -> torch.Tensor:
    """Which factors n pictures are told of, bool (n, factors): the label alone, or each of them at a rate drawn for the picture."""
    drawn = torch.rand(n, len(factors) + 2, generator=generator)
    told = drawn[:, 2:] > drawn[:, :1]
    told[drawn[:, 1] < label_alone] = torch.tensor([factor.name == label_factor for factor in factors])
    return told


def training_times(n: int, power: float, generator: torch.Generator) -> torch.Tensor:
    """Times (n,) in [0, 1], 1 all noise, at which the pictures of a batch are noised: 1 - u^power of u uniform in [0, 1], a stratum each, which
    leaves the distribution and takes noise from the loss.

    With power 1 a tenth of them lie above .9, with 2 a third. There, where a point is lost in noise, the mean over a wide area of a large
    picture is not: whether there is a hat is decided (as in arXiv:2301.10972, noise is counted for the resolution).
    """
    even = (torch.arange(n) + torch.rand(n, generator=generator)) / n
    return even if power == 1 else 1 - (1 - even) ** power  # as they are where nothing is asked: the shipped runs come out again to the bit


def guided(unet: nn.Module, asked: torch.Tensor, nothing: torch.Tensor, scale: float, patch: int) -> Guided:
    """A network's answer, told what is asked for. Where it is guided, it is asked twice, also told nothing, and the difference counts
    `scale` times (arXiv:2207.12598)."""
    told = torch.cat([asked, nothing])

    def answer(x: torch.Tensor, t: torch.Tensor, twice: bool) -> torch.Tensor:
        if not twice:
            return predict(unet, x, t, asked, patch)
        conditional, free = predict(unet, torch.cat([x, x]), t, told, patch).chunk(2)
        return free + scale * (conditional - free)

    return answer


@dataclass(frozen=True)
class Task:
    """What a network is given and what it should say. x: noised pictures (n, c, h, w). t: (n,), as the network reads it, 0 to 1000.

    target: like x. weight: of each picture's squared error, (n,) or 1.
    """

    x: torch.Tensor
    t: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor | float = 1.0


class DenoiserTrainee(Trainee):
    """Mean squared error of what a network says of a picture noised at a random time; how it is noised and asked is the method's."""

    def __init__(self, config: Config, dataset: str):
        torch.manual_seed(config.seed)
        unet = make_unet(config, dataset).to(memory_format=torch.channels_last)
        self.factors, self.label_factor = data.get(dataset).factors, data.get(dataset).label_factor
        modules: dict[str, nn.Module] = {"unet": unet} | ({"condition": make_condition(unet, dataset)} if self.factors else {})
        rates: list[dict[str, Any]] = [{"params": unet.parameters()}]
        if self.factors:
            layers, sketch = modules["condition"].layers, modules["condition"].sketch
            rates += [{"params": layers.parameters()}, {"params": sketch.parameters(), "lr": 3 * config.learning_rate}]
        optimizer = torch.optim.AdamW(rates, lr=config.learning_rate, betas=(0.9, 0.99), weight_decay=config.weight_decay)
        super().__init__(modules, {"unet": optimizer}, averaged=tuple(modules))
        self.config, self.classes = config, len(data.get(dataset).labels)
        self.shape = (data.get(dataset).shape[2], *data.get(dataset).shape[:2])
        ellipse = data.get(dataset).focus
        if config.focus != 1 and not ellipse:
            raise PlaygroundError(f"focus must be 1 for {dataset}, which tells of no ellipse, got {config.focus:g}.")
        self.counts = torch.ones(()) if config.focus == 1 else focused(ellipse, config.focus, *self.shape[1:])  # an error, by place

    def earlier(self, card_id: str) -> dict[str, Mapping[str, torch.Tensor]]:
        """The shipped weights; where this U-Net has more layers in a block, in their places among its own."""
        shipped = super().earlier(card_id)
        return {**shipped, "unet": deepened(shipped["unet"], self.modules["unet"].state_dict())}

    def task(self, x: torch.Tensor, eps: torch.Tensor, t: torch.Tensor) -> Task:
        """Pictures x and noise eps (n, c, h, w) mixed at times t (n,) in [0, 1], 1 all noise; and what should be said of the mixture."""
        raise NotImplementedError

    def drawn(self, predict: Predict, x: torch.Tensor, generators: Sequence[torch.Generator]) -> torch.Tensor:
        """Pictures out of the noise x, in twenty steps or so: the training's story."""
        raise NotImplementedError

    def step(self, batch: Batch, i: int, generator: torch.Generator, update: Update) -> dict[str, float | torch.Tensor]:
        n, device = len(batch), batch.x.device
        t = training_times(n, self.config.time_power, generator)
        eps = torch.randn(batch.x.shape, generator=generator).to(device)
        told = self._told(batch, generator)
        task = self.task(batch.x, eps, t.to(device))
        drawn = told.new_zeros(())
        if self.factors:
            half = F.pixel_unshuffle(F.avg_pool2d(batch.x, 2), self.config.patch // 2)
            vector, sketch = parted(told, half.shape[1:])
            drawn = (sketch - half).square().mean()
            told = torch.cat([vector, sketch.detach().flatten(1)], 1)  # a mean picture, whatever the U-Net would rather see
        said = predict(self.modules["unet"], task.x, task.t, told, self.config.patch)
        error = ((said - task.target).square() * self.counts.to(device)).mean((1, 2, 3))
        loss = (error * task.weight).mean()
        update("unet", loss + drawn)
        return {"loss": loss.detach(), "error": error.mean().detach()} | ({"sketch": drawn.detach()} if self.factors else {})

    def _told(self, batch: Batch, generator: torch.Generator) -> torch.Tensor:
        """What the network is told of each picture: its class or "any", or of its factors some, drawn for each picture."""
        n, device = len(batch), batch.x.device
        hidden = torch.rand(n, generator=generator) < self.config.unlabelled
        if not self.factors:
            return torch.where(hidden.to(device), self.classes, batch.label)
        told = told_at_random(self.factors, self.label_factor, n, self.config.label_alone, generator) & ~hidden[:, None]
        columns, widened = telling(self.factors, {name: value.cpu().numpy() for name, value in batch.factors.items()}, told)
        return self.modules["condition"](columns.to(device), widened.to(device))

    def preview(self, modules: Mapping[str, nn.Module]) -> Images:
        unet = modules["unet"]
        device = next(unet.parameters()).device
        label = torch.arange(16, device=device) % self.classes
        if self.factors:
            values = {self.label_factor: label.cpu().numpy()}
            with torch.no_grad():
                label = modules["condition"](*(part.to(device) for part in wanted_columns(self.factors, values, 16)))
        generators = sample_generators(self.config.seed, 0, 16)
        with torch.no_grad():
            x = randn(self.shape, generators, device)
            return to_images(self.drawn(partial(predict, unet, told=label, patch=self.config.patch), x, generators))


class DenoiserModel:
    """A loaded denoiser."""

    def __init__(self, card: ModelCard):
        self.factors, self.label_factor = data.get(card.dataset).factors, data.get(card.dataset).label_factor
        modules = weights.load(card.id, unet=UNet2DModel, **({"condition": Condition} if self.factors else {}))
        self.unet, self.condition = modules["unet"].to(memory_format=torch.channels_last), modules.get("condition")
        self.size_bytes = weights.size_bytes(card.id)
        self.defaults = {each.name: each.default for each in card.controls if isinstance(each, Choice | Slider)}
        height, width, channels = data.get(card.dataset).shape
        self.shape, self.classes = (channels, height, width), len(data.get(card.dataset).labels)
        self.patch, self.large = height // self.unet.config.sample_size, height > LARGE_SIDE

    def guided(self, label: np.ndarray, wanted: Mapping[str, Any], scale: float) -> Guided:
        """The network's answer for samples of these labels (n,), told what else is wanted; None there leaves a factor to chance.

        Guided as far as `scale` says.
        """
        asked, nothing = self.told(label, {name: value for name, value in wanted.items() if value is not None})
        return guided(self.unet, asked, nothing, scale, self.patch)

    def told(self, label: np.ndarray, wanted: Mapping[str, float | str]) -> tuple[torch.Tensor, torch.Tensor]:
        """What the network is told of n samples, and what it is told where nothing is wanted."""
        device = self.unet.device
        if self.condition is None:
            asked = torch.from_numpy(label).to(device)
            return asked, torch.full_like(asked, self.classes)
        asked, nothing = (
            self.condition(*(part.to(device) for part in self._columns(known, len(label))))
            for known in ({**wanted, self.label_factor: label}, {})
        )
        return asked, nothing

    def _columns(self, known: Mapping[str, Any], n: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Known factors of n samples as wanted_columns gives them: numbers, words, or indices of words (n,)."""
        words = {factor.name: factor.choices for factor in self.factors if isinstance(factor, Choice)}
        values = {name: words[name].index(value) if isinstance(value, str) else value for name, value in known.items()}
        return wanted_columns(self.factors, {name: np.broadcast_to(value, n) for name, value in values.items()}, n)


class Sketching:
    """What a DenoiserModel that is told factors can do besides: show what those say on their own."""

    def sketch(self, label: np.ndarray | None = None, **wanted: Any) -> Images:
        """What the network sees beside the noise when it is told this much: the mean of all pictures like that, at half the resolution."""
        known = {name: value for name, value in wanted.items() if value is not None} | ({} if label is None else {self.label_factor: label})
        said = self.condition(*(part.to(self.unet.device) for part in self._columns(known, 1)))
        side = self.unet.config.sample_size
        _, drawn = parted(said, (self.unet.config.out_channels // 4, side, side))
        return to_images(F.interpolate(F.pixel_shuffle(drawn, self.patch // 2), scale_factor=2.0, mode="bilinear"))


def kept_steps(num_inference_steps: int, strength: float) -> int:
    """How many of the steps are left for a picture that is noised as far as strength (0..1) says: at least one."""
    return min(num_inference_steps, max(1, round(num_inference_steps * strength)))


def within(num_inference_steps: int, scale: float, start: float, stop: float) -> np.ndarray:
    """bool (num_inference_steps,): the steps that are guided, those whose middle lies from start to stop (0: all noise, 1: the clean
    picture; arXiv:2404.07724); none where scale is 1."""
    middles = (np.arange(num_inference_steps) + 0.5) / num_inference_steps
    return (start <= middles) & (middles <= stop) & (scale != 1.0)


def denoiser_recipe(card: ModelCard, config: Any, make: Callable[[], Trainee]) -> Recipe:
    """The recipe of a denoiser: a constant rate, then half a cosine, and averaged weights. config: with num_steps, batch_size and seed."""
    return Recipe(
        card.id,
        card.dataset,
        config,
        make,
        config.num_steps,
        config.batch_size,
        seed=config.seed,
        ema_decay=0.9985,
        warmup_steps=150,
        decay_from=0.2,
        clip_norm=1.0,
        story=log_spaced(config.num_steps, 12),
    )

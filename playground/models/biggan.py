"""BigGAN-deep, the generator alone, whose names are those of the published weights: a class and z speak to every block.

Brock et al., arXiv:1809.11096, appendix B, figure 16. Batch normalisation stands still: its means and variances were measured for 51 values of
truncation and are looked up by the nearest. The published code mixes two of them, the weights the wrong way round: between its 51 values it jumps, and at five of them,
which its division by 0.02 does not give back whole, it takes a neighbour's. At all others both agree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import remove_spectral_norm, spectral_norm

from playground import convert, hub
from playground.cards.hub_gan import IMAGENET
from playground.device import pick_device
from playground.sampling.noise import randn
from playground.sampling.pixels import to_images
from playground.types import Images, Latents, ModelCard, Step

EPS = 1e-4
START = 4  # points of each side that z becomes
PAINTED = 3  # channels of a picture
NARROWED = 4  # by which a block's inner convolutions are narrower than its input
CUT = 2.0  # z is drawn from N(0, I) without what lies beyond
INDICES = np.array(list(IMAGENET.values()))


class Normalise(nn.Module):
    """x (n, c, h, w) by the means and variances of a truncation; scaled and moved by what is told (n, told), or by what was learnt for all."""

    def __init__(self, channels: int, told: int = 0, stats: int = 51):
        super().__init__()
        self.register_buffer("running_means", torch.zeros(stats, channels))
        self.register_buffer("running_vars", torch.ones(stats, channels))
        if told:
            self.scale = spectral_norm(nn.Linear(told, channels, bias=False), eps=EPS)
            self.offset = spectral_norm(nn.Linear(told, channels, bias=False), eps=EPS)
        else:
            self.weight, self.bias = nn.Parameter(torch.ones(channels)), nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor, truncation: float, told: torch.Tensor | None = None) -> torch.Tensor:
        row = round(truncation * (len(self.running_means) - 1))
        mean, var = (each[row].view(1, -1, 1, 1) for each in (self.running_means, self.running_vars))
        weight, bias = (self.weight, self.bias) if told is None else (1 + self.scale(told), self.offset(told))
        return (x - mean) * (var + EPS).rsqrt() * weight.view(-1, x.shape[1], 1, 1) + bias.view(-1, x.shape[1], 1, 1)


class Attention(nn.Module):
    """Every place looks at every second one of each row and column (arXiv:1805.08318)."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

        def conv(inside: int, outside: int) -> nn.Module:
            return spectral_norm(nn.Conv2d(inside, outside, 1, bias=False), eps=EPS)

        self.snconv1x1_theta, self.snconv1x1_phi = conv(channels, channels // 8), conv(channels, channels // 8)
        self.snconv1x1_g, self.snconv1x1_o_conv = conv(channels, channels // 2), conv(channels // 2, channels)
        self.gamma = nn.Parameter(torch.zeros(1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        query = self.snconv1x1_theta(x).flatten(2).mT  # (n, places, c / 8)
        key = F.max_pool2d(self.snconv1x1_phi(x), 2).flatten(2)  # (n, c / 8, places / 4)
        value = F.max_pool2d(self.snconv1x1_g(x), 2).flatten(2)  # (n, c / 2, places / 4)
        read = value @ (query @ key).softmax(-1).mT  # (n, c / 2, places)
        return x + self.gamma * self.snconv1x1_o_conv(read.unflatten(2, x.shape[2:]))


class Block(nn.Module):
    """Four convolutions, the inner two narrow and of size 3, beside a way past them that drops channels. up: each side doubled."""

    def __init__(self, inside: int, outside: int, told: int, up: bool, stats: int):
        super().__init__()
        self.outside, self.up = outside, up
        narrow = inside // NARROWED
        sizes = ((inside, narrow, 1), (narrow, narrow, 3), (narrow, narrow, 3), (narrow, outside, 1))
        for k, (given, made, size) in enumerate(sizes):
            setattr(self, f"bn_{k}", Normalise(given, told, stats))
            setattr(self, f"conv_{k}", spectral_norm(nn.Conv2d(given, made, size, padding=size // 2), eps=EPS))

    def forward(self, x: torch.Tensor, truncation: float, told: torch.Tensor) -> torch.Tensor:
        past = x[:, : self.outside]
        for k in range(4):
            x = getattr(self, f"bn_{k}")(x, truncation, told).relu()
            if self.up and k == 1:
                x, past = F.interpolate(x, scale_factor=2.0), F.interpolate(past, scale_factor=2.0)
            x = getattr(self, f"conv_{k}")(x)
        return x + past


class Generator(nn.Module):
    """What is told (n, 2 z) -> pictures (n, 3, side, side) in [-1, 1]. widths: channels into each block, and out of the last; every second block doubles the side."""

    def __init__(self, told: int, widths: Sequence[int], attention: int, stats: int):
        super().__init__()
        self.width = widths[0]
        self.gen_z = spectral_norm(nn.Linear(told, START * START * self.width), eps=EPS)
        blocks: list[nn.Module] = [
            Block(inside, outside, told, k % 2 == 1, stats) for k, (inside, outside) in enumerate(zip(widths[:-1], widths[1:], strict=True))
        ]
        blocks.insert(attention, Attention(widths[attention]))
        self.layers = nn.ModuleList(blocks)
        self.bn = Normalise(widths[-1], stats=stats)
        self.conv_to_rgb = spectral_norm(nn.Conv2d(widths[-1], widths[-1], 3, padding=1), eps=EPS)

    def forward(self, told: torch.Tensor, truncation: float) -> torch.Tensor:
        x = self.gen_z(told).unflatten(1, (START, START, self.width)).permute(0, 3, 1, 2).contiguous()  # channels stood last
        for layer in self.layers:
            x = layer(x, truncation, told) if isinstance(layer, Block) else layer(x)
        return self.conv_to_rgb(self.bn(x, truncation).relu())[
            :, :PAINTED
        ].tanh()  # the published layer paints more channels than a picture has


class BigGAN(nn.Module):
    """z (n, z), class numbers (n,), truncation in (0, 1] -> pictures."""

    def __init__(self, classes: int, z_size: int, widths: Sequence[int], attention: int, stats: int = 51):
        super().__init__()
        self.z_size = z_size
        self.embeddings = nn.Linear(classes, z_size, bias=False)
        self.generator = Generator(2 * z_size, widths, attention, stats)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, c) of its pictures."""
        doubled = sum(layer.up for layer in self.generator.layers if isinstance(layer, Block))
        return START * 2**doubled, START * 2**doubled, PAINTED

    def forward(self, z: torch.Tensor, label: torch.Tensor, truncation: float) -> torch.Tensor:
        return self.generator(torch.cat([z, self.embeddings.weight.T[label]], 1), truncation)

    def folded(self) -> BigGAN:
        """Itself with the spectral norms, which stand still, divided into the weights."""
        for module in self.modules():
            if hasattr(module, "weight_orig"):
                remove_spectral_norm(module)
        return self


def of_state(state: Mapping[str, torch.Tensor]) -> BigGAN:
    """The network that published weights are of, with those weights. Raises KeyError, ValueError or RuntimeError for names or shapes that do not fit."""
    z_size, classes = state["embeddings.weight"].shape
    if classes <= INDICES.max():
        raise ValueError(f"{classes} classes, of which {INDICES.max()} is none")
    layers = 1 + max(int(name.split(".")[2]) for name in state if name.startswith("generator.layers."))
    attention = next(k for k in range(layers) if f"generator.layers.{k}.gamma" in state)
    blocks = [k for k in range(layers) if k != attention]
    widths = [state[f"generator.layers.{k}.bn_0.scale.weight_orig"].shape[0] for k in blocks]
    widths.append(state[f"generator.layers.{blocks[-1]}.conv_3.weight_orig"].shape[0])
    network = BigGAN(classes, z_size, widths, attention, len(state["generator.bn.running_means"]))
    network.load_state_dict(state, strict=True)
    return network.eval().requires_grad_(False)


class BigGANModel:
    """A loaded generator."""

    def __init__(self, network: BigGAN):
        self.network = network.folded().to(pick_device())
        self.size_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())

    def stream(
        self, n: int, generators: Sequence[torch.Generator], *, label: np.ndarray, truncation: float = 0.4, views: Sequence[str] = ()
    ) -> Iterator[Step]:
        """One forward pass: z from N(0, I), numbers beyond 2 drawn again, times truncation."""
        z = truncated(self.network.z_size, generators) * truncation
        latents = Latents(z.numpy(), label, truncation=truncation)
        yield Step(self.decode(latents), 1, 1, 1, {"z": latents} if "z" in views else {})

    def decode(self, latents: Latents) -> Images:
        """Pictures of z and labels, normalised for the truncation that z was drawn with; for 1 where that is not known."""
        label = np.zeros(len(latents), np.int64) if latents.labels is None else latents.labels
        truncation = 1.0 if latents.truncation is None else latents.truncation
        z, index = torch.from_numpy(np.ascontiguousarray(latents.values)).float(), torch.from_numpy(INDICES[label])
        device = self.network.embeddings.weight.device
        return to_images(self.network(z.to(device), index.to(device), truncation), label)


def truncated(size: int, generators: Sequence[torch.Generator]) -> torch.Tensor:
    """float32 (n, size) from N(0, 1) without what lies beyond CUT, each row by its own generator."""
    z = randn((size,), generators)
    while (beyond := z.abs() > CUT).any():
        z = torch.where(beyond, randn((size,), generators), z)
    return z


def load(card: ModelCard) -> BigGANModel:
    """The loader that cards name. Raises WeightsUnavailable."""
    state = convert.converted_state(card)
    with hub.reading(card):
        return BigGANModel(of_state(state))

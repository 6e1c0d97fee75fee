"""The DCGAN that is everybody's first: transposed convolutions from z to a picture of 64 x 64, under the names of the published weights.

Radford et al., arXiv:1511.06434.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import nn

from playground import convert, hub
from playground.device import pick_device
from playground.sampling.noise import randn
from playground.sampling.pixels import to_images
from playground.types import Images, Latents, ModelCard, Step

LEVELS = 4  # from 4 x 4 on, each doubles the side


class Generator(nn.Module):
    """z (n, z, 1, 1) -> pictures (n, channels, 64, 64) in [-1, 1]."""

    def __init__(self, z_size: int = 100, width: int = 64, channels: int = 3):
        super().__init__()
        self.z_size, self.channels = z_size, channels
        widths = [width * 2**k for k in reversed(range(LEVELS))]
        layers: list[nn.Module] = []
        for k, made in enumerate(widths):
            given, stride, padding = (z_size, 1, 0) if k == 0 else (widths[k - 1], 2, 1)
            layers += [nn.ConvTranspose2d(given, made, 4, stride, padding, bias=False), nn.BatchNorm2d(made), nn.ReLU()]
        self.model = nn.Sequential(*layers, nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh())

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, c) of its pictures."""
        return 2 ** (LEVELS + 2), 2 ** (LEVELS + 2), self.channels

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.model(z)


def of_state(state: Mapping[str, torch.Tensor]) -> Generator:
    """The network that published weights are of, with those weights. Raises KeyError, ValueError or RuntimeError for names or shapes that do not fit."""
    last = state[f"model.{3 * LEVELS}.weight"]
    network = Generator(len(state["model.0.weight"]), *last.shape[:2])
    network.load_state_dict(state, strict=True)
    return network.eval().requires_grad_(False)


class DCGANModel:
    """A loaded generator."""

    def __init__(self, network: Generator):
        self.network = network.to(pick_device())
        self.size_bytes = sum(tensor.nbytes for tensor in network.state_dict().values())

    def stream(
        self, n: int, generators: Sequence[torch.Generator], *, truncation: float = 1.0, views: Sequence[str] = ()
    ) -> Iterator[Step]:
        """One forward pass; truncation scales z."""
        z = randn((self.network.z_size,), generators) * truncation
        yield Step(self._drawn(z), 1, 1, 1, {"z": Latents(z.numpy())} if "z" in views else {})

    def decode(self, latents: Latents) -> Images:
        """Pictures of z."""
        return self._drawn(torch.from_numpy(np.ascontiguousarray(latents.values)).float())

    def _drawn(self, z: torch.Tensor) -> Images:
        pictures = self.network(z.to(next(self.network.parameters()).device)[:, :, None, None])
        return to_images(pictures.expand(-1, 3, -1, -1) if pictures.shape[1] == 1 else pictures)


def load(card: ModelCard) -> DCGANModel:
    """The loader that cards name. Raises WeightsUnavailable."""
    state = convert.converted_state(card)
    with hub.reading(card):
        return DCGANModel(of_state(state))

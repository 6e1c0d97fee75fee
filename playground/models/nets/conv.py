"""The small ConvNets that autoencoder, VAE and GAN share: all work at half and quarter resolution, where two cores are fast."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from playground.models.nets.residual import Down, Residual, Up

LARGE_SIDE = 32
"""Pictures of more points a side get a third level."""


class Encoder(nn.Module):
    """x (n, picture_channels, side, side) -> (n, out_size), by way of (n, channels, side/2, side/2) and (n, deep, side/4, side/4).

    deepest: channels of a third level at side/8, for larger pictures; 0 leaves it out. mapped: the numbers are a map at the smallest
    resolution, each place's made by what is around it, not by the whole picture at once.
    """

    def __init__(
        self,
        out_size: int,
        channels: int = 32,
        deep: int = 128,
        side: int = 28,
        picture_channels: int = 1,
        blocks: int = 1,
        deepest: int = 0,
        mapped: bool = False,
    ):
        super().__init__()
        c, last, places = channels, deepest or deep, (side // (8 if deepest else 4)) ** 2
        self.mapped = mapped
        self.stem = nn.Conv2d(4 * picture_channels, c, 3, padding=1)
        self.high = nn.Sequential(*(Residual(c) for _ in range(blocks)))
        self.down = Down(c, deep)
        self.low = nn.Sequential(*(Residual(deep) for _ in range(blocks)))
        self.lowest = nn.Sequential(*((Down(deep, deepest), *(Residual(deepest) for _ in range(blocks))) if deepest else ()))
        self.project = nn.Conv2d(last, out_size // places, 1) if mapped else nn.Linear(last * places, out_size)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.high(self.stem(F.pixel_unshuffle(x, 2)))  # (n, 1, 28, 28) -> (n, 4, 14, 14) -> (n, c, 14, 14)
        h = self.lowest(self.low(self.down(h)))  # (n, deep, 7, 7)
        h = F.leaky_relu(h, 0.2)
        return self.project(h if self.mapped else h.flatten(1)).flatten(1)


class Decoder(nn.Module):
    """code (n, in_size) -> unbounded picture (n, picture_channels, side, side): the encoder's way back."""

    def __init__(
        self,
        in_size: int,
        channels: int = 32,
        deep: int = 128,
        side: int = 28,
        picture_channels: int = 1,
        blocks: int = 1,
        deepest: int = 0,
        mapped: bool = False,
    ):
        super().__init__()
        c, last, self.smallest = channels, deepest or deep, side // (8 if deepest else 4)
        places = self.smallest**2
        self.mapped = mapped
        self.project = nn.Conv2d(in_size // places, last, 1) if mapped else nn.Linear(in_size, last * places)
        self.lowest = nn.Sequential(*((*(Residual(deepest) for _ in range(blocks)), Up(deepest, deep)) if deepest else ()))
        self.low = nn.Sequential(*(Residual(deep) for _ in range(blocks)))
        self.up = Up(deep, c)
        self.high = nn.Sequential(*(Residual(c) for _ in range(blocks)))
        self.out = nn.Conv2d(c, 4 * picture_channels, 3, padding=1)
        # the four points that a place becomes start alike (Aitken et al., arXiv:1707.02937): no checkerboard to unlearn
        with torch.no_grad():
            self.out.weight.copy_(self.out.weight[::4].repeat_interleave(4, 0))
            self.out.bias.copy_(self.out.bias[::4].repeat_interleave(4))

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        h = self.project(code.view(len(code), -1, self.smallest, self.smallest) if self.mapped else code)
        h = h.view(len(code), -1, self.smallest, self.smallest)
        h = self.low(self.lowest(h))  # (n, deep, 7, 7)
        h = self.high(self.up(h))  # (n, c, 14, 14)
        return F.pixel_shuffle(self.out(F.leaky_relu(h, 0.2)), 2)  # (n, 4, 14, 14) -> (n, 1, 28, 28)

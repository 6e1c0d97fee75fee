"""Residual blocks without normalisation, after R3GAN (arXiv:2501.05441): scaled at the start by fix-up initialisation."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn


class Residual(nn.Module):
    """x (n, c, h, w) -> same shape; the second convolution starts at zero (Fixup, arXiv:1901.09321), so the block starts as identity."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        nn.init.kaiming_normal_(self.conv1.weight, a=0.2)
        nn.init.zeros_(self.conv1.bias)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.conv1(F.leaky_relu(x, 0.2))
        return x + self.conv2(F.leaky_relu(h, 0.2))


class Up(nn.Module):
    """x (n, c, h, w) -> (n, d, 2h, 2w): a 1 x 1 convolution, then bilinear interpolation (they commute; this order is cheaper)."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.interpolate(self.conv(x), scale_factor=2, mode="bilinear", align_corners=False)


class Down(nn.Module):
    """x (n, c, h, w) -> (n, d, h/2, w/2): average pooling, then a 1 x 1 convolution."""

    def __init__(self, channels: int, out_channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, out_channels, 1, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(F.avg_pool2d(x, 2))

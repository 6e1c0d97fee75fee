"""Where an error counts more: at what is small and full of contrast, which a mean over all points hardly sees."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn


def emphasis(x: torch.Tensor, detail: float) -> torch.Tensor:
    """How much an error counts at each point of pictures x (n, c, h, w): (n, 1, h, w), 1 on average.

    1 everywhere, and `detail` times the contrast in the 5 x 5 points around, as a multiple of the mean contrast: an iris is a hundredth of
    a face, and an error that counts all points alike hardly misses its colour.
    """
    contrast = nn.functional.max_pool2d(x, 5, 1, 2) + nn.functional.max_pool2d(-x, 5, 1, 2)
    contrast = contrast.mean(1, keepdim=True)
    return (1 + detail * contrast / contrast.mean().clamp(min=1e-6)) / (1 + detail)


def places(x: torch.Tensor, detail: float, side: int) -> torch.Tensor:
    """How much an error counts at each place of the codes of pictures like x (n, c, h, w): (1, 1, side, side), 1 on average.

    The mean emphasis there over all of x. It knows the place and not the picture, so that what minimises a squared error so weighted is still the mean.
    """
    found = nn.functional.adaptive_avg_pool2d(emphasis(x, detail).mean(0, keepdim=True), side)
    return found / found.mean()


def focused(focus: Sequence[float], times: float, height: int, width: int) -> torch.Tensor:
    """How much an error counts at each point, (1, 1, height, width), 1 on average: in an ellipse `times` as much as far from it.

    focus: the ellipse's middle and half axes, (row, column, row, column) as shares of the side; 1 + (times - 1) exp(-r^4), r = 1 on its rim.
    As in `places`, the place decides and not the picture.
    """
    row, column = torch.meshgrid(torch.arange(height) / height, torch.arange(width) / width, indexing="ij")
    away = ((row - focus[0]) / focus[2]).square() + ((column - focus[1]) / focus[3]).square()
    weight = 1 + (times - 1) * torch.exp(-away.square())
    return (weight / weight.mean())[None, None]

"""Where tensors become pictures: the one step from (n, c, h, w) on a device to Images."""

from __future__ import annotations

import numpy as np
import torch

from playground.types import Images


def to_images(x: torch.Tensor, label: np.ndarray | None = None) -> Images:
    """x (n, c, h, w) in about [-1, 1] -> Images float32 (n, h, w, c), clipped to [-1, 1]."""
    return Images(x.detach().float().clamp(-1, 1).permute(0, 2, 3, 1).cpu().numpy(), label)


def from_images(images: Images, device: str | torch.device) -> torch.Tensor:
    """Images (n, h, w, c) -> x float32 (n, c, h, w) in [-1, 1] on the device."""
    return torch.from_numpy(np.ascontiguousarray(images.float32().transpose(0, 3, 1, 2))).to(device)

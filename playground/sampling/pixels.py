"""Where tensors become pictures: the one step from (n, c, h, w) on a device to Images."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

from playground.types import Images, Latents, Samples


def to_images(x: torch.Tensor, label: np.ndarray | None = None) -> Images:
    """x (n, c, h, w) in about [-1, 1] -> Images float32 (n, h, w, c), clipped to [-1, 1]."""
    return Images(x.detach().float().clamp(-1, 1).permute(0, 2, 3, 1).cpu().numpy(), label)


def from_images(images: Images, device: str | torch.device) -> torch.Tensor:
    """Images (n, h, w, c) -> x float32 (n, c, h, w) in [-1, 1] on the device."""
    return torch.from_numpy(np.ascontiguousarray(images.float32().transpose(0, 3, 1, 2))).to(device)


def in_parts(images: Images, size: int, device: str | torch.device) -> Iterator[torch.Tensor]:
    """from_images of `size` pictures at a time: of a whole split, float32 copies of all at once take gigabytes."""
    for start in range(0, len(images), size):
        yield from_images(Images(images.pixels[start : start + size]), device)


def seen(x: torch.Tensor, x_0: torch.Tensor, views: Sequence[str], label: np.ndarray | None = None) -> Mapping[str, Samples]:
    """A moment of the way from noise to a picture, as the views that were asked for: x_t, where it stands, and x_0, where it seems bound for.

    way: where it stands as it is, not clipped to a picture, one row of h * w * c numbers for each sample.
    """
    made = {
        "x_t": lambda: to_images(x, label),
        "x_0": lambda: to_images(x_0, label),
        "way": lambda: Latents(flat(x), label),
    }
    return {name: make() for name, make in made.items() if name in views}


def flat(x: torch.Tensor) -> np.ndarray:
    """(n, c, h, w) -> float32 (n, h * w * c), in the order of pictures."""
    return x.detach().float().permute(0, 2, 3, 1).flatten(1).cpu().numpy()


def unflat(rows: np.ndarray, shape: Sequence[int]) -> torch.Tensor:
    """(n, h * w * c) -> float32 (n, c, h, w), shape (c, h, w): what flat took apart. Raises ValueError for rows of another length."""
    channels, height, width = shape
    if rows.shape[1] != channels * height * width:
        raise ValueError(f"Noise must have {channels * height * width} numbers a sample, got {rows.shape[1]}.")
    return (
        torch.from_numpy(np.ascontiguousarray(rows, dtype=np.float32))
        .unflatten(1, (height, width, channels))
        .permute(0, 3, 1, 2)
        .contiguous()
    )

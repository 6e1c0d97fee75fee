"""Trained weights in a network whose code has more numbers: what it knew stays, the new numbers are learnt beside it."""

from __future__ import annotations

from collections.abc import Mapping

import torch


def grown(old: Mapping[str, torch.Tensor], fresh: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights `old` in the places of a network like theirs with more numbers in its code: what was made of the old ones stays as it was.

    fresh: the larger network's weights, kept for what makes the new numbers; what reads them begins at 0.
    """
    found = {}
    for name, tensor in fresh.items():
        known = old[name]
        if known.shape != tensor.shape:
            stacked = (name.startswith(("vae.encoder.conv_out", "vae.quant_conv")), name.startswith("vae.quant_conv"))
            sizes = zip(known.shape[:2], tensor.shape[:2], stacked[: known.ndim], strict=True)
            index = torch.meshgrid(*(_places(*size) for size in sizes), indexing="ij")
            tensor = tensor.clone()
            tensor[index[0].unique()] = 0.0
            tensor[index] = known.to(tensor)
            known = tensor
        found[name] = known
    return found


def _places(old: int, new: int, stacked: bool) -> torch.Tensor:
    """Where `old` numbers lie among `new` ones: first, or first in each half where mean and logvar are stacked."""
    return torch.arange(new).reshape(2, -1)[:, : old // 2].flatten() if stacked else torch.arange(old)

"""Trained weights in a larger network: what it knew stays, the new numbers of its code, or its new layers, are learnt beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch

LAYER = re.compile(r"(?P<block>.*\b(?P<way>down|up)_blocks\.\d+\.)(?P<kind>resnets|attentions)\.(?P<layer>\d+)\.(?P<rest>.*)")

LAST = re.compile(r"\.(conv2|proj_out|attentions\.\d+\.to_out\.0)\.\w+$")
"""The weights of a layer's last step: a ResNet's, a transformer's, a bare attention's."""


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


def deepened(old: Mapping[str, torch.Tensor], fresh: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The weights `old` in the places of a U-Net of diffusers with more layers in each block: the new layers begin by changing nothing, so that it
    says what it said before.

    fresh: the deeper network's weights, kept in what the new layers compute before their last step, which begins at 0. A new layer stands
    behind those of its block; on the way up, where each layer also reads what one on the way down left, behind the first, because that is wider.
    After Net2Net (Chen et al., arXiv:1511.05641), without its copies.
    """
    found = {}
    for name, tensor in fresh.items():
        layer = LAYER.fullmatch(name)
        earlier = name if layer is None else _before(layer, _layers(fresh, layer), _layers(old, layer))
        found[name] = old[earlier] if earlier is not None else _changes_nothing(name, tensor)
    return found


def _layers(state: Mapping[str, torch.Tensor], like: re.Match[str]) -> int:
    """How many layers of that kind the block has."""
    prefix = f"{like['block']}{like['kind']}."
    return len({name[len(prefix) :].split(".", 1)[0] for name in state if name.startswith(prefix)})


def _before(layer: re.Match[str], now: int, then: int) -> str | None:
    """The name of a layer's weight in the network of fewer layers, None for a new layer."""
    i, added = int(layer["layer"]), now - then
    behind = then if layer["way"] == "down" else 1
    if behind <= i < behind + added:
        return None
    return f"{layer['block']}{layer['kind']}.{i if i < behind else i - added}.{layer['rest']}"


def _changes_nothing(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A new layer's weight: 0 in what is added to the layer's input, and of a shortcut the input itself, without what was left on the way down."""
    if "conv_shortcut" in name:
        kept = torch.zeros_like(tensor)
        if kept.ndim > 1:
            kept[:, : len(kept), 0, 0] = torch.eye(len(kept))
        return kept
    return torch.zeros_like(tensor) if LAST.search(name) else tensor

"""The networks of Stable Diffusion in their real shapes, with no weights or with random ones: what speed and size are measured on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

SHAPES: Mapping[str, Mapping[str, Any]] = {
    "1.5": {"words": 768, "layers": 12, "heads": 12, "act": "quick_gelu", "unet": {"attention_head_dim": 8}},
    "2.1": {
        "words": 1024,
        "layers": 23,
        "heads": 16,
        "act": "gelu",
        "unet": {"attention_head_dim": [5, 10, 20, 20], "use_linear_projection": True},
    },
}
"""By version: width, layers and heads of the text model, and how the U-Net attends."""


def vae() -> AutoencoderKL:
    """The autoencoder of all versions, on the meta device."""
    with torch.device("meta"):
        return AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            sample_size=512,
        )


def parts(version: str) -> tuple[AutoencoderKL, CLIPTextModel, UNet2DConditionModel]:
    """The autoencoder, text model and U-Net of a version, on the meta device."""
    shape = SHAPES[version]
    text = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=shape["words"],
        intermediate_size=4 * shape["words"],
        num_hidden_layers=shape["layers"],
        num_attention_heads=shape["heads"],
        hidden_act=shape["act"],
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with torch.device("meta"):
        return vae(), CLIPTextModel(text), UNet2DConditionModel(sample_size=64, cross_attention_dim=shape["words"], **shape["unet"])


def filled(modules: tuple[Any, ...], dtype: torch.dtype = torch.float32) -> tuple[Any, ...]:
    """Modules of the meta device with random weights, quickly: the same million numbers again and again, in place."""
    some = torch.randn(1 << 20, generator=torch.Generator().manual_seed(0)).mul(0.02).to(dtype)
    for module in modules:
        module.to(dtype).to_empty(device="cpu")
        for parameter in module.parameters():
            parameter.data.copy_(some.repeat(-(-parameter.numel() // len(some)))[: parameter.numel()].reshape(parameter.shape))
        for name, buffer in module.named_buffers():
            if name.endswith("position_ids"):
                buffer.copy_(torch.arange(buffer.numel()).reshape(buffer.shape))
    return modules

"""Tiny repositories as the Hugging Face Hub's cache lays them out, made of the real classes, with a poisoned pickle beside every weight."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from pathlib import Path

import torch
from diffusers import AutoencoderKL, EulerDiscreteScheduler, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from playground.cards.hub import SD_TURBO, STABLE_DIFFUSION_1_5
from playground.models import stable_diffusion
from playground.types import ModelCard

Parts = tuple[AutoencoderKL, CLIPTextModel, UNet2DConditionModel]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SIDE = 32  # of a picture: a code of 16 x 16
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
SCHEDULERS = {
    SD_TURBO.id: (EulerDiscreteScheduler, {**NOISE, "prediction_type": "epsilon", "timestep_spacing": "trailing"}),
    STABLE_DIFFUSION_1_5.id: (PNDMScheduler, {**NOISE, "skip_prk_steps": True, "set_alpha_to_one": False, "clip_sample": False}),
}
"""What the repositories' files say; all else is left to the library."""


class Poison:
    """A pickle that writes a file when it is opened."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark.as_posix(),)


def tiny(card: ModelCard) -> ModelCard:
    """The card with the shape and the needs of its tiny repository; its files, controls and all else are the real ones."""
    needs = {"size_bytes": 1_000_000, "memory_bytes": 1_000_000, "shape": (SIDE, SIDE, 3)}
    return dataclasses.replace(card, hub=dataclasses.replace(card.hub, **needs))


def lay_out(card: ModelCard, cache: Path, whole: bool = False) -> Path:
    """Writes the tiny repository of a card into a cache, or one of the real size; returns its snapshot."""
    repo = cache / f"models--{card.hub.repo_id.replace('/', '--')}"
    snapshot = repo / "snapshots" / COMMIT
    write(card, snapshot, whole)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    return snapshot


def write(card: ModelCard, folder: Path, whole: bool = False) -> None:
    """Writes a pipeline with random weights as the card's repository holds it: float16, the tokenizer as vocabulary and merges.

    whole: every layer as large as the real one; tiny otherwise.
    """
    torch.manual_seed(0)
    tokenizer = stable_diffusion.make_tokenizer(("a red fox in the snow", "a teapot of glass"))
    tokenizer.model_max_length = 77
    kind, said = SCHEDULERS[card.id]
    vae, text_encoder, unet = filled(real_parts(card)) if whole else tiny_parts(card, len(tokenizer))
    pipeline = StableDiffusionPipeline(
        vae=vae,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        unet=unet,
        scheduler=kind(**{name: value for name, value in said.items() if name != "clip_sample"}),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )
    pipeline.to(torch.float16).save_pretrained(folder, variant=card.hub.variant)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": kind.__name__, **said}))
    _as_vocabulary_and_merges(folder / "tokenizer")
    for path in list(folder.rglob("*.safetensors")):
        stem = path.name.removesuffix(".safetensors").replace("model", "pytorch_model" if path.parent.name == "text_encoder" else "model")
        for name in (f"{stem}.bin", f"{stem.removesuffix('.fp16')}.bin", f"{stem}.ckpt"):
            (path.parent / name).write_bytes(pickle.dumps(Poison(mark(folder))))


def tiny_parts(card: ModelCard, words: int) -> Parts:
    """The three networks, each of the real class, with random weights."""
    text = CLIPTextConfig(
        vocab_size=words,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    vae = AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        norm_num_groups=8,
        sample_size=SIDE,
    )
    unet = UNet2DConditionModel(
        sample_size=SIDE // 2,
        block_out_channels=(16, 32),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=8,
        use_linear_projection=card.id == SD_TURBO.id,
    )
    return vae, CLIPTextModel(text), unet


def real_parts(card: ModelCard) -> Parts:
    """The three networks in the repository's own shape, without memory for their weights; Stable Diffusion 2.1's for SD-Turbo."""
    large = card.id == SD_TURBO.id
    words, layers, heads = (1024, 23, 16) if large else (768, 12, 12)
    text = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=words,
        intermediate_size=4 * words,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        hidden_act="gelu" if large else "quick_gelu",
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    with torch.device("meta"):
        vae = AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(128, 256, 512, 512),
            layers_per_block=2,
            sample_size=512,
        )
        unet = UNet2DConditionModel(
            sample_size=64,
            cross_attention_dim=words,
            attention_head_dim=[5, 10, 20, 20] if large else 8,
            use_linear_projection=large,
        )
        return vae, CLIPTextModel(text), unet


def filled(parts: Parts) -> Parts:
    """Networks that have no weights yet with random ones in float16, quickly: the same million numbers again and again."""
    some = torch.randn(1 << 20).mul(0.02).half()
    for part in parts:
        part.half().to_empty(device="cpu")
        for parameter in part.parameters():
            parameter.data.copy_(some.repeat(-(-parameter.numel() // len(some)))[: parameter.numel()].reshape(parameter.shape))
        for name, buffer in part.named_buffers():
            if name.endswith("position_ids"):
                buffer.copy_(torch.arange(buffer.numel()).reshape(buffer.shape))
    return parts


def mark(folder: Path) -> Path:
    """The folder that is there once a poisoned file of a repository was opened."""
    return folder / "poisoned"


def _as_vocabulary_and_merges(folder: Path) -> None:
    """A tokenizer as repositories of that time hold it."""
    model = json.loads((folder / "tokenizer.json").read_text())["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]))
    merges = [pair if isinstance(pair, str) else " ".join(pair) for pair in model["merges"]]
    (folder / "merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    (folder / "tokenizer.json").unlink()

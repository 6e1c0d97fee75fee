"""Tiny repositories as the Hugging Face Hub's cache lays them out, made of the real classes, with a poisoned pickle beside every weight."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
from pathlib import Path

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderTiny,
    DDPMPipeline,
    DDPMScheduler,
    DPMSolverMultistepScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
    StableDiffusionPipeline,
    UNet2DConditionModel,
    UNet2DModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

from playground import registry
from playground.cards.hub import DDPM_CIFAR10, SD_TURBO, SDXS, STABLE_DIFFUSION_1_5
from playground.cards.hub_vae import TAESD
from playground.models import stable_diffusion
from playground.models.nets import large
from playground.types import ModelCard

Parts = tuple[AutoencoderKL | AutoencoderTiny, CLIPTextModel, UNet2DConditionModel]
COMMIT = "0123456789abcdef0123456789abcdef01234567"
SIDE = 32  # of a picture: a code of 16 x 16
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
SCHEDULERS = {
    SD_TURBO.id: (EulerDiscreteScheduler, {**NOISE, "prediction_type": "epsilon", "timestep_spacing": "trailing"}),
    SDXS.id: (DPMSolverMultistepScheduler, NOISE),
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
    """Writes the tiny repository of a card into a cache, or one of the real size, and those of what comes with it; returns its snapshot."""
    for name in card.hub.comes_with:
        lay_out(registry.get(name), cache, whole)
    repo = cache / f"models--{card.hub.repo_id.replace('/', '--')}"
    snapshot = repo / "snapshots" / COMMIT
    write(card, snapshot, whole)
    (repo / "refs").mkdir(exist_ok=True)
    (repo / "refs" / "main").write_text(COMMIT)
    return snapshot


def write(card: ModelCard, folder: Path, whole: bool = False) -> None:
    """Writes what a card's repository holds, with random weights, as it holds it: float16 where that is its variant, the tokenizer as vocabulary
    and merges.

    whole: every layer as large as the real one; tiny otherwise.
    """
    torch.manual_seed(0)
    if card.family == "vae":
        return write_codec(card, folder, whole)
    if card.load.startswith("playground.models.unconditional"):
        return write_ddpm(card, folder)
    tokenizer = stable_diffusion.make_tokenizer(("a red fox in the snow", "a teapot of glass"))
    tokenizer.model_max_length = 77
    kind, said = SCHEDULERS[card.id]
    vae, text_encoder, unet = large.filled(real_parts(card), torch.float16) if whole else tiny_parts(card, len(tokenizer))
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
    pipeline.to(torch.float16 if card.hub.variant else torch.float32).save_pretrained(folder, variant=card.hub.variant)
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps({"_class_name": kind.__name__, **said}))
    _as_vocabulary_and_merges(folder / "tokenizer")
    poison(folder)


def write_codec(card: ModelCard, folder: Path, whole: bool = False) -> None:
    """Writes an autoencoder of pictures."""
    if card.id == TAESD.id:
        vae = AutoencoderTiny() if whole else tiny_decoder()
    else:
        vae = large.filled((large.vae(),))[0] if whole else tiny_vae()
    vae.float().save_pretrained(folder)
    poison(folder)


def write_ddpm(card: ModelCard, folder: Path) -> None:
    """Writes a DDPMPipeline of two levels; of the older repository its parts beside each other, as that holds them."""
    side, _, channels = card.hub.shape
    unet = UNet2DModel(
        sample_size=side,
        in_channels=channels,
        out_channels=channels,
        block_out_channels=(8, 16),
        layers_per_block=1,
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=8,
        norm_num_groups=4,
    )
    DDPMPipeline(unet, DDPMScheduler(clip_sample=True)).save_pretrained(folder)
    if card.id == DDPM_CIFAR10.id:
        for name in ("unet", "scheduler"):
            for path in (folder / name).iterdir():
                path.rename(folder / path.name)
            (folder / name).rmdir()
    poison(folder)


def poison(folder: Path) -> None:
    """Puts a poisoned pickle beside every weight file of a folder, under the names that a careless loader looks for."""
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
    vae = tiny_decoder() if card.id == SDXS.id else tiny_vae()
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


def tiny_vae() -> AutoencoderKL:
    """An autoencoder of two levels."""
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        block_out_channels=(8, 16),
        norm_num_groups=8,
        sample_size=SIDE,
    )


def tiny_decoder() -> AutoencoderTiny:
    """A tiny one of two levels."""
    eight = {"encoder_block_out_channels": (8, 8), "decoder_block_out_channels": (8, 8)}
    return AutoencoderTiny(**eight, num_encoder_blocks=(1, 1), num_decoder_blocks=(1, 1))


def real_parts(card: ModelCard) -> Parts:
    """The three networks in the repository's own shape, without memory for their weights; Stable Diffusion 2.1's for SD-Turbo."""
    return large.parts("2.1" if card.id == SD_TURBO.id else "1.5")


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


def write_t5(folder: Path, words: PreTrainedTokenizerFast) -> None:
    """Writes a tiny T5 with its tokenizer."""
    config = T5Config(
        vocab_size=len(words),
        d_model=32,
        d_kv=8,
        d_ff=48,
        num_layers=2,
        num_heads=4,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    network = T5ForConditionalGeneration(config)
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    network.save_pretrained(folder)
    words.save_pretrained(folder)

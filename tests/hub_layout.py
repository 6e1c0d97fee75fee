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


def lay_out(card: ModelCard, cache: Path) -> Path:
    """Writes the tiny repository of a card into a cache; returns its snapshot."""
    repo = cache / f"models--{card.hub.repo_id.replace('/', '--')}"
    snapshot = repo / "snapshots" / COMMIT
    write(card, snapshot)
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)
    return snapshot


def write(card: ModelCard, folder: Path) -> None:
    """Writes a pipeline with random weights as the card's repository holds it: float16, the tokenizer as vocabulary and merges."""
    torch.manual_seed(0)
    tokenizer = stable_diffusion.make_tokenizer(("a red fox in the snow", "a teapot of glass"))
    tokenizer.model_max_length = 77
    kind, said = SCHEDULERS[card.id]
    text = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    pipeline = StableDiffusionPipeline(
        vae=AutoencoderKL(
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            block_out_channels=(8, 16),
            norm_num_groups=8,
            sample_size=SIDE,
        ),
        text_encoder=CLIPTextModel(text),
        tokenizer=tokenizer,
        unet=UNet2DConditionModel(
            sample_size=SIDE // 2,
            block_out_channels=(16, 32),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
            up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
            cross_attention_dim=16,
            attention_head_dim=2,
            norm_num_groups=8,
            use_linear_projection=card.id == SD_TURBO.id,
        ),
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

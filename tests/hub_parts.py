"""What tiny repositories are made of: the real classes of diffusers and transformers with random weights. Heavy to import: see hub_layout."""

from __future__ import annotations

import gc
import json
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
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    T5Config,
    T5ForConditionalGeneration,
)

from playground import registry
from playground.cards.hub import DDPM_CIFAR10, SD_TURBO, SDXS, STABLE_DIFFUSION_1_5
from playground.cards.hub_vae import TAESD
from playground.models import stable_diffusion
from playground.models.nets import large
from playground.types import ModelCard
from tests.hub_layout import CHAT, SIDE

registry.unload()
gc.collect()
gc.freeze()  # what the libraries made is there to stay: a model that leaves need not have it all searched

Parts = tuple[AutoencoderKL | AutoencoderTiny, CLIPTextModel, UNet2DConditionModel]
NOISE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
SCHEDULERS = {
    SD_TURBO.id: (EulerDiscreteScheduler, {**NOISE, "prediction_type": "epsilon", "timestep_spacing": "trailing"}),
    SDXS.id: (DPMSolverMultistepScheduler, NOISE),
    STABLE_DIFFUSION_1_5.id: (PNDMScheduler, {**NOISE, "skip_prk_steps": True, "set_alpha_to_one": False, "clip_sample": False}),
}
"""What the repositories' files say; all else is left to the library."""
WORDS = [
    "The capital of England is London.",
    "What is the capital of England? It is London, an old town.",
    "éè 😀 and so on, again and again.",
]


def write(card: ModelCard, folder: Path, size: str = "tiny") -> None:
    """See hub_layout.write."""
    torch.manual_seed(0)
    if card.family == "vae":
        return write_codec(card, folder, size != "tiny")
    if card.load.startswith("playground.models.unconditional"):
        return write_ddpm(card, folder)
    tokenizer = stable_diffusion.make_tokenizer(("a red fox in the snow", "a teapot of glass"))
    tokenizer.model_max_length = 77
    kind, said = SCHEDULERS[card.id]
    if size == "whole":
        vae, text_encoder, unet = large.filled(real_parts(card), torch.float16)
    else:
        vae, text_encoder, unet = tiny_parts(card, len(tokenizer)) if size == "tiny" else deep_parts(len(tokenizer))
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


def write_codec(card: ModelCard, folder: Path, whole: bool = False) -> None:
    """Writes an autoencoder of pictures."""
    if card.id == TAESD.id:
        vae = AutoencoderTiny() if whole else tiny_decoder()
    else:
        vae = large.filled((large.vae(),))[0] if whole else tiny_vae()
    vae.float().save_pretrained(folder)


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


def deep_parts(words: int) -> Parts:
    """The three networks of Stable Diffusion 1.5 with all their levels, layers and attention, narrow; the U-Net of a code of 32 x 32."""
    text = CLIPTextConfig(
        vocab_size=words,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=12,
        num_attention_heads=4,
        max_position_embeddings=77,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    four = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae = AutoencoderKL(**four, block_out_channels=(32, 32, 64, 64), layers_per_block=2, sample_size=256)
    unet = UNet2DConditionModel(sample_size=32, block_out_channels=(32, 64, 64, 64), cross_attention_dim=32, attention_head_dim=8)
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


def tokenizer(size: int = 320) -> PreTrainedTokenizerFast:
    """A byte-level BPE like GPT-2's, learnt from a few words."""
    found = Tokenizer(models.BPE())
    found.pre_tokenizer, found.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    found.train_from_iterator(WORDS, trainer)
    return PreTrainedTokenizerFast(tokenizer_object=found, bos_token=special[0], eos_token=special[0])


def write_writer(card: ModelCard, folder: Path) -> None:
    """Writes a tiny language model with its tokenizer: a Llama that converses, or a GPT-2."""
    words = tokenizer()
    torch.manual_seed(0)
    if "chat" in card.can:
        config = LlamaConfig(
            vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
        )
        network = LlamaForCausalLM(config)
        network.generation_config.eos_token_id = words.convert_tokens_to_ids("<|im_end|>")
        words.chat_template = CHAT
    else:
        network = GPT2LMHeadModel(
            GPT2Config(vocab_size=len(words), n_positions=64, n_embd=32, n_layer=2, n_head=4, bos_token_id=0, eos_token_id=0)
        )
    for weight in network.parameters():
        torch.nn.init.normal_(weight, std=0.3)  # so that one token is likelier than another
    network.save_pretrained(folder)
    words.save_pretrained(folder)
    for name in card.hub.needed:
        if not (folder / name).is_file():
            (folder / name).write_text("{}" if name.endswith("json") else "")


def write_talker(folder: Path) -> None:
    """Writes a tiny Llama with a chat template, its weights in two shards."""
    words = tokenizer()
    words.chat_template = CHAT
    words.save_pretrained(folder)
    (folder / "chat_template.jinja").unlink(missing_ok=True)
    said = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(said | {"chat_template": CHAT}))
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
    )
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder, max_shard_size="20KB")


def write_narrow_codec(folder: Path) -> None:
    """Writes a narrow AutoencoderKL of four levels."""
    down, up = ("DownEncoderBlock2D",) * 4, ("UpDecoderBlock2D",) * 4
    torch.manual_seed(0)
    AutoencoderKL(
        down_block_types=down, up_block_types=up, block_out_channels=(4,) * 4, norm_num_groups=2, layers_per_block=1
    ).save_pretrained(folder)

"""Cards of the repositories that the operator names (playground.named); none on a public page."""

from __future__ import annotations

from dataclasses import replace

from playground import named
from playground.cards.hub import DDPM_MNIST, DECODER, SIZE, STABLE_DIFFUSION_1_5
from playground.cards.hub_text import GPT2, SMOLLM2
from playground.cards.hub_vae import SD_VAE
from playground.named import Named
from playground.types import ModelCard

WARNING = "whoever runs this page chose it: nobody here has tried or timed it, and nothing checks what it makes"
ALIKE = {"StableDiffusionPipeline": STABLE_DIFFUSION_1_5, "DDPMPipeline": DDPM_MNIST, "DDIMPipeline": DDPM_MNIST}
ALIKE |= dict.fromkeys(named.CODECS, SD_VAE)
ROOM = {"diffusion": 1_500_000_000, "vae": 2_000_000_000, "transformer": 500_000_000}
"""Memory at work beside the weights, in bytes, by family: generous."""


def cards() -> tuple[ModelCard, ...]:
    """The cards, made anew whenever they are asked for. Raises PlaygroundError for a repository that was never asked what it is."""
    return tuple(map(_card, named.allowed()))


def _card(found: Named) -> ModelCard:
    like = ALIKE.get(found.class_name) or (SMOLLM2 if found.chat else GPT2)
    size = sum(found.files.values())
    repo = replace(
        like.hub,
        repo_id=found.repo_id,
        revision=found.commit,
        files=tuple(found.files),
        licence_url=f"https://huggingface.co/{found.repo_id}",
        size_bytes=size,
        memory_bytes=round(1.1 * size * 32 / found.bits) + ROOM[like.family],
        seconds=(0, 0),
        shape=found.shape,
        variant=found.variant,
        comes_with=("taesd",) if found.tiny else (),
        warning=WARNING,
        public=False,
    )
    controls = like.controls
    if like is STABLE_DIFFUSION_1_5:
        side = found.shape[0]
        size_of = replace(SIZE, help=f"Of {side} × {side} points; tall and wide change the sides by a quarter, small halves them.")
        controls = tuple(size_of if each is SIZE else each for each in controls if found.tiny or each.name != DECODER.name)
    return replace(
        like,
        id=found.id,
        title=found.repo_id,
        dataset="unknown",
        paper="",
        licence=found.licence,
        controls=controls,
        facts={"architecture": f"{found.class_name}, as its repository says"},
        hub=repo,
    )

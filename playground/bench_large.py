"""The bench of Stable Diffusion in its real shape, random weights: speed asks for no others. `python -m playground.bench sd`."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from playground import device
from playground.errors import PlaygroundError

VERSION = "1.5"
ROUNDS = 5  # of a call of the network; the median is told
DECODINGS = 3  # of the whole decoder, at about fifteen seconds each
SIDE, CODE = 512, 64
NEEDED_BYTES = 9_000_000_000  # both precisions side by side


@dataclass(frozen=True)
class Row:
    """One line of a bench: seconds, and its ratio to the line it is compared with (None: nothing to compare with)."""

    name: str
    seconds: float
    ratio: float | None = None
    note: str = ""


def sd() -> list[Row]:
    """Stable Diffusion's real shapes, random weights: the library's defaults in float32 against how this page runs it, in turns."""
    import torch
    from diffusers import AutoencoderTiny, StableDiffusionPipeline
    from diffusers.utils import logging as diffusers_logging
    from transformers.utils import logging

    from playground.models import stable_diffusion
    from playground.models.nets import large
    from playground.sampling import denoise
    from playground.sampling.noise import generators

    logging.set_verbosity_error()
    diffusers_logging.set_verbosity_error()
    free = device.free_bytes()
    if free is not None and free < NEEDED_BYTES:
        raise PlaygroundError(f"the sd bench needs {NEEDED_BYTES / 1e9:.0f} GB of memory, {free / 1e9:.1f} GB are free.")
    dtype, here = getattr(torch, device.half_dtype()), device.pick_device()
    tokenizer = stable_diffusion.make_tokenizer(("a red fox in the snow",))
    tokenizer.model_max_length = 77

    def pipeline(kind: torch.dtype) -> StableDiffusionPipeline:
        vae, text_encoder, unet = (part.to(here).eval() for part in large.filled(large.parts(VERSION), kind))
        made = StableDiffusionPipeline(
            vae=vae,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
            unet=unet,
            scheduler=denoise.make_scheduler("DDIM", steps_offset=1, clip_sample=False),
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
        made.set_progress_bar_config(disable=True)
        return made

    plain = pipeline(torch.float32)
    ours = stable_diffusion.StableDiffusionModel(pipeline(dtype), AutoencoderTiny().to(here, dtype), large=True)
    x, code = torch.randn(1, 4, CODE, CODE, device=here), torch.randn(1, 4, CODE, CODE, device=here)
    words = torch.randn(1, 77, large.SHAPES[VERSION]["words"], device=here)
    half = code.to(dtype).contiguous(memory_format=torch.channels_last)

    def theirs() -> None:
        plain("a red fox", num_inference_steps=1, guidance_scale=1.0, generator=generators(0, 0, 1), output_type="np")

    def mine() -> None:
        list(ours.stream(1, generators(0, 0, 1), prompt=("a red fox",), num_inference_steps=1, guidance_scale=1.0, decoder="tiny"))

    calls = {
        "network": (lambda: plain.unet(x, 500, words), lambda: ours.pipeline.unet(x.to(dtype), 500, words.to(dtype)), ROUNDS),
        "decoder": (lambda: plain.vae.decode(code), lambda: ours.tiny.decode(half), DECODINGS),
        "picture": (theirs, mine, DECODINGS),
    }
    with torch.no_grad():
        found = {name: in_turns(*call) for name, call in calls.items()}
    name = device.half_dtype()
    rows = []
    for what, label, mine_label in (
        ("network", "U-Net, one call, float32", f"U-Net, {name}, channels_last"),
        ("decoder", "decoder, float32", f"tiny decoder, {name}, channels_last"),
        ("picture", "one-step picture, pipeline's defaults", f"one-step picture here, {name}, tiny decoder"),
    ):
        base, made = found[what]
        note = f"median of {calls[what][2]}, {SIDE} × {SIDE}"
        rows += [Row(label, base, 1.0, note), Row(mine_label, made, made / base, f"{base / made:.2f} times as fast")]
    return rows


def in_turns(plain: Callable[[], object], ours: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The median seconds of two calls, timed in turns after one of each to warm up."""
    times: tuple[list[float], list[float]] = ([], [])
    for k in range(rounds + 1):
        for call, kept in zip((plain, ours), times, strict=True):
            start = time.perf_counter()
            call()
            device.synchronize()
            if k:
                kept.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])

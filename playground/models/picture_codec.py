"""Autoencoders of pictures of any size, from the Hub: diffusers' AutoencoderKL and AutoencoderTiny behind the same three calls.

A code is a map of four numbers for each 8 x 8 points, scaled to about unit variance as diffusion models are shown it (Rombach et al.,
arXiv:2112.10752, section 3.3).
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, AutoencoderTiny

from playground import hub
from playground.device import pick_device
from playground.errors import WeightsUnavailable
from playground.sampling.pixels import from_images, to_images
from playground.types import Images, Latents, ModelCard

CLASSES = {cls.__name__: cls for cls in (AutoencoderKL, AutoencoderTiny)}


class PictureCodec:
    """A loaded autoencoder. Pictures (n, h, w, 3), h and w multiples of 8, to codes (n, c, h / 8, w / 8) and back."""

    def __init__(self, vae: AutoencoderKL | AutoencoderTiny):
        self.vae = vae.to(pick_device(), memory_format=torch.channels_last).eval().requires_grad_(False)
        self.size_bytes = sum(tensor.nbytes for tensor in vae.state_dict().values())

    def encode(self, images: Images) -> Latents:
        """The mean code of each picture, flat, with the shape of its map."""
        code = self._code(images)
        return Latents(code.flatten(1).cpu().numpy(), images.labels, tuple(code.shape[1:]))

    def decode(self, latents: Latents) -> Images:
        """What the decoder paints of each code."""
        values = latents.values.reshape(len(latents), *latents.shape)
        return self._painted(torch.from_numpy(np.ascontiguousarray(values)).to(self.vae.device), latents.labels)

    def reconstruct(self, images: Images) -> Images:
        """Pictures as they come back from their codes."""
        return self._painted(self._code(images), images.labels)

    def _code(self, images: Images) -> torch.Tensor:
        x = from_images(images, self.vae.device).to(self.vae.dtype)
        found = self.vae.encode(x)
        code = found.latents if isinstance(self.vae, AutoencoderTiny) else found.latent_dist.mean
        return code.float() * self.vae.config.scaling_factor

    def _painted(self, code: torch.Tensor, labels: Any) -> Images:
        return to_images(self.vae.decode((code / self.vae.config.scaling_factor).to(self.vae.dtype)).sample.float(), labels)


def load(card: ModelCard) -> PictureCodec:
    """The loader that cards name. Raises WeightsUnavailable, also for a repository of another class."""
    folder = hub.require(card)
    with hub.reading(card):
        name = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("_class_name")
        if name not in CLASSES:
            raise WeightsUnavailable(f"{card.hub.repo_id} must hold one of {', '.join(CLASSES)}, not {str(name)[:40]}.")
        return PictureCodec(CLASSES[name].from_pretrained(folder.as_posix(), local_files_only=True, use_safetensors=True))

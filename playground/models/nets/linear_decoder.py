"""A decoder that costs nothing, for a look at a code on its way: each of its places as one colour, a straight line away."""

from __future__ import annotations

import torch
from diffusers import AutoencoderKL
from torch import nn

from playground.sampling.pixels import to_images
from playground.types import Images

PATCHES, PATCH = 8, 4  # it is fitted to one decoded code of 8 x 8 even patches of 4 x 4 places


class LinearDecoder:
    """code (n, c, h, w) of unit variance -> Images of the decoder's size, every place of the code one even square.

    The line is fitted by least squares to what the decoder paints of even patches, so that it needs no pictures and no table of numbers.
    """

    def __init__(self, vae: AutoencoderKL):
        self.factor = 2 ** (len(vae.config.block_out_channels) - 1)
        generator = torch.Generator("cpu").manual_seed(0)
        patches = torch.randn(1, vae.config.latent_channels, PATCHES, PATCHES, generator=generator).to(vae.device)
        code = patches.repeat_interleave(PATCH, 2).repeat_interleave(PATCH, 3) / vae.config.scaling_factor
        painted = vae.decode(code.to(vae.dtype)).sample.float()  # (1, 3, side, side)
        colours = nn.functional.avg_pool2d(painted, PATCH * self.factor).flatten(2)[0].T  # (patches, 3)
        rows = torch.cat([patches.flatten(2)[0].T, torch.ones(PATCHES**2, 1, device=vae.device)], 1)  # (patches, c + 1)
        self.line = torch.linalg.lstsq(rows, colours).solution  # (c + 1, 3)

    def __call__(self, code: torch.Tensor) -> Images:
        colours = torch.einsum("nchw,cd->ndhw", code.float(), self.line[:-1]) + self.line[-1].reshape(1, -1, 1, 1)
        return to_images(colours.repeat_interleave(self.factor, 2).repeat_interleave(self.factor, 3))

"""Photographs: a person's own as a square of a given size, and two to begin with that scikit-learn carries."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image

from playground.data.picture_files import pixels_of
from playground.types import Images

EXAMPLES = {"flower.jpg": "a flower, by vultilion", "china.jpg": "a roof, by danielbuechele"}
LICENCE = "CC BY 2.0, from scikit-learn"


@functools.lru_cache(maxsize=1)
def examples() -> dict[str, np.ndarray]:
    """Two photographs, uint8 (h, w, 3), by what they show and who took them."""
    from sklearn.datasets import load_sample_image

    return {words: np.array(load_sample_image(name)) for name, words in EXAMPLES.items()}


def middle(image: Image.Image) -> Image.Image:
    """The middle square of a picture."""
    inner = min(image.size)
    left, top = (image.width - inner) // 2, (image.height - inner) // 2
    return image.crop((left, top, left + inner, top + inner))


def on_white(picture: object) -> Image.Image:
    """A picture, as pixels_of takes it, in RGB, what is transparent of it white. Raises ControlError."""
    pixels = pixels_of(picture)
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    return image.convert("RGB")


def square(picture: object, side: int) -> Images:
    """The middle square of a person's picture (as pixels_of takes it; transparent is white), scaled to uint8 (1, side, side, 3).

    Raises ControlError for a picture of less than 2 x 2 points.
    """
    return Images(np.asarray(middle(on_white(picture)).resize((side, side), Image.Resampling.LANCZOS))[None])

"""Photographs: a person's own as a square of a given size, and two to begin with that scikit-learn carries."""

from __future__ import annotations

import functools

import numpy as np
from PIL import Image

from playground.errors import ControlError
from playground.types import Images

EXAMPLES = {"flower.jpg": "a flower, by vultilion", "china.jpg": "a roof, by danielbuechele"}
LICENCE = "CC BY 2.0, from scikit-learn"


@functools.lru_cache(maxsize=1)
def examples() -> dict[str, np.ndarray]:
    """Two photographs, uint8 (h, w, 3), by what they show and who took them."""
    from sklearn.datasets import load_sample_image

    return {words: np.array(load_sample_image(name)) for name, words in EXAMPLES.items()}


def square(picture: object, side: int) -> Images:
    """The middle square of a person's picture (uint8, grey, RGB or RGBA; transparent is white), scaled to uint8 (1, side, side, 3).

    Raises ControlError for a picture of less than 2 x 2 points.
    """
    array = np.asarray(picture)
    if array.dtype != np.uint8 or array.ndim not in (2, 3) or min(array.shape[:2], default=0) < 2:
        raise ControlError(f"A picture of at least 2 x 2 points is needed, got shape {array.shape}.")
    image = Image.fromarray(array)
    if image.mode in ("RGBA", "LA"):
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, (255, 255, 255, 255)), image)
    inner = min(image.size)
    left, top = (image.width - inner) // 2, (image.height - inner) // 2
    cut = image.convert("RGB").crop((left, top, left + inner, top + inner))
    return Images(np.asarray(cut.resize((side, side), Image.Resampling.LANCZOS))[None])

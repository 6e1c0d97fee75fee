"""Pictures as people send them: turned, deep, transparent."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image, ImageDraw

from tests.conftest import drawing


def uri(image: Image.Image, kind: str = "PNG", **options: object) -> str:
    """A picture as a data URI of that format."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def scene() -> Image.Image:
    """A picture in colour of which no turn or reflection is the same."""
    image = Image.new("RGB", (96, 64), (230, 225, 215))
    pen = ImageDraw.Draw(image)
    pen.rectangle((6, 6, 30, 20), fill=(200, 30, 30))
    pen.ellipse((60, 30, 90, 60), fill=(20, 90, 200))
    return image


def oriented(upright: Image.Image, orientation: int) -> tuple[Image.Image, Image.Exif]:
    """What a camera that was held that way saves: the stored picture, and the EXIF data that say how to turn it."""
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the Transpose that undoes each orientation
    exif = Image.Exif()
    exif[0x0112] = orientation
    return upright if orientation == 1 else upright.transpose(Image.Transpose(back[orientation])), exif


def sixteen(image: Image.Image, low: int) -> Image.Image:
    """A grey picture with 16 bits: its 8 bits above `low` (0: left blank; 1: repeated)."""
    grey = np.asarray(image.convert("L")).astype(np.uint16)
    return Image.fromarray(grey * np.uint16(256 + low))


def card(text: str = "7", ink: int = 0, paper: int = 255, margin: int = 40, alpha: int = 0) -> Image.Image:
    """A card with a digit, in a margin of that alpha."""
    inner = drawing(text, ink=ink, paper=paper).convert("RGBA")
    outer = Image.new("RGBA", (200 + 2 * margin, 200 + 2 * margin), (0, 0, 0, alpha))
    outer.paste(inner, (margin, margin))
    return outer


def even(alpha: int, image: Image.Image) -> Image.Image:
    """A picture with that alpha all over."""
    found = image.convert("RGBA")
    found.putalpha(alpha)
    return found

"""The one reader of every picture that comes from outside: a closed list of formats, upright, with 8 bits a channel.

The endpoints, the drawing pads, the command line and Python all end here, so the same picture is read the same way whoever sends it.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from playground.controls import shown
from playground.errors import ControlError

FORMATS = ("PNG", "JPEG", "WEBP")  # a decoder that is never reached cannot be attacked
MOST_BYTES, MOST_POINTS = 3_000_000, 4_000_000  # of a picture in a request
MOST_BYTES_OF_FILE, MOST_POINTS_OF_FILE = 100_000_000, 64_000_000  # of a file that the command line names
ORIENTATION = 0x0112  # the EXIF tag
UPRIGHT = {  # what turns a picture of each EXIF orientation upright
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
UNREADABLE = (  # what Pillow raises for damaged files
    OSError, ValueError, SyntaxError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError, struct.error, zlib.error,
)  # fmt: skip


def from_uri(text: object, name: str = "given") -> np.ndarray:
    """The picture of a data URI (what a drawing pad and the API send) as pixels_of gives it. Raises ControlError that names the control."""
    wrong = ControlError(f"{name} must be a PNG, JPEG or WebP data URI of at most 3 MB and 4 million points, got {shown(text)}.")
    if not isinstance(text, str) or not text.startswith("data:image/") or "," not in text or len(text) > MOST_BYTES * 4 // 3 + 100:
        raise wrong
    try:
        sent = base64.b64decode(text.split(",", 1)[1], validate=True)
    except ValueError as error:
        raise wrong from error
    return _opened(io.BytesIO(sent), name, MOST_POINTS, wrong)


def from_file(path: Path | str, name: str = "given") -> np.ndarray:
    """The picture of a file as pixels_of gives it. Raises ControlError that names the control."""
    try:
        with open(path, "rb") as file:
            sent = file.read(MOST_BYTES_OF_FILE + 1)
    except (OSError, ValueError) as error:
        raise ControlError(f"{name} must be a picture file, got {shown(str(path))} ({type(error).__name__}).") from error
    if len(sent) > MOST_BYTES_OF_FILE:
        raise ControlError(f"{name} must be a picture file of at most {MOST_BYTES_OF_FILE:,} bytes, got a larger one.")
    wrong = ControlError(f"{name} must be a picture file (PNG, JPEG or WebP), got {shown(str(path))}.")
    return _opened(io.BytesIO(sent), name, MOST_POINTS_OF_FILE, wrong)


def pixels_of(picture: object) -> np.ndarray:
    """A picture as uint8 (h, w, 1), (h, w, 3) or, with transparency, (h, w, 4).

    picture: a PIL image, which is turned as its EXIF orientation says, or an array (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) of uint8,
    uint16 or bool. Of 16 bits the upper 8 are taken, as Pillow does with 16-bit RGB; a PIL image of mode I holds 8 bits if
    nothing in it is above 255, else 16; one of mode F holds shades in [0, 1], [0, 255] or [0, 65535], the first of these that fits.
    Raises ControlError for what is no picture of at least 2 x 2 points.
    """
    array = _of_image(picture) if isinstance(picture, Image.Image) else np.asarray(picture)
    if array.dtype == np.bool_:
        array = array.astype(np.uint8) * np.uint8(255)
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2:
        array = (array >> 8).astype(np.uint8)
    if array.ndim == 2:
        array = array[..., None]
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] not in (1, 3, 4) or min(array.shape[:2]) < 2:
        raise ControlError(f"A picture of at least 2 x 2 points is needed, got {array.dtype} of shape {np.shape(picture)}.")
    return array


def _opened(file: io.BytesIO, name: str, most_points: int, wrong: ControlError) -> np.ndarray:
    """The first frame of a picture file. `wrong` is raised for what cannot be read."""
    try:
        with Image.open(file, formats=FORMATS) as image:
            if image.width * image.height > most_points:  # known from the header, before anything is decoded
                raise ControlError(f"{name} must hold at most {most_points // 10**6} million points, got {image.width} x {image.height}.")
            return pixels_of(image)
    except ControlError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:  # Pillow's own limit, also from the header
        raise ControlError(
            f"{name} must hold at most {most_points // 10**6} million points, got a picture far larger than that."
        ) from error
    except UNREADABLE as error:
        raise wrong from error


def _of_image(image: Image.Image) -> np.ndarray:
    """A PIL image, upright: uint8 (h, w), (h, w, 3) or (h, w, 4)."""
    turned = UPRIGHT.get(_orientation(image))
    clear = image.info.get("transparency")
    image.load()
    if image.mode.startswith(("I", "F")):
        grey, clear = _eight_bits(image), clear if isinstance(clear, int) else None
        if clear is None:
            upright = Image.fromarray(grey)
        else:
            alpha = np.where(np.asarray(image) == clear, 0, 255).astype(np.uint8)
            upright = Image.merge("LA", [Image.fromarray(grey), Image.fromarray(alpha)]).convert("RGBA")
    elif image.mode in ("1", "L") and clear is None:
        upright = image.convert("L")
    elif image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or clear is not None:
        if isinstance(clear, tuple) and max(clear) > 255:  # the transparent colour of a 16-bit picture, whose upper 8 bits were read
            image = image.copy()
            image.info["transparency"] = tuple(value >> 8 for value in clear)
        upright = image.convert({"RGBa": "RGBA", "La": "LA"}.get(image.mode, "RGBA")).convert("RGBA")
    else:
        upright = image.convert("RGB")
    return np.asarray(upright if turned is None else upright.transpose(turned))


def _orientation(image: Image.Image) -> object:
    """The EXIF orientation, None where there is none or it cannot be read: browsers, too, then show a picture as it is."""
    try:
        return image.getexif().get(ORIENTATION)
    except UNREADABLE:
        return None


def _eight_bits(image: Image.Image) -> np.ndarray:
    """The shades of a picture of modes I;16, I or F as uint8 (h, w). Raises ControlError for shades outside of all known ranges."""
    shades = np.asarray(image)
    if image.mode.startswith("I;16"):
        return (shades.astype(np.uint16) >> 8).astype(np.uint8)
    least, most = float(shades.min(initial=0)), float(shades.max(initial=0))
    limits = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0)
    limit = next((limit for limit in limits if 0 <= least and most <= limit), None)  # also None for what is not a number
    if limit is None:
        raise ControlError(f"The shades of a picture of mode {image.mode} must be in [0, 65535], got {least:g} to {most:g}.")
    return np.floor(shades / 256).astype(np.uint8) if limit == 65535.0 else np.round(shades * (255.0 / limit)).astype(np.uint8)

"""Samples as a browser shows them: sprites, grids, films and the files one can take away, all as HTML with data URIs.

A data URI leaves no file on the server and is never shared between visitors; PNG keeps every pixel and carries the settings.
"""

from __future__ import annotations

import base64
import html
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from playground import settings as kept
from playground.types import Images

GAP = 2  # pixels of background between the tiles of a grid
STRIP_SIDE = 64  # points of a picture of a film strip, at most
FILM_SCALE = 4  # an animation to take away is enlarged, since a 28-pixel GIF is a dot


def tiles(images: Images, columns: int = 8) -> np.ndarray:
    """The pictures side by side: uint8 (rows * (h + gap) - gap, columns * (w + gap) - gap, c), missing places mid grey."""
    pixels = images.uint8()
    n, height, width, channels = pixels.shape
    columns = max(1, min(columns, n))
    rows = -(-n // columns)
    sheet = np.full((rows * (height + GAP) - GAP, columns * (width + GAP) - GAP, channels), 128, dtype=np.uint8)
    for k, picture in enumerate(pixels):
        top, left = (k // columns) * (height + GAP), (k % columns) * (width + GAP)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def small(pixels: np.ndarray, side: int = STRIP_SIDE) -> np.ndarray:
    """Pictures uint8 (n, h, w, c) reduced by a whole number to at most `side` points: the mean of what falls together."""
    k = -(-pixels.shape[1] // side)
    n, height, width, channels = pixels.shape
    parts = pixels[:, : height // k * k, : width // k * k].reshape(n, height // k, k, width // k, k, channels)
    return pixels if k == 1 else np.round(parts.mean((2, 4))).astype(np.uint8)


def png(sheet: np.ndarray, settings: Mapping[str, Any] | None = None, greys: int = 256) -> bytes:
    """A uint8 (h, w, 1 or 3) array as PNG that holds the settings (playground.settings).

    greys = 16 halves what a noisy grey picture weighs and hardly shows: for moments on the way, never for what is taken away.
    """
    return kept.png(_in_greys(sheet, greys) if greys < 256 and sheet.shape[2] == 1 else sheet, settings)


def passing(sheet: np.ndarray) -> str:
    """A moment on the way as a data URI of a fraction of the size: 16 greys, or in colour a lossy WebP. Never for what is taken away."""
    if sheet.shape[2] == 1:
        return uri(png(sheet, greys=16))
    return uri(webp(sheet, 50), "image/webp")


def webp(sheet: np.ndarray, quality: int = 75) -> bytes:
    """A uint8 (h, w, 1 or 3) array as lossy WebP, quickly."""
    buffer = io.BytesIO()
    _pil(sheet).save(buffer, "WEBP", quality=quality, method=0)
    return buffer.getvalue()


def animation(
    frames: Sequence[np.ndarray],
    kind: str = "GIF",
    milliseconds: int = 120,
    small: bool = False,
    scale: int = FILM_SCALE,
    settings: Mapping[str, Any] | None = None,
) -> bytes:
    """Frames uint8 (h, w, c) as a looping GIF or lossless WebP, enlarged without smoothing; the last frame stays a second longer.

    small: for frames of noise, which no format can compress: 16 greys until the last frame, and a GIF at half the size.
    settings: what the film holds.
    """
    scale = max(1, scale // 2) if small and kind == "GIF" else scale
    reduced = [
        _in_greys(frame, 16) if small and frame.shape[2] == 1 and k < len(frames) - 1 else _pil(frame) for k, frame in enumerate(frames)
    ]
    pictures = [picture.resize((picture.width * scale, picture.height * scale), Image.Resampling.NEAREST) for picture in reduced]
    pace = [milliseconds] * (len(pictures) - 1) + [milliseconds + 1000]
    buffer = io.BytesIO()
    options = {"lossless": True} if kind == "WEBP" else {}
    options |= kept.in_film(kind, settings) if settings else {}
    pictures[0].save(buffer, kind, save_all=True, append_images=pictures[1:], duration=pace, loop=0, **options)
    return buffer.getvalue()


def uri(data: bytes, mime: str = "image/png") -> str:
    """Bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


def picture(sheet: np.ndarray, alt: str, settings: Mapping[str, Any] | None = None, scale: float | None = None, exact: bool = True) -> str:
    """An <img> of a sheet with crisp pixels; scale is CSS pixels per pixel at most (it shrinks on a narrow screen); exact: see passing."""
    height, width = sheet.shape[:2]
    limit = f"max-width:{round(width * scale)}px;" if scale else ""
    limit += "image-rendering:auto;" if scale and scale < 1 else ""
    return (
        f'<img class="pixels" style="{limit}aspect-ratio:{width}/{height}" width="{width}" height="{height}" '
        f'alt="{html.escape(alt, quote=True)}" src="{uri(png(sheet, settings)) if exact else passing(sheet)}">'
    )


def grid(images: Images, alt: str, columns: int = 8, settings: Mapping[str, Any] | None = None, scale: float = 4.0) -> str:
    """A grid of samples as one <img>, with the space it needs reserved."""
    return f'<div class="grid">{picture(tiles(images, columns), alt, settings, scale)}</div>'


def film(frames: Sequence[np.ndarray], captions: Sequence[str], alt: str, scale: float = 4.0, start: int | None = None) -> str:
    """A player: all frames in one sprite, scrubbed in the browser without a call to the server (assets/page.js moves it).

    frames: uint8 (h, w, c), all of one shape. captions: one line for each frame. start: the frame shown first (default: the last).
    """
    height, width = frames[0].shape[:2]
    total = len(frames)
    start = total - 1 if start is None else start
    sprite = uri(png(np.concatenate(list(frames))))
    lines = html.escape(json.dumps(list(captions)), quote=True)
    at = 0 if total == 1 else 100 * start / (total - 1)
    return (
        f'<div class="film" data-frames="{total}" data-captions="{lines}">'
        f'<div class="pixels frame" role="img" aria-label="{html.escape(alt, quote=True)}" style="aspect-ratio:{width}/{height};max-width:{round(width * scale)}px;'
        f'background-image:url({sprite});background-size:100% {100 * total}%;background-position:0 {at:.4f}%"></div>'
        f"{_filmbar(total, start, captions[start])}</div>"
    )


def _filmbar(total: int, at: int, caption: str) -> str:
    return (
        '<div class="filmbar"><button type="button" class="film-play" aria-label="Play">▶</button>'
        f'<input type="range" class="film-scrub" min="0" max="{total - 1}" value="{at}" aria-label="Moment">'
        f'<span class="film-caption">{html.escape(caption)}</span></div>'
    )


def moments(alt: str, total: int) -> str:
    """The beginning of a player whose moments a run sends as they come. The string is only ever appended to, so each is sent once."""
    return f'<div class="film moments" role="group" aria-label="{html.escape(alt, quote=True)}">{_filmbar(total, total - 1, "")}'


def moment(sheets: Mapping[str, np.ndarray], exact: bool = False) -> str:
    """One moment of such a player: sheets side by side by caption, reduced (exact: the first as it is). The newest shows until somebody scrubs."""
    figures = "".join(
        f'<figure><img class="pixels" width="{sheet.shape[1]}" height="{sheet.shape[0]}" alt="{html.escape(caption, quote=True)}" src="{uri(png(sheet)) if exact and k == 0 else passing(sheet)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for k, (caption, sheet) in enumerate(sheets.items())
    )
    return f'<section class="moment">{figures}</section>'


def download(data: bytes, mime: str, name: str, text: str) -> str:
    """A link that saves bytes under a name."""
    return f'<a class="take" download="{html.escape(name, quote=True)}" href="{uri(data, mime)}">{html.escape(text)}</a>'


def _in_greys(sheet: np.ndarray, greys: int) -> Image.Image:
    """A grey sheet rounded to a few evenly spaced greys, as a palette picture."""
    step = 255 / (greys - 1)
    reduced = Image.fromarray(np.round(sheet[..., 0] / step).astype(np.uint8), mode="P")
    reduced.putpalette([round(k * step) for k in range(greys) for _ in range(3)])
    return reduced


def _pil(sheet: np.ndarray) -> Image.Image:
    return Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet)

"""Rows of pictures under each other, each with its name and what was measured on it: how a bottleneck is shown."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from playground.exhibits import Row
from playground.types import Images
from tabs import pictures


def strips(
    rows: Sequence[Row],
    notes: Mapping[str, str] | None = None,
    awaited: Sequence[str] = (),
    scale: float = 2.6,
    measure: str = "squared error",
    settings: Mapping[str, Any] | None = None,
) -> str:
    """The rows, all at one scale; notes add words by a row's name; awaited names rows still to come, whose place is kept; measure says what a row's error is.

    settings: what every picture holds, with its row's name.
    """
    notes = notes or {}
    widest = max((len(row.images) for row in rows), default=1)
    shown = [_strip(row.name, _words(row, notes, measure), _pictures(row, scale, len(row.images) / widest, settings)) for row in rows]
    if rows and awaited:
        height, width = pictures.tiles(rows[0].images, len(rows[0].images)).shape[:2]
        empty = f'<div class="strip-empty" style="aspect-ratio:{width}/{height};max-width:{round(width * scale)}px"></div>'
        shown += [_strip(name, ["…"], empty) for name in awaited]
    return f'<div class="strips">{"".join(shown)}</div>'


def sheet(rows: Sequence[Row]) -> np.ndarray:
    """All rows as one picture to take away: uint8 (h, w, c)."""
    return pictures.tiles(Images(np.concatenate([row.images.uint8() for row in rows])), len(rows[0].images))


def _pictures(row: Row, scale: float, share: float, settings: Mapping[str, Any] | None) -> str:
    """A row's pictures; a row with fewer than the widest has takes its share of the width."""
    told = {**settings, "row": row.name} if settings else None
    shown = pictures.picture(pictures.tiles(row.images, len(row.images)), f"{len(row.images)} pictures: {row.name}", told, scale)
    return shown if share == 1 else f'<div style="width:{100 * share:.4g}%">{shown}</div>'


def _words(row: Row, notes: Mapping[str, str], measure: str) -> list[str]:
    return ([] if row.error is None else [f"{measure} {row.error:.3f}"]) + ([notes[row.name]] if row.name in notes else [])


def _strip(name: str, words: Sequence[str], picture: str) -> str:
    lines = "".join(f"<span>{html.escape(line)}</span>" for line in words)
    return f'<div class="strip"><div class="strip-name">{html.escape(name)}{lines}</div>{picture}</div>'

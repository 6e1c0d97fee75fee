"""What one can carry away from Compare: the table as CSV and Markdown, a written number as one picture with names."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from playground.readme import as_markdown
from playground.tables import Table
from playground.types import Images
from tabs import pictures

COLUMNS = (
    "row",
    "family",
    "model",
    "text",
    "note",
    "metric",
    "value",
    "spread",
    "spread_over",
    "p",
    "p_by",
    "floor",
    "n",
    "split",
    "extractor",
    "seed",
    "device",
    "machine",
    "commit",
    "when",
    "command",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet takes text that begins so for a formula
SCALE = 4  # a 28-pixel digit is a dot on a poster
NAME_WIDTH, LINE, MARGIN = 190, 28, 14


def as_csv(table: Table) -> str:
    """One line for each cell, with everything that is known of its measurement; numbers as numbers, text safe in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)  # else a lone \\r in a text splits its line
    writer.writerow(COLUMNS)
    for row in table.rows:
        for (family, card), cell in zip(table.columns.items(), row.cells, strict=True):
            known = vars(cell.measured) if cell.measured else {}
            line = {**known, "row": row.title, "family": family, "model": card.id, "text": cell.text, "note": cell.note}
            writer.writerow([_safe(line.get(name)) for name in COLUMNS])
    return buffer.getvalue()


def links(table: Table) -> str:
    """Both files as links that save them."""
    csv_link = pictures.download(as_csv(table).encode("utf-8"), "text/csv", f"comparison-{table.dataset}.csv", "CSV")
    markdown_link = pictures.download(as_markdown(table).encode("utf-8"), "text/markdown", f"comparison-{table.dataset}.md", "Markdown")
    return f'<div class="takes">Take the table away: {csv_link} {markdown_link}</div>'


def sheet(written: Mapping[str, Images], caption: str) -> np.ndarray:
    """A poster of rows with their names: uint8 (h, w, 3). written: the pictures of each row by its name, all rows of one length."""
    strips = {name: pictures.tiles(images, len(images)).repeat(SCALE, 0).repeat(SCALE, 1) for name, images in written.items()}
    height, width = next(iter(strips.values())).shape[:2]
    font, small = ImageFont.load_default(22), ImageFont.load_default(15)
    least = round(max(small.getlength(caption), 320)) + 2 * MARGIN
    canvas = Image.new("RGB", (max(NAME_WIDTH + width + MARGIN, least), (height + MARGIN) * len(strips) + MARGIN + LINE), "#14181f")
    pen = ImageDraw.Draw(canvas)
    for k, (name, strip) in enumerate(strips.items()):
        top = MARGIN + k * (height + MARGIN)
        pen.text((MARGIN, top + height // 2), name, font=font, fill="#f2f4f8", anchor="lm")
        canvas.paste(Image.fromarray(strip.repeat(3, 2) if strip.shape[2] == 1 else strip), (NAME_WIDTH, top))
    pen.text((MARGIN, canvas.height - MARGIN), caption, font=small, fill="#a9b4c2", anchor="ls")
    return np.asarray(canvas)


def score_card(said: str, pictured: Sequence[np.ndarray], marks: Mapping[str, Sequence[bool]], caption: str) -> np.ndarray:
    """A card to share a score without giving the answers away: uint8 (h, w, 3).

    said: its headline. pictured: a picture (h, w, 1) of each round. marks: whose guesses, each round a filled square where right, an empty
    one where wrong.
    """
    font, small, side = ImageFont.load_default(26), ImageFont.load_default(16), 56
    step, left = side + 6, 110
    height = 70 + step + 34 * len(marks) + 44
    canvas = Image.new("RGB", (left + step * len(pictured) + MARGIN, height), "#14181f")
    pen = ImageDraw.Draw(canvas)
    pen.text((MARGIN, 36), said, font=font, fill="#f2f4f8", anchor="lm")
    for k, pixels in enumerate(pictured):
        canvas.paste(Image.fromarray(pixels[..., 0]).resize((side, side), Image.Resampling.NEAREST), (left + k * step, 70))
    for row, (name, hits) in enumerate(marks.items()):
        top = 70 + step + 34 * row + 6
        pen.text((MARGIN, top + 12), name, font=small, fill="#f2f4f8", anchor="lm")
        for k, hit in enumerate(hits):
            box = (left + k * step + side // 2 - 11, top, left + k * step + side // 2 + 11, top + 22)
            pen.rectangle(box, fill="#5fd3b4" if hit else None, outline="#5fd3b4" if hit else "#ff8fab", width=2)
    pen.text((MARGIN, height - MARGIN), caption, font=small, fill="#a9b4c2", anchor="ls")
    return np.asarray(canvas)


def film(frames: Sequence[Mapping[str, Images]]) -> list[np.ndarray]:
    """The rows below each other at every moment, without names: frames for pictures.animation."""
    return [
        pictures.tiles(Images(np.concatenate([images.uint8() for images in frame.values()])), len(next(iter(frame.values()))))
        for frame in frames
    ]


def _safe(value: object) -> object:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return "" if value is None else value

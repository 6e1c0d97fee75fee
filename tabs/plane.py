"""A plane of codes: the map of what a decoder paints everywhere, and real samples as coloured points. The browser does the pointing."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Sequence
from pathlib import Path

import gradio as gr
import numpy as np

from playground import previews
from playground.errors import PlaygroundError

SIDE = 600  # the points' own coordinates run from 0 to SIDE
POINTS = 1000


def served(path: Path) -> str:
    """The address at which the page serves a shipped file: too large to be part of the page, and wanted only where its tab is opened."""
    gr.set_static_paths(path)
    return f"gradio_api/file={urllib.parse.quote(path.resolve().as_posix())}"


def latent_map(card_id: str, codes: tuple[np.ndarray, np.ndarray] | None, names: Sequence[str]) -> str:
    """The map of a card: point at it (mouse, finger, arrow keys) and the picture decoded there is shown beside it at once."""
    try:
        about, shown, fine = previews.map_files(card_id)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    count, limit = about["count"], about["limit"]
    reach = (
        limit * about["shown"] / (about["shown"] - 1)
    )  # the outermost pictures have their centres at the limit, so the board goes half a picture further
    dots = points(*codes, reach, len(names)) if codes else ""
    return (
        f'<div class="plane" data-count="{count}" data-limit="{limit:g}" data-reach="{reach:.4f}">'
        '<div class="plane-board" tabindex="0" role="application" aria-label="Map of the two latent dimensions. Arrow keys move the point, and the picture decoded there is shown.">'
        f'<img class="pixels plane-grid" src="{served(shown)}" width="560" height="560" alt="{about["shown"]} by {about["shown"]} pictures decoded from the plane">'
        f'{dots}<i class="plane-cursor" style="left:50%;top:50%"></i></div>'
        f'<div class="plane-side"><div class="plane-digit pixels" role="img" aria-label="The picture decoded at the point" style="background-image:url({served(fine)});'
        f'background-size:{100 * count}% {100 * count}%;background-position:50% 50%"></div>'
        f'<div class="plane-words"><output class="plane-where">z = (0.0, 0.0)</output>{legend(names) if codes else ""}</div></div></div>'
    )


def scatter(codes: tuple[np.ndarray, np.ndarray], names: Sequence[str], alt: str) -> str:
    """Codes alone as coloured points, out to where 99 in 100 of them lie, with the legend beside."""
    limit = float(np.ceil(np.quantile(np.abs(codes[0]), 0.99)))
    return (
        f'<div class="plane"><div class="plane-board" role="img" aria-label="{html.escape(alt, quote=True)}">{points(*codes, limit, len(names))}</div>'
        f'<div class="plane-side"><div class="plane-words"><span>from -{limit:g} to {limit:g} both ways</span>{legend(names)}</div></div></div>'
    )


def points(codes: np.ndarray, labels: np.ndarray, reach: float, classes: int) -> str:
    """The first POINTS codes (n, 2) within [-reach, reach]^2 as an SVG: one path for each class, each point a round dot."""
    within = np.abs(codes[:POINTS]).max(1) <= reach
    places = np.round((codes[:POINTS][within] * [1, -1] / reach + 1) * SIDE / 2).astype(int)
    paths = []
    for k in range(classes):
        dots = "".join(f"M{x} {y}h0" for x, y in places[labels[:POINTS][within] == k])
        paths.append(f'<g class="class-{k}"><path class="rim" d="{dots}"/><path d="{dots}"/></g>')
    return f'<svg class="plane-points" viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true">{"".join(paths)}</svg>'


def legend(names: Sequence[str]) -> str:
    """One button for each class; pressing it shows its points alone, pressing it again shows all."""
    chips = "".join(
        f'<button type="button" class="chip" data-class="{k}" aria-pressed="false"><i class="class-{k}"></i>{html.escape(name)}</button>'
        for k, name in enumerate(names)
    )
    return f'<div class="plane-legend" role="group" aria-label="Show one class alone">{chips}<button type="button" class="chip" data-class="none" aria-pressed="false">hide points</button></div>'

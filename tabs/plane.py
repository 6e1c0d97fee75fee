"""A plane of codes: the map of what a decoder paints everywhere, and real samples as coloured points. The browser does the pointing."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from playground import data, exhibits, previews
from playground.errors import PlaygroundError
from playground.types import ModelCard

SIDE = 600  # the points' own coordinates run from 0 to SIDE
POINTS = 1000

Codes = tuple[np.ndarray, np.ndarray]
"""Codes (n, 2) and labels (n,) of real samples."""


def served(path: Path) -> str:
    """The address at which the page serves a shipped file: too large to be part of the page, and wanted only where its tab is opened."""
    gr.set_static_paths(path)
    return f"gradio_api/file={urllib.parse.quote(path.resolve().as_posix())}"


def latent_map(card_id: str, codes: Codes | None, names: Sequence[str]) -> str:
    """The map of a card: point at it (mouse, finger, arrow keys) and the picture decoded there is shown beside it at once."""
    try:
        files = previews.map_files(card_id)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    dots = points(*codes, *_window(files[0]), len(names)) if codes else ""
    return _plane(files, dots, below=legend(names) if codes else "")


def side_by_side(cards: Sequence[ModelCard]) -> str:
    """The maps of cards of one data set under one legend: a place in one shows the same place in the others; bare places are dark.

    A card without a map gives the sentence that says how to make it.
    """
    names = data.get(cards[0].dataset).labels
    shown = []
    for card in cards:
        try:
            files = previews.map_files(card.id)
        except PlaygroundError as error:
            shown.append(f'<p class="note">{html.escape(str(error))}</p>')
            continue
        codes, about = exhibits.plane_codes(card), files[0]
        centre, reach = _window(about)
        drawn, words = "", []
        if codes:
            bare = exhibits.bare_places(codes[0], centre, reach, about["shown"])
            drawn = dark(bare) + points(*codes, centre, reach, len(names))
            words = [f"dark: the {bare.sum()} of {bare.size} places where no code of {len(codes[0]):,} test pictures lies near"]
        circle = prior(centre, reach)
        words += [range_of(centre, about["limit"]), *(["dashed: one standard deviation of N(0, I)"] if circle else [])]
        if exhibits.cut(card):
            words.append(f"a cut through {len(exhibits.kl_order(card))} numbers along the two that say most, the others at 0")
        shown.append(
            f"<div><h4>{html.escape(card.title)}</h4>{_plane(files, drawn + circle)}"
            f'<p class="note"><span class="badge recorded">recorded</span> {html.escape(card.id)} · {" · ".join(words)}</p></div>'
        )
    chips = legend(names) if any(exhibits.plane_codes(card) for card in cards) else ""
    return f'<div class="planes">{"".join(shown)}{chips}</div>'


def range_of(centre: tuple[float, float], limit: float) -> str:
    """The range of z that a map shows, in words."""
    x, y = ((value - limit, value + limit) for value in centre)
    return f"z from {x[0]:.1f} to {x[1]:.1f} left to right, from {y[0]:.1f} to {y[1]:.1f} bottom to top"


def points(codes: np.ndarray, labels: np.ndarray, centre: tuple[float, float], reach: float, classes: int) -> str:
    """The first POINTS codes (n, 2) within reach of the centre as an SVG: one path for each class, each point a round dot."""
    away = codes[:POINTS].astype(np.float64) - centre
    within = np.abs(away).max(1) <= reach
    places = np.round((away[within] * [1, -1] / reach + 1) * SIDE / 2).astype(int)
    paths = []
    for k in range(classes):
        dots = "".join(f"M{x} {y}h0" for x, y in places[labels[:POINTS][within] == k])
        paths.append(f'<g class="class-{k}"><path class="rim" d="{dots}"/><path d="{dots}"/></g>')
    return _svg("".join(paths))


def dark(bare: np.ndarray) -> str:
    """A veil over the bare places (count, count) of a map."""
    step = SIDE / len(bare)
    squares = "".join(f"M{step * x:g} {step * y:g}h{step:g}v{step:g}h-{step:g}z" for y, x in np.argwhere(bare).tolist())
    return _svg(f'<path d="{squares}"/>', "plane-bare")


def prior(centre: tuple[float, float], reach: float) -> str:
    """The circle that is one standard deviation of N(0, I), where a map's board holds a part of it."""
    nearest = np.hypot(*np.maximum(np.abs(centre) - reach, 0.0))  # the board's nearest point to 0, and its farthest
    farthest = np.hypot(*(np.abs(centre) + reach))
    if not nearest < 1.0 < farthest:
        return ""
    x, y = ((1 + sign * (0 - value) / reach) * SIDE / 2 for sign, value in zip((1, -1), centre, strict=True))
    return _svg(f'<circle cx="{x:.0f}" cy="{y:.0f}" r="{SIDE / 2 / reach:.0f}"/>', "plane-prior")


def legend(names: Sequence[str]) -> str:
    """One button for each class; pressing it shows its points alone, pressing it again shows all."""
    chips = "".join(
        f'<button type="button" class="chip" data-class="{k}" aria-pressed="false"><i class="class-{k}"></i>{html.escape(name)}</button>'
        for k, name in enumerate(names)
    )
    return f'<div class="plane-legend" role="group" aria-label="Show one class alone">{chips}<button type="button" class="chip" data-class="none" aria-pressed="false">hide points</button></div>'


def _window(about: dict[str, Any]) -> tuple[tuple[float, float], float]:
    """A map's centre, and how far its board goes each way: the outermost pictures have their middles at the limit, half a picture further in."""
    return tuple(about.get("centre", (0.0, 0.0))), about["limit"] * about["shown"] / (about["shown"] - 1)


def _plane(files: tuple[dict[str, Any], Path, Path], over: str, below: str = "") -> str:
    """A board with what is drawn over it, and beside it the picture under the pointer."""
    about, shown, fine = files
    (x, y), reach = _window(about)
    count, limit = about["count"], about["limit"]
    return (
        f'<div class="plane" data-count="{count}" data-limit="{limit:g}" data-reach="{reach:.4f}" data-x="{x:g}" data-y="{y:g}">'
        '<div class="plane-board" tabindex="0" role="application" aria-label="Map of the two latent dimensions. Arrow keys move the point, and the picture decoded there is shown.">'
        f'<img class="pixels plane-grid" src="{served(shown)}" width="560" height="560" alt="{about["shown"]} by {about["shown"]} pictures decoded from the plane">'
        f'{over}<i class="plane-cursor" style="left:50%;top:50%"></i></div>'
        f'<div class="plane-side"><div class="plane-digit pixels" role="img" aria-label="The picture decoded at the point" style="background-image:url({served(fine)});'
        f'background-size:{100 * count}% {100 * count}%;background-position:50% 50%"></div>'
        f'<div class="plane-words"><output class="plane-where">z = ({x:.1f}, {y:.1f})</output>{below}</div></div></div>'
    )


def _svg(content: str, kind: str = "") -> str:
    return f'<svg class="plane-points {kind}" viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true">{content}</svg>'

"""How the insides of a model that is told words are drawn as HTML: a face under each word's attention, two trajectories, curves over guidance."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from playground import inside
from playground.inside import Judged
from playground.known import Guided
from playground.types import Images
from tabs import charts, pictures

MOMENTS = 24  # steps that a film keeps, at most
COLUMNS = 20  # of the strip of two trajectories, at most
TILE = 96  # points that a picture under a word shows at most


@dataclass(frozen=True)
class Looked:
    """One step of a face and how its words were read: x_t and x_0 of one sample, maps (words, h, w), the words, and whether each was spoken.

    shares: the part of all attention that each word takes, of 1.
    """

    x_t: Images
    x_0: Images
    words: Sequence[str]
    spoken: Sequence[bool]
    maps: np.ndarray
    shares: Sequence[float]


def kept(total: int, most: int = MOMENTS) -> list[int]:
    """The steps of 1..total that are shown: the first, the last, and evenly between."""
    every = math.ceil(total / most)
    return sorted({1, total, *range(every, total, every)})


def told(lines: str, much: str = "") -> str:
    """What is said under a result, with the room that it takes when all is said, so that nothing moves."""
    return f'<div class="told {much}">{lines}</div>'


def telling(found: Looked) -> int:
    """The word that is read most unevenly at a step, of those that are spoken: the one to show first."""
    peaks = [float(one.max() / max(one.mean(), 1e-9)) if spoken else 0.0 for one, spoken in zip(found.maps, found.spoken, strict=True)]
    return int(np.argmax(peaks))


def look_begin(total: int, picked: int) -> str:
    """The beginning of the film of a face's steps, with one word shown large."""
    film = pictures.moments("One face step by step, and where each word is looked at", len(kept(total)))
    return f'<div class="looked" style="--word:{picked}">{film}'


def look_moment(found: Looked, i: int, total: int, picked: int) -> str:
    """One step: what the network is shown, its guess, the guess under one word's attention, and small under every word's."""
    lit = inside.lit(found.x_0, found.maps, TILE)
    height, width = lit.pixels.shape[1:3]
    sheet = pictures.uri(pictures.webp(np.concatenate(list(lit.pixels), axis=1)), "image/webp")  # all words in one row
    pair = {
        f"step {i} of {total}: x_t, what the network is shown": found.x_t,
        "x_0, what it takes the clean picture to be": found.x_0,
    }
    figures = "".join(
        f"<figure>{pictures.picture(images.uint8()[0], caption, exact=False)}<figcaption>{caption}</figcaption></figure>"
        for caption, images in pair.items()
    )
    tiles = "".join(
        f'<button type="button" class="look-word{"" if spoken else " around"}" data-k="{k}" style="--k:{k}" aria-pressed="{str(k == picked).lower()}" aria-label="{html.escape(word, quote=True)}: {100 * share:.1f} % of all attention">'
        f"<i></i><b>{html.escape(word)}</b><small>{100 * share:.1f} %</small></button>"
        for k, (word, spoken, share) in enumerate(zip(found.words, found.spoken, found.shares, strict=True))
    )
    return (
        f'<section class="moment looks" style="--sheet:url({sheet});--count:{len(found.words)};--aspect:{width}/{height}"><div class="look-large">{figures}'
        f'<figure><i class="look-picked" role="img" aria-label="x_0 under the attention of the word that is picked"></i><figcaption>x_0 in grey, orange where the picked word is read more than elsewhere. Press another word below.</figcaption></figure></div>'
        f'<div class="look-words">{tiles}</div></section>'
    )


def swapped_text(text: str, start: int, end: int, other: str) -> str:
    """A prompt with the word that was struck out, and what came in its place."""
    before, word, after = (html.escape(part) for part in (text[:start], text[start:end], text[end:]))
    return f'<p class="swapped">{before}<s>{word}</s> <b>{html.escape(other)}</b>{after}</p>'


def swap_moment(pair: Sequence[tuple[Images, Images]], i: int, total: int) -> str:
    """One step of two trajectories: x_t above, x_0 below, of the first, of the second, and their difference."""
    (first_t, first), (second_t, second) = pair
    share = inside.changed_share(first, second)
    columns = {
        f"step {i} of {total}: the prompt": (first_t, first),
        "with the word changed": (second_t, second),
        f"the difference in colour: of x_0, {100 * share:.0f} % of the points": tuple(
            inside.difference(a, b) for a, b in ((first_t, second_t), (first, second))
        ),
    }
    sheets = {caption: pictures.tiles(Images(np.concatenate([images.uint8() for images in both])), 1) for caption, both in columns.items()}
    return pictures.moment(sheets)


def swap_strip(total: int, height: int, width: int) -> str:
    """The empty film strip of two trajectories; columns are appended to it."""
    count = len(kept(total, COLUMNS))
    return (
        '<figure class="filmstrip"><figcaption>x_0 at every step: of the prompt, of the changed prompt, and the first in grey with only the difference in colour.</figcaption>'
        f'<div class="filmcells" style="--columns:{count};--aspect:{width}/{3 * height + 2 * pictures.GAP}"><div>{"<i></i>" * count}</div><div>'
    )


def swap_column(first: Images, second: Images, i: int) -> str:
    """One step's column of that strip."""
    three = Images(np.concatenate([first.uint8(), second.uint8(), inside.difference(first, second).pixels]))
    return pictures.picture(pictures.tiles(three, 1), f"step {i}: the prompt, the changed prompt, the difference", exact=False)


def read_sentence(changes: Sequence[Sequence[str]] | None) -> str:
    """What a reader network reads otherwise in the second picture, as a sentence; nothing where there is no reader."""
    if changes is None:
        return ""
    words = ", ".join(f"{html.escape(title)}: {html.escape(before)} → <b>{html.escape(after)}</b>" for title, before, after in changes)
    return f'<p class="note">A network that reads faces sees {"changed: " + words if words else "no other word in the second face"}.</p>'


def judged_words(judged: Judged | None) -> str:
    """A row's numbers as words."""
    if judged is None:
        return ""
    read = "–" if judged.adherence is None else f"{100 * judged.adherence:.0f} %"
    return f"adherence {read} · diversity {judged.diversity:.2f}"


Points = Sequence[tuple[float, float, float]]


def live_chart(scales: Sequence[float], judged: Sequence[Judged], n: int) -> str:
    """The curves of a few samples of one prompt."""
    adherence = [(scale, each.adherence, 0.0) for scale, each in zip(scales, judged, strict=False) if each.adherence is not None]
    diversity = [(scale, each.diversity, 0.0) for scale, each in zip(scales, judged, strict=False)]
    return _chart(f"This prompt, n {n} at each guidance", adherence, diversity, None)


def measured_chart(steps: Sequence[Guided]) -> str:
    """The curves of the recorded measurement, with standard errors, and real faces as dotted lines; a sentence where there is none."""
    if not steps:
        return '<p class="note">Not measured yet: python -m playground.metrics --guidance CARD writes it.</p>'
    adherence = [(each.scale, each.adherence.value, each.adherence.spread or 0.0) for each in steps]
    diversity = [(each.scale, each.diversity.value, each.diversity.spread or 0.0) for each in steps]
    m = steps[0].adherence
    chart = _chart(
        f"Measured, n {m.n} at each guidance",
        adherence,
        diversity,
        (m.floor or 0.0, steps[0].diversity.floor or 0.0),
    )
    return chart + (
        f'<div class="runline"><span class="badge recorded">recorded</span> n {m.n} at each, bars: {html.escape(m.spread_over or "")}, seed {m.seed}, read by {html.escape(m.extractor or "")}; '
        f"{m.when[:10]} on {html.escape(m.machine)}, commit {html.escape(m.commit)}, by <code>{html.escape(m.command)}</code></div>"
    )


def _chart(title: str, adherence: Points, diversity: Points, floors: tuple[float, float] | None) -> str:
    """Both curves over guidance, shares of 1 on one axis; points are (scale, value, standard error)."""
    right = max([8.0, *(scale for scale, *_ in diversity)])
    top = max([1.0, *(value + error for _, value, error in (*adherence, *diversity))])
    curves = [
        charts.Curve("diversity", diversity, charts.COLOURS[1], "square", dashed=True),
        charts.Curve("adherence", adherence, charts.COLOURS[0], "circle"),
    ]
    levels = [
        (value, f"{name} of real ones {value:.2f}", colour)
        for value, colour, name in zip(floors or (), charts.COLOURS, ("adherence", "diversity"), strict=False)
    ]
    scales = charts.Axis(0, right, [(scale, str(scale)) for scale in range(int(right) + 1)], title="guidance")
    shares = charts.Axis(0, top, [(value, f"{value:g}") for value in (0, 0.5, 1)])
    return charts.chart(title, curves, scales, shares, levels, height=300, kind="guided")

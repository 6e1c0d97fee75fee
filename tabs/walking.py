"""The Compare tab's walk: every family goes from the code of one seed's sample to that of another, in step, on one bar."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

import gradio as gr
import numpy as np

from playground import comparison, previews, run, settings, walks
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.types import Images, ModelCard
from tabs import pictures, strips, widgets
from tabs.widgets import HEAVY

SCALE, FILM_SIDE = 2.6, 640  # CSS pixels a point, and of the film's width at most


def build(tab: str) -> dict[str, gr.components.Component]:
    """The section's components and events; returns those that a link may set."""
    cards = {family: card for family, card in comparison.chosen().items() if walks.can(card)}
    classes = next(label.classes for card in cards.values() if (label := comparison.label_of(card)))
    gr.HTML(
        '<h3 class="part">One walk, in step</h3><p class="quiet">Two seeds give every family two codes of one class; each walks from the one to the other. A GAN’s and a VAE’s code is 64 or '
        "16 numbers, diffusion’s is its whole noise, an autoencoder’s has no prior. Where does the hand change evenly, where at a stroke, and who leaves the digits?</p>",
        padding=False,
    )
    with gr.Row(elem_classes="ask", equal_height=True):
        first = gr.Number(previews.SEED, precision=0, minimum=0, maximum=run.MAX_SEED, label="From (seed)", min_width=110)
        second = gr.Number(previews.SEED + 1, precision=0, minimum=0, maximum=run.MAX_SEED, label="To (seed)", min_width=110)
        label = gr.Dropdown(list(classes), value=walks.LABEL, label="Digit", min_width=110)
        with gr.Column(min_width=220, elem_classes="bottom"), gr.Row(elem_classes="go"):
            go = gr.Button("Walk", elem_id=f"{tab}-walk", scale=3)
            stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    out = gr.HTML(_recorded(cards), padding=False, elem_id=f"{tab}-walk-out")

    @widgets.guarded
    def walk_all(first: int, second: int, label: str) -> Iterator[str]:
        rows: list[Row] = []
        names = [card.title for family in comparison.QUICK_FIRST if (card := cards.get(family))]
        for family in comparison.QUICK_FIRST:
            if family in cards:
                rows.append(Row(cards[family].title, walks.walk(cards[family].id, first, second, label)))
                yield strips.strips(rows, awaited=names[len(rows) :], scale=SCALE)
        yield _shown(cards, _in_order(cards, rows), {"first": first, "second": second, "label": label}, "live")

    running = gr.on([go.click, first.submit, second.submit], walk_all, [first, second, label], out, api_visibility="private", **HEAVY)
    stop.click(None, cancels=running, api_visibility="private")
    return {"from": first, "to": second, "of": label}


def _in_order(cards: Mapping[str, ModelCard], rows: list[Row]) -> list[Row]:
    by_name = {row.name: row for row in rows}
    return [by_name[card.title] for card in cards.values()]


def _recorded(cards: Mapping[str, ModelCard]) -> str:
    """The shipped walks; where one is missing, the sentence that says how to make it."""
    try:
        found = {family: previews.read_rows(card.id, "walk") for family, card in cards.items()}
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    rows = [Row(cards[family].title, walked[0].images) for family, (walked, _) in found.items()]
    return _shown(cards, rows, next(iter(found.values()))[1], "recorded")


def _shown(cards: Mapping[str, ModelCard], rows: list[Row], about: Mapping[str, object], how: str) -> str:
    """A film of all families side by side, the rows below it, and how to get it again."""
    total = len(rows[0].images)
    frames = [pictures.tiles(Images(np.concatenate([row.images.uint8()[k : k + 1] for row in rows])), len(rows)) for k in range(total)]
    captions = [f"{100 * k // (total - 1)} % of the way · {' | '.join(row.name for row in rows)}" for k in range(total)]
    first, second, label = (str(about[name]) for name in ("first", "second", "label"))
    link = settings.query("compare", play="walk", **{"from": first, "to": second, "of": label})
    told = {
        "first": about["first"],
        "second": about["second"],
        "label": label,
        "models": [card.id for card in cards.values()],
        "link": link,
    }
    taken = _taken(rows, frames, told) if how == "live" else ""
    return (
        pictures.film(frames, captions, "All families on the same walk", scale=FILM_SIDE / frames[0].shape[1], start=0)
        + strips.strips(rows, scale=SCALE, settings=told)
        + f'<div class="runline"><span class="badge {how}">{how}</span> digit {html.escape(label)} · seed {html.escape(first)} to seed {html.escape(second)} · '
        f"{widgets.permalink(link)}{taken}</div>"
    )


def _taken(rows: list[Row], frames: Sequence[np.ndarray], about: Mapping[str, object]) -> str:
    """The rows and the film to take away: of a live walk alone, since they weigh more than what is seen."""
    name = f"walk-{about['first']}-{about['second']}"
    sheet = widgets.png_link(strips.sheet(rows), about, name)
    film = pictures.download(pictures.animation(frames, settings=about), "image/gif", f"{name}.gif", "GIF")
    return f' <span class="takes">· take it away: {sheet} {film}</span>'

"""People who do not exist: an endless wall of drawn faces; and the search for copies among training samples."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from playground import data, exhibits, previews, run, settings
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.metrics import memory
from playground.types import ModelCard
from tabs import pictures, strips, widgets
from tabs.widgets import HEAVY

ROW, KEPT = 16, 8  # faces that a press adds, and presses that stay on the wall
SEARCHED = 8
QUIET = {"api_visibility": "private", **HEAVY}


def wall(card: ModelCard, tab: str) -> None:
    """The endless wall's components and events."""
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>These people do not exist</h3><p>Every press adds sixteen faces that nobody ever drew, and there is no end to them. They are drawings, learnt from drawings, and that is harmless. "
                "A GAN that learnt from photographs does the same with a million times the computing: faces that pass for real ones, of nobody to ask for consent, made from pictures of people "
                "who mostly were not asked either. Then it matters who made a picture and whether it says so.</p>",
                padding=False,
            )
            go = gr.Button("Sixteen more", elem_id=f"{tab}-wall-more")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(widgets.recorded(card.id, tab), padding=False, elem_id=f"{tab}-wall")
    seeds = gr.State([])  # of the presses that are on the wall: a few numbers

    @widgets.guarded
    def more(seeds: Sequence[int], seed: int) -> tuple[str, list[int]]:
        kept = [seed, *seeds][:KEPT]
        grids = []
        for each in kept:
            found = run.sample(card.id, ROW, each, limit=ROW)
            grids.append(
                pictures.grid(
                    found.samples, f"{ROW} samples of {card.id}, seed {each}", 8, settings.of_picture(found, tab), widgets.scale(card.id)
                )
            )
        line = f'<div class="runline"><span class="badge live">live</span> <b>{card.id}</b> · seeds {", ".join(map(str, kept))}, newest first</div>'
        return f'<div class="wall">{"".join(grids)}</div>{line}', kept

    fresh = gr.Number(0, visible=False)
    go.click(more, [seeds, fresh], [out, seeds], js="(seeds, _) => [seeds, Math.floor(Math.random() * 100000)]", **QUIET)


def copies(cards: Sequence[ModelCard], tab: str) -> None:
    """The search's components and events, for one of several cards."""
    first = cards[0]
    among = "; ".join(dict.fromkeys(_among(card.dataset) for card in cards))
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                f"<h3>Are they copies?</h3><p>Under each drawn sample stands the nearest training sample, found by the features of the network that reads such pictures: {among}.</p>",
                padding=False,
            )
            model = gr.Dropdown([(card.title, card.id) for card in cards], value=first.id, label="Whose samples", visible=len(cards) > 1)
            which = gr.Number(previews.SEED, precision=0, minimum=0, maximum=run.MAX_SEED, label="Which samples to search for (seed)")
            go = gr.Button("Look for copies", elem_id=f"{tab}-copies-run")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(_recorded(first, tab), padding=False, elem_id=f"{tab}-copies")
    known = {card.id: card for card in cards}

    @widgets.guarded
    def search(card_id: str, seed: int) -> Iterator[str]:
        card = known.get(card_id, first)
        rows, distances = exhibits.copies(card.id, SEARCHED, seed)
        yield _shown(card, rows, distances, seed, "live", tab)

    model.input(lambda card_id: _recorded(known.get(card_id, first), tab), model, out, api_visibility="private", show_progress="hidden")
    gr.on([go.click, which.submit], search, [model, which], out, **QUIET)


def _among(dataset: str) -> str:
    """Among which training samples of a data set is searched."""
    about = data.get(dataset)
    total = about.sizes["train"]
    if memory.has_all(dataset):
        return f"of {about.noun} among all {total:,}, which are drawn again from their seeds"
    try:
        return f"of {about.noun} among {len(memory.train(dataset)):,} of {total:,}, which are shipped"
    except PlaygroundError as error:
        return str(error).rstrip(".")


def _recorded(card: ModelCard, tab: str) -> str:
    """The recorded search, or the sentence that says how to make it."""
    try:
        rows, about = previews.read_rows(card.id, "copies")
        return _shown(card, rows, about["distances"], about["seed"], "recorded", tab)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'


def _shown(card: ModelCard, rows: Sequence[Row], distances: Sequence[float], seed: int, how: str, tab: str) -> str:
    """Both rows, the distances, and what they are to be held against."""
    real, noun = memory.real(card.dataset), data.get(card.dataset).noun
    low, middle, high = real[0.05], real[0.5], real[0.95]
    suspect = sum(distance < real[0.01] for distance in distances)
    verdict = (
        "None is nearer to a training sample than 99 in 100 real ones are, so none looks like a copy."
        if not suspect
        else f"{suspect} of {len(distances)} nearer than 99 in 100 real {noun} are: look at {'it' if suspect == 1 else 'them'} closely."
    )
    cells = "".join(f"<td>{distance:.1f}</td>" for distance in distances)
    told = {"model": card.id, "n": len(distances), "seed": seed}
    link = settings.link_of(tab, told, ("nearest",))  # draws the upper row again
    about: dict[str, Any] = {**told, "link": link, "distances": list(distances)}
    take = widgets.png_link(strips.sheet(rows), about, f"{card.id}-copies-seed{seed}")
    return (
        strips.strips(rows, scale=widgets.scale(card.id) * 0.75, settings=about)
        + f'<div class="tablewrap" tabindex="0" role="region" aria-label="Distances"><table class="facts"><tbody><tr><th scope=row>distance</th>{cells}</tr></tbody></table></div>'
        + f"<p class=note>Real {noun} that were held out lie at {middle:.1f} from the nearest of them (nine in ten between {low:.1f} and {high:.1f}). {verdict}</p>"
        + f'<div class="runline"><span class="badge {how}">{how}</span> <b>{card.id}</b> · seed {seed}</div><div class="takes">Take it away: {take}</div>'
    )

"""Two samples of a generator and all that lies between them, once with the label of each."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground import exhibits, previews, registry, run, settings
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.types import ModelCard
from tabs import strips, widgets
from tabs.widgets import HEAVY

LIVE = {"api_visibility": "private", "trigger_mode": "always_last", **HEAVY}


def build(cards: Sequence[ModelCard], tab: str) -> dict[str, gr.components.Component]:
    """The section's components and events; returns what a link may set."""
    card = cards[-1]
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Mix two</h3><p>Left the sample of one seed, right that of another; between them z moves along the arc. The upper row keeps the first one's label, "
                "the lower row the second one's: what changes with the label, and what with z?</p>",
                padding=False,
            )
            model = gr.Dropdown([(each.title, each.id) for each in cards], value=card.id, label="Model to mix with", visible=len(cards) > 1)
            with gr.Row():
                first = gr.Number(previews.SEED, precision=0, minimum=0, maximum=run.MAX_SEED, label="First (seed)", min_width=110)
                second = gr.Number(previews.SEED + 1, precision=0, minimum=0, maximum=run.MAX_SEED, label="Second (seed)", min_width=110)
            go = gr.Button("Mix", elem_id=f"{tab}-mix")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(_recorded(card.id, tab), padding=False, elem_id=f"{tab}-mixed")

    @widgets.guarded
    def mixed(model: str, first: int, second: int) -> str:
        return _shown(model, list(exhibits.mix(model, first, second)), first, second, "live", tab)

    gr.on([go.click, first.submit, second.submit], mixed, [model, first, second], out, **LIVE)
    model.input(lambda chosen: _recorded(chosen, tab), model, out, api_visibility="private", show_progress="hidden")
    return {"mixed": model, "first": first, "second": second}


def _shown(card_id: str, rows: Sequence[Row], first: int, second: int, how: str, tab: str) -> str:
    link = settings.query(tab, play="mix", mixed=card_id, first=first, second=second)
    about: dict[str, Any] = {"model": card_id, "first": first, "second": second, "link": link}
    take = widgets.png_link(strips.sheet(rows), about, f"{card_id}-mix-{first}-{second}")
    return (
        strips.strips(rows, scale=widgets.scale(card_id) * 0.75, settings=about)
        + f'<div class="runline"><span class="badge {how}">{how}</span> <b>{card_id}</b> · seed {first} to seed {second}, {exhibits.MIXED} z on the arc between · {widgets.permalink(link)}</div>'
        + f'<div class="takes">Take it away: {take}</div>'
    )


def _recorded(card_id: str, tab: str) -> str:
    """The shipped mix of a card; for an unknown one the sentence that says so."""
    try:
        rows, about = previews.read_rows(registry.get(card_id).id, "mix")
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    return _shown(card_id, rows, about["first"], about["second"], "recorded", tab)

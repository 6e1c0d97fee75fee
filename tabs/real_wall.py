"""The real thing: a wall of samples that are drawn by rule, with any of their factors held where one wants them."""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from playground import data, previews, run
from playground.controls import whole
from playground.errors import PlaygroundError
from tabs import pictures, widgets

N = 16
HELD = ("age", "smile", "glasses")  # at first, where a data set has them
QUIET = {"api_visibility": "private", "show_progress": "hidden", "trigger_mode": "always_last"}


def build(dataset: str, tab: str) -> None:
    """The section's components and events; no model runs."""
    about = data.get(dataset)
    titles = {factor.name: factor.title for factor in about.factors}
    at_first = [name for name in HELD if name in titles]
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>The real thing</h3><p>What the models of faces learn from is drawn by rule from known factors, so it is known what is true. Hold some of them and see what is left to vary.</p>",
                padding=False,
            )
            held = gr.Dropdown(
                [(title, name) for name, title in titles.items()],
                value=at_first,
                multiselect=True,
                label="Held by hand",
                info="All others vary.",
            )
            inputs = [widgets.component(factor, visible=factor.name in at_first) for factor in about.factors]
            seed = gr.Number(previews.SEED, precision=0, minimum=0, maximum=run.MAX_SEED, label="Seed of the real ones")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(
                _wall(dataset, previews.SEED, {f.name: f.default for f in about.factors if f.name in at_first}),
                padding=False,
                elem_id=f"{tab}-real",
            )

    @widgets.guarded
    def draw(seed: int, held: list[str], *values: Any) -> str:
        fixed = {factor.name: value for factor, value in zip(about.factors, values, strict=True) if factor.name in (held or [])}
        return _wall(dataset, whole("seed", seed, 0, run.MAX_SEED), fixed)

    def show(held: list[str]) -> list[Any]:
        return [gr.update(visible=factor.name in (held or [])) for factor in about.factors]

    held.change(show, held, inputs, **QUIET)
    gr.on([held.change, seed.submit, *(component.input for component in inputs)], draw, [seed, held, *inputs], out, **QUIET)


def _wall(dataset: str, seed: int, fixed: dict[str, Any]) -> str:
    """N real samples; where the factors cannot go together, the sentence that says so."""
    try:
        found = data.drawn(dataset, N, seed, fixed)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    words = (
        ", ".join(f"{name} {value:g}" if isinstance(value, int | float) else f"{name} {value}" for name, value in fixed.items())
        or "nothing held"
    )
    side = found.pixels.shape[1]
    return (
        pictures.grid(found, f"{N} real samples, {words}", 8, None, widgets.SIDE / side)
        + f'<div class="runline"><span class="badge recorded">by rule</span> <b>{dataset}</b> · seed {seed} · {html.escape(words)} · no model, in none of the splits</div>'
    )

"""Where a transformer looks: every head's attention over a text, one large; looked at in the browser alone."""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Sequence

import gradio as gr
import numpy as np

from playground import run
from playground.types import ModelCard
from tabs import microscope, widgets
from tabs.picker import Picker
from tabs.widgets import HEAVY

TOKENS = 48  # of a text that are shown
TEXT = "ROMEO:\nWhat light through yonder window breaks?"


def build(picker: Picker, model: gr.Dropdown, tab: str, fold: gr.Accordion) -> None:
    """The panel: a text, a button, the heads; they are looked at when the fold that holds it is opened."""
    gr.HTML(
        '<div class="section"><h3>Where each head looks</h3><p>At every token each head of each layer shares its attention among the tokens before it (weights that sum to one). '
        "Choose a head: each row is a token, and the stronger a cell, the more it takes from there. This is a view, not an explanation: what a head looks at need not be what decides "
        "(Jain &amp; Wallace 2019).</p></div>",
        padding=False,
    )
    with gr.Row():
        text = gr.Textbox(TEXT, label="Text", info=f"Its first {TOKENS} tokens are shown.", lines=2, max_length=400, scale=3)
        go = gr.Button("Look", elem_id=f"{tab}-look", scale=1)
    out = gr.HTML("", html_template="${value}", js_on_load="window.playgroundHeads(element)", padding=False, elem_id=f"{tab}-heads")

    @widgets.guarded
    def look(model: str, text: str) -> str:
        card = picker.card(model)
        run.check_can(card, "attend")
        checked = microscope.text_for(card, text)
        return heads(card, *run.attend(card.id, checked)) + microscope.left_out(card, checked)

    gr.on([go.click, text.submit, fold.expand], look, [model, text], out, api_visibility="private", **HEAVY)


def heads(card: ModelCard, pieces: Sequence[str], weights: np.ndarray) -> str:
    """All heads of a card over a text. weights: float32 (layers, heads, t, t), rows summing to one."""
    pieces, weights = pieces[:TOKENS], weights[:, :, :TOKENS, :TOKENS]
    layers, count, t, _ = weights.shape
    rows = []
    for layer in range(layers):
        buttons = "".join(
            f'<button type="button" class="head" data-head="{layer * count + head}" aria-pressed="{"true" if layer == head == 0 else "false"}" aria-label="Layer {layer + 1}, head {head + 1}">'
            f'<canvas width="{t}" height="{t}" aria-hidden="true"></canvas><small>layer {layer + 1} · head {head + 1}</small></button>'
            for head in range(count)
        )
        rows.append(f'<div style="--columns:{count}">{buttons}</div>')
    told = {
        "pieces": list(pieces),
        "count": count,
        "weights": base64.b64encode(np.round(255 * weights).astype(np.uint8).tobytes()).decode(),
    }
    tokens = "".join(f'<span class="tok" data-k="{k}">{html.escape(piece)}</span>' for k, piece in enumerate(pieces))
    return (
        f'<div class="heads" data-told="{html.escape(json.dumps(told), quote=True)}"><div class="heads-all" role="group" aria-label="Choose a head">{"".join(rows)}</div>'
        '<div class="heads-one"><p class="note heads-note" role="status">Choose a head and a token.</p>'
        '<div class="heads-large"><canvas class="heads-map" tabindex="0" role="application" aria-label="The chosen head, large: up and down arrow choose the token that looks, '
        'left and right the one that it looks at"></canvas></div>'
        f'<div class="scope-text" dir="auto" tabindex="0" role="application" aria-label="The text: arrow keys move from token to token">{tokens}</div></div></div>'
        f'<p class="runline"><span class="badge live">live</span> <b>{html.escape(card.id)}</b> · {layers} layers of {count} heads · {t} tokens</p>'
    )

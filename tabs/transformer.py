"""The Transformer tab: write under the microscope, climb the ladder of models, look where the heads look."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import hub, registry, run
from playground.controls import text_of
from tabs import heads, ladder, microscope, rewriting, translating, widgets
from tabs.widgets import HEAVY, TabPage
from tabs.writing import Panel, story

TITLE = "Transformer"
ID = "transformer"
FACT, FACT_LENGTH = "The capital of England is ", 40
READ = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to phone"


def build() -> TabPage:
    """The tab's components and events."""
    offered = [card for card in registry.cards() if card.family == ID and card.kind == "text" and hub.is_offered(card)]
    cards = [card for card in offered if "rewrite" not in card.can]
    shipped = [card for card in cards if card.hub is None]
    widgets.opening(
        "Transformer: a reader who guesses the next word",
        "Somebody reads aloud and stops; a listener who has heard many plays says how likely each next letter is. Draw one, append it, ask again: that is all that writing is here "
        "(<i>autoregressive language model</i>). At every place it looks back at all that stands before (<i>attention</i>).",
        "it has no intention and checks nothing. It says what is likely to follow, and what is likely need not be true.",
    )
    with gr.Accordion("Try", open=True):
        panel = Panel(cards, ID)
        _truth(panel)
        ladder.build(ID)
        translating.build(ID)
        rewriting.build([card for card in offered if "rewrite" in card.can], ID)
        _reading(panel)
    with gr.Accordion("How it learns", open=False) as learning:
        letters = len(text_of(shipped[0].controls).alphabet)
        gr.HTML(
            '<div class="section"><p>A training step takes pieces of the plays, asks at every place at once which character comes next, and is corrected by how surprised '
            f"the model was by the one that did (<i>cross-entropy</i>). Guessing blindly among {letters} characters would cost {math.log(letters):.2f} nats each.</p></div>",
            padding=False,
        )
        widgets.later(learning, f"{ID}-stories", lambda: "".join(map(story, shipped)))
    with gr.Accordion("Look inside", open=False) as inside:
        heads.build(panel.picker, panel.model, ID, inside)
        gr.HTML(widgets.facts_table(offered) + "".join(widgets.provenance(card.id) for card in shipped), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Text, chat, code, translation, summaries**: all of it is one next token after another; the same loop over pixels draws pictures, over notes plays music.\n\n"
            "**Ask yourself:** set temperature to 0 and write 300 characters. Why does it begin to repeat itself, and what does the repetition penalty change?"
        )
    return TabPage(ID, panel.linked)


def _truth(panel: Panel) -> None:
    """Fluent is not true: a prompt of fact under a microscope of its own, from its first token on."""
    gr.HTML(
        '<div class="section"><h3>Fluent is not true</h3><p>Ask for a fact. The bars of the first token say what usually follows such words in what the model has read, '
        "not what is so: a likely answer is right only where the texts were.</p></div>",
        padding=False,
    )
    with gr.Row(elem_classes="go"):
        ask = gr.Button(f"Write after “{FACT.strip()}”", elem_id=f"{ID}-fact", scale=3)
        stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    out = microscope.build(f"{ID}-fact-out")

    @widgets.guarded
    def write(model: str, seed: int) -> Iterator[Any]:
        card = panel.picker.card(model)
        runs = run.stream(card.id, 1, seed, views=card.views, prompt=FACT, max_new_tokens=FACT_LENGTH)
        if card.id not in registry.loaded():
            yield microscope.waiting(card, FACT)
        yield from microscope.shown_runs(runs, ID, at=0)

    writing = ask.click(write, [panel.model, panel.seed], out, api_visibility="private", **HEAVY)
    stop.click(None, cancels=[writing, microscope.wire(out, ID, 1)], api_visibility="private")


def _reading(panel: Panel) -> None:
    """A given text through the model's eyes."""
    gr.HTML(
        '<div class="section"><h3>Read with its eyes</h3><p>Your own text, each token by how surprised the model is to meet it there. A slip of the pen stands out.</p></div>',
        padding=False,
    )
    with gr.Row():
        text = gr.Textbox(READ, label="Text", lines=3, max_length=2000, scale=3)
        go = gr.Button("Read", elem_id=f"{ID}-read", scale=1)
    out = microscope.build(f"{ID}-reading")

    @widgets.guarded
    def read(model: str, text: str) -> str:
        card = panel.picker.card(model)
        checked = microscope.text_for(card, text)
        found = run.read(card.id, checked)
        nats = found.surprise
        return (
            f'{microscope.reading(found)}<p class="runline"><span class="badge live">live</span> <b>{html.escape(card.id)}</b> · {len(nats)} tokens · '
            f"{nats.mean():.2f} nats a token on average, {nats.sum() / math.log(2):.0f} bits in all</p>{microscope.left_out(card, checked)}"
        )

    go.click(read, [panel.model, text], out, api_visibility="private", **HEAVY)

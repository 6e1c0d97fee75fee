"""The RNN tab: write with a memory, watch the state as it reads, and how far back it reaches."""

from __future__ import annotations

import gradio as gr

from playground import registry
from tabs import reach, states, widgets
from tabs.widgets import TabPage
from tabs.writing import Panel, story

TITLE = "RNN"
ID = "rnn"


def build() -> TabPage:
    """The tab's components and events."""
    cards = [card for card in registry.cards() if card.family == ID and card.kind == "text"]
    remembering = [card for card in cards if "remember" in card.can]
    widgets.opening(
        "RNN and LSTM: a reader with a notepad",
        "A reader goes through a text letter by letter and may keep one page of notes, rewritten at every letter; from the notes alone it says what comes next "
        "(<i>recurrent network</i>). An LSTM has gates that protect a line of notes from being rewritten.",
        "nobody tells it what to write down. The notes are numbers, most of them mean nothing that we could name.",
    )
    with gr.Accordion("Try", open=True):
        panel = Panel(cards, ID)
        states.build(panel.picker, panel.model, ID, remembering[0].dataset)
        gr.HTML(
            reach.curves(
                remembering[0].dataset,
                "n-grams end at their order, a plain RNN soon after, gates and attention reach further.",
            ),
            padding=False,
            elem_id=f"{ID}-memory",
        )
    with gr.Accordion("How it learns", open=False) as learning:
        widgets.later(learning, f"{ID}-stories", lambda: "".join(map(story, cards)))
    with gr.Accordion("Look inside", open=False):
        gr.HTML(widgets.facts_table(cards) + "".join(widgets.provenance(card.id) for card in cards), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Where memory must stay small and every moment costs the same**: keyboards, speech on a phone, sensors, control; today's state-space models are its descendants.\n\n"
            "**Ask yourself:** the plain RNN rewrites all of its notes at every letter. How far back can it still know who is speaking, and what do the gates change?"
        )
    return TabPage(ID, panel.linked)

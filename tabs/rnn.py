"""The RNN tab: write with a memory, watch the state as it reads, and how far back it reaches."""

from __future__ import annotations

import html

import gradio as gr

from playground import registry
from playground.metrics import distance
from playground.metrics.distance import Line
from tabs import charts, states, widgets
from tabs.charts import Axis, Curve
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
        gr.HTML(_memory(remembering[0].dataset), padding=False, elem_id=f"{ID}-memory")
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


def _memory(dataset: str) -> str:
    """The recorded curve: how far back each model remembers."""
    lines = distance.read(dataset)
    head = (
        '<div class="section"><h3>How far back it remembers</h3><p>The last characters before a place stay as they are, all before them are shuffled. Where a line no longer falls, '
        "nothing that far back is used: n-grams end at their order, a plain RNN soon after, gates and attention reach further.</p></div>"
    )
    if not lines:
        return f'{head}<p class="note">Not measured yet: python -m playground.metrics --distance {html.escape(dataset)}</p>'
    one = lines[0]
    return (
        head
        + f'<div class="tablewrap" tabindex="0" role="region" aria-label="Curves, scroll sideways">{chart(lines)}</div>'
        + f'<p class="runline"><span class="badge recorded">recorded</span> n {one.n} windows, {distance.SCORED} characters scored in each, {one.split} split, seed {one.seed}, '
        f"bars: standard error; {one.when[:10]} on {html.escape(one.machine)}, commit {html.escape(one.commit)}, by <code>{html.escape(one.command)}</code></p>"
    )


def chart(lines: tuple[Line, ...]) -> str:
    """Loss over how many characters are in order."""
    values = [(point.loss - point.error, point.loss + point.error) for line in lines for point in line.points]
    low, high = min(each[0] for each in values), max(each[1] for each in values)
    distances = [point.distance for point in lines[0].points]
    curves = [
        Curve(
            registry.get(line.card).title,
            [(point.distance, point.loss, point.error) for point in line.points],
            charts.COLOURS[k % len(charts.COLOURS)],
            mark=list(charts.GLYPHS)[k % len(charts.GLYPHS)],
        )
        for k, line in enumerate(lines)
    ]
    return charts.chart(
        "Loss in nats a character, by how many of the last characters are in order",
        curves,
        Axis(distances[0], distances[-1], [(each, str(each)) for each in distances], powers=True, title="characters in order"),
        Axis(low, high, [(value, f"{value:.2f}") for value in (low, (low + high) / 2, high)]),
        height=300,
        kind="curve",
    )

"""One text into another by larger models of the Hub: a small panel for each, a text, what is asked for, and what comes out as it is written."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from playground import hub, registry, run
from playground.controls import Choice, Text
from playground.types import ModelCard, Run
from tabs import fetch, widgets
from tabs.widgets import HEAVY


def build(cards: Sequence[ModelCard], tab: str) -> None:
    """The panels side by side; nothing where no such model is offered."""
    if not cards:
        return
    gr.HTML(
        '<div class="section"><h3>Translate and summarise</h3><p>The same two halves at a larger size, taught many tasks at once: which one is asked for stands in words '
        "before the text.</p></div>",
        padding=False,
    )
    with gr.Row():
        for card in cards:
            with gr.Column(min_width=300):
                _panel(card, tab)


def _panel(card: ModelCard, tab: str) -> None:
    place = f"{tab}-{card.id}"
    shown = [control for control in card.controls if isinstance(control, Text | Choice)]
    inputs = [widgets.component(control) for control in shown]
    with gr.Row(elem_classes="go"):
        go = gr.Button(card.id.rpartition("-")[2].capitalize(), elem_id=f"{place}-run", scale=3)
        stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    out = gr.HTML('<p class="note">What it writes appears here.</p>', padding=False, elem_id=f"{place}-out")
    fetch.single(card, place)

    @widgets.guarded
    def rewrite(*values: Any) -> Iterator[str]:
        asked = {control.name: value for control, value in zip(shown, values, strict=True)}
        if not str(asked["prompt"]).strip():
            yield '<p class="note">Write a text first.</p>'
            return
        runs = run.stream(card.id, 1, 0, limit=1, **asked)
        if card.id not in registry.loaded():
            yield f'<p class="note">loading {html.escape(card.title)}: a few seconds</p>'
        for found in runs:
            yield _written(found)

    writing = go.click(rewrite, inputs, out, api_visibility="private", **HEAVY)
    stop.click(None, cancels=[writing], api_visibility="private")


def _written(found: Run) -> str:
    """What is there so far, and how it came about."""
    how = "live" if found.done else "running"
    words = f"{found.step.i} tokens · {found.seconds:.1f} s on {found.device}" + ("" if found.done else " so far")
    commit = hub.commit(registry.get(found.card)) or ""
    return (
        f'<p class="answer rewritten">{html.escape(found.samples.texts[0])}</p>'
        f'<div class="runline"><span class="badge {how}">{how}</span> <b>{html.escape(found.card)}</b> · commit {commit[:12]} · {words}</div>'
    )

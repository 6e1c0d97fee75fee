"""One prompt and one seed up all models of text, from counting to attention."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import language, previews, registry, remarks
from playground.controls import text_of
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.transcript import Transcript
from playground.types import ModelCard, Run
from tabs import microscope, widgets
from tabs.widgets import HEAVY

RUNG = 160  # tokens of each model


def build(tab: str) -> None:
    """The panel: a prompt, a seed, a button, and a rung for each model."""
    rungs = language.cards()
    gr.HTML(
        '<div class="section"><h3>The ladder</h3><p>One prompt and one seed, from counting to attention: each rung sees further back. '
        "Models of the Hub stand on top once they are on this machine.</p></div>",
        padding=False,
    )
    control = text_of(rungs[0].controls)
    with gr.Row(elem_classes="ask", equal_height=True):
        prompt = gr.Textbox(control.default, label=control.title, lines=2, max_length=control.maximum, scale=2)
        with gr.Column(scale=1, min_width=220):
            seed, _ = widgets.seed_row(what="texts")
        with gr.Column(scale=1, min_width=200, elem_classes="bottom"), gr.Row(elem_classes="go"):
            go = gr.Button("Climb", elem_id=f"{tab}-climb", scale=3)
            stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    out = gr.HTML("".join(_recorded_rung(card) for card in rungs), padding=False, elem_id=f"{tab}-ladder")

    @widgets.guarded
    def climb(prompt: str, seed: int) -> Iterator[str]:
        done: list[str] = []
        for card_id, found, written in follow(language.write(prompt, 1, seed, max_new_tokens=RUNG)):
            card = registry.get(card_id)
            if isinstance(found, WeightsUnavailable):
                done.append(rung(card, f'<span class="fault">{html.escape(str(found))}</span>', ""))
            elif found.done:
                done.append(_written_rung(card, found, written, "live"))
            elif found.step.i % 10 == 0:
                yield "".join([*done, _growing_rung(card, found)])
                continue
            else:
                continue
            yield "".join(done)

    climbing = gr.on([go.click, seed.submit], climb, [prompt, seed], out, api_visibility="private", **HEAVY)
    stop.click(None, cancels=[climbing], api_visibility="private")


def follow(found: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any, Transcript | None]]:
    """Each card's runs with the transcript so far."""
    choices: dict[str, list[Any]] = {}
    for card_id, each in found:
        if isinstance(each, WeightsUnavailable):
            yield card_id, each, None
            continue
        choices.setdefault(card_id, []).extend(each.step.views.values())
        yield card_id, each, Transcript(each.samples, tuple(choices[card_id]))


def rung(card: ModelCard, text: str, how: str) -> str:
    """One model's line of the ladder."""
    return f'<div class="rung"><b>{html.escape(card.title)}<small>{how}</small></b><div>{text}</div></div>'


def _written_rung(card: ModelCard, found: Run, written: Transcript, how: str) -> str:
    texts, nats = written.texts, written.surprise(0)
    pieces = texts.pieces[0][:RUNG]
    text = microscope.spans(pieces, nats[: len(pieces)].tolist())
    told = f'<span class="badge {how}">{how}</span> {nats.mean():.2f} nats a token · {found.seconds:.1f} s'
    noted = "".join(f'<p class="note">{html.escape(each)}</p>' for each in remarks.remarks(card, found.controls))
    return rung(card, f'<div class="scope-text"><span class="given">{html.escape(texts.prompt)}</span>{text}</div>{noted}', told)


def _growing_rung(card: ModelCard, found: Run) -> str:
    text = html.escape(found.samples.texts[0])
    given = html.escape(found.samples.prompt)
    return rung(
        card,
        f'<div class="scope-text"><span class="given">{given}</span>{text}<i class="caret"></i></div>',
        '<span class="badge running">writing</span>',
    )


def _recorded_rung(card: ModelCard) -> str:
    try:
        return _written_rung(card, *previews.read_text(card.id), "recorded")
    except PlaygroundError as error:
        return rung(card, f'<p class="note">{html.escape(str(error))}</p>', "")

"""The Transformer tab: write under the microscope, climb the ladder of models, look where the heads look."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import hub, language, previews, registry, run
from playground.controls import text_of
from playground.errors import WeightsUnavailable
from playground.transcript import Transcript
from playground.types import ModelCard, Run
from tabs import heads, microscope, widgets
from tabs.widgets import HEAVY, TabPage
from tabs.writing import Panel, story

TITLE = "Transformer"
ID = "transformer"
RUNG = 160  # tokens of each model of the ladder
FACT = "The capital of England is "
READ = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to phone"


def build() -> TabPage:
    """The tab's components and events."""
    cards = [card for card in registry.cards() if card.family == ID and hub.is_offered(card)]
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
        _ladder()
        _reading(panel)
    with gr.Accordion("How it learns", open=False) as learning:
        widgets.later(learning, f"{ID}-stories", lambda: "".join(map(story, shipped)))
    with gr.Accordion("Look inside", open=False):
        heads.build(panel.picker, panel.model, ID)
        gr.HTML(widgets.facts_table(cards) + "".join(widgets.provenance(card.id) for card in shipped), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Text, chat, code, translation, summaries**: all of it is one next token after another; the same loop over pixels draws pictures, over notes plays music.\n\n"
            "**Ask yourself:** set temperature to 0 and write 300 characters. Why does it begin to repeat itself, and what does the repetition penalty change?"
        )
    return TabPage(ID, panel.linked)


def _truth(panel: Panel) -> None:
    """Fluent is not true: a prompt of fact under the same microscope."""
    gr.HTML(
        '<div class="section"><h3>Fluent is not true</h3><p>Ask for a fact. Choose the first token of what it wrote: the bars say what usually follows such words in what it has read, '
        "not what is so. A likely answer is right where the texts were.</p></div>",
        padding=False,
    )
    ask = gr.Button(f"Write after “{FACT.strip()}”", elem_id=f"{ID}-fact")
    asked = ask.click(lambda: FACT, None, panel.prompt, api_visibility="private", show_progress="hidden")
    panel.running.append(asked.then(panel.write, panel.asked, panel.out, api_visibility="private", **HEAVY))


def _ladder() -> None:
    """One prompt and seed up all models of text."""
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
            seed, _ = widgets.seed_row()
        with gr.Column(scale=1, min_width=200, elem_classes="bottom"), gr.Row(elem_classes="go"):
            go = gr.Button("Climb", elem_id=f"{ID}-climb", scale=3)
            stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    out = gr.HTML("".join(_recorded_rung(card) for card in rungs), padding=False, elem_id=f"{ID}-ladder")

    @widgets.guarded
    def climb(prompt: str, seed: int) -> Iterator[str]:
        done: list[str] = []
        for card_id, found, written in follow(language.write(prompt, 1, seed, max_new_tokens=RUNG)):
            card = registry.get(card_id)
            if isinstance(found, WeightsUnavailable):
                done.append(rung(card, f'<span class="fault">{html.escape(str(found))}</span>', ""))
            elif found.done:
                done.append(_written_rung(card, found, written, "live"))
            elif found.step.i % 10:
                continue
            shown = done if found is None or isinstance(found, WeightsUnavailable) or found.done else [*done, _growing_rung(card, found)]
            yield "".join(shown)

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
    return rung(card, f'<div class="scope-text"><span class="given">{html.escape(texts.prompt)}</span>{text}</div>', told)


def _growing_rung(card: ModelCard, found: Run) -> str:
    text = html.escape(found.samples.texts[0])
    given = html.escape(found.samples.prompt)
    return rung(card, f'<div class="scope-text"><span class="given">{given}</span>{text}<i class="caret"></i></div>', '<span class="badge running">writing</span>')


def _recorded_rung(card: ModelCard) -> str:


    return _written_rung(card, *previews.read_text(card.id), "recorded")


def _reading(panel: Panel) -> None:
    """A given text through the model's eyes."""
    gr.HTML(
        '<div class="section"><h3>Read with its eyes</h3><p>Your own text, each token by how surprised the model is to meet it there. A slip of the pen stands out.</p></div>',
        padding=False,
    )
    with gr.Row():
        text = gr.Textbox(READ, label="Text", lines=3, max_length=2000, scale=3)
        go = gr.Button("Read", elem_id=f"{ID}-read", scale=1)
    out = gr.HTML("", padding=False, elem_id=f"{ID}-reading")

    @widgets.guarded
    def read(model: str, text: str) -> str:
        card = panel.picker.card(model)
        reading = run.read(card.id, text_of(card.controls).validate(text))
        nats = reading.surprise
        return (
            f'{microscope.LEGEND}<div class="scope-text">{microscope.spans(reading.pieces, nats.tolist())}</div>'
            f'<p class="runline"><span class="badge live">live</span> <b>{html.escape(card.id)}</b> · {len(nats)} tokens · {nats.mean():.2f} nats a token on average, '
            f"{nats.sum() / 0.6931:.0f} bits in all</p>"
        )

    go.click(read, [panel.model, text], out, api_visibility="private", **HEAVY)

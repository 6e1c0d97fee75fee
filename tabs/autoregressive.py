"""The Autoregressive tab: music in a composer's manner, one note after another, to be heard."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from playground import data, excerpts, music, previews, registry, remarks, run, stories
from playground.controls import Slider
from playground.errors import PlaygroundError
from playground.types import Measurement, ModelCard, Run
from tabs import reach, roll, widgets, writing
from tabs.widgets import HEAVY, TabPage

TITLE = "Autoregressive"
ID = "autoregressive"
BEGUN = 2 * roll.PER_BAR  # moments of a real piece that a new one may go on from
MOMENTS = 6  # of a training that are shown
AT_ONCE = 4  # moments between two looks at a piece that is being written
SHOWN = ("temperature", "top_k", "top_p")


def build() -> TabPage:
    """The tab's components and events."""
    cards = music.cards()
    card, controls = cards[0], {control.name: control for control in cards[0].controls}
    about, length = data.get(card.dataset), controls["max_new_tokens"]
    assert isinstance(length, Slider)
    widgets.opening(
        "Autoregressive: one note after another",
        "Somebody hums a tune, and at every note asks only: what would come next? Four voices take turns, a quaver at a time, each hearing all that was sung before it. "
        "What was chosen stands, and the next note builds on it (<i>autoregressive model</i>). The same loop writes a text word by word and a picture point by point.",
        "a singer has an end in mind. Here nobody plans: each note is a throw of dice, weighted by what went before.",
    )
    with gr.Accordion("Try", open=True):
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                model = gr.Dropdown([(each.title, each.id) for each in cards], value=card.id, label="Model")
                begun = gr.Dropdown(
                    [("nothing", ""), *((f"two bars of a real one ({k})", text) for k, text in enumerate(_openings(card), 1))],
                    value="",
                    label="Begins with",
                    info="Real ones are of pieces that were kept out of training.",
                    allow_custom_value=True,
                )
                melody = gr.Dropdown(
                    [("its own", ""), *((f"of the real piece {k}", _tune(card, text)) for k, text in enumerate(_pieces(card), 1))],
                    value="",
                    label="Melody",
                    info="Given one, it sets the other voices under it, a moment at a time, as singers do at sight.",
                    allow_custom_value=True,
                )
                notes = widgets.component(length)
                seed, _ = widgets.seed_row(what="pieces")
                go, stop = widgets.run_buttons(ID, "Compose")
                inputs = [widgets.component(controls[name]) for name in SHOWN]
            with gr.Column(scale=2, min_width=320):
                out = gr.HTML(_recorded(card), padding=False, elem_id=f"{ID}-out")
        with gr.Row(elem_classes="section"):
            with gr.Column(scale=1, min_width=280):
                gr.HTML(
                    "<h3>The real thing</h3><p>By the composer, from pieces that were kept out of training. Which of the two would you sing?</p>"
                    f'<p class="note">{html.escape(music.data_sentences(card.dataset)[0])}</p>',
                    padding=False,
                )
                which = gr.Slider(1, len(_pieces(card)), 1, step=1, precision=0, label="Which piece")
            with gr.Column(scale=2, min_width=320):
                real = gr.HTML(_real(card, 1), padding=False, elem_id=f"{ID}-real")
        gr.HTML(_measured(), padding=False, elem_id=f"{ID}-measured")
        gr.HTML(
            reach.curves(
                card.dataset,
                "counting ends with one chord, four notes; attention gains most over the last four chords, and a little over sixteen.",
                "notes",
            ),
            padding=False,
            elem_id=f"{ID}-memory",
        )
    with gr.Accordion("How it learns", open=False) as learning:
        widgets.later(learning, f"{ID}-stories", lambda: "".join(map(_story, cards)))
    with gr.Accordion("Look inside", open=False):
        written = (
            f"<p>Music is written as text: {len(about.voices)} letters a quaver ({', '.join(about.voices)}), a letter for each pitch, a dot for silence. "
            "So the models are those that write plays, letter by letter, and what they guess is a note.</p>"
        )
        gr.HTML(written + widgets.facts_table(cards) + "".join(widgets.provenance(each.id) for each in cards), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Whatever comes in an order**: text, speech, music, code, proteins; and pictures, read point by point or as codes.\n\n"
            "**Ask yourself:** the table of counts knows one chord, the transformer eight bars. Where do you hear it? And at temperature 0, why does the piece get stuck?"
        )

    @widgets.guarded
    def compose(model: str, begun: str, melody: str, notes: int, seed: int, *values: Any) -> Iterator[str]:
        asked = {"prompt": begun, "melody": melody, "max_new_tokens": notes, **dict(zip(SHOWN, values, strict=True))}
        for found in run.stream(model, 1, seed, limit=run.visitor_n(model), **asked):
            if found.done or found.step.i % (AT_ONCE * len(about.voices)) == 0:
                yield _shown(found, registry.get(model), "live" if found.done else "")

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    asked = [model, begun, melody, notes, seed, *inputs]
    running = gr.on([go.click, seed.submit], compose, asked, out, api_visibility="private", **HEAVY)
    stop.click(None, cancels=[running], api_visibility="private")
    model.input(lambda chosen: _recorded(registry.get(chosen)), model, out, **quiet)
    which.input(lambda k: _real(card, k), which, real, **quiet)
    return TabPage(
        ID,
        {"model": model, "prompt": begun, "melody": melody, "max_new_tokens": notes, "seed": seed, **dict(zip(SHOWN, inputs, strict=True))},
    )


def _pieces(card: ModelCard) -> list[str]:
    """The real pieces that the page ships, whole."""
    return excerpts.read(card.dataset).split()


def _openings(card: ModelCard) -> list[str]:
    return [piece[: BEGUN * len(data.get(card.dataset).voices)] for piece in _pieces(card)]


def _tune(card: ModelCard, piece: str) -> str:
    """What the first voice sings."""
    return piece[:: len(data.get(card.dataset).voices)]


def _shown(found: Run, card: ModelCard, how: str) -> str:
    """A piece as it is so far: roll, line, and what can be taken away; how: live or recorded, empty while it is being written."""
    texts, voices = found.samples, data.get(card.dataset).voices
    notes = data.written(card.dataset, texts)
    moments = len(notes) if how else (len(data.begun(card.dataset, texts.prompt)) + found.controls["max_new_tokens"]) // len(voices)
    picture = roll.roll(notes, voices, f"{card.title}, seed {found.seed}", moments)
    if not how:
        return picture + widgets.progress_line(found)
    ended = len(texts.ids[0]) < found.controls["max_new_tokens"]
    said = (
        " · cut off by the length"
        if not ended
        else " · it ended with the melody"
        if found.controls.get("melody")
        else " · it ended the piece itself"
    )
    said_of = "".join(f'<p class="note">{html.escape(each)}</p>' for each in remarks.remarks(card, found.controls))
    return picture + widgets.run_line(found, ID, how, said) + said_of + roll.take(notes, voices, f"{card.id}-seed{found.seed}")


def _recorded(card: ModelCard) -> str:
    try:
        found, _ = previews.read_text(card.id)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    return _shown(found, card, "recorded")


def _real(card: ModelCard, which: int) -> str:
    about, piece = data.get(card.dataset), _pieces(card)[int(which) - 1]
    notes = data.notes(card.dataset, piece)
    line = f'<div class="runline"><span class="badge recorded">real</span> <b>{about.name}</b> · piece {which} of those that were kept for measuring · {html.escape(about.licence)}</div>'
    return roll.roll(notes, about.voices, f"Real piece {which}") + line + roll.take(notes, about.voices, f"{about.name}-{which}")


def _measured() -> str:
    """What was measured of the models, side by side, with the same of real pieces where that says something."""
    rows = music.rows()
    found = {cell.measured.metric: cell.measured for row in rows for cell in row.cells if cell.measured}
    if not {"loss", "copied"} <= set(found):
        return f'<p class="note">Not measured yet: python -m playground.metrics {music.cards()[0].id}</p>'
    loss, composed = found["loss"], found["copied"]
    head = "".join(f"<th scope=col>{html.escape(card.title)}</th>" for card in music.cards())
    body = "".join(
        f"<tr><th scope=row>{html.escape(row.title)}<small>{html.escape(row.explanation)}</small></th>"
        + "".join(f"<td>{html.escape(cell.text)}<small>{html.escape(cell.note)}</small></td>" for cell in row.cells)
        + "</tr>"
        for row in rows
    )
    return (
        '<div class="section"><h3>How well it guesses, and what it composes</h3><p>A composer of that time avoids two voices that move together in fifths or octaves. No model was told: '
        "see whether one found the rule in the pieces. And a passage that stands in a piece it learnt from is no invention; real pieces share some, too. "
        f"{html.escape(music.data_sentences(music.cards()[0].dataset)[1])}</p></div>"
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="What was measured"><table class="facts told"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="runline"><span class="badge recorded">recorded</span> loss: n {loss.n:,} notes, {loss.split} split, ± {html.escape(loss.spread_over or "")}; {_origin(loss)}. '
        f"What it composes: {composed.n} pieces, seed {composed.seed}, against the {composed.split} split; {_origin(composed)}</p>"
    )


def _origin(m: Measurement) -> str:
    """When, where and by what command a number was measured."""
    return f"{m.when[:10]} on {html.escape(m.machine)}, commit {html.escape(m.commit)}, by <code>{html.escape(m.command)}</code>"


@widgets.or_note
def _story(card: ModelCard) -> str:
    """What a model wrote at moments of its training, from the same random numbers."""
    found, voices = stories.read(card.id), data.get(card.dataset).voices
    moments = max(len(data.notes(card.dataset, texts[0])) for texts in found.texts)
    told, parts = list(zip(found.steps, found.texts, strict=True)), []
    for k in np.linspace(0, len(told) - 1, min(len(told), MOMENTS)).round().astype(int):
        step, texts = told[k]
        row = found.at(step)
        loss = f" · loss {row['loss']:.2f}" if row and "loss" in row else ""
        picture = roll.roll(data.notes(card.dataset, texts[0]), voices, f"{card.title}, {writing.moment(card, step)}", moments)
        parts.append(f"<h4>{writing.moment(card, step)}{loss}</h4>{picture}")
    note = "The same random numbers at every moment, so that only what was learnt differs."
    return (
        f'<div class="section"><h3>{html.escape(card.title)}</h3><p>{note}</p></div><div class="learning">{"".join(parts)}</div>'
        + widgets.losses_plot(found.log, ("loss",), "Loss while training (nats a note)")
    )

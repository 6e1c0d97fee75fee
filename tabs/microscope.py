"""A written text under the microscope: its tokens by surprise, what stood to choose from at each, and another choice from which it goes on.

What is looked at comes with the text, and is looked at in the browser alone (assets/page.js); only another choice asks the server.
"""

from __future__ import annotations

import html
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from playground import previews, registry, remarks, run, transcript
from playground.controls import Text, shown, text_of
from playground.errors import ControlError
from playground.transcript import Transcript
from playground.types import ModelCard, Reading, Run
from tabs import fetch, pictures, prompts, widgets
from tabs.widgets import HEAVY

EVERY = 0.08  # seconds between two sights of a text under way
SURPRISES = (0.1, 0.5, 1.2, 2.3, 4.0)  # nats at which a token's shade changes
SPOKEN = ("sure", "likely", "open", "unlikely", "surprising", "very surprising")


def build(elem_id: str, value: str = "") -> gr.HTML:
    """The place of a text; its event `pick` comes when another token is chosen."""
    return gr.HTML(
        value,
        html_template="${value}",
        js_on_load="window.playgroundScope(element, (what) => trigger('pick', what))",
        elem_id=elem_id,
        padding=False,
    )


def wire(out: gr.HTML, tab: str, limit: int) -> Any:
    """Lets another choice in that place be gone on from; returns the event, to be cancelled by Stop."""

    @widgets.guarded
    def picked(event: gr.EventData) -> Iterator[str]:
        asked, row = asked_of(event._data)
        model, n, seed = (asked.pop(name, None) for name in ("model", "n", "seed"))
        yield from shown_runs(run.stream(model, n, seed, limit=limit, views=("choices",), **asked), tab, row)

    return out.pick(picked, None, out, api_visibility="private", **HEAVY)


def asked_of(sent: Any) -> tuple[dict[str, Any], int]:
    """The request that a choice in the browser makes, and the text that is meant. Raises ControlError for anything else."""
    if not isinstance(sent, dict) or not isinstance(sent.get("asked"), dict) or not isinstance(sent.get("continued"), list):
        raise ControlError(f"A choice must name a request and the tokens so far, got {shown(sent)}.")
    asked, row = dict(sent["asked"]), sent.get("row")
    if isinstance(row, bool) or not isinstance(row, int) or not 0 <= row < run.VISITOR_N:
        raise ControlError(f"row must be a whole number from 0 on, got {shown(row)}.")
    n = asked.get("n")
    if isinstance(n, int) and row >= n:
        raise ControlError(f"row must be below n = {n}, got {row}.")
    return {**asked, "n": row + 1, "continued": sent["continued"]}, row  # a text's own numbers do not depend on how many others there are


def shown_runs(runs: Iterator[Run], tab: str, row: int | None = None, at: int | None = None) -> Iterator[Any]:
    """What the page shows of a stream that was asked for its choices: the text as it grows, then under the microscope.

    row: one text alone. at: the token that is looked at first.
    """
    last = -math.inf
    for found, written in transcript.follow(runs):
        if found.done:
            yield result(found, written, tab, row=row, at=at)
        elif time.monotonic() - last >= EVERY:
            last = time.monotonic()
            yield growing(found, row)
    yield gr.skip()  # Gradio sends the last value a second time, whole: let that be nothing


def waiting(card: ModelCard, prompt: str) -> str:
    """What stands there until the first token of a model that is not in memory yet."""
    return (
        f'<div class="scope">{LEGEND}<div class="scope-head">{_name(0, 1)}</div><div class="scope-text" dir="auto"><span class="given">{html.escape(prompt)}</span>'
        f'<i class="caret"></i></div>{_panel(LATER)}</div>'
        f'<div class="runline"><span class="badge running">loading</span> {html.escape(card.title)}: the first press reads the weights and the libraries, a few seconds</div>'
    )


def growing(found: Run, row: int | None = None) -> str:
    """A text under way, laid out as it will be when it is finished."""
    texts = found.samples
    rows = range(len(texts)) if row is None else [row]
    parts = "".join(
        f'<div class="scope-head">{_name(k, len(texts))}</div><div class="scope-text" dir="auto" data-row="{k}"><span class="given">{html.escape(texts.prompt)}</span>'
        f'{html.escape(texts.texts[k])}<i class="caret"></i></div>'
        for k in rows
    )
    return f'<div class="scope"{_row(row)}>{LEGEND}{parts}{_panel(LATER)}</div>{widgets.progress_line(found)}'


def result(found: Run, written: Transcript, tab: str, how: str = "live", row: int | None = None, at: int | None = None) -> str:
    """A finished text under the microscope, how it came about, and what can be taken away. row: one text alone. at: the token looked at first."""
    rows = range(len(written.texts)) if row is None else [row]
    asked = {"model": found.card, "n": found.n, "seed": found.seed, **{k: v for k, v in found.controls.items() if k != "continued"}}
    given = len(found.controls.get("continued", ()))
    speed = sum(map(len, written.texts.texts)) / max(found.seconds, 1e-9)
    texts = "".join(_text(written, k, given) for k in rows)
    about = html.escape(json.dumps(asked), quote=True)
    first = "" if at is None else f' data-at="{at}"'
    return (
        f'<div class="scope" data-asked="{about}"{_row(row)}{first}>{LEGEND}{texts}'
        + _panel(
            "Choose a token of the text, by pointer or arrow keys: here is what stood to choose from. Choose another, and the text goes on from there."
        )
        + "</div>"
        + widgets.run_line(found, tab, how, f" · {speed:,.0f} characters a second")
        + _unread(found)
        + _takes(found, written, rows)
    )


def _unread(found: Run) -> str:
    """The sentence that says which beginning of a prompt or a conversation was not read; nothing where all was."""
    said = remarks.unread(registry.get(found.card), found.controls)
    return f'<p class="note">{html.escape(said)}</p>' if said else ""


def text_for(card: ModelCard, text: object) -> str:
    """A text that a card is to read, checked as its prompt is. Raises ControlError, also for an empty one."""
    control = text_of(card.controls)
    checked = replace(control, name="text").validate(text)
    if not checked:
        raise ControlError("text must have at least one character.")
    return checked


def left_out(card: ModelCard, text: str) -> str:
    """The sentence that names the characters of a text to be read that a card leaves out; nothing where it knows all."""
    said = remarks.left_out(replace(text_of(card.controls), name="text"), text)
    return f'<p class="note">{html.escape(said)}</p>' if said else ""


def reading(found: Reading) -> str:
    """A given text under the microscope: its tokens by how surprised a model was by each."""
    nats = [round(each, 2) for each in found.surprise.tolist()]
    about = html.escape(json.dumps({"pieces": found.pieces, "nats": nats}, ensure_ascii=False, separators=(",", ":")), quote=True)
    return (
        f'<div class="scope read">{LEGEND}<div class="scope-text" dir="auto" tabindex="0" role="application" aria-label="{KEYS.format(name="The text")}" data-row="0" data-told="{about}">'
        f"{spans(found.pieces, nats, told=False)}</div>{_panel('Choose a token, by pointer or arrow keys.')}</div>"
    )


def spans(pieces: Sequence[str], surprise: Sequence[float], changed: int | None = None, told: bool = True) -> str:
    """The tokens of a text, each shaded by its surprise in nats; NaN: given. changed: the one that was chosen by hand.

    told: each says its number when it is pointed at; else the page says it, from data that came with the text.
    """
    parts = []
    for k, (piece, nats) in enumerate(zip(pieces, surprise, strict=True)):
        given = math.isnan(nats)
        words = "given" if given else f"{SPOKEN[shade(nats)]}: probability {math.exp(-nats):.3g}, {nats:.2f} nats"
        title = f' title="{words}"' if told else ""
        mark = " changed" if k == changed else ""
        parts.append(f'<span class="tok s{0 if given else shade(nats)}{mark}" data-k="{k}"{title}>{html.escape(piece)}</span>')
    return "".join(parts)


def shade(nats: float) -> int:
    """The shade of a surprise, 0 to len(SURPRISES)."""
    return sum(nats >= edge for edge in SURPRISES)


LATER = "It can be looked at when it is finished."
KEYS = "{name}, token by token: arrow keys move"
LEGEND = (
    '<p class="scope-legend" aria-hidden="true">Each token by how surprised the model was by it: '
    + " ".join(f'<span class="tok s{k}">{word}</span>' for k, word in enumerate(SPOKEN))
    + "</p>"
)


def _text(written: Transcript, row: int, given: int) -> str:
    """One text with its data. given: how many of its tokens were not chosen by the model, the last of them by hand."""
    about = html.escape(json.dumps(written.as_json(row), ensure_ascii=False, separators=(",", ":")), quote=True)
    name = _name(row, len(written.texts))
    surprise = written.surprise(row)
    mean = [each for each in surprise.tolist() if not math.isnan(each)]
    head = f'<div class="scope-head">{name}' + (f" · {sum(mean) / len(mean):.2f} nats a token</div>" if mean else "</div>")
    return (
        f'{head}<div class="scope-text" dir="auto" tabindex="0" role="application" aria-label="{KEYS.format(name=name)}" data-row="{row}" data-told="{about}">'
        f'<span class="given">{html.escape(written.texts.prompt)}</span>{spans(written.texts.pieces[row], surprise.tolist(), given - 1 if given else None, told=False)}</div>'
    )


def _name(row: int, count: int) -> str:
    return f"Text {row + 1}" if count > 1 else "The text"


def _row(row: int | None) -> str:
    """What marks a text that another choice asked for: the page puts it among those that stood beside it."""
    return "" if row is None else f' data-row="{row}"'


def _panel(note: str) -> str:
    """The place of what stood to choose from."""
    return (
        '<div class="scope-panel" role="region" aria-label="What stood to choose from">'
        f'<div class="scope-told" role="status"><p class="note">{note}</p></div><div class="scope-choices"></div></div>'
    )


def _takes(found: Run, written: Transcript, rows: Sequence[int]) -> str:
    """The texts as a file."""
    said = found.controls.get("said", ())
    before = "".join(f"{('You', found.card)[k % 2]}: {each}\n\n" for k, each in enumerate(said))
    texts = before + "\n\n".join(written.texts.prompt + written.texts.texts[k] for k in rows)
    return f'<div class="takes">Take it away: {pictures.download(texts.encode(), "text/plain", f"{found.card}-seed{found.seed}.txt", "TXT")}</div>'


@widgets.or_note
def recorded(card: ModelCard, tab: str) -> str:
    """The shipped text of a card for the first paint, or the sentence that says how to make it."""
    found, written = previews.read_text(card.id)
    return result(found, written, tab, how="recorded")


def prompt_note(card: ModelCard, text: str) -> str:
    """What the card does not know of a prompt, struck out, and how many tokens it reads; nothing where it knows and reads all of any length."""
    counted = prompts.count(card, "Prompt", text)
    control = text_of(card.controls)
    unknown = control.unknown(text) if control else ()
    if not unknown:
        return counted
    struck = " ".join(f"<s>{html.escape(each)}</s>" for each in unknown[:20]) + (" …" if len(unknown) > 20 else "")
    larger = fetch.larger(card, Text)
    more = f" {html.escape(larger.title)} knows every character." if larger else ""
    return f'<p class="note">Left out, since the model has never met it: {struck}.{more}</p>' + counted

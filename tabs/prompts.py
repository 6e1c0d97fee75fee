"""Help with a prompt: whole examples, pieces to add, and which of the words the model was never told."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground import context_length, data, hub
from playground.controls import Prompt, prompt_of
from playground.types import ModelCard
from tabs import fetch, widgets
from tabs.picker import Picker

NEGATIVE = "negative_prompt"
LONGEST = 20_000  # characters that are counted
MARKED = 200  # of a beginning that is not read, characters that are shown


def build(picker: Picker, model: gr.Dropdown, inputs: Sequence[gr.components.Component], tab: str) -> None:
    """The panel, in sight while a card that is asked in words is chosen. inputs: the tab's controls in the picker's order."""
    worded = [card for card in picker.cards if prompt_of(card.controls)]
    if not worded:
        return
    control = prompt_of(worded[0].controls)
    prompt = inputs[picker.names.index(control.name)]
    with gr.Accordion(
        "Say it in words", open=True, visible=prompt_of(picker.cards[0].controls) is not None, elem_id=f"{tab}-words"
    ) as panel:
        note = gr.HTML(noted(worded[0], control.default), padding=False, elem_id=f"{tab}-told")
        examples = gr.Dataset(
            components=[gr.Textbox(visible=False)], samples=[[text] for text in control.presets], label="Examples: press one"
        )
        pieces = gr.Dataset(
            components=[gr.Textbox(visible=False)],
            samples=[[piece] for piece in data.phrases(worded[0].dataset)],
            samples_per_page=100,
            label="Pieces: press one to add it",
        )
    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    negative = [inputs[picker.names.index(NEGATIVE)]] if NEGATIVE in picker.names else []

    @widgets.guarded
    def read(card_id: str, text: str, away: str = "") -> str:
        return noted(picker.card(card_id), text, away)

    def switched(card_id: str) -> list[Any]:
        card = picker.card(card_id)
        asked = prompt_of(card.controls)
        if not hub.is_here(card):
            return [gr.skip()] * 3
        if asked is None:
            return [gr.update(visible=False), gr.skip(), gr.skip()]
        samples = gr.Dataset(samples=[[text] for text in asked.presets])
        return [gr.update(visible=True), samples, gr.update(visible=card.hub is None)]

    model.change(switched, model, [panel, examples, pieces], **quiet)
    typed = [prompt, *negative]
    gr.on([*(each.change for each in typed), model.change], read, [model, *typed], note, trigger_mode="always_last", **quiet)
    examples.click(lambda sample: sample[0], examples, prompt, **quiet)
    pieces.click(lambda sample, text: added(text, sample[0], control.maximum), [pieces, prompt], prompt, **quiet)


def added(text: str, piece: str, maximum: int) -> str:
    """A prompt with a piece more at its end; as it was where there is no room for it."""
    longer = f"{text.rstrip(' ,')}, {piece}" if text.strip(" ,") else piece
    return longer if len(longer) <= maximum else text


def noted(card: ModelCard, text: str, away: str = "") -> str:
    """What a model takes of a prompt and, where it has one, of a negative prompt: words, and tokens of those that it reads."""
    control = prompt_of(card.controls)
    if control is None:
        return told(card, text)
    has_negative = any(each.name == NEGATIVE for each in card.controls)
    return told(card, text) + count(card, control.title, text) + (count(card, "Negative prompt", away) if has_negative and away else "")


def count(card: ModelCard, title: str, text: str) -> str:
    """How many tokens a text has of those that a model reads, with what it does not read marked; empty where no limit is known."""
    found = context_length.counted(card, str(text)[:LONGEST]) if str(text).strip() else None
    if found is None:
        return ""
    said = f"{html.escape(title)}: {found.tokens:,} of {found.limit:,} tokens"
    if not found.is_cut:
        return f'<p class="note tokens">{said}.</p>'
    before, rest = html.escape(text[: found.start]), html.escape(text[found.end :])
    if before:
        return f'<p class="note tokens fault">{said}: it looks back {found.limit:,} and does not read the beginning, <s>{_short(before)}</s></p>'
    return f'<p class="note tokens fault">{said}: it does not read <s>{rest}</s>. Shorten the text by {found.tokens - found.limit:,} tokens to draw.</p>'


def _short(text: str) -> str:
    return text if len(text) <= MARKED else f"{text[: MARKED // 2]} … {text[-MARKED // 2 :]}"


def told(card: ModelCard, text: str) -> str:
    """What a model takes of a prompt: words that it was never told are struck through, and said so."""
    if card.source == "remote":
        return '<p class="note">What it knows is not known here: it runs on another machine.</p>'
    if card.hub is not None:
        return '<p class="note">It learnt from hundreds of millions of captions of the web: any English words.</p>'
    if prompt_of(card.controls) is None or not text.strip():
        return '<p class="note">Any sentence of the pieces below, in any order.</p>'
    unknown = data.unknown_words(card.dataset, text)
    if not unknown:
        return f'<p class="note">It knows every one of these words; it was told {len(data.words(card.dataset))} in all.</p>'
    struck = ", ".join(f"<s>{html.escape(word)}</s>" for word in unknown[:12])
    return (
        f'<p class="note">It was never told {struck}, and will guess. This small model has seen nothing but toy faces, in '
        f"{len(data.words(card.dataset))} words; the pieces below are what it can draw.{_larger(card)}</p>"
    )


def _larger(card: ModelCard) -> str:
    """Which model of the Hub knows all words, where one is offered; it is chosen, and its size is said, under Model."""
    larger = fetch.larger(card, Prompt)
    if larger is None:
        return ""
    return f" Any English word is known to <b>{html.escape(larger.title)}</b> ({hub.size_of(larger)}): choose it under Model above."

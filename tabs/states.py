"""The state of a recurrent network as it reads: its units beside the text, which of them follow what, and one of them over the text."""

from __future__ import annotations

import base64
import html
import json
from dataclasses import replace

import gradio as gr
import numpy as np

from playground import excerpts, previews, run, settings, units
from playground.controls import Choice, Text, text_of
from playground.errors import ControlError
from playground.types import ModelCard
from playground.units import Look, Tracking
from tabs import microscope, pictures, widgets
from tabs.picker import Picker
from tabs.widgets import HEAVY

MOST = 1200  # characters of a text
FEATURES = tuple(units.features("a"))
FEATURE = Choice("feature", "What a unit may follow", FEATURES[0], FEATURES)


def build(picker: Picker, model: gr.Dropdown, tab: str, dataset: str) -> None:
    """The panel: a text, what is looked for, a button, and the state."""
    gr.HTML(
        '<div class="section"><h3>The state as it reads</h3><p>All that the network knows of what it has read is a row of numbers, its state, rewritten at every character. '
        "Each row of the strip is one unit; move over the text to see the state there. Some units follow something that we can name.</p></div>",
        padding=False,
    )
    first = next(card for card in picker.cards if "remember" in card.can)
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            text = gr.Textbox(
                excerpts.read(dataset),
                label="Text",
                info="From the part that it was not trained on, or your own.",
                lines=5,
                max_lines=8,
                max_length=MOST,
            )
            feature = widgets.component(FEATURE)
            go = gr.Button("Read", elem_id=f"{tab}-state-run")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(
                state(first, previews.read_state(first.id), "recorded"),
                html_template="${value}",
                js_on_load="window.playgroundState(element)",
                padding=False,
                elem_id=f"{tab}-state",
            )

    @widgets.guarded
    def look(model: str, text: str, feature: str) -> str:
        card = picker.card(model)
        FEATURE.validate(feature)
        run.check_can(card, "remember")
        text = checked(card, text)
        pieces, states = run.remember(card.id, text)
        return microscope.prompt_note(card, text) + state(card, units.look(pieces, states, feature), "live")

    gr.on([go.click, feature.input], look, [model, text, feature], out, api_visibility="private", trigger_mode="always_last", **HEAVY)


def checked(card: ModelCard, text: object) -> str:
    """A text that a card may read, line ends as \\n. Raises ControlError for more than MOST characters, or for too few that the card knows."""
    control = replace(text_of(card.controls) or Text("text", "Text"), name="text", maximum=MOST)
    found = replace(control, alphabet=()).validate(text)
    known = sum(character not in control.unknown(found) for character in found)
    if known < units.LEAST:
        raise ControlError(f"text must have at least {units.LEAST} characters that the model knows, got {known}.")
    return found


def state(card: ModelCard, seen: Look, how: str) -> str:
    """The units that follow a feature best over a text."""
    told = {"values": base64.b64encode(seen.values.tobytes()).decode(), "units": [each.unit for each in seen.found]}
    buttons = "".join(_unit(k, each) for k, each in enumerate(seen.found[:8]))
    tokens = "".join(f'<span class="tok" data-k="{k}">{html.escape(piece)}</span>' for k, piece in enumerate(seen.pieces))
    about = {"model": card.id, "text": "".join(seen.pieces), "feature": seen.feature}
    about["link"] = settings.link_of(card.family, {"model": card.id}, ("text",))
    strip = pictures.picture(
        _colours(seen.values.T), f"{len(seen.found)} units of {card.id} over {len(seen.pieces)} characters", about, 2.0
    )
    unvaried = _unvaried(units.features("".join(seen.pieces))[seen.feature])
    return (
        f'<div class="state" data-told="{html.escape(json.dumps(told), quote=True)}">'
        f'<div class="state-strip">{strip}<i class="state-cursor"></i></div>'
        f'<p class="note">Above: {len(seen.found)} of {seen.total} units, those first that follow <b>{html.escape(seen.feature)}</b> best; characters from left to right; '
        f"orange above 0, blue below. Correlation on the half of the text where the unit was chosen, and on the other half:{unvaried}</p>"
        f'<div class="plane-legend" role="group" aria-label="Choose a unit">{buttons}</div>'
        f'<div class="scope-text" tabindex="0" role="application" aria-label="The text, shaded by the unit: arrow keys move">{tokens}</div>'
        '<p class="note state-note" role="status" data-bare="">Choose a unit: the text is shaded by it.</p></div>'
        f'<p class="runline"><span class="badge {how}">{how}</span> <b>{html.escape(card.id)}</b> · {len(seen.pieces)} characters · {seen.total} units</p>'
    )


def _unvaried(feature: np.ndarray) -> str:
    """What is to be said where a feature is the same all through a half of the text, so that nothing can follow it there."""
    still = [name for name, part in zip(("first", "second"), units.halves(feature), strict=True) if np.ptp(part) == 0]
    if not still:
        return ""
    return f" <b>in the {' and the '.join(still)} half of this text this never changes, so r is 0 there whatever a unit does.</b>"


def _unit(place: int, found: Tracking) -> str:
    pressed = "true" if place == 0 else "false"
    return (
        f'<button type="button" class="chip" data-unit="{place}" aria-pressed="{pressed}">unit {found.unit} '
        f"<small>r {found.chosen_on:+.2f}, held out {found.held_out:+.2f}</small></button>"
    )


def _colours(values: np.ndarray) -> np.ndarray:
    """int8 (h, w) as uint8 (h, w, 3): orange above 0, blue below, dark at 0."""
    share = np.abs(values.astype(np.float32) / 127)[..., None]
    ends = np.where(values[..., None] > 0, np.array([255, 163, 64], np.float32), np.array([90, 165, 255], np.float32))
    return np.round(share * ends + (1 - share) * 20).astype(np.uint8)

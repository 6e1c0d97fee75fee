"""What a person should know of a text that a model takes otherwise than it was given: one sentence each, the same on the page, in an answer and on the command line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from playground import context_length, data
from playground.controls import Text, text_of, turns_of
from playground.types import ModelCard

NAMED = 20  # characters that a sentence names


def remarks(card: ModelCard, controls: Mapping[str, Any]) -> tuple[str, ...]:
    """Of the texts among a card's controls: characters left out, a beginning that is not read, and of music how a prompt ends."""
    found = [left_out(control, controls.get(control.name, "")) for control in card.controls if isinstance(control, Text)]
    control = text_of(card.controls)
    prompt = "" if control is None else controls.get(control.name, "")
    found.append(unread(card, controls))
    if prompt and data.is_music(card.dataset):
        found.append(_ending(card, prompt))
    return tuple(each for each in found if each)


def unread(card: ModelCard, controls: Mapping[str, Any]) -> str:
    """The sentence that says which beginning of its prompt, or of what was said before, a model that continues a text does not read."""
    control, turns = text_of(card.controls), turns_of(card.controls)
    if control is None:
        return ""
    said = () if turns is None else controls.get(turns.name, ())
    return context_length.unread(card, controls.get(control.name, ""), controls.get("continued", ()), said)


def left_out(control: Text, text: str) -> str:
    """The sentence that names the characters of a text that a model does not know; empty where it knows all."""
    unknown = control.unknown(text)
    if not unknown:
        return ""
    more = f" and {len(unknown) - NAMED:,} more" if len(unknown) > NAMED else ""
    return f"{control.name} is read without {' '.join(map(repr, unknown[:NAMED]))}{more}, which the model has never met."


def _ending(card: ModelCard, prompt: str) -> str:
    """What a prompt of music leads to where it ends a piece, or in the middle of a chord."""
    voices = data.get(card.dataset).voices
    begun = data.begun(card.dataset, prompt)
    if not begun:
        return "prompt ends with a line break, which ends a piece: what is written is a new one."
    sung = len(begun) % len(voices)
    if not sung:
        return ""
    return f"prompt ends with {sung} of a chord's {len(voices)} notes: the model first writes the others ({', '.join(voices[sung:])})."

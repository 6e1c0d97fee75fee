"""What Gradio refuses before any code of ours runs, said as we say it: which field, what it takes, what it was given.

Gradio's own "Value -5 is less than minimum value 0." names no field, and repeats a value of any length.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from playground.controls import listed, number_in, shown

NUMBERS = (gr.Number, gr.Slider)
CHOICES = (gr.Dropdown, gr.Radio, gr.CheckboxGroup)


def install() -> None:
    """From now on fields with bounds or choices refuse in our words. On their classes, since Gradio makes a field anew for each visitor whose
    field it has changed; a second call changes nothing."""
    for kind in (*NUMBERS, *CHOICES):
        if not hasattr(kind.preprocess, "in_our_words"):
            kind.preprocess = _in_our_words(kind.preprocess)


def refusal(field: Any, value: Any) -> str:
    """One sentence: why this field does not take this value. Those that nobody sees have no bounds or no name."""
    if isinstance(field, CHOICES):
        return f"{field.label} must be one of {listed([str(name) for name, _ in field.choices], value)}; got {shown(value)}."
    whole = field.precision == 0
    bounded = field.minimum is not None and field.maximum is not None
    allowed = number_in(field.minimum, field.maximum, whole) if bounded else "a whole number" if whole else "a number"
    return f"{field.label or 'A number'} must be {allowed}, got {shown(value)}."


def _in_our_words(preprocess: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(preprocess)
    def told(field: Any, payload: Any) -> Any:
        try:
            return preprocess(field, payload)
        except (gr.Error, TypeError, ValueError, OverflowError) as error:  # the last three: what is no number, or none at all
            raise gr.Error(refusal(field, payload), print_exception=False) from error

    told.in_our_words = True
    return told

"""What Gradio refuses before any code of ours runs, said as we say it: which field, what it takes, what it was given.

Gradio's own "Value -5 is less than minimum value 0." names no field, and repeats a value of any length.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr

from playground.controls import shown

NUMBERS = (gr.Number, gr.Slider)
CHOICES = (gr.Dropdown, gr.Radio, gr.CheckboxGroup)
NAMED = 12  # choices that a refusal lists at most


def install() -> None:
    """From now on fields with bounds or choices refuse in our words. On their classes, since Gradio makes a field anew for each visitor whose
    field it has changed; a second call changes nothing."""
    for kind in (*NUMBERS, *CHOICES):
        if not hasattr(kind.preprocess, "in_our_words"):
            kind.preprocess = _in_our_words(kind.preprocess)


def refusal(field: Any, value: Any) -> str:
    """One sentence: why this field does not take this value."""
    if isinstance(field, NUMBERS):
        whole = "a whole number" if field.precision == 0 else "a number"
        return f"{field.label} must be {whole} in [{_bound(field.minimum)}, {_bound(field.maximum)}], got {shown(value)}."
    names = [str(name) for name, _ in field.choices]
    listed = ", ".join(names[:NAMED]) + (f" ({len(names)} in all)" if len(names) > NAMED else "")
    return f"{field.label} must be {'of' if isinstance(field, gr.CheckboxGroup) else 'one of'} {listed}; got {shown(value)}."


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:.15g}"


def _in_our_words(preprocess: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(preprocess)
    def told(field: Any, payload: Any) -> Any:
        try:
            return preprocess(field, payload)
        except (gr.Error, TypeError, ValueError, OverflowError) as error:  # the last three: what is no number, or none at all
            raise gr.Error(refusal(field, payload), print_exception=False) from error

    told.in_our_words = True
    return told

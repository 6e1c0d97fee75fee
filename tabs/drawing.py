"""A drawing pad that tabs share: white ink on black, for mouse, finger, pen and keyboard; assets/page.js moves the pen."""

from __future__ import annotations

from typing import Any

import gradio as gr

from playground import data
from playground.types import Images
from tabs import pictures

SIDE = 280  # points along each side, ten for each of a digit's 28
PEN = 20  # width of the stroke in points: two pixels of a digit, as MNIST's pens were

TEMPLATE = (
    '<div class="pad"><div class="pad-board">'
    f'<canvas width="{SIDE}" height="{SIDE}" tabindex="0" role="img" aria-label="Drawing pad. With a keyboard: arrow keys move the pen, the space bar sets it down or lifts it."></canvas>'
    '<i class="pad-pen" aria-hidden="true"></i></div>'
    '<div class="pad-bar"><button type="button" class="pad-clear">Clear</button>'
    f'<label>Pen <input type="range" class="pad-width" min="4" max="48" value="{PEN}" aria-label="Width of the pen"></label></div></div>'
)


def pad(elem_id: str) -> gr.HTML:
    """A pad; its event `draw` comes whenever the pen has rested, with what png_of() takes from the event."""
    return gr.HTML(
        TEMPLATE,
        html_template="${value}",
        js_on_load="window.playgroundPad(element, (png) => trigger('draw', { png }))",
        elem_id=elem_id,
        padding=False,
    )


def seen(dataset: str, event: gr.EventData) -> Images:
    """The drawing of a pad's event as a model of this data set sees it. Raises ControlError for an empty or unreadable one."""
    sent: Any = event._data
    return data.from_picture(dataset, pictures.from_uri(sent.get("png") if isinstance(sent, dict) else None))

"""A drawing pad that tabs share: white ink on black or over a picture, for mouse, finger, pen and keyboard; assets/page.js moves the pen."""

from __future__ import annotations

from typing import Any

import gradio as gr
import numpy as np

from playground import data
from playground.data import picture_files
from playground.types import Images
from tabs import pictures

SIDE = 280  # points along each side, ten for each of a digit's 28
PEN = 20  # width of the stroke in points: two pixels of a digit, as MNIST's pens were

SKIN, PAPER = "#8d5a3b", "#e8e2d8"  # the first colour of the pen, and what it is drawn on: page.js knows the paper

TEMPLATE = (
    '<div class="pad {kind}"><div class="pad-board">'
    '<canvas width="{side}" height="{side}" tabindex="0" role="img" aria-label="{name}. With a keyboard: arrow keys move the pen, the space bar sets it down or lifts it."></canvas>'
    '<i class="pad-pen" aria-hidden="true"></i></div>'
    '<div class="pad-bar"><button type="button" class="pad-clear">Clear</button>'
    '<label>Pen <input type="range" class="pad-width" min="4" max="48" value="{width}" aria-label="Width of the pen"></label></div>{more}</div>'
)
COLOUR = f'<div class="pad-bar"><label>Colour <input type="color" class="pad-colour" value="{SKIN}" aria-label="Colour of the pen"></label></div>'
CHOOSER = (
    '<div class="pad-bar"><label class="pad-file">Begin with a picture <input type="file" accept="image/png,image/jpeg,image/webp" aria-label="Begin with a picture"></label></div>'
    '<p class="note pad-note" role="status">Its middle square is made small in this browser; nothing larger is sent.</p>'
)


def pad(elem_id: str, over: bool = False, colour: bool = False, files: bool = False, side: int = SIDE) -> gr.HTML:
    """A pad; its event `draw` comes whenever the pen has rested, with what seen() takes from the event.

    over: painted over the picture that a backdrop() beside it names, and cleared is an event, too. colour: drawn in colours on paper;
    with files also over a picture of one's own, whose middle square the browser makes as small as the pad; not for a public page. side: points
    along each side of what is sent.
    """
    kind, name, width = ("over", "Brush over the picture", 2 * PEN) if over else ("", "Drawing pad", PEN)
    if colour:
        kind, name = "colour", "Drawing pad in colour"
    return gr.HTML(
        TEMPLATE.format(side=side, kind=kind, name=name, width=width, more=COLOUR * colour + CHOOSER * (colour and files)),
        html_template="${value}",
        js_on_load="window.playgroundPad(element, (png) => trigger('draw', { png }))",
        elem_id=elem_id,
        padding=False,
    )


def backdrop(elem_id: str, images: Images) -> str:
    """What shows the first of the pictures under the pad of that id: a new value of the pad itself would take its strokes away."""
    return f"<style>#{elem_id} .pad-board {{ background-image: url({pictures.uri(pictures.png(pictures.tiles(images, 1)))}) }}</style>"


def seen(dataset: str, event: gr.EventData) -> Images:
    """The drawing of a pad's event as a model of this data set sees it. Raises ControlError for an empty or unreadable one."""
    return data.from_picture(dataset, drawn(event))


def painted(dataset: str, event: gr.EventData) -> Images:
    """The strokes of a pad's event as a mask for a sample of this data set. Raises ControlError for an unreadable one."""
    return data.from_mask(dataset, drawn(event))


def drawn(event: gr.EventData) -> np.ndarray:
    """The picture of a pad's event, as picture_files reads it. Raises ControlError."""
    sent: Any = event._data
    return picture_files.from_uri(sent.get("png") if isinstance(sent, dict) else None, "drawing")

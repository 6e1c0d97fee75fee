"""Points of one's own on the Race tab: a sheet to draw on, a text or a file, and what the core read of it, shown at once (assets/race_points.js)."""

from __future__ import annotations

import html
import json
from typing import Any

import gradio as gr

from playground.data import point_table, points
from playground.errors import ControlError
from tabs import widgets

COLUMN = "Auto: columns named x and y, else the first two."
READ = {"queue": True, "show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 4}


def build(tab: str) -> list[gr.components.Component]:
    """The sheet, the text and how it is to be read; gives the components whose values points.from_text takes."""
    gr.HTML(
        '<p class="note">Draw on the sheet, paste pairs of numbers, one a line, or choose a CSV file; then choose “Your own points” as the target. '
        "They are sent to this page's server to be read, and stored nowhere.</p>"
        f'<div class="own-sheet"><canvas data-longest="{point_table.LONGEST}" data-most="{point_table.MOST}" data-plane="{points.REACH}" data-filled="{points.FILLED}" width="440" height="440" '
        'tabindex="0" role="img" aria-label="A sheet that shows your points, to draw more of them with mouse or finger; or type pairs of numbers into the field"></canvas>'
        '<button type="button" class="own-clear">Clear</button> <button type="button" class="own-undo" disabled>Undo</button> '
        '<label class="visit-file">CSV <input type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" aria-label="A CSV file with two columns of numbers or more"></label>'
        '<p class="note own-said" role="status"></p></div>',
        padding=False,
        js_on_load="window.playgroundOwnPoints(element)",
    )
    text = gr.Textbox("", label="Points", info="x, y", lines=5, max_lines=8, max_length=point_table.LONGEST, elem_id=f"{tab}-own")
    read = gr.HTML("", padding=False, elem_id=f"{tab}-read")
    with gr.Row(elem_classes="ask", equal_height=True):
        x, y = (
            gr.Dropdown([point_table.AUTO], value=point_table.AUTO, label=f"Column of {name}", info=COLUMN, min_width=140) for name in "xy"
        )
        decimal_mark, scaling = (widgets.component(control, min_width=140) for control in (point_table.DECIMAL_MARK, points.SCALING))
    asked = [text, x, y, decimal_mark, scaling]
    text.change(_new_text, [text, scaling], [read, x, y, decimal_mark], trigger_mode="always_last", **READ)
    decimal_mark.input(_new_mark, [text, decimal_mark, scaling], [read, x, y], **READ)
    gr.on([x.input, y.input, scaling.input], _read, asked, read, **READ)
    return asked


@widgets.guarded
def _new_text(text: str, scaling: str) -> list[Any]:
    """What another text is read as: choices that were made for the last one do not hold for it."""
    return [*_new_mark(text, point_table.AUTO, scaling), point_table.AUTO]


@widgets.guarded
def _new_mark(text: str, decimal_mark: str, scaling: str) -> list[Any]:
    shown = _read(text, point_table.AUTO, point_table.AUTO, decimal_mark, scaling)
    try:
        columns = point_table.read(text, decimal_mark=decimal_mark).columns
    except ControlError:
        columns = ()
    return [shown, *(gr.Dropdown([point_table.AUTO, *columns], value=point_table.AUTO) for _ in "xy")]


@widgets.guarded
def _read(text: str, x: str, y: str, decimal_mark: str, scaling: str) -> str:
    """What was read, in words for the person and as numbers for the sheet; a text that raises a question is no points yet."""
    try:
        found = point_table.read(text, x, y, decimal_mark)
        place = points.placement(found.points, scaling) if len(found.points) else None
    except ControlError as error:
        return _told({"chars": _chars(text), "open": True}, f'<span class="fault">{html.escape(str(error))}</span>')
    told = {"chars": _chars(text), "points": found.points.tolist(), "scaling": scaling}
    if place is not None:
        told |= {"middle": place.middle.tolist(), "reach": place.reach.tolist()}
    few = len(found.points) < points.LEAST and text.strip()
    words = [found.note, place.note if place is not None else "", f"A race needs {points.LEAST} points at least." if few else ""]
    return _told(told, html.escape(" ".join(word for word in words if word)))


def _chars(text: str) -> int:
    """A text's length as JavaScript counts it."""
    return len(text) + sum(ord(each) > 0xFFFF for each in text)


def _told(told: dict[str, Any], words: str) -> str:
    attribute = html.escape(json.dumps(told, separators=(",", ":")), quote=True)
    return f'<p class="note own-read" role="status" data-read="{attribute}">{words}</p>'

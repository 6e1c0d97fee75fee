"""The models of text in the Compare tab: the same prompt to all, and the table of what was measured."""

from __future__ import annotations

import html

import gradio as gr

from playground import language
from playground.comparison import Cell, Row
from tabs import ladder


def build(tab: str) -> None:
    """The section."""
    with gr.Accordion("Models of text", open=False, elem_id=f"{tab}-languages"):
        gr.HTML(
            '<p class="note">A character at a time, learnt from the same plays: by counting, with a memory, with gates on it, with attention.</p>',
            padding=False,
        )
        ladder.build(tab)
        gr.HTML(table(language.rows()), padding=False)


def table(rows: tuple[Row, ...]) -> str:
    """What was measured of each model, one column each."""
    cards = language.cards()
    if not rows:
        return f'<p class="note">Not measured yet: python -m playground.metrics {" ".join(card.id for card in cards)}</p>'
    head = "".join(f"<th scope=col>{html.escape(card.title)}</th>" for card in cards)
    body = "".join(f"<tr><th scope=row>{_title(row)}</th>{''.join(map(_cell, row.cells))}</tr>" for row in rows)
    made = next(cell.measured for row in rows for cell in row.cells if cell.measured)
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Models of text, scrolls sideways">'
        f'<table class="facts families texts"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f'<p class="runline"><span class="badge recorded">recorded</span> {made.when[:10]} on {html.escape(made.machine)}, commit {html.escape(made.commit)}, '
        f"by <code>{html.escape(made.command)}</code></p>"
    )


def _title(row: Row) -> str:
    direction = {True: " More is better.", False: " Less is better.", None: ""}[row.more_is_better]
    return f"{html.escape(row.title)}<small>{html.escape(row.explanation)}{direction}</small><small>{html.escape(row.conditions)}</small>"


def _cell(cell: Cell) -> str:
    text = html.escape(cell.text)
    value = f'<b class="best">{text} <span>★ best</span></b>' if cell.is_best else f'<span class="value">{text}</span>'
    bar = "" if cell.bar is None else f'<div class="bar" aria-hidden="true"><b style="width:{100 * min(cell.bar, 1.0):.1f}%"></b></div>'
    return f"<td>{value}{bar}<small>{html.escape(cell.note)}</small></td>"

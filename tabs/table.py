"""The comparison table as HTML: one column for each family, bars on one scale across a row, folds below the first three rows."""

from __future__ import annotations

import html
from collections.abc import Sequence

from playground import comparison, data
from playground.comparison import Cell, Row
from playground.tables import Table
from playground.types import ModelCard
from tabs import behind

SIGNS = {"gan": "◆", "vae": "●", "diffusion": "▲", "autoencoder": "■"}  # beside the colour, never instead of it
CLASSES = {"gan": "adversarial", "vae": "elbo", "diffusion": "denoising", "autoencoder": "reconstruction"}
MARKS = {"gan": "diamond", "vae": "circle", "diffusion": "triangle", "autoencoder": "square"}  # the same in charts
GROUPS = {
    "facts": "What they are",
    "cost": "What they cost",
    "quality": "All that was measured",
    "referee": "A second judge, on which nothing was tuned",
}


def sign(family: str) -> str:
    """A family's sign; of one without a sign of its own, a plain one."""
    return SIGNS.get(family, "•")


def css_class(family: str) -> str:
    """The CSS class that gives a family's parts its colour; of one without a colour, its own name."""
    return CLASSES.get(family, family)


def colour(family: str) -> str:
    """A family's colour in a chart; of one without a colour, that of the text."""
    return f"var(--{CLASSES[family]})" if family in CLASSES else "currentColor"


def mark(family: str) -> str:
    """A family's mark in a chart, one of charts.GLYPHS; of one without a mark of its own, a circle."""
    return MARKS.get(family, "circle")


def who(family: str, card: ModelCard) -> str:
    """A family's name as every part of the page writes it: sign, name, and how it learns."""
    if family not in SIGNS:
        return f"<b>{html.escape(card.title)}</b>"
    asked = "" if comparison.label_of(card) else '<small class="cannot">cannot generate: random codes decoded</small>'
    return (
        f'<span class="who {css_class(family)}"><i aria-hidden="true">{sign(family)}</i> <b>{html.escape(card.title)}</b>'
        f"<small>learns by {html.escape(comparison.WAYS.get(family, family))}</small>{asked}</span>"
    )


def table(found: Table) -> str:
    """The whole table: the summary in sight, the rest in folds."""
    head = "<tr><td></td>" + "".join(f"<th scope=col>{who(key, card)}</th>" for key, card in found.columns.items()) + "</tr>"
    parts = {group: [row for row in found.rows if row.group == group] for group in ("summary", *GROUPS)}
    columns = list(found.columns.items())
    first = _section(parts.pop("summary"), head, columns)
    folds = "".join(
        f"<details><summary>{html.escape(GROUPS[group])}: {html.escape(', '.join(row.title for row in rows))}</summary>{_section(rows, head, columns)}</details>"
        for group, rows in parts.items()
        if rows
    )
    note = '<p class="note">Press a number to see how it was taken: its formula, samples, and the command that takes it again.</p>'
    return f'<div class="compare-table">{note}{first}{folds}{behind.samples(found.columns)}</div>'


def origin(found: Table) -> str:
    """When and where the recorded numbers were taken, and the command that takes them again."""
    measured = [cell.measured for row in found.rows if row.group in ("summary", "quality") for cell in row.cells if cell.measured]
    if not measured:
        return '<p class="runline"><span class="badge recorded">recorded</span> nothing yet: <code>python -m playground.metrics --all</code></p>'
    places = sorted({m.machine or m.device for m in measured})
    days = sorted({m.when[:10] for m in measured if m.when})
    commits = sorted({m.commit[:10] for m in measured if m.commit})
    words = [*(days[:1] if len(days) < 2 else [f"{days[0]} to {days[-1]}"]), *places, *(f"commit {commit}" for commit in commits)]
    noun = data.get(found.dataset).noun
    floor = f"The upright line on a bar: what real {noun} score against other real {noun}." if found.is_of_pictures else ""
    command = html.escape(measured[0].command or "python -m playground.metrics --all")
    return f'<p class="runline"><span class="badge recorded">recorded</span> {html.escape(" · ".join(words))} · again by <code>{command}</code>. {floor}</p>'


def _section(rows: Sequence[Row], head: str, columns: Sequence[tuple[str, ModelCard]]) -> str:
    classes, cards = [CLASSES.get(key, "") for key, _ in columns], [card for _, card in columns]
    body = "".join(_row(row, classes) + behind.row(row, cards, classes) for row in rows)
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Comparison, scrolls sideways"><table class="facts families">'
        f"<colgroup><col class=rowname><col><col><col><col></colgroup><thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )


def _row(row: Row, classes: Sequence[str]) -> str:
    direction = {True: " More is better.", False: " Less is better.", None: ""}[row.more_is_better]
    conditions = f"<small>{html.escape(row.conditions)}</small>" if row.conditions else ""
    explanation = f"<small>{html.escape(row.explanation)}{direction}</small>" if row.explanation else ""
    return f"<tr><th scope=row>{html.escape(row.title)}{explanation}{conditions}</th>{_cells(row, classes)}</tr>"


def _cells(row: Row, classes: Sequence[str]) -> str:
    if row.group != "facts" and not row.is_measured:
        return f'<td colspan="{len(row.cells)}" class="missing">{html.escape(row.cells[0].note)}</td>'
    return "".join(f'<td class="{name}">{_cell(cell)}</td>' for name, cell in zip(classes, row.cells, strict=True))


def _cell(cell: Cell) -> str:
    text = html.escape(cell.text)
    best = (
        f'<b class="best">{text} <span>★ best</span></b>'
        if cell.is_best
        else f'<span class="value">{text}</span>'
        if cell.measured
        else text
    )
    bar = ""
    if cell.bar is not None:
        floor = "" if cell.floor is None else f'<i style="left:{100 * cell.floor:.1f}%" title="real against real"></i>'
        bar = f'<div class="bar" aria-hidden="true"><b style="width:{100 * min(cell.bar, 1.0):.1f}%"></b>{floor}</div>'
    note = f"<small>{html.escape(cell.note)}</small>" if cell.note else ""
    return f"{behind.value(cell, best)}{bar}{note}"

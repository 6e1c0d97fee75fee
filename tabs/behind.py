"""What stands behind the numbers of a table's row: formula, samples, and how each number was taken. Shown when a number is pressed, by compare.js."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from playground import comparison, data, previews, settings
from playground.comparison import Cell, Row
from playground.errors import PlaygroundError
from playground.formulas import FORMULAS
from playground.metrics.kernel import ALPHA
from playground.types import Images, Measurement, ModelCard
from playground.verdict import is_like_real
from tabs import pictures, widgets

N, ACROSS = 16, 4  # samples of each
LONG = 160  # characters of a text


def value(cell: Cell, inner: str) -> str:
    """A cell's number as what opens the row behind it; as it is where nothing was measured."""
    if cell.measured is None:
        return inner
    return f'<button type="button" class="behind-open" aria-expanded="false" title="How was that taken?">{inner}</button>'


def row(row: Row, columns: Sequence[ModelCard], classes: Sequence[str]) -> str:
    """The hidden row below a measured one; nothing below one that is not."""
    metric = next((cell.measured.metric for cell in row.cells if cell.measured), "")
    formula = FORMULAS.get(metric)
    if formula is None:
        return ""
    source = ""
    if formula.source:
        name = html.escape(formula.source)
        source = f' <a href="{formula.link}" target="_blank" rel="noopener">{name}</a>' if formula.link else f" {name}"
    cells = "".join(f'<td class="{name}">{_taken(card, cell)}</td>' for card, cell, name in zip(columns, row.cells, classes, strict=True))
    return (
        f'<tr class="behind" hidden><th scope=row><span class="formula">{html.escape(formula.text)}</span>'
        f"<small>{html.escape(formula.where)}{source}</small></th>{cells}</tr>"
    )


def samples(columns: Mapping[str, ModelCard]) -> str:
    """The recorded samples of every column, out of sight: a row that is opened shows them."""
    return f'<div class="behind-samples" hidden>{"".join(map(_samples, columns.values()))}</div>'


def _samples(card: ModelCard) -> str:
    try:
        if card.kind == "text":
            found, written = previews.read_text(card.id)
            text = html.escape((written.texts.prompt + written.texts.texts[0])[:LONG])
            inner = f'<span class="behind-text" dir="auto">{text} …</span><small>seed {found.seed}</small>'
        else:
            found = widgets.recorded_run(card.id)
            sheet = pictures.tiles(Images(found.samples.pixels[:N]), ACROSS)
            inner = f"{pictures.picture(sheet, f'{N} samples of {card.title}', settings.of_picture(found), 1.0)}<small>{N} samples, seed {found.seed}</small>"
    except PlaygroundError as error:
        inner = f"<small>{html.escape(str(error))}</small>"
    return f'<div data-card="{card.id}">{inner}</div>'


def _taken(card: ModelCard, cell: Cell) -> str:
    """How one number was taken, and the place of the samples."""
    m = cell.measured
    if m is None:
        return f"<small>{html.escape(cell.note)}</small>"
    lines = [" · ".join(_how(m))]
    if m.spread is not None:
        lines.append(f"± {comparison.significant(m.spread, 2)}: {m.spread_over}")
    if m.p is not None:
        lines.append(_test(card, m))
    if m.floor is not None:
        lines.append(f"real against real: {comparison.significant(m.floor)}")
    if again := comparison.over_trainings(m):
        lines.append(again)
    lines.append(" · ".join(part for part in (m.when[:10], m.machine or m.device, f"commit {m.commit[:10]}" if m.commit else "") if part))
    told = "".join(f"<small>{html.escape(line)}</small>" for line in lines if line)
    return f'<span class="behind-place" data-card="{card.id}"></span>{told}<small><code>{html.escape(m.command)}</code></small>'


def _test(card: ModelCard, m: Measurement) -> str:
    """What the permutation test says of a card's samples."""
    noun = data.get(card.dataset).noun
    said = f"{m.metric.upper()} {'cannot tell' if is_like_real(m) else 'can tell'} it from real {noun}"
    return f"permutation test: p {m.p:.2g} ({m.p_by}). {said} at the {ALPHA:g} level"


def _how(m: Measurement) -> list[str]:
    parts = [f"n {m.n:,}"] if m.n else []
    if m.extractor:
        parts += [f"seed {m.seed}", f"{m.split} split", f"seen by {m.extractor}"]
    elif m.split == "valid":
        parts.append(f"{m.split} split")
    return parts

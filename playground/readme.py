"""The measured table as Markdown, and its place in README.md: `python -m playground readme` writes it, so that no number is typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from playground import comparison, data, known, language, music, tables, weights
from playground.comparison import Row
from playground.metrics.music import METRICS as COMPOSED
from playground.tables import Table
from playground.types import ModelCard

README = weights.ASSETS.parent / "README.md"
BLOCKS = ("measured", "known factors", "models of text", "models of music")  # each stands between two markers


def as_markdown(table: Table) -> str:
    """A table as it is seen, in Markdown."""
    return _table([card.title for card in table.columns.values()], table.rows)


def side_by_side(cards: Sequence[ModelCard], rows: Sequence[Row]) -> str:
    """The table of some models, and where and when its numbers were measured."""
    found = [cell.measured for row in rows for cell in row.cells if cell.measured]
    runs = dict.fromkeys((m.when[:10], m.machine, m.commit, m.command) for m in found if m.metric in ("loss", *COMPOSED))
    origins = "; ".join(f"{when} on {machine}, commit {commit}, by `{command}`" for when, machine, commit, command in runs)
    return _table([card.title for card in cards], rows) + (f"\nMeasured {origins}.\n" if origins else "")


def _table(titles: Sequence[str], rows: Sequence[Row]) -> str:
    lines = ["| | " + " | ".join(map(_escaped, titles)) + " |", "|---" * (len(titles) + 1) + "|"]
    for row in rows:
        title = _escaped(row.title) + (f" ({_escaped(row.conditions)})" if row.conditions else "")
        cells = [
            (f"**{_escaped(cell.text)}**" if cell.is_best else _escaped(cell.text)) + (f" ({_escaped(cell.note)})" if cell.note else "")
            for cell in row.cells
        ]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def block() -> str:
    """What stands between the markers, for each data set of pictures: the verdict, the measured rows, where and when they were measured."""
    return "\n".join(f"#### {data.get(name).noun.capitalize()}\n\n{_measured(tables.of(name))}" for name in comparison.datasets())


def _measured(table: Table) -> str:
    rows = [row for row in table.rows if row.is_measured]
    found = [cell.measured for row in rows for cell in row.cells if cell.measured]
    runs = dict.fromkeys((m.when[:10], m.machine, m.commit, m.command) for m in found if m.extractor)
    origins = [f"{when} on {machine}, commit {commit}, by `{command}`" for when, machine, commit, command in runs]
    origin = f"\nMeasured {'; '.join(origins)}.\n" if origins else ""
    return f"{table.sentence}\n\n{as_markdown(replace(table, rows=tuple(rows)))}{origin}"


def _music() -> str:
    """What is to be known of the pieces, and the table of the models that learnt from them."""
    said = " ".join(dict.fromkeys(each for card in music.cards() for each in music.data_sentences(card.dataset) if each))
    return (f"{said}\n\n" if said else "") + side_by_side(music.cards(), music.rows())


def markers(name: str) -> tuple[str, str]:
    """The lines before and after a block."""
    return f"<!-- {name}: begin (python -m playground readme writes this) -->", f"<!-- {name}: end -->"


def write(path: Path = README) -> None:
    """Puts every block between its markers of a README. Raises ValueError where they are missing."""
    text = path.read_text(encoding="utf-8")
    texts = side_by_side(language.cards(), language.rows())
    contents = (block(), known.as_markdown(), texts, _music())
    for name, content in zip(BLOCKS, contents, strict=True):
        begin, end = markers(name)
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{path.name} lacks the markers {begin} and {end}")
        text = f"{before}{begin}\n{content}{end}{after}"
    path.write_text(text, encoding="utf-8")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")

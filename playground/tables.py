"""The tables of the comparison, one for each kind of data: columns are models of the same data, rows facts and measurements, above them one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground import comparison, data, language, verdict
from playground.comparison import FACTS, Cell, Row
from playground.errors import ControlError
from playground.metrics import measurements
from playground.types import Measurement, ModelCard


@dataclass(frozen=True)
class Table:
    """columns: the cards by family, or by id where a family has several. rows: each with a cell for every column. sentence: what the numbers carry."""

    dataset: str
    columns: Mapping[str, ModelCard]
    rows: tuple[Row, ...]
    sentence: str

    @property
    def is_of_pictures(self) -> bool:
        """True where the columns draw pictures."""
        return data.get(self.dataset).kind == "image"


def names() -> dict[str, str]:
    """The data sets that there is a table of, by what their samples are called."""
    return {data.get(name).noun: name for name in (*comparison.datasets(), language.cards()[0].dataset)}


def of(dataset: object, found: Sequence[Measurement] | None = None) -> Table:
    """The table of a data set, from the shipped measurements by default. Raises ControlError for one that has none."""
    if dataset not in names().values():
        raise ControlError(f"data must be one of {', '.join(names().values())}; got {dataset!r}.")
    found = measurements.read() if found is None else found
    if data.get(dataset).kind == "image":
        columns: dict[str, ModelCard] = comparison.chosen(dataset)
        sentence = verdict.verdict(found, {family: card.id for family, card in columns.items()})
        return Table(dataset, columns, comparison.rows(found, dataset), sentence)
    columns = {card.id: card for card in language.cards()}
    said = [Row(title, "", "facts", tuple(Cell(comparison.fact(card, key)) for card in columns.values())) for key, title in FACTS]
    return Table(dataset, columns, (*said, *language.rows(found)), language.sentence(found))

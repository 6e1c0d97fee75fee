"""The recorded numbers, assets/measurements.json: read, found, merged, written. Needs no torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from playground import weights
from playground.types import Measurement

PATH = weights.ASSETS / "measurements.json"


def read(path: Path = PATH) -> tuple[Measurement, ...]:
    """All recorded measurements; none where nothing was recorded yet."""
    if not path.is_file():
        return ()
    return tuple(Measurement(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))


def find(found: Sequence[Measurement], card: str, metric: str, extractor: str | None = None) -> Measurement | None:
    """The measurement of a card by that metric, in the features of that extractor if one is named; None where there is none."""
    matches = (m for m in found if (m.card, m.metric) == (card, metric) and extractor in (None, m.extractor))
    return next(matches, None)


def merge(old: Sequence[Measurement], new: Sequence[Measurement], prefix: str | tuple[str, ...] = "") -> tuple[Measurement, ...]:
    """The old entries with those of the newly measured cards replaced; with a prefix, or several, only those whose metric's name begins so."""
    measured = {entry.card for entry in new}
    return (*(entry for entry in old if not (entry.card in measured and entry.metric.startswith(prefix))), *new)


def write(found: Sequence[Measurement], path: Path = PATH) -> None:
    """Writes all measurements in one atomic step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(path, [asdict(entry) for entry in found])

"""A text that a model wrote, with what stood to choose from at every step: as JSON for the page and for what is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground.types import Choices, Run, Texts

SCALE = 10_000  # probabilities are written as whole numbers of this, smaller ones to two digits: only what is cut off is 0
SHOWN = 10  # tokens of a step that are written


@dataclass(frozen=True)
class Transcript:
    """texts: what was written. choices: what stood to choose from at each step, the last len(choices) tokens of each text; tokens before were given."""

    texts: Texts
    choices: tuple[Choices, ...]

    def surprise(self, row: int) -> np.ndarray:
        """-log p of each chosen token of a text by the model alone, in nats: float64, NaN of tokens that were given."""
        given = len(self.texts.ids[row]) - len(self._chosen(row))
        return np.concatenate([np.full(given, np.nan), [-np.log(max(float(each.probability[row]), 1e-12)) for each in self._chosen(row)]])

    def as_json(self, row: int) -> dict[str, Any]:
        """One text: its tokens, their characters, and of each step [ids, before, after, kept, rank, probability], those of given tokens None."""
        steps: list[Any] = [None] * (len(self.texts.ids[row]) - len(self._chosen(row)))
        names: dict[int, str] = {}
        for each in self._chosen(row):
            ids = each.ids[row, :SHOWN].tolist()
            names.update(zip(ids, each.pieces[row], strict=False))
            before, after = ([_scaled(p) for p in part[row, :SHOWN].tolist()] for part in (each.before, each.after))
            steps.append([ids, before, after, int(each.kept[row]), int(each.rank[row]), _scaled(float(each.probability[row]))])
        return {"ids": list(self.texts.ids[row]), "pieces": list(self.texts.pieces[row]), "names": names, "steps": steps}

    def _chosen(self, row: int) -> list[Choices]:
        """The steps at which this text still grew."""
        return [each for each in self.choices if each.chosen[row] >= 0][: len(self.texts.ids[row])]


def follow(runs: Iterator[Run]) -> Iterator[tuple[Run, Transcript]]:
    """Every run of a stream that was asked for its choices, with the transcript so far."""
    choices: list[Choices] = []
    for found in runs:
        seen = found.step.views.get("choices")
        if isinstance(seen, Choices):
            choices.append(seen)
        yield found, Transcript(found.samples, tuple(choices))


def record(found: Transcript) -> dict[str, Any]:
    """The whole transcript as JSON."""
    return {"prompt": found.texts.prompt, "rows": [found.as_json(row) for row in range(len(found.texts))]}


def restore(about: dict[str, Any]) -> Transcript:
    """A transcript from its JSON; of a step's tokens those that were written, to the digits that were written."""
    rows = about["rows"]
    texts = Texts(tuple(tuple(row["ids"]) for row in rows), tuple(tuple(row["pieces"]) for row in rows), about["prompt"])
    length = max(len(row["steps"]) for row in rows)
    return Transcript(texts, tuple(_step(rows, k) for k in range(length) if all(k < len(row["steps"]) and row["steps"][k] for row in rows)))


def _scaled(p: float) -> int | float:
    """A probability as it is written."""
    return round(SCALE * p) if SCALE * p >= 10 else float(f"{SCALE * p:.2g}")


def _step(rows: Sequence[dict[str, Any]], k: int) -> Choices:
    steps = [row["steps"][k] for row in rows]
    names = [{int(token): name for token, name in row["names"].items()} for row in rows]
    return Choices(
        np.array([step[0] for step in steps]),
        tuple(tuple(name[token] for token in step[0]) for name, step in zip(names, steps, strict=True)),
        np.array([step[1] for step in steps], np.float32) / SCALE,
        np.array([step[2] for step in steps], np.float32) / SCALE,
        np.array([step[3] for step in steps]),
        np.array([row["ids"][k] for row in rows]),
        np.array([step[4] for step in steps]),
        np.array([step[5] for step in steps], np.float32) / SCALE,
    )

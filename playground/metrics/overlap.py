"""How new the pieces of music kept for measuring are to a model that learnt the others, and what their text leaves out of the source."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from playground import data, weights
from playground.errors import DataUnavailable

OPENING = 16  # moments: two bars of 4/4
COMMAND = "python -m playground.metrics --reference"


@dataclass(frozen=True)
class Overlap:
    """What n validation pieces share with the training pieces, any_key meaning moved by any interval.

    same_key, any_key: pieces whose first voice opens with the same opening moments as a training piece's. all_voices: those whose voices all do, in any key.
    melody: those whose first voice is that of a training piece from beginning to end, in any key. shortest: moments of the shortest training piece.
    changes: of pitch in the source of the training pieces. lost: those that the text leaves out.
    """

    n: int
    training_pieces: int
    opening: int
    same_key: int
    any_key: int
    all_voices: int
    melody: int
    shortest: int
    changes: int
    lost: int
    command: str = ""

    @property
    def lost_share(self) -> float:
        """The share of the changes that the text leaves out."""
        return self.lost / max(1, self.changes)


def measure(dataset: str) -> Overlap:
    """Compares the validation pieces of a data set with its training pieces. Raises DataUnavailable without the data set."""
    (learnt, subdivision), (kept, _) = data.source_pieces(dataset, "train"), data.source_pieces(dataset, "valid")
    return compare(learnt, kept, subdivision, command=f"{COMMAND} {dataset}")


def compare(learnt: Sequence[np.ndarray], kept: Sequence[np.ndarray], subdivision: int, command: str = "") -> Overlap:
    """The same of any pieces: int (t, voices) arrays of MIDI pitches, -1 where a voice is silent, of which the text keeps every subdivision-th moment."""
    grid, theirs = [piece[::subdivision] for piece in learnt], [piece[::subdivision] for piece in kept]
    of_source, of_text = sum(map(changes, learnt)), sum(map(changes, grid))

    def shared(part: slice, voices: slice, moved: bool) -> int:
        known = {_key(piece[part, voices], moved) for piece in grid}
        return sum(_key(piece[part, voices], moved) in known for piece in theirs)

    whole, beginning, first, every = slice(None), slice(OPENING), slice(1), slice(None)
    return Overlap(
        n=len(theirs),
        training_pieces=len(grid),
        opening=OPENING,
        same_key=shared(beginning, first, False),
        any_key=shared(beginning, first, True),
        all_voices=shared(beginning, every, True),
        melody=shared(whole, first, True),
        shortest=min(map(len, grid)),
        changes=of_source,
        lost=of_source - of_text,
        command=command,
    )


def changes(piece: np.ndarray) -> int:
    """How often a voice goes to another pitch, or to or from silence."""
    return int((np.diff(piece, axis=0) != 0).sum())


def path(dataset: str) -> Path:
    """Where a data set's overlap is shipped."""
    return weights.ASSETS / "reference" / dataset / "overlap.json"


def write(dataset: str) -> Path:
    """Measures and records a data set. Raises DataUnavailable without it."""
    found = measure(dataset)
    path(dataset).parent.mkdir(parents=True, exist_ok=True)
    weights.write_json(path(dataset), asdict(found))
    return path(dataset)


def read(dataset: str) -> Overlap:
    """What was recorded of a data set. Raises DataUnavailable where nothing was."""
    try:
        return Overlap(**json.loads(path(dataset).read_text(encoding="utf-8")))
    except OSError as error:
        raise DataUnavailable(f"The overlap of {dataset} is not measured yet: {COMMAND} {dataset}.") from error


def _key(part: np.ndarray, moved: bool) -> tuple[int, bytes]:
    """What two passages have in common where they are alike, or alike but for the key: pitches count from the first that sounds."""
    sounding = part[part >= 0]
    base = int(sounding[0]) if moved and len(sounding) else 0
    return len(part), np.where(part >= 0, part - base, -1000).astype(np.int64).tobytes()

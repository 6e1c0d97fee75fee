"""Bach's four-part chorales as text: 382 pieces, the split of Boulanger-Lewandowski et al. 2012 (arXiv:1206.6392).

Four letters a quaver, soprano, alto, tenor and bass in that order, a letter for each pitch, a dot for a voice that is silent; a line break
ends a piece. The source has semiquavers, and what does not last to the next quaver is left out: 1.9 % of the changes of pitch of the training
pieces. A note that is struck again is written as one that is held, and bar lines are missing: the source knows neither. The training split
holds every piece in each of the twelve keys around its own (from a fourth below to a tritone above) in which the four voices stay on the letters.

The splits share hymn tunes, which Bach set more than once: 28 of the 76 validation pieces open with two bars of melody that open a training
piece in some key, 9 of them in the same key (python -m playground.metrics --reference chorales counts this anew).
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np

from playground.data import files
from playground.errors import DataUnavailable
from playground.types import Corpus, Dataset, Notes

FILE = "jsb_chorales/Jsb16thSeparated.json"
SOURCE = "https://raw.githubusercontent.com/czhuang/JSB-Chorales-dataset/master/Jsb16thSeparated.json"
LOWEST, HIGHEST = 36, 81  # MIDI pitches, C2 to A5
SUBDIVISION = 2  # moments of the source, semiquavers, to one of the text
SECONDS = 0.375  # of a quaver: 80 crotchets a minute
SILENT = "."
PITCHES = tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst")
SHIFTS = (6, -5, 5, -4, 4, -3, 3, -2, 2, -1, 1, 0)  # semitones; as it was written comes last

DATASET = Dataset(
    name="chorales",
    kind="text",
    shape=(),
    labels=("\n", SILENT, *PITCHES),
    sizes={"train": 1_039_842, "valid": 36_892, "test": 37_877},
    extractor="",
    licence="public domain",
    source=SOURCE,
    noun="chorales",
    ends=("\n",),
    voices=("soprano", "alto", "tenor", "bass"),
)


def load(split: str) -> Corpus:
    """The pieces of a split, one a line. Raises DataUnavailable where the file is missing or is another one."""
    try:
        pieces = json.loads(files.found(FILE, SOURCE).read_text(encoding="utf-8"))[split]
        shifts = SHIFTS if split == "train" else (0,)
        lines = [_line(piece[::SUBDIVISION], shift) for shift in shifts for piece in pieces]
    except (ValueError, KeyError, TypeError) as error:
        raise DataUnavailable(f"{FILE} is not the file that is meant: {type(error).__name__}.") from error
    text = "".join(f"{line}\n" for line in lines if line)
    if len(text) != DATASET.sizes[split]:
        raise DataUnavailable(
            f"{FILE} is not the file that is meant: its {split} split has {len(text):,} letters, not {DATASET.sizes[split]:,}."
        )
    return Corpus(text)


def source_pieces(split: str) -> tuple[list[np.ndarray], int]:
    """The pieces of a split in semiquavers, int (t, 4) MIDI pitches, -1 for silence; and SUBDIVISION. Raises DataUnavailable as load() does."""
    load(split)  # says what is wrong with the file
    pieces = json.loads(files.found(FILE, SOURCE).read_text(encoding="utf-8"))[split]
    return [np.asarray(piece, dtype=np.int64) for piece in pieces], SUBDIVISION


def notes(text: str) -> Notes:
    """The first piece of a text; letters after the last whole quaver are left out, and others than those of the data set."""
    places = {letter: LOWEST + place for place, letter in enumerate(PITCHES)} | {SILENT: -1}
    pitches = [places[letter] for letter in text.lstrip("\n").split("\n")[0] if letter in places]
    whole = len(pitches) // len(DATASET.voices)
    return Notes(np.asarray(pitches[: whole * len(DATASET.voices)], dtype=np.int64).reshape(whole, len(DATASET.voices)), SECONDS)


def _line(piece: Sequence[Sequence[int]], shift: int) -> str:
    """A piece moved by some semitones; empty where it leaves the letters."""
    moved = [pitch if pitch < 0 else pitch + shift for chord in piece for pitch in chord]
    if any(not LOWEST <= pitch <= HIGHEST for pitch in moved if pitch >= 0):
        return ""
    return "".join(SILENT if pitch < 0 else PITCHES[pitch - LOWEST] for pitch in moved)

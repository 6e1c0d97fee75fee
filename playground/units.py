"""What single units of a recurrent network track: features that can be read off a text, and how well a unit's activation follows each.

After Karpathy, Johnson & Fei-Fei 2015, Visualizing and understanding recurrent networks, arXiv:1506.02078. A unit is chosen on the first half of a
text and scored on the second, so that the best of many by chance does not look good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

VOWELS = "aeiouAEIOU"
SPEAKER = re.compile(r"^[A-Z][A-Za-z ]*:$", re.MULTILINE)
LEAST = 60  # characters of a text in which units can be told apart


@dataclass(frozen=True)
class Tracking:
    """A unit, and the correlation of its activation with a feature, in [-1, 1]: on the half it was chosen on, and on the other."""

    unit: int
    chosen_on: float
    held_out: float


def features(text: str) -> dict[str, np.ndarray]:
    """What can be read off each character and those before it, by name: float64 (len(text),)."""
    count = len(text)
    line, word, sentence = np.zeros(count), np.zeros(count), np.zeros(count)
    for k, character in enumerate(text):
        line[k] = 0 if character == "\n" else (line[k - 1] + 1 if k else 1)
        word[k] = (word[k - 1] + 1 if k else 1) if character.isalpha() or character == "'" else 0
        sentence[k] = 0 if character in ".!?" else (sentence[k - 1] + 1 if k else 1)
    speaker = np.zeros(count)
    for found in SPEAKER.finditer(text):
        speaker[found.start() : found.end()] = 1
    return {
        "position in the line": line,
        "letters since the word began": word,
        "characters since the sentence began": sentence,
        "in a speaker's name": speaker,
        "capital letter": np.array([float(each.isupper()) for each in text]),
        "vowel": np.array([float(each in VOWELS) for each in text]),
        "space": np.array([float(each == " ") for each in text]),
        "new line": np.array([float(each == "\n") for each in text]),
        "punctuation": np.array([float(not each.isalnum() and not each.isspace()) for each in text]),
    }


def correlations(states: np.ndarray, feature: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each unit with a feature, float64 (units,); 0 where either does not vary. states: (t, units). feature: (t,)."""
    x, y = states - states.mean(0), feature - feature.mean()
    scale = np.sqrt((x**2).sum(0) * (y**2).sum())
    return np.divide(y @ x, scale, out=np.zeros(states.shape[1]), where=scale > 1e-12)


def halves(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The half of a text on which units are chosen, and the half that is held out."""
    return values[: len(values) // 2], values[len(values) // 2 :]


def ranked(states: np.ndarray, feature: np.ndarray, most: int = 8) -> tuple[Tracking, ...]:
    """The units that follow a feature best on the first half of a text, with how well they follow it on the second."""
    first, second = map(correlations, halves(states.astype(np.float64)), halves(feature))
    order = np.argsort(-np.abs(first), kind="stable")[:most]
    return tuple(Tracking(int(unit), float(first[unit]), float(second[unit])) for unit in order)


@dataclass(frozen=True)
class Look:
    """A text and the units that follow a feature of it best, the best first.

    values: int8 (t, len(found)), 127 times their activations. total: how many units the network has. feature: its name.
    """

    pieces: tuple[str, ...]
    values: np.ndarray
    found: tuple[Tracking, ...]
    total: int
    feature: str


def look(pieces: Sequence[str], states: np.ndarray, feature: str, most: int = 32) -> Look:
    """The units of states (t, units) in [-1, 1] that follow a feature best over a text."""
    found = ranked(states, features("".join(pieces))[feature], most)
    values = np.clip(np.round(127 * states[:, [each.unit for each in found]]), -127, 127).astype(np.int8)
    return Look(tuple(pieces), values, found, states.shape[1], feature)

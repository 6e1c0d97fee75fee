"""What a model of music composes, measured against real pieces: whether it copies, what its chords are, whether it keeps the composer's first rule."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from playground import data, run
from playground.types import Measurement, ModelCard, Notes

N = 76  # pieces, as many as the validation split has
LONGEST = 1000  # notes of a piece at most
METRICS = ("ended_early", "copied", "parallels", "ordered", "chords")  # what measure() gives
SAME = (0, 7)  # semitones of an octave and of a fifth: two voices must not move from one into the next


def measure(card: ModelCard, seed: int, n: int = N, **about: Any) -> list[Measurement]:
    """ended_early: share of n pieces, drawn by default, that end by themselves before the shortest training piece would, with its binomial error.

    Of those that hold a note, ordered: share of pieces whose voices lie from high to low, on the mean. copied: moments of the longest passage that
    stands in the training text note for note, in any of its keys, median over the pieces; parallels: of 100 changes of chord, those with parallel fifths or octaves; chords: total variation between the kinds of chord (pitch classes above
    the bass) and those of the validation split. floor: the same of the validation split itself, chords against the training pieces in their own key.

    Raises DataUnavailable without the data set.
    """
    learnt, real = data.load(card.dataset, "train").text, pieces(card.dataset, data.load(card.dataset, "valid").text)
    composed = run.sample(card.id, n, seed, max_new_tokens=LONGEST).samples.texts
    drawn = [text for text in composed if text]
    voices = len(data.get(card.dataset).voices)
    shortest = min(len(text) // voices for text in pieces(card.dataset, learnt))
    early = [ended_early(texts, shortest, voices) for texts in (composed, real)]
    own = [data.notes(card.dataset, text) for text in drawn]
    theirs = [data.notes(card.dataset, text) for text in real]
    before = [
        data.notes(card.dataset, text) for text in pieces(card.dataset, learnt)[-3 * len(real) :]
    ]  # those that were not moved come last
    copies = [[longest_copy(text, learnt, voices) for text in texts] for texts in (drawn, real)]
    about = {**about, "card": card.id, "n": len(drawn), "seed": seed, "split": "valid"}
    return [
        Measurement(
            metric="ended_early",
            value=round(early[0], 4),
            floor=round(early[1], 4),
            spread=round(math.sqrt(early[0] * (1 - early[0]) / n), 4),
            spread_over=f"binomial standard error; before {shortest} quavers",
            **{**about, "n": n},
        ),
        Measurement(
            metric="copied",
            value=float(np.median(copies[0])),
            floor=float(np.median(copies[1])),
            spread=float(np.std(copies[0], ddof=1)),
            spread_over=f"standard deviation over {len(drawn)} pieces",
            **about,
        ),
        Measurement(metric="parallels", value=round(parallels(own), 3), floor=round(parallels(theirs), 3), **about),
        Measurement(metric="ordered", value=round(ordered(own), 3), floor=round(ordered(theirs), 3), **about),
        Measurement(metric="chords", value=round(apart(own, theirs), 4), floor=round(apart(before, theirs), 4), **about),
    ]


def pieces(dataset: str, text: str) -> list[str]:
    """The pieces of a text."""
    return [piece for piece in text.split(data.get(dataset).ends[0]) if piece]


def ended_early(texts: Sequence[str], shortest: int, voices: int) -> float:
    """The share of pieces with fewer whole moments than the shortest real one."""
    return float(np.mean([len(text) // voices < shortest for text in texts]))


def longest_copy(text: str, learnt: str, voices: int) -> int:
    """Moments of the longest passage of a piece, from whole moment to whole moment, that stands in another text."""
    best, first, moments = 0, 0, len(text) // voices
    while first + best < moments:
        if text[first * voices : (first + best + 1) * voices] in learnt:
            best += 1
        else:
            first += 1
    return best


def parallels(found: Sequence[Notes]) -> float:
    """Of 100 moments at which two voices or more move, those with two that move the same way from a fifth or octave into the next."""
    moves = faults = 0
    for notes in found:
        before, after = notes.pitches[:-1], notes.pitches[1:]
        moving = (before != after) & (before >= 0) & (after >= 0)
        moves += int((moving.sum(1) >= 2).sum())
        faulty = np.zeros(len(before), bool)
        for one in range(notes.pitches.shape[1]):
            for other in range(one + 1, notes.pitches.shape[1]):
                apart = (before[:, one] - before[:, other]) % 12, (after[:, one] - after[:, other]) % 12
                together = np.sign(after[:, one] - before[:, one]) == np.sign(after[:, other] - before[:, other])
                faulty |= moving[:, one] & moving[:, other] & together & (apart[0] == apart[1]) & np.isin(apart[0], SAME)
        faults += int(faulty.sum())
    return 100 * faults / max(1, moves)


def ordered(found: Sequence[Notes]) -> float:
    """The share of pieces in which each voice lies below the one before it, on the mean over the moments at which it sings."""
    means = [np.ma.masked_less(notes.pitches, 0).mean(axis=0).filled(-np.inf) for notes in found]
    return float(np.mean([(np.diff(each) < 0).all() for each in means]))


def apart(found: Sequence[Notes], others: Sequence[Notes]) -> float:
    """Total variation, 0 to 1, between the kinds of chord of two collections, each moment counted."""
    a, b = _kinds(found), _kinds(others)
    return 0.5 * sum(abs(a[kind] / a.total() - b[kind] / b.total()) for kind in {*a, *b})


def _kinds(found: Sequence[Notes]) -> Counter[tuple[int, ...]]:
    """How often each set of pitch classes above the lowest voice that sounds."""
    chords = (chord[chord >= 0] for notes in found for chord in notes.pitches)
    return Counter(tuple(sorted({int(each) for each in (chord - chord.min()) % 12})) for chord in chords if len(chord))

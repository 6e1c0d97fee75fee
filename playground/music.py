"""The models of music side by side: what each was measured to guess and to compose."""

from __future__ import annotations

from collections.abc import Sequence

from playground import data, language, registry
from playground.comparison import Row
from playground.errors import DataUnavailable
from playground.metrics import overlap
from playground.types import Measurement, ModelCard

METRICS = (  # name, title, what it says in one sentence, group, whether more is better
    (
        "loss",
        "Loss",
        "How surprised it is by a note of the pieces that were kept out of training: nats per note, each scored once.",
        "summary",
        False,
    ),
    ("train_loss", "Loss on what it has read", "The same over as many notes of the training pieces.", "quality", None),
    (
        "chords",
        "Chords, distance from the real",
        "Total variation between the kinds of chord it uses and those of the pieces that were kept out of training: 0 alike, 1 nothing in common.",
        "quality",
        False,
    ),
    (
        "parallels",
        "Parallel fifths and octaves",
        "In 100 changes of chord, those at which two voices move from a fifth or octave into the next, which the style avoids.",
        "quality",
        None,
    ),
    (
        "ordered",
        "Pieces with their voices in order",
        "Soprano above alto above tenor above bass, on the mean: no model is told whose turn it is, and one that loses count never finds back.",
        "quality",
        True,
    ),
    (
        "ended_early",
        "Pieces that end too early",
        "By themselves, before the shortest piece of the training data does.",
        "quality",
        False,
    ),
    (
        "copied",
        "Longest copy, quavers",
        "The longest passage of a piece that stands in the training pieces note for note, in any key: the median.",
        "quality",
        None,
    ),
    ("characters_per_second", "Notes per second", "One piece, after loading.", "cost", True),
    ("parameters", "Parameters", "How many numbers training set; of n-grams, how many counts are kept.", "cost", None),
    ("training_seconds", "Training time", "How long the shipped weights were trained.", "cost", None),
)


def cards() -> tuple[ModelCard, ...]:
    """The shipped models of music, the best first."""
    return tuple(card for card in registry.shipped() if data.is_music(card.dataset))


def rows(found: Sequence[Measurement] | None = None) -> tuple[Row, ...]:
    """What was measured of each, one row a metric, cells in the order of cards(); rows that nobody was measured by are left out."""
    return language.rows(found, cards(), METRICS)


def data_sentences(dataset: str) -> tuple[str, str]:
    """How new the pieces kept for measuring are, and what the text leaves out and how short its pieces are; empty where that was not measured."""
    try:
        found = overlap.read(dataset)
    except DataUnavailable:
        return "", ""
    return (
        f"Hymn tunes were set more than once: {found.any_key} of the {found.n} pieces kept for measuring open with two bars of melody that also open "
        f"one of the {found.training_pieces} training pieces in some key, {found.same_key} of them in the same key. Whole melodies shared: {found.melody}; "
        f"openings shared by all voices: {found.all_voices}.",
        f"Changes of pitch that do not last to the next quaver are left out, {100 * found.lost_share:.1f} % of the {found.changes:,} in the training pieces; "
        f"the shortest training piece has {found.shortest} quavers.",
    )

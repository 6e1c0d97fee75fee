"""The models of text side by side: which they are, one prompt gone on with by all, and the rows of their table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from playground import hub, registry, run
from playground.comparison import Cell, Row, beside_floor, conditions, formatted
from playground.errors import WeightsUnavailable
from playground.metrics import measurements
from playground.types import Measurement, ModelCard, Run
from playground.verdict import NOT_MEASURED, comparable, leaders, measured, times

LADDER = ("rnn", "transformer")  # families from the simplest up; in each, cards from the best down
METRICS = (  # name, title, what it says in one sentence, group, whether more is better
    (
        "loss",
        "Loss",
        "How surprised it is by a character of the last tenth of the plays, which it has never seen: nats per character, all 111,540 scored once.",
        "summary",
        False,
    ),
    (
        "bits_per_char",
        "Bits per character",
        "The same in bits: what a character would cost in a file packed with this model.",
        "quality",
        False,
    ),
    (
        "train_loss",
        "Loss on what it has read",
        "The same over as many characters of the training text. Far below the loss: it knows them by heart.",
        "quality",
        None,
    ),
    ("characters_per_second", "Characters per second", "One text of 300 characters, after loading.", "summary", True),
    ("first_seconds", "First character", "Seconds from the request to the first character, after loading.", "cost", None),
    ("batch_ratio", "Four at once", "Seconds for four texts of 300 characters in one batch, as a multiple of one text's.", "cost", None),
    ("parameters", "Parameters", "How many numbers training set; of n-grams, how many counts are kept.", "cost", None),
    ("size_bytes", "Size", "Bytes of the weights on disk.", "cost", None),
    ("training_seconds", "Training time", "How long the shipped weights were trained.", "cost", None),
    ("characters_seen", "Characters seen", "How many characters training looked at, each repetition counted.", "cost", None),
)


def cards() -> tuple[ModelCard, ...]:
    """The shipped models of text, from the simplest up: n-grams, plain RNN, LSTM, transformer."""
    found = [card for card in registry.shipped() if card.kind == "text" and card.family in LADDER and "read" in card.can]
    return tuple(sorted(found, key=lambda card: (LADDER.index(card.family), -registry.shipped().index(card))))


def ladder() -> tuple[ModelCard, ...]:
    """Those, and above them the models of text of the Hub that are on this machine and offered here."""
    above = [
        card for card in registry.cards() if card.hub is not None and card.kind == "text" and hub.is_offered(card) and hub.is_here(card)
    ]
    return (*cards(), *above)


def write(prompt: object, n: object, seed: object, **controls: object) -> Iterator[tuple[str, Run | WeightsUnavailable]]:
    """The same prompt to every model of the ladder: (card id, Run) for every token of each, or (card id, error) where weights are missing.

    Everything is checked at the call, for all of them, before a model is loaded. Raises PlaygroundError.
    """
    rungs = ladder()
    for card in rungs:
        run.check(card.id, n, seed, limit=run.visitor_n(card.id), prompt=prompt, **controls)
    return _write(rungs, prompt, n, seed, controls)


def _write(
    rungs: Sequence[ModelCard], prompt: object, n: object, seed: object, controls: dict[str, object]
) -> Iterator[tuple[str, Run | WeightsUnavailable]]:
    for card in rungs:
        try:
            for found in run.stream(card.id, n, seed, limit=run.visitor_n(card.id), views=("choices",), prompt=prompt, **controls):
                yield card.id, found
        except WeightsUnavailable as error:
            yield card.id, error


def rows(
    found: Sequence[Measurement] | None = None, of: Sequence[ModelCard] | None = None, metrics: Sequence[tuple[Any, ...]] = METRICS
) -> tuple[Row, ...]:
    """What was measured of each, one row a metric, cells in the order of cards(), or of other cards; rows that nobody was measured by are left out."""
    found, of = measurements.read() if found is None else found, cards() if of is None else of
    table = [_row(*metric, found, of) for metric in metrics]
    return tuple(row for row in table if row.is_measured)


def sentence(found: Sequence[Measurement] | None = None) -> str:
    """Who is least surprised by what it has not read, and who writes fastest; says so where nothing was measured."""
    found = measurements.read() if found is None else found
    titles = {card.id: card.title for card in cards()}
    loss, speed = (
        {name: m for name in titles if (m := measured(found, name, metric))} for metric in ("bits_per_char", "characters_per_second")
    )
    if len(loss) < 2 or not comparable(loss.values()):
        return NOT_MEASURED
    order = sorted(loss, key=lambda name: loss[name].value)
    said = (
        f"{titles[order[0]]} guesses unread text best ({loss[order[0]].value:.2f} bits a character), "
        f"{titles[order[-1]]} worst ({loss[order[-1]].value:.2f})"
    )
    if len(speed) < 2 or not comparable(speed.values()):
        return f"{said}."
    fast = max(speed, key=lambda name: speed[name].value)
    return f"{said}; {titles[fast]} writes fastest, {times(speed[fast].value / speed[order[0]].value)} times as fast as the best guesser."


def _row(
    metric: str, title: str, explanation: str, group: str, more: bool | None, found: Sequence[Measurement], of: Sequence[ModelCard]
) -> Row:
    by_card = {card.id: measured(found, card.id, metric) for card in of}
    present = {card_id: m for card_id, m in by_card.items() if m is not None}
    best = leaders(present, most=more) if more is not None else ()
    top = max((m.value for m in present.values()), default=0.0)
    cells = []
    for card_id, m in by_card.items():
        if m is None:
            cells.append(Cell("–", "not measured yet: python -m playground.metrics"))
            continue
        bar = m.value / top if more is not None and top > 0 else None
        cells.append(Cell(formatted(m), beside_floor(m), m, bar, None, card_id in best and len(best) < len(present)))
    alike = present and comparable(present.values())
    return Row(title, explanation, group, tuple(cells), conditions(next(iter(present.values()))) if alike else "", more)

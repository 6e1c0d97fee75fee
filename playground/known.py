"""What was measured of the models whose data set has known factors, as lines for page and README: kinds, shares, control, memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from playground import comparison, data, registry
from playground.controls import Slider, adjustments
from playground.metrics import factors, guidance, keeping, measurements
from playground.types import Measurement, ModelCard

QUALITY = (
    ("fid", "FID"),
    ("kid", "KID"),
    ("precision", "Precision"),
    ("recall", "Recall"),
    ("density", "Density"),
    ("coverage", "Coverage"),
    ("class_right", "Class right"),
    ("mode_coverage", "Kinds covered: combinations seen, legibly, at least a third as often as in truth"),
    ("mode_distance", "Distance of their frequencies from the truth (total variation)"),
    ("legible", "Legible: read with the confidence that 99 of 100 real samples reach"),
    ("nearest_train", "Distance to the nearest training sample (median, in features)"),
)


@dataclass(frozen=True)
class Line:
    """One line: what, the number, the same between real and real, a remark."""

    title: str
    value: str
    floor: str = ""
    note: str = ""


def cards() -> tuple[ModelCard, ...]:
    """The cards that draw samples whose factors can be read."""
    return tuple(card for card in registry.shipped() if "sample" in card.can and data.get(card.dataset).factors)


def quality(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Line]:
    """How good the samples are, each number beside its floor."""
    known = _known(card, found)
    shown = {name: known[name] for name, _ in QUALITY if name in known}
    usual = max((m.n for m in shown.values()), default=0)
    beside = {name: "" if m.n == usual else f" (n {m.n:,})" for name, m in shown.items()}
    return [Line(title, comparison.formatted(shown[name]) + beside[name], _floor(shown[name])) for name, title in QUALITY if name in shown]


def control(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Line]:
    """How each factor obeys: R2 of a number set against read, share of a word read as set; note: how many other words changed."""
    known, lines = _known(card, found), []
    for factor in adjustments(card.controls):
        m, leaked = known.get(f"control_{factor.name}"), known.get(f"leakage_{factor.name}")
        if m is not None:
            value = f"R² {m.value:.2f}" if isinstance(factor, Slider) else f"{100 * m.value:.0f} %"
            lines.append(Line(factor.title, value, "", f"{100 * leaked.value:.0f} %" if leaked else ""))
    return lines


def adherence(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Line]:
    """Of what captions name, how much is read as named: in all, then factor by factor, beside the faces that the captions describe."""
    known = _known(card, found)
    named = [("adherence", "Everything named"), *((f"adherence_{factor.name}", factor.title) for factor in data.get(card.dataset).factors)]
    return [
        Line(title, f"{100 * m.value:.1f} %", f"{100 * m.floor:.1f} %", f"{m.n:,}")
        for name, title in named
        if (m := known.get(name)) is not None
    ]


def image_to_image(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Line]:
    """By strength, how much of a given picture is kept beside chance, and how much of new words is followed (in the note)."""
    known, lines = _known(card, found), []
    for strength in keeping.STRENGTHS:
        per_cent = f"{100 * strength:.0f}"
        keeps, follows = known.get(f"keeps_{per_cent}"), known.get(f"follows_{per_cent}")
        if keeps is not None and follows is not None:
            lines.append(Line(f"{strength:g}", *(f"{100 * value:.1f} %" for value in (keeps.value, keeps.floor, follows.value))))
    return lines


@dataclass(frozen=True)
class Guided:
    """What guidance of one scale buys and costs: shares of 1, their standard errors, and the same of real samples that the prompts describe."""

    scale: float
    adherence: Measurement
    diversity: Measurement


def guided(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Guided]:
    """What guidance buys and costs a card, scale by scale; empty where that is not measured."""
    known = _known(card, found)
    names = [(scale, *(f"{guidance.PREFIX}{name}_{scale:g}" for name in ("adherence", "diversity"))) for scale in guidance.SCALES]
    return [Guided(scale, known[first], known[second]) for scale, first, second in names if first in known and second in known]


def shares(card: ModelCard, found: Sequence[Measurement] | None = None) -> list[Line]:
    """How far the proportions of each factor are from those of real samples: total variation, with that of half against half beside it."""
    known = _known(card, found)
    return [
        Line(factor.title, f"{100 * m.value:.1f} %", f"{100 * m.floor:.1f} %")
        for factor in data.get(card.dataset).factors
        if (m := known.get(f"bias_{factor.name}")) is not None
    ]


@dataclass(frozen=True)
class Proportion:
    """How often one part of a factor occurs, in per cent: among real samples, and among those of each model that is measured, by card id."""

    factor: str
    part: str
    real: float
    drawn: Mapping[str, float]


def proportions(dataset: str, found: Sequence[Measurement] | None = None) -> list[Proportion]:
    """Every part of every factor of a data set, real beside drawn, for the models whose proportions are measured."""
    found = measurements.read() if found is None else found
    by_card = {card.id: _known(card, found) for card in cards() if card.dataset == dataset}
    lines = []
    for factor in data.get(dataset).factors:
        for part in factors.parts(factor):
            name = factors.share_name(factor, part)
            seen = {card: known[name] for card, known in by_card.items() if name in known}
            if seen:
                real = next(iter(seen.values())).floor or 0.0
                lines.append(Proportion(factor.title, part, 100 * real, {card: 100 * m.value for card, m in seen.items()}))
    return lines


def reader(dataset: str, found: Sequence[Measurement] | None = None) -> list[Line]:
    """How well the data set's reader reads real samples."""
    known = _known(registry.get(data.get(dataset).extractor), found)
    lines = []
    for factor in data.get(dataset).factors:
        if (m := known.get(f"accuracy_{factor.name}")) is not None:
            lines.append(Line(factor.title, f"{100 * m.value:.1f} %"))
        elif (m := known.get(f"r2_{factor.name}")) is not None:
            lines.append(Line(factor.title, f"R² {m.value:.3f}"))
    return lines


def origin(card: ModelCard, found: Sequence[Measurement] | None = None) -> str:
    """n, seed, split, machine, day, commit and command of a card's quality numbers; empty where there are none."""
    m = next((m for name, m in _known(card, found).items() if name in dict(QUALITY)), None)
    if m is None:
        return ""
    return (
        f"n {m.n:,}, seed {m.seed}, {m.split} split, read by {m.extractor}; {m.when[:10]} on {m.machine}, commit {m.commit}, by {m.command}"
    )


def as_markdown() -> str:
    """All of it as Markdown tables, card by card."""
    parts = []
    for card in (card for card in cards() if quality(card)):
        parts.append(f"**{card.id}** ({origin(card)})\n\n" + _table(("", "value", "real"), quality(card)))
        if lines := control(card):
            parts.append(
                "Set against read, each factor moved alone, and how many other words changed with it:\n\n"
                + _table(("", "obeys", "", "leaks"), lines)
            )
        if lines := adherence(card):
            parts.append(
                "What unseen captions name, read as named; beside it the faces that they describe, and how many captions name it:\n\n"
                + _table(("", "drawn", "real", "n"), lines)
            )
        if lines := image_to_image(card):
            parts.append(
                "A real face changed towards an unseen caption: words that the caption does not name and that stay, beside two faces "
                "of chance, and words that it names and that are followed:\n\n"
                + _table(("strength", "kept", "by chance", "followed"), lines)
            )
        if steps := guided(card):
            m = steps[0].adherence
            lines = [Line("real", f"{100 * m.floor:.1f} %", note=f"{steps[0].diversity.floor:.2f}")]
            lines += [Line(f"{each.scale:g}", f"{100 * each.adherence.value:.1f} %", note=f"{each.diversity.value:.2f}") for each in steps]
            parts.append(
                f"Guidance from 0 up (n {m.n} at each, {m.spread_over.partition('over ')[2]}, seed {m.seed}, commit {m.commit}, by {m.command}): what the prompts "
                "name that is read as named, and how unlike samples of one prompt are, 1 being as unlike as real ones of any kind:\n\n"
                + _table(("guidance", "adherence", "", "diversity"), lines)
            )
        if lines := shares(card):
            parts.append(
                "Distance of each factor's proportions from those of real samples (total variation):\n\n"
                + _table(("", "value", "real"), lines)
            )
    for dataset in (name for name in data.names() if data.get(name).factors):
        extractor = data.get(dataset).extractor
        parts.append(
            f"**{extractor}**, the reader, on {data.get(dataset).sizes['test']:,} test samples:\n\n"
            + _table(("", "right"), reader(dataset))
        )
    return "\n".join(parts)


def _known(card: ModelCard, found: Sequence[Measurement] | None) -> dict[str, Measurement]:
    found = measurements.read() if found is None else found
    return {m.metric: m for m in found if m.card == card.id}


def _floor(m: Measurement) -> str:
    return "" if m.floor is None else comparison.formatted(Measurement(m.card, m.metric, m.floor, m.n, m.seed, m.split))


def _table(head: Sequence[str], lines: Sequence[Line]) -> str:
    columns = [k for k, name in enumerate(head) if k == 0 or name]
    rows = [(line.title, line.value, line.floor, line.note) for line in lines]
    text = ["| " + " | ".join(head[k] for k in columns) + " |", "|---" * len(columns) + "|"]
    text += ["| " + " | ".join(row[k] for k in columns) + " |" for row in rows]
    return "\n".join(text) + "\n"

"""The families side by side: which cards stand for them, one request drawn by all, and the rows of the table."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import data, registry, run
from playground.controls import Label, shown
from playground.errors import ControlError, PlaygroundError, WeightsUnavailable
from playground.metrics import measurements, trainings
from playground.metrics.music import METRICS as COMPOSED
from playground.run import VISITOR_N
from playground.types import Images, Measurement, ModelCard, Run
from playground.verdict import alike, has_ratio, is_like_real, leaders, measured, times

ORDER = ("gan", "vae", "diffusion", "autoencoder")  # the columns, from left to right
QUICK_FIRST = ("gan", "vae", "autoencoder", "diffusion")  # the order of work: one network call before many
WAYS = {
    "gan": "a contest (adversarial)",
    "vae": "a bound of the likelihood (ELBO)",
    "diffusion": "denoising",
    "autoencoder": "reconstruction",
}
ABOUT_KINDS = ("mode_coverage", "mode_distance", "legible")  # measured where a data set says what its samples are made of
SHARES = ("precision", "recall", "coverage", "class_right", *ABOUT_KINDS)
MAX_DIGITS = 12
NUMBER = re.compile(rf"[0-9]{{1,{MAX_DIGITS}}}")
DATE = re.compile(r"[0-9]{1,4}([-./])[0-9]{1,2}\1[0-9]{1,4}")

Metric = tuple[str, str, str, str, bool | None]
METRICS: tuple[Metric, ...] = (  # name, title, what it says in one sentence, group, whether more is better
    ("parameters", "Parameters", "How many numbers training set, in the networks that draw.", "cost", None),
    ("size_bytes", "Size", "Bytes of the weights on disk.", "cost", None),
    ("nfe", "Network calls", "How often the network is asked for one sample (NFE, number of function evaluations).", "cost", None),
    ("training_seconds", "Training time", "How long the shipped weights were trained.", "cost", None),
    ("samples_seen", "Samples seen", "How many pictures training looked at, each repetition counted.", "cost", None),
    (
        "fid",
        "FID",
        "How far the drawn pictures, as a whole, are from the real ones: Fréchet distance between Gaussians fitted to features. Small n inflates it.",
        "quality",
        False,
    ),
    (
        "kid",
        "KID",
        "The same question without an assumption of Gaussians: squared kernel distance (MMD²) between features. Unbiased: 0 on average for real ones, at any n. ±: standard error.",
        "quality",
        False,
    ),
    ("precision", "Precision", "Share of drawn pictures that lie among the real ones: does it look real?", "quality", True),
    ("recall", "Recall", "Share of real pictures that lie among the drawn ones: can it draw all of that?", "quality", True),
    (
        "density",
        "Density",
        "How many real neighbourhoods a drawn picture lies in, against what is usual (1): precision that outliers do not fool.",
        "quality",
        True,
    ),
    ("coverage", "Coverage", "Share of real pictures with a drawn one close by: recall that outliers do not fool.", "quality", True),
    ("class_right", "Class right", "Share of pictures that a classifier reads as what was asked for.", "quality", True),
    (
        "mode_coverage",
        "Kinds covered",
        "Of all combinations of features that real ones come in, the share that is drawn legibly and at least a third as often as in truth.",
        "quality",
        True,
    ),
    (
        "mode_distance",
        "Kinds, distance from the truth",
        "Total variation between how often each kind is drawn and how often it is real: the share that would have to be drawn otherwise.",
        "quality",
        False,
    ),
    ("legible", "Legible", "Share read with at least the confidence of the least legible hundredth of real ones.", "quality", True),
    ("fid", "FID, second judge", "FID in the features of a classifier of another shape, on which nothing was tuned.", "referee", False),
    ("kid", "KID, second judge", "KID in the features of that second classifier.", "referee", False),
    ("class_right", "Class right, second judge", "What that second classifier reads as what was asked for.", "referee", True),
)
FACTS = (
    ("architecture", "Architecture"),
    ("training", "Training method"),
    ("latent_space", "Latent space"),
    ("likelihood", "Likelihood"),
    ("stability", "Stability"),
    ("control", "Control"),
    ("uses", "Typical uses"),
)


@dataclass(frozen=True)
class Cell:
    """One cell: what it says, a note in small, the measurement behind it. bar and floor are lengths in [0, 1] on the row's scale."""

    text: str
    note: str = ""
    measured: Measurement | None = None
    bar: float | None = None
    floor: float | None = None
    is_best: bool = False


@dataclass(frozen=True)
class Row:
    """One row of the table: cells in ORDER. conditions says how its numbers were taken, where all were taken alike."""

    title: str
    explanation: str
    group: str
    cells: tuple[Cell, ...]
    conditions: str = ""
    more_is_better: bool | None = None

    @property
    def is_measured(self) -> bool:
        """True where at least one cell holds a measurement."""
        return any(cell.measured for cell in self.cells)


def chosen(dataset: str | None = None) -> dict[str, ModelCard]:
    """The card that stands for each family, in ORDER: the first of the family that samples pictures, of any data set or of this one."""
    drawing = [card for card in _drawing() if dataset in (None, card.dataset)]
    return {family: next(card for card in drawing if card.family == family) for family in ORDER}


def datasets() -> tuple[str, ...]:
    """The data sets on which every family was trained."""
    found = dict.fromkeys(card.dataset for card in _drawing())
    return tuple(name for name in found if {card.family for card in _drawing() if card.dataset == name} >= set(ORDER))


def _drawing() -> list[ModelCard]:
    return [card for card in registry.shipped() if "sample" in card.can and card.kind == "image"]


def fact(card: ModelCard, key: str) -> str:
    """What a card says under a key of FACTS, or else what the first one of its family says."""
    alike = [each for each in registry.shipped() if (each.family, each.kind) == (card.family, card.kind)]
    return next((each.facts[key] for each in (card, *alike) if key in each.facts), "–")


def label_of(card: ModelCard) -> Label | None:
    """The control by which a card is asked for a class; None where it cannot be asked."""
    return next((control for control in card.controls if isinstance(control, Label)), None)


def digits_of(number: object) -> tuple[str, ...]:
    """The digits of a number to write: 1 to 12 digits, or a date whose separators are dropped. Raises ControlError for anything else."""
    text = str(number) if isinstance(number, int) and not isinstance(number, bool) and 0 <= number < 10**MAX_DIGITS else number
    if isinstance(text, str) and len(text) <= 40:
        text = text.strip()
        if NUMBER.fullmatch(text) or DATE.fullmatch(text):
            return tuple(character for character in text if character.isdigit())
    raise ControlError(f"number must be 1 to {MAX_DIGITS} digits, or a date such as 24.12.1990; got {shown(number)}.")


def draw(n: object, seed: object, asked: Any = "any", dataset: str | None = None) -> Iterator[tuple[str, Run | WeightsUnavailable]]:
    """The same request to every family: (family, Run) for every step of each, or (family, error) where its weights are missing.

    asked: a class, "any", or one class for each sample; a family that cannot be asked draws what it draws. dataset: whose models draw, by
    default the first one's. Everything is checked at the call, for all families, before a model is loaded. Raises PlaygroundError.
    """
    requests = []
    for family, card in chosen(dataset).items():
        label = label_of(card)
        controls = {} if label is None else {label.name: asked}
        run.check(card.id, n, seed, limit=VISITOR_N, **controls)
        requests.append((family, card.id, controls))
    return _draw(sorted(requests, key=lambda request: QUICK_FIRST.index(request[0])), n, seed)


def _draw(requests: Sequence[tuple[str, str, dict[str, Any]]], n: Any, seed: Any) -> Iterator[tuple[str, Run | WeightsUnavailable]]:
    for family, card_id, controls in requests:
        try:
            for found in run.stream(card_id, n, seed, limit=VISITOR_N, **controls):
                yield family, found
        except WeightsUnavailable as error:
            yield family, error


def read(images: Images, card_id: str) -> np.ndarray:
    """The class that the data set's classifier sees in each picture, (n,) int64."""
    extractor = data.get(registry.get(card_id).dataset).extractor
    return run.score(extractor, images).probabilities.argmax(1)


def read_right(found: Run) -> float | None:
    """The share of a run's pictures that the classifier reads as asked; None for a card that cannot be asked."""
    if label_of(registry.get(found.card)) is None:
        return None
    return float((read(found.samples, found.card) == found.samples.labels).mean())


def judge(found: Run, asked: object = "any") -> dict[str, Any]:
    """What metrics.live says of a run: class_right, kid, kid_error, kid_floor, n; and `why` where a number is left out."""
    from playground.metrics.live import live

    card, images = registry.get(found.card), found.samples
    assert isinstance(images, Images)
    nothing = {"class_right": None, "kid": None, "kid_error": None, "kid_floor": None, "n": found.n}
    is_asked = label_of(card) is not None
    try:
        if is_asked and asked != "any":
            return {**nothing, "class_right": read_right(found), "why": "KID compares with all digits: ask for any"}
        numbers = live(images, images.labels if is_asked else None, card.dataset)
    except PlaygroundError as error:
        return {**nothing, "why": str(error)}
    return {**numbers, "why": "" if is_asked else "cannot be asked for a digit"}


def rows(found: Sequence[Measurement] | None = None, dataset: str | None = None) -> tuple[Row, ...]:
    """The whole table: three summary rows, the facts of the cards, the costs, the quality; from the shipped measurements by default.

    dataset: whose models it is about, by default the first one's. Rows of what is not measured on it (a second judge, kinds) are left out.
    """
    found = measurements.read() if found is None else found
    dataset = dataset or datasets()[0]
    cards = chosen(dataset)
    table = [
        _with_notes(
            cards,
            "Looks real",
            "Precision: share of drawn pictures that lie among the real ones. Below it, KID: the distance of the whole to the real ones.",
            found,
            "precision",
            _kid_in_words,
        ),
        _with_notes(
            cards,
            "Variety",
            "Recall: share of real pictures that lie among the drawn ones. Below it, coverage: share of real ones with a drawn one close by.",
            found,
            "recall",
            _coverage,
        ),
        _with_notes(cards, "Time", "Seconds for 64 samples at the default setting, after loading.", found, "seconds", _calls),
    ]
    for key, title in FACTS:
        table.append(Row(title, "", "facts", tuple(Cell(fact(card, key)) for card in cards.values())))
    for name, title, explanation, group, more in METRICS:
        row = _measured_row(cards, name, title, explanation, group, more, found)
        if row.is_measured or (group != "referee" and name not in ABOUT_KINDS):
            table.append(row)
    return tuple(table)


def _with_notes(cards: Mapping[str, ModelCard], title: str, explanation: str, found: Sequence[Measurement], metric: str, note: Any) -> Row:
    """A summary row: one metric, and what note says of a card beneath it."""
    row = _measured_row(cards, metric, title, explanation, "summary", metric != "seconds", found)
    cells = [
        Cell(cell.text, note(found, card.id), cell.measured, cell.bar, cell.floor, cell.is_best)
        for cell, card in zip(row.cells, cards.values(), strict=True)
    ]
    return Row(row.title, row.explanation, row.group, tuple(cells), row.conditions, row.more_is_better)


def _measured_row(
    cards: Mapping[str, ModelCard], metric: str, title: str, explanation: str, group: str, more: bool | None, found: Sequence[Measurement]
) -> Row:
    by_family = {family: measured(found, card.id, metric, referee=group == "referee") for family, card in cards.items()}
    present = {family: m for family, m in by_family.items() if m is not None}
    best = leaders(present, most=more) if more is not None else ()
    together = alike(present.values())
    top = max([1.0 if metric in SHARES else 0.0, *(m.value for m in present.values())])
    cells = []
    for family, m in by_family.items():
        if m is None:
            cells.append(Cell("–", _reason_missing(cards[family], metric)))
            continue
        note = " · ".join(part for part in (beside_floor(m), "" if together else conditions(m), over_trainings(m)) if part)
        drawn = more is not None and top > 0
        floor = None if m.floor is None or not drawn else float(np.clip(m.floor / top, 0, 1))
        cells.append(
            Cell(formatted(m), note, m, max(m.value, 0.0) / top if drawn else None, floor, family in best and len(best) < len(present))
        )
    return Row(title, explanation, group, tuple(cells), conditions(next(iter(present.values()))) if present and together else "", more)


def _reason_missing(card: ModelCard, metric: str) -> str:
    if metric == "class_right" and label_of(card) is None:
        return "cannot be asked for one"
    return "not measured yet: python -m playground.metrics"


def formatted(m: Measurement) -> str:
    """A measurement as the table writes it, with its unit and spread."""
    spread = m.spread
    if m.metric == "class_right":
        return f"{100 * m.value:.1f} %"
    if m.metric in ("loss", "bits_per_char", "train_loss", "chords"):
        return f"{m.value:.3f}" + ("" if spread is None else f" ± {significant(spread, 1)}")
    if m.metric == "batch_ratio":
        return f"× {m.value:.2f}"
    if m.metric in ("seconds", "first_seconds"):
        return f"{1000 * m.value:.{1 if m.value < 0.002 else 0}f} ms" if m.value < 1 else f"{m.value:.1f} s"
    if m.metric == "training_seconds":
        return f"{m.value:.0f} s" if m.value < 90 else f"{m.value / 60:.0f} min"
    if m.metric == "size_bytes":
        return f"{m.value / 1e6:.1f} MB"
    if m.metric in ("parameters", "samples_seen", "characters_seen", "characters_per_second"):
        return f"{m.value / 1e6:.2f} million" if m.value >= 1e6 else f"{m.value:,.0f}"
    if m.metric == "ended_early":
        return f"{round(m.value * m.n)} of {m.n}"
    if m.metric in ("nfe", "copied"):
        return f"{m.value:.0f}"
    if m.metric in ("fid", "kid"):
        return significant(m.value) + ("" if spread is None else f" ± {significant(spread, 2)}")
    return f"{m.value:.2f}"


def significant(value: float, digits: int = 3) -> str:
    """A number to three significant digits without an exponent: 0.0213, 3.20, 147, 15,600."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{round(value, places):,.{min(max(places, 0), 6)}f}"


def beside_floor(m: Measurement) -> str:
    """The same metric between real pictures and real pictures, and how many times that this is."""
    if m.floor is None:
        return ""
    floor = formatted(Measurement(m.card, m.metric, m.floor, m.n, m.seed, m.split))
    if not has_ratio(m):
        return f"real {floor}"
    ratio = m.value / m.floor
    return f"real {floor} (× {times(ratio) if ratio > 1.05 else f'{ratio:.2f}'})"


def over_trainings(m: Measurement) -> str:
    """The same metric over trainings with other seeds, where such were afforded in full and measured alike."""
    for again in trainings.read():
        if again.is_whole and (again.card, again.n, again.extractor) == (m.card, m.n, m.extractor) and m.metric in again.values:
            other = again.over_seeds(m.metric)
            mean, spread = other.value, other.spread or 0.0
            if m.metric == "class_right":
                return f"{len(again.seeds)} trainings: {100 * mean:.1f} ± {significant(100 * spread, 1)} %"
            over = f" ({again.kid_over})" if m.metric == "kid" and again.kid_over else ""
            return f"{len(again.seeds)} trainings: {significant(mean)} ± {significant(spread, 2)}{over}"
    return ""


def conditions(m: Measurement) -> str:
    """How a number was taken: n, extractor and split, or the machine."""
    if m.metric in ("seconds", "characters_per_second", "first_seconds", "batch_ratio"):
        return f"n {m.n}, {m.machine or m.device}"
    if m.metric in ("loss", "bits_per_char", "train_loss"):
        return f"n {m.n:,} characters, {m.split} split"
    if m.metric in COMPOSED:
        return f"n {m.n} pieces"
    if m.extractor is None:
        return m.machine if m.metric == "training_seconds" else ""
    return f"n {m.n:,}, seen by {m.extractor}, {m.split} split"


def _kid_in_words(found: Sequence[Measurement], card_id: str) -> str:
    m = measured(found, card_id, "kid")
    if m is None:
        return ""
    above = measured(found, card_id, "precision")
    taken = [] if above is None or above.n == m.n else [f"n {m.n:,}"]
    if is_like_real(m):
        noun = data.get(registry.get(card_id).dataset).noun
        return ", ".join([f"KID cannot tell it from real {noun}: p {m.p:.2g}", *taken])
    beside = [] if m.floor is None else [f"real {significant(m.floor, 2)}"]
    test = [] if m.p is None else [f"p {m.p:.2g}"]
    return ", ".join([f"KID {significant(m.value)}", *beside, *test, *taken])


def _coverage(found: Sequence[Measurement], card_id: str) -> str:
    m = measured(found, card_id, "coverage")
    return "" if m is None else f"coverage {m.value:.2f}" + ("" if m.floor is None else f", real {m.floor:.2f}")


def _calls(found: Sequence[Measurement], card_id: str) -> str:
    m = measured(found, card_id, "nfe")
    return "" if m is None else f"{m.value:.0f} network call{'' if m.value == 1 else 's'} a sample"


def recorded_digits(pixels: Images, wanted: Sequence[str], names: Sequence[str] | None) -> Images:
    """A number put together from recorded samples: for each digit the next sample that was asked for it; without labels simply the first ones."""
    if pixels.labels is None or names is None:
        return Images(pixels.pixels[: len(wanted)])
    classes: Mapping[str, list[int]] = {name: list(np.nonzero(pixels.labels == k)[0]) for k, name in enumerate(names)}
    turns = {name: 0 for name in classes}
    picked = []
    for digit in wanted:
        picked.append(classes[digit][turns[digit] % len(classes[digit])])
        turns[digit] += 1
    return Images(pixels.pixels[picked], pixels.labels[picked])

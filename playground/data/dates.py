"""Dates in many ways of writing, and in ISO 8601: pairs drawn by rule, so that what was never seen can be told from what was.

Ways of writing that no training sample uses (UNSEEN) and dates that none names (every HELD_OUT-th day) are kept apart.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

import numpy as np

from playground.types import Dataset, Pairs

FIRST, LAST = datetime.date(1900, 1, 1), datetime.date(2099, 12, 31)
DAYS = (LAST - FIRST).days + 1
HELD_OUT = 10
LONGEST = 40  # characters of a date as it is written
MONTHS = {
    "en": "January February March April May June July August September October November December".split(),
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(),
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre".split(),
}
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

Way = Callable[[datetime.date], str]


def _th(day: int) -> str:
    return f"{day}{'th' if 10 < day < 14 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"


def _month(date: datetime.date, language: str = "en") -> str:
    return MONTHS[language][date.month - 1]


SEEN: tuple[Way, ...] = (
    lambda d: f"{d.day}.{d.month}.{d.year}",
    lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    lambda d: f"{d.month}/{d.day}/{d.year}",
    lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
    lambda d: d.isoformat(),
    lambda d: f"{d.year}{d.month:02}{d.day:02}",
    lambda d: f"{d.day} {_month(d)} {d.year}",
    lambda d: f"{_month(d)} {d.day}, {d.year}",
    lambda d: f"{d.day} {_month(d)[:3]} {d.year}",
    lambda d: f"{_month(d)[:3]} {d.day} {d.year}",
    lambda d: f"{_th(d.day)} of {_month(d)} {d.year}",
    lambda d: f"the {_th(d.day)} of {_month(d)}, {d.year}",
    lambda d: f"{_month(d)} the {_th(d.day)}, {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]}, {d.day} {_month(d)} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()][:3]} {_month(d)[:3]} {d.day} {d.year}",
    lambda d: f"{d.day}-{_month(d)[:3].upper()}-{d.year}",
    lambda d: f"{d.year} {_month(d)} {d.day}",
    lambda d: f"{d.day}. {_month(d, 'de')} {d.year}",
    lambda d: f"der {d.day}. {_month(d, 'de')} {d.year}",
    lambda d: f"{d.day} {_month(d, 'fr')} {d.year}",
    lambda d: f"le {d.day} {_month(d, 'fr')} {d.year}",
    lambda d: f"{d.day} de {_month(d, 'es')} de {d.year}",
)
UNSEEN: tuple[Way, ...] = (
    lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
    lambda d: f"{_month(d)} {_th(d.day)} {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()]} the {_th(d.day)} of {_month(d)} {d.year}",
    lambda d: f"{d.day} {_month(d).upper()} {d.year}",
    lambda d: f"{d.year}, {d.day} {_month(d)}",
    lambda d: f"el {d.day} de {_month(d, 'es')} de {d.year}",
    lambda d: f"{WEEKDAYS[d.weekday()][:3]}, {_month(d)[:3]} {d.day}, {d.year}",
)
ALPHABET = tuple(sorted({each for way in (*SEEN, *UNSEEN) for k in range(800) for each in way(FIRST + datetime.timedelta(days=k))}))

DATASET = Dataset(
    name="dates",
    kind="pairs",
    shape=(),
    labels=ALPHABET,
    sizes={"train": 60_000, "valid": 2_000, "test": 2_000, "unseen": 2_000},
    extractor="",
    licence="Apache-2.0",
    source="playground/data/dates.py",
    noun="dates",
)


def load(split: str) -> Pairs:
    """Pairs of a split. train, valid: seen ways of dates not held out; test: seen ways of dates held out; unseen: unseen ways of dates held out."""
    rng = np.random.default_rng({"train": 0, "valid": 1, "test": 2, "unseen": 3}[split])
    return drawn(DATASET.sizes[split], rng, UNSEEN if split == "unseen" else SEEN, split in ("test", "unseen"))


def drawn(n: int, rng: np.random.Generator, ways: Sequence[Way], held_out: bool) -> Pairs:
    """n pairs of random dates, held out or not, each in one of the ways."""
    days = rng.integers(DAYS // HELD_OUT, size=n) * HELD_OUT + (0 if held_out else rng.integers(1, HELD_OUT, size=n))
    dates = [FIRST + datetime.timedelta(days=min(int(day), DAYS - 1)) for day in days]
    chosen = rng.integers(len(ways), size=n)
    return Pairs(tuple(ways[k](date) for k, date in zip(chosen, dates, strict=True)), tuple(date.isoformat() for date in dates))


def iso(text: str) -> bool:
    """True for a text that is a date in ISO form."""
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False

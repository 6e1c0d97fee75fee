"""Who leads by the recorded numbers, and one sentence that says no more than they support."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from playground import data, registry
from playground.metrics.kernel import ALPHA
from playground.metrics.measurements import find
from playground.types import Measurement

GENERATORS = ("gan", "vae", "diffusion")
NAMES = {"gan": "the GAN", "vae": "the VAE", "diffusion": "diffusion", "autoencoder": "the autoencoder"}
SHARES = ("precision", "recall", "coverage", "class_right")  # shares of n samples, with a binomial error where none was recorded
# closer than this share of the larger value is a tie: FID over three trainings of the digits' VAE spreads by 6 %
ALIKE = {"fid": 0.12, "seconds": 0.10}
NOT_MEASURED = "Not measured yet: python -m playground.metrics --all measures every model and fills this table."


def called(family: str) -> str:
    """A family's name in a sentence; its id where it has none there."""
    return NAMES.get(family, family)


def verdict(found: Sequence[Measurement], cards: Mapping[str, str]) -> str:
    """The generators in one or two sentences. cards: the card id of each family. Each clause stands only where the numbers carry it."""
    if not any(m.card == cards[family] for m in found for family in GENERATORS):
        return NOT_MEASURED
    speed, farthest = _speed(found, cards), _farthest(found, cards)
    subject = next((f"{name} is " for name in NAMES.values() if speed.startswith(f"{name} is ") and farthest.startswith(f"{name} is ")), "")
    ends = [f"{speed} but {farthest.removeprefix(subject)}"] if subject else [speed, farthest]
    clauses = [clause for clause in (_quality(found, cards), *ends) if clause]
    missing = [called(family) for family in GENERATORS if values(found, cards, "precision").get(family) is None]
    rest = (
        f" {_names(missing, capital=True)} {'is' if len(missing) == 1 else 'are'} not measured yet."
        if 0 < len(missing) < len(GENERATORS)
        else ""
    )
    if not clauses:
        return "The recorded numbers do not put one generator before another." + rest
    return f"On these {_noun(cards[GENERATORS[0]])} {', '.join(clauses[:-1])}{', and ' if len(clauses) > 1 else ''}{clauses[-1]}." + rest


def values(found: Sequence[Measurement], cards: Mapping[str, str], metric: str, referee: bool = False) -> dict[str, Measurement]:
    """The finite measurements of the generators by family, in the eyes of the data set's own extractor or of the independent one."""
    chosen = {family: measured(found, cards[family], metric, referee) for family in GENERATORS}
    return {family: m for family, m in chosen.items() if m is not None}


def measured(found: Sequence[Measurement], card_id: str, metric: str, referee: bool = False) -> Measurement | None:
    """A card's finite measurement by a metric, in the eyes of the data set's own extractor, or of another one (referee)."""
    own = data.get(registry.get(card_id).dataset).extractor or None
    seen = [m for m in found if (m.extractor not in (None, own)) == referee and math.isfinite(m.value)]
    return find(seen, card_id, metric)


def leaders(found: Mapping[str, Measurement], most: bool) -> tuple[str, ...]:
    """The keys with the most (or least), ties within the errors included; none where the numbers cannot be compared."""
    if len(found) < 2 or not comparable(found.values()):
        return ()
    first = (max if most else min)(found.values(), key=lambda m: m.value)
    return tuple(key for key, m in found.items() if is_tie(m, first))


def comparable(found: Iterable[Measurement]) -> bool:
    """True where numbers were taken alike; KID, which is unbiased, may have another n, but nothing is said of one without a test."""
    found = list(found)
    if all(m.metric == "kid" for m in found):
        return alike([replace(m, n=0) for m in found]) and all(m.p is not None for m in found)
    return alike(found)


def alike(found: Iterable[Measurement]) -> bool:
    """True where numbers were taken alike: same metric, n, split, extractor, and for seconds the same machine."""
    return len({(m.metric, m.n, m.split, m.extractor, m.device, m.machine if m.metric.startswith("seconds") else "") for m in found}) <= 1


def is_like_real(m: Measurement) -> bool:
    """True where a test was made, and cannot tell the samples from real ones."""
    return m.p is not None and m.p > ALPHA


def is_tie(one: Measurement, other: Measurement) -> bool:
    """True where two numbers differ by no more than two standard errors, or than a metric's ALIKE share."""
    difference = abs(one.value - other.value)
    share = ALIKE.get(one.metric, 0.0) * max(abs(one.value), abs(other.value))
    return difference <= max(2.0 * math.hypot(error(one), error(other)), share)


def error(m: Measurement) -> float:
    """The recorded spread, else the binomial standard error of a share, else 0."""
    if m.spread is not None:
        return m.spread
    if m.metric in SHARES and m.n and 0.0 <= m.value <= 1.0:
        return math.sqrt(m.value * (1.0 - m.value) / m.n)
    return 0.0


def has_ratio(m: Measurement) -> bool:
    """True where the multiple of the floor says something: kid is unbiased, so its floor is nothing but noise around 0."""
    return m.floor is not None and m.floor > 0.0 and m.metric != "kid"


def times(ratio: float) -> str:
    """A ratio as people say it: 2.4, 12, 60, 1,200."""
    return f"{ratio:.1f}" if ratio < 9.95 else f"{float(f'{ratio:.2g}'):,.0f}"


def _quality(found: Sequence[Measurement], cards: Mapping[str, str]) -> str:
    """Who looks most real by precision, unless the distance to all real pictures says otherwise; and who varies most."""
    precision, recall = values(found, cards, "precision"), values(found, cards, "recall")
    real, varied = leaders(precision, most=True), leaders(recall, most=True)
    distance = _distance(found, cards)
    closest = leaders(distance, most=False)
    both = tuple(family for family in real if family in closest)
    parts = []
    if real and closest and not both:
        parts.append(f"{_names(real)} {_verb(real, 'draws', 'draw')} the most typical ones ({_figures(precision, real, 'precision')})")
        parts.append(
            f"{_names(closest)} {_verb(closest, 'comes', 'come')} closest to real ones as a whole ({_beside_floor(distance[closest[0]])})"
        )
    elif real:
        real = both or real  # of those that tie by precision, the ones that are also closest as a whole
        like = "looks most real" if len(real) == 1 else "look equally real" if len(real) == len(precision) else "look most real"
        parts.append(f"{_names(real)} {like} ({_figures(precision, real, 'precision')})")
        if varied == real and len(real) == 1:
            return f"{parts[0]} and varies most ({_figures(recall, varied, 'recall')})"
    if varied and len(varied) < len(recall):
        parts.append(f"{_names(varied)} {_verb(varied, 'varies', 'vary')} most ({_figures(recall, varied, 'recall')})")
    return ", ".join(parts)


def _speed(found: Sequence[Measurement], cards: Mapping[str, str]) -> str:
    """How many times faster the fastest are than the one that looks most real, or else than the slowest."""
    seconds = values(found, cards, "seconds")
    fast = leaders(seconds, most=False)
    slow = [family for family in seconds if family not in fast]
    if not fast or not slow:
        return ""
    real = leaders(values(found, cards, "precision"), most=True)
    other = real[0] if len(real) == 1 and real[0] in slow else max(slow, key=lambda family: seconds[family].value)
    ratio = seconds[other].value / max(max(seconds[family].value for family in fast), 1e-9)  # holds for each of the fast ones
    return f"{_names(fast)} {_verb(fast, 'is', 'are')} {times(ratio)} times faster than {called(other)}"


def _farthest(found: Sequence[Measurement], cards: Mapping[str, str]) -> str:
    """Who is farthest from the real pictures; said only where the independent extractor, if it was asked, says the same."""
    distance = _distance(found, cards)
    far = leaders(distance, most=True)
    if len(far) != 1:
        return ""
    second = values(found, cards, next(iter(distance.values())).metric, referee=True)
    if len(second) == len(distance) and leaders(second, most=True) != far:
        return ""
    return (
        f"{called(far[0])} is farthest from the real ones of the {('two', 'three')[len(distance) - 2]} ({_beside_floor(distance[far[0]])})"
    )


def _distance(found: Sequence[Measurement], cards: Mapping[str, str]) -> dict[str, Measurement]:
    """fid, or kid where not every measured generator has a fid."""
    fid, kid = values(found, cards, "fid"), values(found, cards, "kid")
    return fid if len(fid) >= max(2, len(kid)) else kid


def _figures(found: Mapping[str, Measurement], chosen: Sequence[str], metric: str) -> str:
    """The numbers of the chosen, with that of real pictures beside them."""
    floor = found[chosen[0]].floor
    real = "" if floor is None else f", real {_noun(found[chosen[0]].card)} {floor:.2f}"
    return f"{metric} {_listed([f'{found[family].value:.2f}' for family in chosen])}{real}"


def _beside_floor(m: Measurement) -> str:
    name = m.metric.upper()
    return f"{name} {times(m.value / m.floor)} times that of real {_noun(m.card)}" if has_ratio(m) else f"{name} {m.value:.3g}"


def _noun(card_id: str) -> str:
    return data.get(registry.get(card_id).dataset).noun


def _names(families: Sequence[str], capital: bool = False) -> str:
    text = _listed([called(family) for family in families])
    return text[:1].upper() + text[1:] if capital else text


def _verb(families: Sequence[str], one: str, several: str) -> str:
    return one if len(families) == 1 else several


def _listed(parts: Sequence[str]) -> str:
    """a; a and b; a, b and c."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)

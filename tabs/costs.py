"""How good for how much: every model of a data set as a mark, its distance to real samples over each cost it was measured by."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence

from playground import comparison, data, registry
from playground.comparison import significant
from playground.metrics import measurements
from playground.metrics.measurements import find
from playground.types import Measurement, ModelCard
from playground.verdict import measured
from tabs import charts, table
from tabs.charts import Axis, Curve

COSTS = (
    ("seconds", "Seconds for 64 samples"),
    ("nfe", "Network calls a sample"),
    ("parameters", "Numbers in the networks"),
    ("size_bytes", "Bytes of the weights"),
)
NONE = '<p class="note">Nothing was measured yet: <code>python -m playground.metrics --all</code></p>'


def build(dataset: str) -> str:
    """One small chart for each cost; lower left is better. Models of the same family share sign and colour, so each mark is named."""
    found = measurements.read()
    cards = [(card, kid) for card in _cards(dataset) if (kid := measured(found, card.id, "kid")) is not None and kid.value > 0]
    if not cards:
        return NONE
    plots = "".join(_plot(found, dataset, title, metric, cards) for metric, title in COSTS)
    alike = len({(m.machine, m.n) for card, _ in cards if (m := find(found, card.id, "seconds"))}) == 1
    clocks = "" if alike else " The seconds were not all taken on one machine: read them as an order of magnitude."
    n = sorted({kid.n for _, kid in cards})
    return (
        '<div class="costs"><h3>How good, and for how much</h3>'
        f'<p class="note">Each mark is a model of {html.escape(data.get(dataset).noun)}: further down is nearer to real ones (KID, n {" or ".join(f"{k:,}" for k in n)}), '
        f'further left is cheaper; each step of an axis multiplies. Pointing at a mark gives its numbers.{clocks}</p><div class="plots">{plots}</div></div>'
    )


def _cards(dataset: str) -> list[ModelCard]:
    return [card for card in registry.shipped() if card.dataset == dataset and card.kind == "image" and "sample" in card.can]


def _plot(found: Sequence[Measurement], dataset: str, title: str, metric: str, cards: Sequence[tuple[ModelCard, Measurement]]) -> str:
    points = [(card, cost, kid) for card, kid in cards if (cost := find(found, card.id, metric)) is not None and cost.value > 0]
    if not points:
        return ""
    curves = []
    for card, cost, kid in points:
        told = f"{card.title}: KID {comparison.formatted(kid)}, {title.lower()} {comparison.formatted(cost)}"
        at = (cost.value, kid.value, kid.spread or 0.0)
        curves.append(
            Curve(card.title, [at], table.colour(card.family), table.mark(card.family), told=[told], beside=_short(card, dataset))
        )
    floors = [kid.floor for _, _, kid in points if kid.floor is not None and kid.floor > 0]
    kids = [kid.value for _, _, kid in points]
    x, y = _powers([cost.value for _, cost, _ in points]), _powers([*kids, *floors[:1]])
    levels = [(floors[0], "real against real", "currentColor")] if floors else []
    return charts.chart(f"KID over {title[0].lower()}{title[1:]}", curves, x, y, levels, 250, "cost")


def _short(card: ModelCard, dataset: str) -> str:
    """A model's title without what all of its data set share."""
    return card.title.removesuffix(f" of toy {data.get(dataset).noun}").replace("VAE with two latent dimensions", "VAE, 2 numbers")


def _powers(values: list[float]) -> Axis:
    """An axis in powers around positive values, with ticks at powers of ten, or where there are few, at 1, 2 and 5 of each."""
    low, high = min(values) * 0.6, max(values) * 1.6
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1.0,) if last - first > 3 else (1.0, 2.0, 5.0)
    ticks = [step * 10.0**power for power in range(first, last + 1) for step in steps if low <= step * 10.0**power <= high]
    return Axis(low, high, [(tick, _tick(tick)) for tick in ticks], True)


def _tick(value: float) -> str:
    for unit, name in ((1e6, " M"), (1e3, " k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return significant(value, 1) if value < 1 else f"{value:g}"

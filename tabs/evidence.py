"""What textbooks say, claim by claim: does it hold here, with the numbers that were measured for it and how to measure them again."""

from __future__ import annotations

import html

from playground import claims, data
from playground.claims import Claim, Group
from playground.comparison import formatted
from playground.metrics.evidence import PREFIX
from tabs import charts, overview, table
from tabs.charts import Axis, Curve

SIGNS = {claims.HOLDS: "✓", claims.PARTLY: "◐", claims.FAILS: "✗", claims.OPEN: "–"}
OWN = (PREFIX, "sliced")  # metrics that no table formats


def build(dataset: str) -> str:
    """All claims on a data set as folds: the claim and how it stands in sight, the evidence one click away."""
    found = claims.of(dataset)
    folds = "".join(_fold(claim, dataset) for claim in found)
    return (
        '<div class="claims"><h3>What textbooks say, and what was measured here</h3>'
        f'<p class="note">On these {html.escape(data.get(dataset).noun)}, with these models: each fold holds the evidence. '
        f"✓ holds, ◐ in part, ✗ does not hold here.</p>{folds}</div>"
    )


def _fold(claim: Claim, dataset: str) -> str:
    """One claim; measured alike numbers say once how."""
    head = f'<span class="outcome" aria-hidden="true">{SIGNS[claim.outcome]}</span> “{html.escape(claim.said)}” <b>{claim.outcome}</b>'
    if claim.outcome == claims.OPEN:
        return f"<details><summary>{head}</summary><p><code>python -m playground.metrics --all --evidence</code> measures it.</p></details>"
    spectrum = "" if claim.spectrum is None else _spectrum(claim, dataset)
    body = "".join(_group(group) for group in claim.groups)
    see = overview.link(claim.tab, "see it live")
    return (
        f"<details><summary>{head}</summary><p>{html.escape(claim.finding)} {see}</p>{spectrum}{body}"
        f'<p class="runline"><span class="badge recorded">recorded</span> {_origin(claim)}</p></details>'
    )


def _group(group: Group) -> str:
    """Bars on one scale, the floor as a line across each."""
    direction = {True: " More is better.", False: " Less is better.", None: ""}[group.more_is_better]
    numbers = [max(value, 0.0) for bar in group.bars for value in (bar.measured.value, bar.measured.floor or 0.0)]
    top = max(numbers) or 1.0
    rows = ""
    for bar in group.bars:
        m = bar.measured
        floor = "" if m.floor is None else f'<i style="left:{100 * min(max(m.floor, 0.0) / top, 1.0):.1f}%" title="real against real"></i>'
        beside = "" if m.floor is None else f" <small>{'straightest' if m.metric == claims.PATH else 'real'} {_value(m.floor)}</small>"
        spread = "" if m.spread is None or " ± " in formatted(m) else f" ± {_value(m.spread)}"
        rows += (
            f'<tr class="{table.css_class(bar.family)}"><th scope=row><i aria-hidden="true">{table.sign(bar.family)}</i> {html.escape(bar.name)}</th>'
            f'<td><div class="bar" aria-hidden="true"><b style="width:{100 * max(m.value, 0.0) / top:.1f}%"></b>{floor}</div></td>'
            f"<td>{html.escape(_value(m.value) if m.metric.startswith(OWN) else formatted(m))}{spread}{beside}</td></tr>"
        )
    return (
        f"<h4>{html.escape(group.title)}</h4><p class=note>{html.escape(group.explanation)}{direction}</p>"
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="{html.escape(group.title, quote=True)}"><table class="facts evidence"><tbody>{rows}</tbody></table></div>'
    )


def _value(value: float) -> str:
    return claims.significant(value, 2 if abs(value) < 100 else 3)


def _spectrum(claim: Claim, dataset: str) -> str:
    """Power in each band against real, in powers of ten."""
    assert claim.spectrum is not None
    side = data.get(dataset).shape[0]
    curves = []
    for family, power in claim.spectrum.items():
        points = [((k + 0.5) / (2 * len(power)), value, 0.0) for k, value in enumerate(power)]
        curves.append(Curve(claim.named(family), points, table.colour(family), table.mark(family)))
    values = [value for power in claim.spectrum.values() for value in power if value > 0]
    low, high = min(*values, 0.5) * 0.8, max(*values, 1.5) * 1.25
    ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0) if low <= tick <= high]
    across = Axis(
        0.0,
        0.5,
        [(tick, f"{tick:g}") for tick in (0.0, 0.125, 0.25, 0.375, 0.5)],
        title="cycles a point: left broad shapes, right fine detail",
    )
    down = Axis(low, high, [(tick, f"{tick:g}") for tick in ticks], True)
    return charts.chart(
        f"Power against real pictures, by spatial frequency ({side} points)",
        curves,
        across,
        down,
        [(1.0, "as real ones", "currentColor")],
        230,
        "curve",
    )


def _origin(claim: Claim) -> str:
    """How the numbers of a claim were taken: each way once, after the metrics that were taken so."""
    ways: dict[str, dict[str, None]] = {}
    for m in (bar.measured for group in claim.groups for bar in group.bars):
        seen = f", seen by {m.extractor}" if m.extractor and not m.metric.endswith("sharpness") else ""
        split = f", {m.split} split" if m.split else ""
        seeds = f", over {m.spread_over}" if m.spread_over and "training" in m.spread_over else ""
        made = f"{m.when[:10]} on {m.machine or m.device}, commit {m.commit[:10]}, by {m.command}"
        ways.setdefault(f"n {m.n:,}, seed {m.seed}{split}{seeds}{seen}, {made}", {})[m.metric.removeprefix(PREFIX)] = None
    return html.escape("; ".join(f"{', '.join(metrics)}: {how}" for how, metrics in ways.items()))

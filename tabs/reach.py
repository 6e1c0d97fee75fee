"""The curve of how far back models of text remember, as it was recorded."""

from __future__ import annotations

import html

from playground import registry
from playground.metrics import distance
from playground.metrics.distance import Line
from tabs import charts
from tabs.charts import Axis, Curve


def curves(dataset: str, seen: str, what: str = "characters") -> str:
    """How far back each model of a data set remembers. seen: what is to be seen there; what: that its texts are made of."""
    lines = distance.read(dataset)
    head = (
        f'<div class="section"><h3>How far back it remembers</h3><p>The last {what} before a place stay as they are, all before them are shuffled. Where a line no longer falls, '
        f"nothing that far back is used: {seen}</p></div>"
    )
    if not lines:
        return f'{head}<p class="note">Not measured yet: python -m playground.metrics --distance {html.escape(dataset)}</p>'
    one = lines[0]
    return (
        head
        + f'<div class="tablewrap" tabindex="0" role="region" aria-label="Curves, scroll sideways">{chart(lines, what)}</div>'
        + f'<p class="runline"><span class="badge recorded">recorded</span> n {one.n} windows, {distance.SCORED} {what} scored in each, {one.split} split, seed {one.seed}, '
        f"bars: standard error; {one.when[:10]} on {html.escape(one.machine)}, commit {html.escape(one.commit)}, by <code>{html.escape(one.command)}</code></p>"
    )


def chart(lines: tuple[Line, ...], what: str) -> str:
    """Loss over how many of the last are in order."""
    values = [(point.loss - point.error, point.loss + point.error) for line in lines for point in line.points]
    low, high = min(each[0] for each in values), max(each[1] for each in values)
    distances = [point.distance for point in lines[0].points]
    curves = [
        Curve(
            registry.get(line.card).title,
            [(point.distance, point.loss, point.error) for point in line.points],
            charts.COLOURS[k % len(charts.COLOURS)],
            mark=list(charts.GLYPHS)[k % len(charts.GLYPHS)],
        )
        for k, line in enumerate(lines)
    ]
    return charts.chart(
        f"Loss in nats, by how many of the last {what} are in order",
        curves,
        Axis(distances[0], distances[-1], [(each, str(each)) for each in distances], powers=True, title=f"{what} in order"),
        Axis(low, high, [(value, f"{value:.2f}") for value in (low, (low + high) / 2, high)]),
        height=300,
        kind="curve",
    )

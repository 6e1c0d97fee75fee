"""Line charts as inline SVG: curves with marks, spreads and a legend, on axes that count evenly or in powers."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

COLOURS = ("var(--accent)", "var(--accent-2)", "var(--accent-3)", "var(--quiet)")
GLYPHS = {"circle": "●", "square": "■", "diamond": "◆", "triangle": "▲"}
WIDTH, TOP, RIGHT = 640, 10, 14


@dataclass(frozen=True)
class Curve:
    """A name and its points (x, y, spread), the spread reaching each way. mark: one of GLYPHS, or none for a line of very many points.

    told: what each mark says when it is pointed at; the name and the numbers by default. beside: a name written at the last mark, instead of in the legend.
    """

    name: str
    points: Sequence[tuple[float, float, float]]
    colour: str = COLOURS[0]
    mark: str = ""
    dashed: bool = False
    told: Sequence[str] = ()
    beside: str = ""


@dataclass(frozen=True)
class Axis:
    """What an axis shows, from low to high, with text at ticks; in powers where each equal part of it multiplies."""

    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    powers: bool = False
    title: str = ""

    def place(self, value: float) -> float:
        """Where a value lies, 0 at low and 1 at high; what lies beyond is brought to the end."""
        value = min(max(value, self.low), self.high)
        if self.powers:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / ((self.high - self.low) or 1.0)


def chart(
    title: str, curves: Sequence[Curve], x: Axis, y: Axis, levels: Sequence[tuple[float, str, str]] = (), height: int = 180, kind: str = ""
) -> str:
    """A figure with a caption, a legend and the curves. levels: (y, text, colour) of dotted lines across. kind: a further class of the figure."""
    left, bottom = 12 + 7 * max(len(text) for _, text in y.ticks), 40 if x.title else 24

    def across(value: float) -> float:
        return left + 6 + (WIDTH - left - RIGHT - 6) * x.place(value)

    def down(value: float) -> float:
        return TOP + (height - TOP - bottom) * (1 - y.place(value))

    drawn = ""
    for value, text in y.ticks:
        drawn += _across(left, down(value), 'stroke="currentColor" opacity=".15"') + _text(left - 6, down(value) + 4, "end", text)
    for value, text, colour in levels:
        drawn += _across(left, down(value), f'stroke="{colour}" stroke-dasharray="1 4" stroke-width="1.5"')
        drawn += _text(WIDTH - RIGHT, down(value) - 4, "end", text)
    for curve in curves:
        dashes = ' stroke-dasharray="6 4"' if curve.dashed else ""
        way = " ".join(f"{across(a):.1f},{down(b):.1f}" for a, b, _ in curve.points)
        drawn += f'<polyline fill="none" stroke="{curve.colour}" stroke-width="1.6"{dashes} points="{way}"/>'
        for k, (a, b, spread) in enumerate(curve.points if curve.mark else ()):
            told = curve.told[k] if curve.told else f"{curve.name}, {a:g}: {b:.3g}"
            bar = f'<line x1="{across(a):.1f}" x2="{across(a):.1f}" y1="{down(b + spread):.1f}" y2="{down(b - spread):.1f}" stroke="{curve.colour}"/>'
            drawn += (
                f"<g><title>{html.escape(told)}</title>{bar if spread else ''}{_mark(curve.mark, across(a), down(b), curve.colour)}</g>"
            )
    drawn += _names([(across(c.points[-1][0]), down(c.points[-1][1]), c.beside) for c in curves if c.beside])
    for value, text in x.ticks:
        end = x.place(value) > 0.98 and len(text) > 4
        drawn += _text(across(value), height - bottom + 16, "end" if end else "middle", text)
    if x.title:
        drawn += _text((left + WIDTH - RIGHT) / 2, height - 6, "middle", x.title)
    legend = "".join(f"<span>{_sign(curve)}{html.escape(curve.name)}</span>{' '}" for curve in curves if not curve.beside)
    label = html.escape(title, quote=True)
    return (
        f'<figure class="plot {kind}" tabindex="0"><figcaption>{html.escape(title)} <span class="legend">{legend}</span></figcaption>'
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}">{drawn}</svg></figure>'
    )


def _names(places: Sequence[tuple[float, float, str]]) -> str:
    """Names at their marks, each on the side with room, moved down where it would lie on another."""
    drawn, taken = "", []
    for x, y, name in sorted(places, key=lambda place: place[1]):
        left = x > 0.6 * WIDTH
        start = x - 9 - 7 * len(name) if left else x + 9
        at = y + 4
        while any(abs(at - other) < 12 and start < end and begin < start + 7 * len(name) for other, begin, end in taken):
            at += 12
        taken.append((at, start, start + 7 * len(name)))
        drawn += _text(x - 9 if left else x + 9, at, "end" if left else "start", name)
    return drawn


def _sign(curve: Curve) -> str:
    """How a curve is known in the legend: its mark in its colour, or a piece of its line."""
    if curve.mark:
        return f'<b style="color:{curve.colour}" aria-hidden="true">{GLYPHS[curve.mark]}</b> '
    return f'<i style="background:{curve.colour}"></i>'


def _across(left: float, y: float, style: str) -> str:
    return f'<line x1="{left}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" {style}/>'


def _text(x: float, y: float, anchor: str, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(text)}</text>'


def _mark(mark: str, x: float, y: float, colour: str) -> str:
    if mark == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4.5" fill="{colour}"/>'
    if mark == "square":
        return f'<rect x="{x - 4:.1f}" y="{y - 4:.1f}" width="8" height="8" fill="{colour}"/>'
    corners = [(0, -5), (5, 0), (0, 5), (-5, 0)] if mark == "diamond" else [(0, -5), (5, 4), (-5, 4)]
    return f'<polygon fill="{colour}" points="{" ".join(f"{x + dx:.1f},{y + dy:.1f}" for dx, dy in corners)}"/>'

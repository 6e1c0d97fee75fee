"""The Diffusion tab's part on speed: how good few steps are, measured, and how straight the ways are that the steps follow, live."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence

import gradio as gr
import numpy as np

from playground import comparison, data, registry, ways
from playground.errors import PlaygroundError
from playground.metrics import curve
from playground.metrics.curve import Line
from playground.types import Images, ModelCard
from tabs import charts, pictures, widgets
from tabs.charts import Axis, Curve
from tabs.picker import Picker
from tabs.widgets import HEAVY

SAMPLES = 16
FOLLOWED = 40  # points of a picture whose values are drawn


def build(picker: Picker, model: gr.Dropdown, seed: gr.Number, tab: str) -> None:
    """The part's components and events."""
    with gr.Accordion("Fewer steps", open=False) as fold:
        gr.HTML(
            "<p>A denoiser guesses the end of a way that bends, so a long step leaves it. Three ways out: a solver that bends along, ways that are straighter "
            "(<i>flow matching</i>), and a network that has learnt where the ways of another lead and jumps (a <i>flow map</i>).</p>",
            padding=False,
        )
        widgets.later(fold, f"{tab}-curve", measured)
        with gr.Row(elem_classes="section"):
            with gr.Column(scale=1, min_width=280):
                gr.HTML(
                    f"<h3>How straight are the ways?</h3><p>{SAMPLES} samples go from noise to picture in {ways.STEPS} small steps, without guidance. Each line is one value of "
                    "the first picture, a colour's share at a place, in the colour it comes to. Straight lines could be gone in one step.</p>",
                    padding=False,
                )
                go = gr.Button("Follow the ways", elem_id=f"{tab}-ways-run")
            with gr.Column(scale=2, min_width=320):
                out = gr.HTML('<div class="awaited"></div>', padding=False, elem_id=f"{tab}-ways")

    @widgets.guarded
    def follow(model: str, seed: int) -> Iterator[str]:
        cards = [card for card in registry.shipped() if card.dataset == picker.card(model).dataset and ways.can(card)]
        if not cards:
            raise PlaygroundError(f"No shipped model draws what {model} draws: choose another model above.")
        shown = ""
        for card in cards:
            yield shown + f'<div class="runline"><span class="badge running">at work</span> {html.escape(card.title)}</div>'
            shown += _ways(card, ways.follow(card.id, SAMPLES, seed))
        yield (
            shown
            + f'<div class="runline"><span class="badge live">live</span> {SAMPLES} samples each, seed {seed}, {ways.STEPS} steps</div>'
        )

    go.click(follow, [model, seed], out, api_visibility="private", **HEAVY)


def measured() -> str:
    """The recorded curves of every data set, as charts and tables."""
    return "".join(_curve(name, lines) for name in data.names() if (lines := curve.read(name))) or (
        '<p class="note">Not measured yet: python -m playground.metrics --curve DATASET</p>'
    )


def _curve(dataset: str, lines: Sequence[Line]) -> str:
    made = dict.fromkeys(
        (line.n, line.seeds, line.extractor, line.when[:10], line.machine, line.commit, line.command, line.kid_over) for line in lines
    )
    origins = "; ".join(
        f"n {n} for each of seeds {', '.join(map(str, seeds))}, seen by {extractor}, {when} on {machine}, commit {commit}, by {command}{f', KID a {over}' if over else ''}"
        for n, seeds, extractor, when, machine, commit, command, over in made
    )
    return (
        f'<div class="section"><div><h3>{html.escape(dataset.capitalize())}: distance to the real ones against network calls</h3>{chart(lines)}{_table(lines)}'
        f'<p class="runline"><span class="badge recorded">recorded</span> {html.escape(origins)}</p></div></div>'
    )


def name(line: Line) -> str:
    """A line's name: its card's title, and what it was set to."""
    return ", ".join([registry.get(line.card).title, *line.settings.values()])


def chart(lines: Sequence[Line]) -> str:
    """KID over network calls, both in powers; bars show one standard deviation each way. Nothing where there are no lines."""
    calls = [point.calls for line in lines for point in line.points]
    values = [value for line in lines for point in line.points for value in (point.kid, line.floor) if value > 0]
    if not values:
        return ""
    first, last = min(calls), max(max(calls), 2 * min(calls))
    low, high = 0.8 * min(values), 1.25 * max(values)
    cards = list(dict.fromkeys(line.card for line in lines))
    curves = [
        Curve(
            name(line),
            [(point.calls, point.kid, point.spread) for point in line.points],
            charts.COLOURS[cards.index(line.card) % len(charts.COLOURS)],
            list(charts.GLYPHS)[place % len(charts.GLYPHS)],
            dashed=bool(place and lines[place - 1].card == line.card),
            told=[
                f"{name(line)}: {point.steps} steps, {point.calls} calls, KID {comparison.significant(point.kid)}" for point in line.points
            ],
        )
        for place, line in enumerate(lines)
    ]
    powers = [10.0**k for k in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]
    across = Axis(first, last, [(tick, str(tick)) for tick in _doublings(first, last)], True, "network calls a sample")
    down = Axis(low, high, [(power, f"{power:g}") for power in powers], True)
    levels = [(value, "real against real", "currentColor") for value in sorted({line.floor for line in lines if line.floor > 0})[:1]]
    return charts.chart("KID against network calls a sample; lower is better", curves, across, down, levels, 280, "curve")


def _doublings(first: int, last: int) -> list[int]:
    return [2**k for k in range(math.ceil(math.log2(first)), math.floor(math.log2(last)) + 1)]


def _table(lines: Sequence[Line]) -> str:
    head = "".join(
        f"<th scope=col>{text}</th>" for text in ("model", "steps", "calls", "KID", "over seeds", "real against real", "a sample")
    )
    body = "".join(
        f"<tr><th scope=row>{html.escape(name(line))}</th><td>{point.steps}</td><td>{point.calls}</td><td>{comparison.significant(point.kid)}</td>"
        f"<td>± {comparison.significant(point.spread, 2)}</td><td>{comparison.significant(line.floor, 2)}</td><td>{1000 * point.seconds:.1f} ms</td></tr>"
        for line in lines
        for point in line.points
    )
    return (
        "<details class=readings><summary>The same as numbers</summary>"
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="KID against network calls"><table class="facts"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>'
    )


def _ways(card: ModelCard, found: ways.Ways) -> str:
    """The values of the first picture on their way, the picture beside them, and how straight all ways are."""
    width, height, edge = 520, 150, 2.6
    values = found.points[:, 0]  # (steps + 1, d)
    picture = Images(found.samples.pixels[:1])
    chosen = np.linspace(0, values.shape[1] - 1, FOLLOWED).astype(int)
    colours = picture.uint8()[0].reshape(-1, picture.pixels.shape[-1])[chosen // picture.pixels.shape[-1]]
    lines = ""
    for index, colour in zip(chosen, colours, strict=True):
        red, green, blue = (int(part) for part in (colour if len(colour) == 3 else np.repeat(colour, 3)))
        points = " ".join(
            f"{4 + (width - 8) * (1 - time):.1f},{height / 2 * (1 - np.clip(value, -edge, edge) / edge):.1f}"
            for time, value in zip(found.times, values[:, index], strict=True)
        )
        lines += f'<polyline fill="none" stroke="rgb({red},{green},{blue})" stroke-width="1.4" points="{points}"/>'
    straight = found.straightness
    said = f"{card.title}: on average the ends are {straight.mean():.3f} of the way's length apart (± {straight.std():.3f}; 1: straight, 0.90: a quarter of a circle)"
    return (
        f'<figure class="plot ways"><figcaption>{html.escape(said)}</figcaption><div class="way">'
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{FOLLOWED} values from noise, left, to picture, right">{lines}</svg>'
        f"{pictures.grid(picture, 'the picture that this became', 1, None, 96 / picture.pixels.shape[1])}</div></figure>"
    )

"""The Start tab: what generative AI is in a minute, live on one digit; its four steps; the map of families; examples and myths; the way to the tabs."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping

import gradio as gr
import numpy as np

from playground import previews, settings, two_ways
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.two_ways import Read
from playground.types import Images
from tabs import four_steps, overview, pictures, strips, widgets
from tabs.widgets import HEAVY, TabPage

TITLE = "Start"
ID = "start"

READ_SCALE, DRAWN_SCALE = 4.0, 2.5


def build() -> TabPage:
    """The tab's components and events."""
    gr.HTML(
        '<div class="opening"><h2>What is generative AI?</h2><p>Most of what was called AI before looks at something and says what it is: a picture goes in, a word comes out. '
        "Generative AI goes the other way: a word goes in, and out comes a picture, a text or a tune that nobody has made before. It does not look one up; it has learnt what such things "
        "are like, and draws a new one.</p></div>",
        padding=False,
    )
    with gr.Accordion("In a minute", open=True):
        linked = _both_ways()
    with gr.Accordion("Four steps", open=True):
        four_steps.build(ID, linked["seed"])
    with gr.Accordion("The families", open=True):
        gr.HTML(overview.families(), padding=False)
    with gr.Accordion("Where it is used", open=False):
        gr.HTML(overview.media(), padding=False)
    with gr.Accordion("Heard, and not true", open=False):
        gr.HTML(overview.myths(), padding=False)
    return TabPage(ID, linked)


def _both_ways() -> dict[str, gr.components.Component]:
    """A digit read and a digit drawn; returns what a link may set."""
    try:
        known, drawn = two_ways.restored(*previews.read_rows(_recorder(), "ways"))
        read, made = _read(known, "recorded"), _drawn(known.digit, known.seed, drawn, "recorded")
    except PlaygroundError as error:
        read, made = f'<p class="note">{html.escape(str(error))}</p>', ""
    with gr.Row(elem_classes="ask", equal_height=True):
        digit = gr.Dropdown(list(two_ways.dataset().labels), value=two_ways.DIGIT, label="Digit", scale=1, min_width=120)
        with gr.Column(scale=2, min_width=260):
            seed, _ = widgets.seed_row(two_ways.SEED)
        with gr.Column(scale=2, min_width=220, elem_classes="bottom"):
            go, stop = widgets.run_buttons(ID, "Read it, draw it")
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            reading = gr.HTML(read, padding=False, elem_id=f"{ID}-read")
        with gr.Column(scale=2, min_width=320):
            drawing = gr.HTML(made, padding=False, elem_id=f"{ID}-drawn")

    @widgets.guarded
    def show(digit: str, seed: int) -> Iterator[tuple[str, str]]:
        known = _read(two_ways.read(digit, seed), "live")
        drawn: dict[str, Images] = {}
        yield known, _drawn(digit, seed, drawn, "running")
        for family, found in two_ways.draw(digit, seed):
            drawn[family] = found.samples
            yield known, _drawn(digit, seed, drawn, "running")
        yield known, _drawn(digit, seed, drawn, "live")

    running = go.click(show, [digit, seed], [reading, drawing], api_visibility="private", **HEAVY)
    stop.click(None, cancels=[running], api_visibility="private")
    stop.click(None, js=f"() => window.playgroundStopped('tab-{ID}')", api_visibility="private")
    return {"digit": digit, "seed": seed}


def _read(known: Read, how: str) -> str:
    """A real picture and what the classifier says of it."""
    best = np.argsort(known.probabilities)[::-1][:3]
    names = two_ways.dataset().labels
    bars = "".join(
        f'<div><span>{names[k]}</span><i style="width:{100 * known.probabilities[k]:.1f}%"></i><span>{100 * known.probabilities[k]:.1f} %</span></div>'
        for k in best
    )
    about = {"seed": known.seed, "digit": known.digit, "link": settings.query(ID, digit=known.digit, seed=known.seed)}
    picture = pictures.picture(pictures.tiles(known.picture, 1), f"a real handwritten {known.digit}", about, READ_SCALE)
    return (
        f'<h3>Traditional: what is this?</h3><div class="startrow"><div class="figure one">{picture}</div><div class="bars">{bars}</div></div>'
        '<p class="note">A classifier reads a real test picture: p(word | picture). It cannot draw.</p>'
        f'<div class="runline"><span class="badge {how}">{how}</span> <b>{two_ways.dataset().extractor}</b> · test picture by seed {known.seed}</div>'
    )


def _drawn(digit: str, seed: int, drawn: Mapping[str, Images], how: str) -> str:
    """What each generator drew; the place of those to come is kept."""
    height, width, channels = two_ways.dataset().shape
    grey = Images(np.full((two_ways.N, height, width, channels), 128, np.uint8))
    rows = [Row(two_ways.title(family), drawn.get(family, grey)) for family in two_ways.generators()]
    about = {"seed": seed, "digit": digit, "rows": [row.name for row in rows], "link": settings.query(ID, digit=digit, seed=seed)}
    take = ""
    if how != "running":
        take = widgets.taken(strips.sheet(rows), about, f"start-{digit}-seed{seed}")
    link = widgets.permalink(about["link"])
    return (
        f"<h3>Generative: show me a {html.escape(digit)}</h3>{strips.strips(rows, scale=DRAWN_SCALE, settings=about)}"
        '<p class="note">Three generators draw pictures that nobody has written: x ~ p(picture | word). Another seed, another picture.</p>'
        f'<div class="runline"><span class="badge {how}">{how if how != "running" else "at work"}</span> digit <b>{html.escape(digit)}</b> · seed {seed} · {link}</div>{take}'
    )


def _recorder() -> str:
    """The id of the card beside whose previews the first paint is."""
    return two_ways.generators()[two_ways.RECORDED_WITH].id

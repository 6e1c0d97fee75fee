"""The Diffusion tab: out of noise step by step, and the other half, a digit that is noised and brought back."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from playground import data, registry, run, stories
from playground.run import VISITOR_N
from playground.sampling import forward
from playground.types import Images, ModelCard, Run
from tabs import pictures, return_trip, widgets
from tabs.widgets import HEAVY, TabPage

TITLE = "Diffusion"
ID = "diffusion"
COLUMNS = 20  # of the film strip, at most
MOMENTS = 40  # of the film of the whole grid, at most
TICKS = 50  # times that the progress line changes, at most
TILES = 600  # pictures that a film may hold in all, so that a large n sends fewer moments
ANIMATED, ANIMATED_TILES = 12, 16  # frames of the GIF and the WebP, and samples in each, at most
TIMES = (0, 200, 400, 600, 800, 999)
SCHEDULERS = {
    "DDPM": "guesses the clean picture, goes a little of the way, and adds fresh noise at every step (the original, ancestral sampling). Wants many steps.",
    "DDIM": "goes the same way without fresh noise, so that few steps do and the first noise decides everything; eta mixes some back in.",
    "DPM-Solver++": "reads the way as a differential equation and uses the last two guesses to take a longer, curved step.",
    "UniPC": "predicts a step in the same way, then corrects it with the guess that comes next, at no extra call.",
}


def build() -> TabPage:
    """The tab's components and events."""
    card = next(card for card in registry.cards() if card.family == ID)
    controls = [control for control in widgets.simple_controls(card) if control.name != "strength"]
    names = [control.name for control in controls]
    shape = data.get(card.dataset).shape
    widgets.opening(
        "Diffusion: a sculptor who starts from noise",
        "A sculptor stands before a block of nothing but noise, asks what figure could be hidden in it, chips away a little, and asks again. "
        "A network learnt that one answer, what is clean and what is noise; drawing asks it step after step (<i>denoising diffusion</i>).",
        "nothing is hidden in the block. The same noise becomes another digit if another is asked for, and most steps change what was there rather than take it away.",
    )
    with gr.Accordion("Try", open=True):
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                n = widgets.count_slider()
                seed, _ = widgets.seed_row()
                go, stop = widgets.run_buttons(ID, "Draw digits")
                inputs = [widgets.component(control) for control in controls]
            with gr.Column(scale=2, min_width=320, elem_classes="tight"):
                out = gr.HTML(pictures.grid(*_recorded(card)), padding=False, elem_id=f"{ID}-out")
                line = gr.HTML(_recorded_line(card), padding=False)
                steps = next(control.default for control in controls if control.name == "num_inference_steps")
                strip = gr.HTML(_strip(int(steps), shape, "It fills while the model draws."), padding=False, elem_id=f"{ID}-strip")
        linked = {"n": n, "seed": seed, **dict(zip(names, inputs, strict=True))}
        linked |= return_trip.build(card, ID, linked)

    @widgets.guarded
    def draw(n: int, seed: int, *values: Any) -> Iterator[tuple]:
        film = frames_strip = status = ""
        frames: list[np.ndarray] = []
        for found in run.stream(card.id, n, seed, limit=VISITOR_N, views=("x_t", "x_0"), **dict(zip(names, values, strict=True))):
            step = found.step
            if step.i == 1:
                shown = evenly(step.total, min(MOMENTS, TILES // found.n))
                film, frames_strip = pictures.moments(f"{found.n} samples from noise to digits", len(shown)), _strip(step.total, shape)
            if step.i in shown:
                film += _moment(found)
            if step.i in evenly(step.total, COLUMNS):
                frames_strip += _column(found)
            if step.i in evenly(step.total, ANIMATED):
                frames.append(pictures.tiles(Images(found.samples.pixels[:ANIMATED_TILES]), 4))
            if step.i in evenly(step.total, TICKS):
                status = widgets.progress_line(found)
            if found.done:
                status = widgets.run_line(found, ID) + widgets.takes(found, ID, frames=frames)
            yield film, frames_strip, status  # at every step, changed or not: Stop is heard at a yield
        yield gr.skip(), gr.skip(), gr.skip()  # Gradio sends the last value a second time, whole: let that be nothing

    drawing = gr.on([go.click, seed.submit], draw, [n, seed, *inputs], [out, strip, line], api_visibility="private", **HEAVY)
    stop.click(None, cancels=[drawing], api_visibility="private")

    with gr.Accordion("How it learns", open=False):
        gr.HTML(_story(card), padding=False)
    with gr.Accordion("Look inside", open=False):
        known = next(control.choices for control in controls if control.name == "scheduler")
        rows = "".join(f"<tr><th scope=row>{name}</th><td>{SCHEDULERS[name]}</td></tr>" for name in known if name in SCHEDULERS)
        table = f'<div class="tablewrap"><table class="facts"><caption>The schedulers: one network, other ways of stepping</caption><tbody>{rows}</tbody></table></div>'
        gr.HTML(widgets.facts_table([card]) + table + widgets.provenance(card.id), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Pictures from a sentence**, photographs with a piece painted in, film, music, the shapes of molecules: "
            "wherever quality and variety matter more than the time a sample takes.\n\n"
            "**Ask yourself:** draw with 1 step, then 2, 5 and 20 from the same seed. With a single step, why does it show a blurred mean of digits and not a digit?"
        )
    return TabPage(ID, linked)


def evenly(total: int, count: int) -> list[int]:
    """At most `count` of the steps 1..total, evenly spaced, the first and the last among them."""
    return sorted({int(step) for step in np.linspace(1, total, min(total, max(count, 2))).round()})


def _recorded(card: ModelCard) -> tuple[Images, str]:
    found = widgets.recorded_run(card.id)
    return found.samples, f"{found.n} recorded samples of {card.id}"


def _recorded_line(card: ModelCard) -> str:
    found = widgets.recorded_run(card.id)
    return widgets.run_line(found, ID, "recorded") + widgets.takes(found, ID)


def _moment(found: Run) -> str:
    """The whole grid at one step: what the network is shown and what it guesses; at the end, what came out."""
    step, columns = found.step, math.ceil(math.sqrt(found.n))
    if found.done:
        left = {f"step {step.i} of {step.total}: finished": found.samples}
    else:
        left = {f"step {step.i} of {step.total}: x_t, what the network is shown": step.views["x_t"]}
    pair = left | {"x_0, what it takes the clean picture to be": step.views["x_0"]}
    return pictures.moment({caption: pictures.tiles(images, columns) for caption, images in pair.items()}, exact=found.done)


def _strip(total: int, shape: tuple[int, ...], note: str = "") -> str:
    """The empty film strip of a run of `total` steps; columns are appended to it."""
    count = len(evenly(total, COLUMNS))
    which = "one column for each step" if count == total else f"{count} of {total} steps"
    height, width, _ = shape
    aspect = f"{width}/{2 * height + pictures.GAP}"
    words = f"Film strip of the first sample, {which}: above x_t, what the network is shown; below x_0, what it takes the clean picture to be. {note}"
    return f'<figure class="filmstrip"><figcaption>{words}</figcaption><div class="filmcells" style="--columns:{count};--aspect:{aspect}"><div>{"<i></i>" * count}</div><div>'


def _column(found: Run) -> str:
    views = found.step.views
    pair = Images(np.stack([views["x_t"].pixels[0], views["x_0"].pixels[0]]))
    return pictures.picture(pictures.tiles(pair, 1), f"step {found.step.i}: x_t above, x_0 below")


def _story(card: ModelCard) -> str:
    """What a training step is, a digit on its way to noise, and the recorded training."""
    digit = return_trip.real_digits(card)["7"][:1]
    way = pictures.grid(
        forward.noised(Images(digit).float32()[0], TIMES), f"a digit at t = {', '.join(map(str, TIMES))}", len(TIMES), scale=3.5
    )
    story = stories.read(card.id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        captions.append(f"step {step:,} · loss {row['loss']:.3f}" if row else "step 0 · nothing learnt yet")
    return (
        "<p>A training step takes a real digit, draws a time t from 0 to 999 and mixes in that much noise: the more, the later. "
        "The network sees the mixture, t and the label, and is corrected by how far its guess of digit and noise is from the true ones: one squared error, and nobody to fight.</p>"
        f'<figure class="figure">{way}<figcaption>The same digit and the same noise at t = {", ".join(map(str, TIMES))}: x_t = √ᾱ x_0 + √(1 − ᾱ) ε</figcaption></figure>'
        "<p>Below, what the same 16 noises became at moments of the training, from step 0 to the end, drawn with the averaged network in 20 steps.</p>"
        + pictures.film(frames, captions, "The training of the denoiser", scale=4)
        + widgets.losses_plot(story.log, ("loss",), "Loss while training")
    )

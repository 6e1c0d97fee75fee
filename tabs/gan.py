"""The GAN tab: draw, walk through z, watch how the contest went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from playground import registry, run, stories
from playground.run import VISITOR_N
from playground.sampling.latents import slerp_path
from playground.types import Images, Latents
from tabs import pictures, widgets
from tabs.widgets import HEAVY, TabPage

TITLE = "GAN"
ID = "gan"
WALK_FRAMES = 24


def build() -> TabPage:
    """The tab's components and events."""
    card = next(card for card in registry.cards() if card.family == ID)
    controls = widgets.simple_controls(card)
    widgets.opening(
        "GAN: a forger and a critic",
        "A forger paints digits out of random numbers; a critic compares each with a real one and says which looks more real. "
        "Each learns from the other, until the critic can hardly tell (<i>generative adversarial network</i>).",
        "the forger never sees a real digit. It only feels, through the critic, in which direction its own would look more real.",
    )
    with gr.Accordion("Try", open=True), gr.Row():
        with gr.Column(scale=1, min_width=280):
            n = widgets.count_slider()
            seed, _ = widgets.seed_row()
            go, stop = widgets.run_buttons(ID, "Draw digits")
            inputs = [widgets.component(control) for control in controls]
            walk = gr.Button("Walk from one z to another")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(widgets.recorded(card.id, ID), padding=False, elem_id=f"{ID}-out")
    names = [control.name for control in controls]

    @widgets.guarded
    def draw(n: int, seed: int, *values: Any) -> Iterator[str]:
        for found in run.stream(card.id, n, seed, limit=VISITOR_N, **dict(zip(names, values, strict=True))):
            yield widgets.result(found, ID) if found.done else widgets.working(found)

    @widgets.guarded
    def walk_through(seed: int, *values: Any) -> str:
        ends = run.sample(card.id, 2, seed, views=("z",), **dict(zip(names, values, strict=True)))
        z = ends.step.views["z"]
        path = slerp_path(z.values[0], z.values[1], WALK_FRAMES)
        labels = np.repeat(z.labels[:1], WALK_FRAMES)
        frames = run.decode(card.id, Latents(path, labels)).uint8()
        captions = [f"{100 * i // (WALK_FRAMES - 1)} % of the way" for i in range(WALK_FRAMES)]
        takes = pictures.download(pictures.animation(list(frames)), "image/gif", f"{card.id}-walk-seed{seed}.gif", "GIF")
        line = f'<div class="runline"><span class="badge live">live</span> <b>{card.id}</b> · a walk between z of sample 0 and 1 of seed {seed}, label of the first</div>'
        return (
            pictures.film(list(frames), captions, "A walk between two digits", scale=10, start=0)
            + line
            + f'<div class="takes">Take it away: {takes}</div>'
        )

    running = [
        gr.on([go.click, seed.submit], draw, [n, seed, *inputs], out, api_visibility="private", **HEAVY),
        walk.click(walk_through, [seed, *inputs], out, api_visibility="private", **HEAVY),
    ]
    stop.click(None, cancels=running, api_visibility="private")

    with gr.Accordion("How it learns", open=False):
        gr.HTML(_story(card.id), padding=False)
    with gr.Accordion("Look inside", open=False):
        gr.HTML(widgets.facts_table([card]) + widgets.provenance(card.id), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Faces of people who do not exist**, sharper pictures from blurred ones, sketches turned into photographs, one style into another: "
            "wherever a single fast pass must look right.\n\n"
            "**Ask yourself:** set truncation to 0. Why are all digits of a class the same now, and is that one the most typical?"
        )
    return TabPage(ID, {"n": n, "seed": seed, **dict(zip(names, inputs, strict=True))})


def _story(card_id: str) -> str:
    """The recorded training: what the same z gave at each moment, with the losses and how often the critic was right."""
    story = stories.read(card_id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        numbers = f" · critic ranks {100 * row['ranked_right']:.0f} % rightly" if row else " · nothing but noise"
        captions.append(f"step {step:,}{numbers}")
    note = (
        "<p>The same 16 z at every moment, from step 0 to the end, drawn with the averaged generator. Below, both losses, and how often the critic ranks a real digit above a fake "
        "one: 50 % would mean that it is fooled. The critic's raw score has no absolute meaning, so it is not shown as a probability.</p>"
    )
    return (
        note
        + pictures.film(frames, captions, "The training of the generator", scale=4)
        + widgets.losses_plot(story.log, ("critic_loss", "generator_loss"), "Losses while training")
        + widgets.losses_plot(story.log, ("ranked_right",), "Share of real/fake pairs that the critic ranks rightly")
    )

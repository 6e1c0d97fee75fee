"""The GAN tab: draw, walk through z, mix two samples, look for copies, watch how the contest went."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from playground import data, hub, registry, run, settings, stories
from playground.errors import WeightsUnavailable
from playground.sampling.latents import slerp_path
from playground.types import Images, ModelCard
from tabs import factor_table, fetch, mixing, people, pictures, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY, TabPage

TITLE = "GAN"
ID = "gan"
WALK_FRAMES = 24
FILM_SIDE = 280  # CSS pixels of a walk's picture at most


def build() -> TabPage:
    """The tab's components and events."""
    offered = [card for card in registry.cards() if card.family == ID and hub.is_offered(card)]
    cards = [card for card in offered if card.hub is None]
    known = [card for card in cards if data.get(card.dataset).factors]
    widgets.opening(
        "GAN: a forger and a critic",
        "A forger paints pictures out of random numbers; a critic compares each with a real one and says which looks more real. "
        "Each learns from the other, until the critic can hardly tell (<i>generative adversarial network</i>).",
        "the forger never sees a real picture. It only feels, through the critic, in which direction its own would look more real.",
    )
    with gr.Accordion("Try", open=True):
        linked = _sampling(offered)
        for card in known:
            people.wall(card, ID)
        people.copies([*known, *(card for card in cards if card not in known)], ID)
        linked |= mixing.build(cards, ID)
    with gr.Accordion("How it learns", open=False) as learning:
        gr.HTML(_story(cards[0].id), padding=False)
        widgets.later(
            learning,
            f"{ID}-stories",
            lambda: _collapse(cards[0]) + "".join(widgets.further_story(card, _story(card.id)) for card in cards[1:]),
        )
    with gr.Accordion("Look inside", open=False) as inside:
        gr.HTML(widgets.facts_table(offered) + "".join(widgets.provenance(card.id) for card in cards), padding=False)
        widgets.later(inside, f"{ID}-factors", lambda: "".join(factor_table.table(card) for card in known))
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Faces of people who do not exist**, sharper pictures from blurred ones, sketches turned into photographs, one style into another: "
            "wherever a single fast pass must look right.\n\n"
            "**Ask yourself:** set truncation to 0. Why are all samples of a class the same now, and is that one the most typical?"
        )
    return TabPage(ID, linked)


def _sampling(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """Drawing with any of the models, and the walk between two z; returns what a link may set."""
    picker = Picker(cards)
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            model = picker.model()
            below = gr.Column(elem_classes="tight")
            n = widgets.count_slider()
            seed, _ = widgets.seed_row()
            go, stop = widgets.run_buttons(ID, "Draw")
            inputs = picker.components()
            walk = gr.Button("Walk from one z to another")
            with below:
                fetching = fetch.build(picker, model, n, ID)
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(widgets.recorded(cards[0].id, ID), padding=False, elem_id=f"{ID}-out")

    @widgets.guarded
    def draw(model: str, n: int, seed: int, *values: Any) -> Iterator[str]:
        for found in run.stream(model, n, seed, limit=run.visitor_n(model), **picker.chosen(model, values)):
            yield widgets.result(found, ID) if found.done else widgets.working(found)

    @widgets.guarded
    def walk_through(model: str, seed: int, *values: Any) -> str:
        ends = run.sample(model, 2, seed, views=("z",), **picker.chosen(model, values))
        z = ends.step.views["z"]
        labels = None if z.labels is None else np.repeat(z.labels[:1], WALK_FRAMES)
        path = replace(z, values=slerp_path(z.values[0], z.values[1], WALK_FRAMES), labels=labels)
        return _walk_film(ends, list(run.decode(model, path).uint8()))

    def shown(model: str) -> Any:
        card = picker.card(model)
        return widgets.recorded(card.id, ID) if card.hub is None else gr.skip()

    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    picker.follow(model, inputs)
    model.input(shown, model, out, **quiet)  # not on change: a link's result stays
    if fetching:
        fetching.then(lambda model, *values: picker.at_home(model, values), [model, *inputs], inputs, **ARRANGING)
    model.change(lambda model, *values: picker.switched(model, values), [model, *inputs], inputs, **ARRANGING)
    running = [
        gr.on([go.click, seed.submit], draw, [model, n, seed, *inputs], out, api_visibility="private", **HEAVY),
        walk.click(walk_through, [model, seed, *inputs], out, api_visibility="private", **HEAVY),
    ]
    stop.click(None, cancels=running, api_visibility="private")
    return {"model": model, "n": n, "seed": seed, **dict(zip(picker.names, inputs, strict=True))}


def _walk_film(ends: run.Run, frames: Sequence[np.ndarray]) -> str:
    """The film between the two samples of a run, to be seen and taken away; its link draws both of them and not the walk."""
    about, name = settings.of_picture(ends, ID, ("walk",)), f"{ends.card}-walk-seed{ends.seed}"
    captions = [f"{100 * i // (WALK_FRAMES - 1)} % of the way" for i in range(WALK_FRAMES)]
    sheet = pictures.tiles(Images(np.stack(frames)), 8)
    take = (
        widgets.png_link(sheet, about, name)
        + " "
        + pictures.download(pictures.animation(frames, settings=about), "image/gif", f"{name}.gif", "GIF")
    )
    return (
        pictures.film(frames, captions, "A walk between two samples", scale=FILM_SIDE / frames[0].shape[0], start=0)
        + f'<div class="runline"><span class="badge live">live</span> <b>{ends.card}</b> · a walk between z of sample 0 and 1 of seed {ends.seed}, label of the first · {widgets.permalink(about["link"])}</div>'
        + f'<div class="takes">Take it away: {take}</div>'
    )


def _collapse(card: ModelCard) -> str:
    """A run that collapsed beside the shipped one, on one bar; empty where none is recorded of this card."""
    try:
        story, (broken, about) = stories.read(card.id), stories.failed(f"{card.id}-collapsed")
    except WeightsUnavailable:
        return ""
    classes = len(data.get(card.dataset).labels)
    apart, near = stories.alike(story, classes), stories.alike(broken, classes)
    frames, captions = [], []
    for k, (fine, poor) in enumerate(zip(story.pictures, broken.pictures, strict=False)):
        frames.append(pictures.tiles(Images(np.concatenate([fine, poor])), 16))
        captions.append(
            f"above step {story.steps[k]:,}: two of a digit {apart[k]:.2f} apart · below step {broken.steps[k]:,}: {near[k]:.2f} apart"
        )
    share = round(100 * near[-1] / apart[-1])
    return (
        "<h3>And one that collapsed</h3><p>Above the run that is shipped, below the same networks on the same digits with the loss of 2014, no gradient penalty and twice the learning rate. Pictures 1 and 11, 2 and 12, "
        "to 6 and 16 are of one digit each, from different z. Below they come out nearly alike: a digit has hardly more than one hand left, and z says little any more. That is <i>mode collapse</i>: each picture alone "
        f"would pass, and the critic still ranks {100 * broken.log[-1]['ranked_right']:.0f} % rightly. Two pictures of one digit are {share} % as far apart (mean squared difference) as those of the shipped run.</p>"
        + pictures.film(frames, captions, "Two trainings, one that collapses", scale=2.4)
        + f'<p class="runline"><span class="badge recorded">recorded</span> {html.escape(about["when"][:10])}, {html.escape(about["machine"])}, seed {about["seed"]}: <code>{html.escape(about["command"])}</code></p>'
    )


@widgets.or_note
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
        "<p>The same 16 z at every moment, from step 0 to the end, drawn with the averaged generator. Below, both losses, and how often the critic ranks a real picture above a fake "
        "one: 50 % would mean that it is fooled. The critic's raw score has no absolute meaning, so it is not shown as a probability.</p>"
    )
    return (
        note
        + pictures.film(frames, captions, "The training of the generator", scale=widgets.scale(card_id))
        + widgets.losses_plot(story.log, ("critic_loss", "generator_loss"), "Losses while training")
        + widgets.losses_plot(story.log, ("ranked_right",), "Share of real/fake pairs that the critic ranks rightly")
    )

"""The Diffusion tab: out of noise step by step, with features asked for; and the other half, a picture that is noised and brought back."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from playground import data, hub, registry, run, settings, stories
from playground.controls import Slider
from playground.sampling import forward
from playground.types import Images, ModelCard, Run
from tabs import factor_table, fetch, fewer_steps, inside, people, pictures, prompts, return_trip, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY, TabPage

TITLE = "Diffusion"
ID = "diffusion"
COLUMNS = 20  # of the film strip, at most
MOMENTS = 40  # of the film of the whole grid, at most
TICKS = 50  # times that the progress line changes, at most
TILES, POINTS = 600, 6000  # pictures that a film may hold in all, so that a large n sends fewer moments; fewer if they have more values
ANIMATED, ANIMATED_TILES, ANIMATED_POINTS = 12, 16, 48_000  # frames of the GIF and the WebP, samples and their values in each, at most
NOTHING = '<p class="note">Nothing is recorded of this model: press Draw.</p>'
LOSSES = ("loss", "painting")  # of the denoiser, and of the decoder where there is one
TIMES = (0, 200, 400, 600, 800, 999)
SCHEDULERS = {
    "DDPM": "guesses the clean picture, goes a little of the way, and adds fresh noise at every step (the original, ancestral sampling). Wants many steps.",
    "DDIM": "goes the same way without fresh noise, so that few steps do and the first noise decides everything; eta mixes some back in.",
    "DPM-Solver++": "reads the way as a differential equation and uses the last two guesses to take a longer, curved step.",
    "UniPC": "predicts a step in the same way, then corrects it with the guess that comes next, at no extra call.",
}

DIFFUSION_FORMULA = "x_t = √ᾱ x_0 + √(1 − ᾱ) ε"
LESSONS = {
    "diffusion": (
        "A training step takes a real picture, draws a time t from 0 to 999 and mixes in that much noise: the more, the later. "
        "The network sees the mixture, t and the label, and is corrected by how far its guess of picture and noise is from the true ones: "
        "one squared error, and nobody to fight.",
        DIFFUSION_FORMULA,
    ),
    "flow": (
        "A training step draws a straight line from a real picture to a noise and stops somewhere on it. The network sees that point, t and the label, and is "
        "corrected by how far the direction that it points to is from the line's own (<i>flow matching</i>). Many lines cross in a point, so it learns their mean: "
        "its ways bend a little, but less than a diffusion model's, and a solver can follow them in a few long steps.",
        "x_t = (1 − t / 1000) x_0 + t / 1000 ε",
    ),
    "flow_map": (
        "The teacher, the flow-matching model above, goes a thousand ways from noise to face, in eight guided steps of its solver. A training step takes two stops of "
        "such a way: the network sees the first, is told how far to go, and is corrected by how far its jump is from the second. With other ways of the same teacher again and again, "
        "it learns to go in one to four calls where the teacher took twenty-three, guidance included.",
        "x_s = x_t + (s − t) u(x_t, t, s)",
    ),
    "stable_diffusion": (
        "Three trainings in one. First a <i>variational autoencoder</i> learns to write a face as 16 × 16 × 8 numbers, a sixth of what it has, and to paint it from them. "
        "Then a denoiser learns, as above, to take noise out of those numbers, while a small transformer reads the caption to it word by word. "
        "Last, the painter alone learns once more. Faces and captions are all it sees; to learn what words mean, the text model is also asked which features a caption goes with.",
        DIFFUSION_FORMULA + ", here of the picture, in the model of its code",
    ),
}


def build() -> TabPage:
    """The tab's components and events."""
    cards = [card for card in registry.cards() if card.family == ID and hub.is_offered(card)]
    shipped = [card for card in cards if card.hub is None]
    known = [card for card in shipped if data.get(card.dataset).factors]
    card, picker = cards[0], Picker(cards, asked=True, left_out=("strength",))
    widgets.opening(
        "Diffusion: a sculptor who starts from noise",
        "A sculptor stands before a block of nothing but noise, asks what figure could be hidden in it, chips away a little, and asks again. "
        "A network learnt that one answer, what is clean and what is noise; drawing asks it step after step (<i>denoising diffusion</i>).",
        "nothing is hidden in the block. The same noise becomes another picture if another is asked for, and most steps change what was there rather than take it away.",
    )
    with gr.Accordion("Try", open=True):
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                model = picker.model()
                below = gr.Column(elem_classes="tight")
                n = widgets.count_slider()
                seed, _ = widgets.seed_row()
                go, stop = widgets.run_buttons(ID, "Draw")
                inputs = picker.components()
                with below:
                    fetching = fetch.build(picker, model, n, ID)
            with gr.Column(scale=2, min_width=320, elem_classes="tight"):
                pictured, told, empty = _recorded(card)
                out = gr.HTML(pictured, padding=False, elem_id=f"{ID}-out")
                line = gr.HTML(told, padding=False)
                strip = gr.HTML(empty, padding=False, elem_id=f"{ID}-strip")
                prompts.build(picker, model, inputs, ID)
                with gr.Accordion("Ask for features", open=True, visible=picker.asks(card.id)) as asking:
                    gr.HTML(
                        '<p class="note">What is asked for is told to the network at every step; what is left open, it decides itself. '
                        "Guidance says how much it counts.</p>",
                        padding=False,
                    )
                    with gr.Row():
                        inputs += picker.folded(min_width=130)
                    meant = gr.HTML(_meant(None), padding=False, elem_id=f"{ID}-meant")
        people.copies([*known, *(each for each in shipped if each not in known)], ID)
        linked = {"model": model, "n": n, "seed": seed, **dict(zip(picker.names, inputs, strict=True))}
        with gr.Column() as trip:  # it needs test pictures, which come with a data set of ours
            ours, by_name = Picker(shipped, asked=True, left_out=("strength",)), dict(zip(picker.names, inputs, strict=True))
            linked |= return_trip.build(ours, model, ID, seed, [by_name[name] for name in ours.names])  # none that the Hub's alone have
    inside.build(picker, model, ID, seed, inputs)

    @widgets.guarded
    def draw(model: str, n: int, seed: int, *values: Any) -> Iterator[tuple]:
        film = frames_strip = status = ""
        frames: list[np.ndarray] = []
        shape = registry.shape(picker.card(model))
        size = math.prod(shape)
        most = int(TILES * min(1.0, POINTS / size))
        tiles = min(ANIMATED_TILES, max(1, ANIMATED_POINTS // size))
        views = [name for name in ("x_t", "x_0") if name in picker.card(model).views]  # another machine sends nothing but what came out
        for found in run.stream(model, n, seed, limit=run.visitor_n(model), views=views, **picker.chosen(model, values)):
            step, shape = found.step, found.samples.pixels.shape[1:]
            if step.i == 1:
                shown = evenly(step.total, min(MOMENTS, most // found.n))
                film, frames_strip = pictures.moments(f"{found.n} samples from noise to pictures", len(shown)), _strip(step.total, shape)
            if step.i in shown:
                film += _moment(found)
            if step.i in evenly(step.total, COLUMNS):
                frames_strip += _column(found)
            if step.i in evenly(step.total, ANIMATED):
                frames.append(pictures.tiles(Images(found.samples.pixels[:tiles]), math.isqrt(tiles)))
            if step.i in evenly(step.total, TICKS):
                status = widgets.progress_line(found)
            if found.done:
                status = widgets.run_line(found, ID) + widgets.takes(found, ID, frames=frames)
            yield film, frames_strip, status  # at every step, changed or not: Stop is heard at a yield
        yield gr.skip(), gr.skip(), gr.skip()  # Gradio sends the last value a second time, whole: let that be nothing

    @widgets.guarded
    def mean(model: str, *values: Any) -> Iterator[str]:
        told = picker.told(model, values)
        yield _meant(run.sketch(picker.card(model).id, **told) if picker.asks(model) else None)

    def switched(model: str, *values: Any) -> list[Any]:
        here = hub.is_here(picker.card(model))
        seen = [gr.update(visible=picker.asks(model)), gr.update(visible=picker.card(model).hub is None)] if here else [gr.skip()] * 2
        return [*picker.switched(model, values), *seen]

    def shown(model: str) -> Any:
        return _recorded(picker.card(model)) if hub.is_here(picker.card(model)) else (gr.skip(), gr.skip(), gr.skip())

    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    model.input(shown, model, [out, line, strip], **quiet)  # not on change: a link's result stays
    model.change(switched, [model, *inputs], [*inputs, asking, trip], **ARRANGING)
    if fetching:
        fetching.then(lambda model, *values: picker.at_home(model, values), [model, *inputs], inputs, **ARRANGING)
    picker.follow(model, inputs)
    said = [component for name, component in zip(picker.names, inputs, strict=True) if picker.says(name)]
    if said:
        gr.on([each.input for each in said], mean, [model, *inputs], meant, api_visibility="private", trigger_mode="always_last", **HEAVY)
    drawing = gr.on([go.click, seed.submit], draw, [model, n, seed, *inputs], [out, strip, line], api_visibility="private", **HEAVY)
    stop.click(None, cancels=[drawing], api_visibility="private")

    fewer_steps.build(picker, model, seed, ID)
    with gr.Accordion("How it learns", open=False) as learning:
        gr.HTML(_story(card), padding=False)
        widgets.later(learning, f"{ID}-stories", lambda: "".join(widgets.further_story(each, _story(each)) for each in shipped[1:]))
    with gr.Accordion("Look inside", open=False) as closer:
        choices = next(control.choices for control in card.controls if control.name == "scheduler")
        rows = "".join(f"<tr><th scope=row>{name}</th><td>{SCHEDULERS[name]}</td></tr>" for name in choices if name in SCHEDULERS)
        table = f'<div class="tablewrap" tabindex="0" role="region" aria-label="The schedulers"><table class="facts"><caption>The schedulers: one network, other ways of stepping</caption><tbody>{rows}</tbody></table></div>'
        gr.HTML(widgets.facts_table(cards) + table + "".join(widgets.provenance(each.id) for each in shipped), padding=False)
        widgets.later(closer, f"{ID}-factors", lambda: "".join(factor_table.table(each) for each in known))
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


def _recorded(card: ModelCard) -> tuple[str, str, str]:
    """The recorded samples of a card, the line under them, and a film strip that is still empty; of a card from the Hub nothing is recorded."""
    if card.hub is not None:
        note = "It fills while the model draws; on the way, colours stand for the code."
        return NOTHING, "", _strip(int(_steps(card).default), card.hub.shape, note)
    found = widgets.recorded_run(card.id)
    return (
        pictures.grid(found.samples, f"{found.n} recorded samples of {card.id}", 8, settings.of_picture(found, ID), widgets.scale(card.id)),
        widgets.run_line(found, ID, "recorded") + widgets.takes(found, ID),
        _strip(int(_steps(card).default), data.get(card.dataset).shape, "It fills while the model draws."),
    )


def _meant(sketch: Images | None) -> str:
    """What the features asked for say before any noise, or the place for it."""
    if sketch is None:
        seen, hint = '<div class="awaited"></div>', " Choose a feature to see it."
    else:
        seen, hint = pictures.grid(sketch, "the mean of all pictures like that", scale=2.0), ""
    return (
        f'<div class="meant">{seen}<p class="note">What that says on its own: the mean of all pictures like that, as the network imagines it. It sees this picture beside the noise at '
        f"every step; which one of them it becomes is up to the noise.{hint}</p></div>"
    )


def _moment(found: Run) -> str:
    """The whole grid at one step: what the network is shown and what it guesses; at the end, what came out."""
    step, columns = found.step, math.ceil(math.sqrt(found.n))
    if not step.views:
        return pictures.moment({f"{step.i} of {step.total}": pictures.tiles(found.samples, columns)}, exact=found.done)
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
    views = found.step.views or dict.fromkeys(("x_t", "x_0"), found.samples)
    pair = Images(pictures.small(np.stack([views["x_t"].uint8()[0], views["x_0"].uint8()[0]])))
    return pictures.picture(pictures.tiles(pair, 1), f"step {found.step.i}: x_t above, x_0 below", exact=False)


@widgets.or_note
def _story(card: ModelCard) -> str:
    """What a training step is, a real picture on its way to noise, and the recorded training."""
    real = return_trip.real_pictures(card)[return_trip.first_class(card)][:1]
    sentence, formula = LESSONS.get(_method(card), (html.escape(str(card.facts.get("training", ""))), DIFFUSION_FORMULA))
    path = forward.noised if formula.startswith(DIFFUSION_FORMULA) else forward.mixed
    way = pictures.grid(
        path(Images(real).float32()[0], TIMES),
        f"a real picture at t = {', '.join(map(str, TIMES))}",
        len(TIMES),
        scale=98 / real.shape[1],
    )
    story = stories.read(card.id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        name = next((name for name in LOSSES if name in row), None) if row else None
        captions.append(f"step {step:,} · {name} {row[name]:.3f}" if name else f"step {step:,} · nothing learnt yet")
    return (
        f"<p>{sentence}</p>"
        f'<figure class="figure">{way}<figcaption>The same picture and the same noise at t = {", ".join(map(str, TIMES))}: {formula}</figcaption></figure>'
        f"<p>Below, what the same 16 noises became at moments of the training, from step 0 to the end, drawn with the averaged network in {min(20, int(_steps(card).maximum))} steps.</p>"
        + pictures.film(frames, captions, "The training of the denoiser", scale=widgets.scale(card.id))
        + widgets.losses_plot(story.log, [name for name in LOSSES if any(name in row for row in story.log)], "Loss while training")
    )


def _method(card: ModelCard) -> str:
    """The key in LESSONS of how a card learns: the method that its recipe names."""
    return card.recipe.partition(":")[0].rpartition(".")[2]


def _steps(card: ModelCard) -> Slider:
    """The control that says how many steps a card takes."""
    return next(control for control in card.controls if isinstance(control, Slider) and control.name == "num_inference_steps")

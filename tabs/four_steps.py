"""The four steps on the Start tab: recorded at first, and done anew before the visitor's eyes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
import numpy as np

from playground import feedback, first_steps, previews, settings, stories, two_ways
from playground.errors import PlaygroundError
from playground.types import Images
from tabs import overview, pictures, widgets
from tabs.widgets import HEAVY

STEPS = (  # name, title, what is seen, the same when it is done live, the tab that has more, and how it is called
    (
        "training",
        "Training",
        "A network is shown thousands of examples and changed a little after each. Here a GAN's digits from the same noise, from its first step to its last.",
        f"A small network is being trained now, for {first_steps.SECONDS:g} seconds, on digits of 8 × 8 points: what it makes of one and the same noise, from its first step to its last.",
        "race",
        "Watch six families learn: Race",
    ),
    (
        "latent",
        "Latent space",
        "What it has learnt lies in a space of a few numbers, where near means alike. One straight line through a VAE's plane, from left to right.",
        "What it has learnt lies in a space of a few numbers, where near means alike. The way between two places of a VAE's plane.",
        "vae",
        "Walk on the map: VAE",
    ),
    (
        "generation",
        "Generation",
        "A point of that space is drawn at random, or noise, and the network makes something of it. Eight draws of a diffusion model.",
        "",
        "diffusion",
        "From noise to picture, step by step: Diffusion",
    ),
    (
        "feedback",
        "Feedback",
        "People say which of two they prefer, and the generator is moved that way. Four faces, and the same four after twelve choices by somebody who likes laughing ones.",
        "",
        "feedback",
        "Choose yourself: Feedback",
    ),
)


def build(tab: str, seed: gr.Number) -> None:
    """The steps, a button that does them all now, and one that stops it. seed: of what is drawn."""
    shown = gr.HTML(
        cells(recorded(), "recorded", "by the models that this page ships; each tab does it live", _about(tab)),
        padding=False,
        elem_id=f"{tab}-four",
    )
    with gr.Row(elem_classes="go"):
        go = gr.Button("Do all four now", elem_id=f"{tab}-steps")
        stop = gr.Button("Stop", variant="stop", min_width=80)

    @widgets.guarded
    def do(seed: int) -> Iterator[str]:
        found: dict[str, Images | None] = {}
        begin = time.monotonic()
        for name, images in first_steps.live(seed):
            found[name] = images
            yield cells(found, "running", f"at work on step {len(found)} of {len(STEPS)}", _about(tab, seed))
        about = _about(tab, seed)
        said = f"seed {seed} · {time.monotonic() - begin:.0f} s in all · {widgets.permalink(about['link'])}"
        yield cells(found, "live", said, about)

    running = go.click(do, seed, shown, api_visibility="private", **HEAVY)
    stop.click(None, cancels=[running], api_visibility="private")
    stop.click(None, js=f"() => window.playgroundStopped('tab-{tab}')", api_visibility="private")


def _about(tab: str, seed: int | None = None) -> dict[str, Any]:
    """What the pictures of the four steps hold."""
    told = {} if seed is None else {"seed": seed}
    return {**told, "link": settings.query(tab, play="steps", **told)}


def cells(found: Mapping[str, Images | None], how: str, said: str, about: Mapping[str, Any] | None = None) -> str:
    """The steps with the pictures that there are; of the others the place is kept. how: the badge. about: what the pictures hold."""
    parts = "".join(
        f"<li><h3>{title}</h3><p>{text if how == 'recorded' else now or text}</p>{_strip(name, found.get(name), how, about)}"
        f'<p class="note">{overview.link(tab, more)}</p></li>'
        for name, title, text, now, tab, more in STEPS
    )
    return f'<ol class="steps">{parts}</ol><div class="runline" role="status"><span class="badge {how}">{how}</span> {said}</div>'


def _strip(name: str, images: Images | None, how: str, about: Mapping[str, Any] | None) -> str:
    if images is None:
        return "" if how == "recorded" else f'<div class="awaited" aria-label="{name}: not yet"></div>'
    missing = first_steps.N - len(images)
    if missing:
        grey = np.full((missing, *images.pixels.shape[1:]), 128, np.uint8)
        images = Images(np.concatenate([images.uint8(), grey]))
    return pictures.picture(pictures.tiles(images, len(images)), f"{len(images)} pictures: {name}", about and {**about, "row": name}, 2.0)


def recorded() -> dict[str, Images | None]:
    """What the first paint shows of each step: a GAN's story, the middle row of the plane's map, drawn digits, faces before and after choices."""
    found: dict[str, Images | None] = {}
    for name, made in (("training", _story), ("latent", _row), ("generation", _digits), ("feedback", _faces)):
        try:
            found[name] = made()
        except PlaygroundError:
            found[name] = None
    return found


def _story() -> Images:
    story = stories.read(two_ways.generators()[two_ways.RECORDED_WITH].id)
    return Images(story.pictures[first_steps.spread(len(story.pictures)), 0])


def _row() -> Images:
    images, about = previews.read_map(first_steps.plane().id)
    row = about["count"] // 2 * about["count"]
    return Images(images.pixels[row + first_steps.spread(about["count"])])


def _digits() -> Images:
    return Images(previews.read(two_ways.generators()["diffusion"].id)[0].pixels[: first_steps.N])


def _faces() -> Images:
    _, lesson = feedback.restored(*previews.read_rows(feedback.CARD, "feedback"))
    half = first_steps.N // 2
    at = feedback.STRENGTHS.index(first_steps.STRENGTH)
    return Images(np.concatenate([lesson.steps[0].images.pixels[:half], lesson.steps[at].images.pixels[:half]]))

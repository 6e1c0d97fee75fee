"""The VAE tab's photographs: repainted by a small VAE or by Stable Diffusion's own, what is lost, the code as pictures, and the way between two."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from playground import hub, previews, repaint, settings
from playground.data import photographs
from playground.errors import PlaygroundError
from playground.repaint import Repainted
from playground.types import ModelCard
from tabs import drawing, fetch, pictures, widgets
from tabs.picker import Picker
from tabs.widgets import HEAVY

OWN = "my own (below)"
SIDE = 512  # points of the pad, and so of the largest picture that is sent
SHOWN = 256  # CSS pixels of a picture


def build(cards: Sequence[ModelCard], tab: str) -> None:
    """The panel; cards: those that encode, decode and take any photograph, the first one shipped."""
    picker = Picker(cards)
    names = [*photographs.EXAMPLES.values()]
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Repaint a photograph</h3><p>A VAE can only repaint what it has learnt to note down. Give the one of toy faces a flower and it answers with a face; "
                "the one inside Stable Diffusion has seen enough of the world to repaint nearly anything, from a forty-eighth of its numbers.</p>",
                padding=False,
            )
            model = picker.model()
            fetch.build(picker, model, None, f"{tab}-photo")
            first = gr.Dropdown([*names, OWN], value=names[0], label="Photograph", info=photographs.LICENCE)
            last = gr.Dropdown([*names, OWN], value=names[1], label="And the one to walk to")
            size = widgets.component(repaint.SIZE)
            own = gr.State(None)  # uint8 (SIDE, SIDE, 3)
            if not hub.is_public():
                with gr.Accordion("My own", open=False):
                    pad = drawing.pad(f"{tab}-photo-pad", colour=True, files=True, side=SIDE)
            with gr.Row(elem_classes="go"):
                go = gr.Button("Repaint", elem_id=f"{tab}-photo-run", scale=2, min_width=90)
                walk = gr.Button("Walk", elem_id=f"{tab}-photo-walk", scale=2, min_width=80)
                stop = gr.Button("Stop", variant="stop", min_width=70, scale=1)
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(_recorded(picker.cards[0], tab), padding=False, elem_id=f"{tab}-photo-out")

    def picture(name: str, own: np.ndarray | None) -> np.ndarray:
        if name != OWN:
            known = photographs.examples()
            if name not in known:
                raise PlaygroundError(f"photograph must be one of {', '.join([*known, OWN])}; got {str(name)[:40]!r}.")
            return known[name]
        if own is None:
            raise PlaygroundError("There is no picture of your own yet: open My own, and choose or draw one.")
        return own

    @widgets.guarded
    def repainted(model: str, first: str, size: str, own: np.ndarray | None) -> str:
        card = picker.card(model)
        return _result(card, first, repaint.repaint(card.id, picture(first, own), size), tab)

    @widgets.guarded
    def walked(model: str, first: str, last: str, size: str, own: np.ndarray | None) -> Iterator[str]:
        card, frames = picker.card(model), []
        for frame in repaint.between(card.id, picture(first, own), picture(last, own), size):
            frames.append(frame.pixels[0])
            captions = [f"{100 * k // (repaint.FRAMES - 1)} % of the way" for k in range(len(frames))]
            film = pictures.film(frames, captions, f"From {first} to {last}", scale=SHOWN / frame.pixels.shape[1])
            line = f'<div class="runline"><span class="badge live">live</span> <b>{card.id}</b> · {len(frames)} of {repaint.FRAMES} codes on the straight line between the two</div>'
            yield film + line + (_taken(_about(card, first, tab) | {"to": last}, frames) if len(frames) == repaint.FRAMES else "")

    @widgets.guarded
    def painted(event: gr.EventData) -> tuple[np.ndarray, str]:
        return drawing.drawn(event), OWN

    running = [
        go.click(repainted, [model, first, size, own], out, api_visibility="private", **HEAVY),
        walk.click(walked, [model, first, last, size, own], out, api_visibility="private", **HEAVY),
    ]
    if not hub.is_public():
        pad.draw(painted, None, [own, first], api_visibility="private", show_progress="hidden")
    stop.click(None, cancels=running, api_visibility="private")


def _recorded(card: ModelCard, tab: str) -> str:
    """What the shipped model made of the first photograph."""
    try:
        rows, about = previews.read_rows(card.id, "photograph")
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    return _result(card, about["photograph"], repaint.restored(rows, about), tab, "recorded")


def _about(card: ModelCard, name: str, tab: str) -> dict[str, Any]:
    """What the pictures of a photograph hold: the section takes nothing from a link, which says so."""
    return {"model": card.id, "photograph": name, "link": settings.query(tab, ("photograph",))}


def _taken(about: Mapping[str, Any], shown: Sequence[np.ndarray]) -> str:
    """Pictures side by side to take away."""
    return widgets.taken(np.concatenate(list(shown), 1), about, f"{about['model']}-photograph")


def _result(card: ModelCard, name: str, found: Repainted, tab: str, how: str = "live") -> str:
    """What went in, what came back, the difference, the numbers, and the code."""
    side, about = found.seen.pixels.shape[1], _about(card, name, tab)
    shown = {
        "the photograph": found.seen,
        f"repainted from {found.numbers:,} numbers": found.back,
        "the difference, on grey" if found.amplified == 1 else f"the difference, {found.amplified} times, on grey": found.difference,
    }
    figures = "".join(
        f"<figure>{pictures.picture(pictures.tiles(images, 1), words, about | {'row': words}, SHOWN / side)}<figcaption>{words}</figcaption></figure>"
        for words, images in shown.items()
    )
    take = _taken(about, [images.uint8()[0] for images in shown.values()]) if how == "live" else ""
    ratio = f"{found.seen.pixels.size:,} numbers noted down as {found.numbers:,}: {found.ratio:.0f} to 1"
    code = ""
    if found.channels is not None:
        height, width = found.channels.pixels.shape[1:3]
        channels = pictures.grid(found.channels, "the channels of the code", len(found.channels), about, min(4.0, SHOWN / 2 / height))
        code = f'<figure class="figure">{channels}<figcaption>The code: {len(found.channels)} channels of {width} × {height} numbers, black the smallest, white the largest.</figcaption></figure>'
    return (
        f'<div class="photos">{figures}</div>'
        f'<div class="runline"><span class="badge {how}">{how}</span> <b>{card.id}</b> · {name} · {ratio} · off by {found.error:.1f} of 255 on average, '
        f"PSNR {found.psnr:.1f} dB</div>{code}{take}"
    )

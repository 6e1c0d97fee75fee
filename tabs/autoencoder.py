"""The autoencoder tab: real digits through narrow bottlenecks, noise taken away, and why decoding random codes disappoints."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from playground import data, exhibits, previews, registry, stories, weights
from playground.errors import PlaygroundError
from playground.exhibits import NOISE, Row
from playground.types import Images, ModelCard
from tabs import drawing, pictures, plane, strips, widgets
from tabs.widgets import HEAVY, TabPage

TITLE = "Autoencoder"
ID = "autoencoder"
N = 8  # digits in a row
LIVE = {"api_visibility": "private", "trigger_mode": "always_last", **HEAVY}
GUESSES_NOTE = (
    '<p class="note">All three rows are decoded from the same seed. <b>N(0, I)</b> draws codes where the autoencoder was never asked to put any: mostly strokes that are no digit. '
    "<b>Own Gaussian</b> puts one cloud over all real codes, and falls into the gaps between the classes too. A <b>mixture</b> of twenty clouds follows the real codes more closely, "
    "and is the fairest guess; but it is a second model, fitted afterwards, that does the generating. A VAE is trained so that the first guess is right.</p>"
)


def build() -> TabPage:
    """The tab's components and events."""
    card = next(card for card in registry.cards() if card.family == ID)
    widgets.opening(
        "Autoencoder: a digit told over the telephone",
        "One friend describes a digit in a few numbers; the other draws it from the numbers alone. They practise until the drawing is as near to the digit as so few numbers allow "
        "(<i>encoder, code, decoder</i>).",
        "the friends share no language beforehand. The numbers mean only what both have come to agree on, so numbers that were never said mean nothing.",
    )
    with gr.Accordion("Try", open=True):
        linked = _try(card)
    with gr.Accordion("How it learns", open=False):
        gr.HTML(_story(card.id), padding=False)
    with gr.Accordion("Look inside", open=False):
        gr.HTML(_codes(card) + widgets.facts_table([card]) + widgets.provenance(card.id), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Squeezing and cleaning**: pictures and sound in a fraction of the numbers, noise and scratches removed, odd readings found by how badly they are given back, "
            "a few numbers for a search to compare instead of a thousand pixels.\n\n"
            "**Ask yourself:** compare the rows for 2, 8 and 32 numbers. Where does the autoencoder gain most over PCA, and what can a curved surface through the digits do that a flat one cannot?"
        )
    return TabPage(ID, linked)


def _try(card: ModelCard) -> dict[str, Any]:
    """Bottlenecks, noise, guesses at a prior and one's own drawing; returns what a link may set."""
    size_control = next(control for control in card.controls if control.name == "code_size")
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            n = widgets.count_slider(N, exhibits.MAX_N)
            seed, _ = widgets.seed_row(previews.SEED)
            go, stop = widgets.run_buttons(ID, "Squeeze digits")
            gr.HTML(
                '<p class="note">The seed chooses the test digits, the noise and the random codes. PCA of the same size is the best that straight lines can do.</p>',
                padding=False,
            )
        with gr.Column(scale=2, min_width=320):
            squeezed = gr.HTML(_recorded(card, "bottleneck"), padding=False, elem_id=f"{ID}-out")
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Take noise away</h3><p>Another one was trained to give back the clean digit from a noisy one (<i>denoising autoencoder</i>).</p>",
                padding=False,
            )
            noise = widgets.component(NOISE)
        with gr.Column(scale=2, min_width=320):
            denoised = gr.HTML(_recorded(card, "denoising"), padding=False, elem_id=f"{ID}-denoised")
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Why it is not a generator, fairly</h3><p>To draw a new digit, one needs a new code. Three guesses at where codes lie, from the naive to the best.</p>",
                padding=False,
            )
            size = widgets.component(size_control)
        with gr.Column(scale=2, min_width=320):
            guessed = gr.HTML(_recorded(card, "guesses"), padding=False, elem_id=f"{ID}-guessed")
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML("<h3>Draw your own</h3><p>Your digit through the same bottlenecks.</p>", padding=False)
            pad = drawing.pad(f"{ID}-pad")
        with gr.Column(scale=2, min_width=320):
            drawn = gr.HTML(
                '<p class="note">What the model sees, and what each bottleneck gives back, appear here as soon as the pen rests.</p>',
                padding=False,
                elem_id=f"{ID}-drawn",
            )

    @widgets.guarded
    def squeeze(n: int, seed: int, noise: float, size: str) -> Iterator[tuple[Any, Any, Any]]:
        settings = {"n": n, "seed": seed, NOISE.name: noise, size_control.name: size}
        real = exhibits.real_samples(card.dataset, n, seed)
        parts = {
            "bottleneck": lambda: exhibits.bottlenecks(card.id, real),
            "denoising": lambda: exhibits.denoising(card.id, real, noise, seed),
            "guesses": lambda: exhibits.guesses(card.id, n, seed, size),
        }
        for place, (name, rows) in enumerate(parts.items()):
            for shown in _growing(card, name, rows(), settings):
                yield tuple(shown if i == place else gr.skip() for i in range(len(parts)))

    @widgets.guarded
    def denoise(n: int, seed: int, noise: float) -> Iterator[str]:
        real = exhibits.real_samples(card.dataset, n, seed)
        yield from _growing(card, "denoising", exhibits.denoising(card.id, real, noise, seed), {"n": n, "seed": seed, NOISE.name: noise})

    @widgets.guarded
    def guess(n: int, seed: int, size: str) -> Iterator[str]:
        yield from _growing(card, "guesses", exhibits.guesses(card.id, n, seed, size), {"n": n, "seed": seed, size_control.name: size})

    @widgets.guarded
    def repeat(event: gr.EventData) -> Iterator[str]:
        first, *rest = exhibits.bottlenecks(card.id, drawing.seen(card.dataset, event))
        yield (
            strips.strips([Row("what the model sees", first.images), *rest], scale=2.6)
            + f'<p class="note"><span class="badge live">live</span> {card.id}</p>'
        )

    running = [
        gr.on([go.click, seed.submit], squeeze, [n, seed, noise, size], [squeezed, denoised, guessed], api_visibility="private", **HEAVY),
        noise.input(denoise, [n, seed, noise], denoised, **LIVE),
        size.input(guess, [n, seed, size], guessed, **LIVE),
        pad.draw(repeat, None, drawn, **LIVE),
    ]
    stop.click(None, cancels=running, api_visibility="private")
    return {"n": n, "seed": seed, NOISE.name: noise, size_control.name: size}


def _growing(card: ModelCard, name: str, rows: Iterator[Row], settings: Mapping[str, Any]) -> Iterator[str]:
    """An exhibit row by row as it is computed, the last time with its line and what can be taken away."""
    found: list[Row] = []
    start = time.perf_counter()
    awaited = _names(card, name)
    for row in rows:
        found.append(row)
        if len(found) < len(awaited):
            yield strips.strips(found, _notes(card), awaited[len(found) :]) + _after(card, name)
    yield _finished(card, name, found, settings, f"{time.perf_counter() - start:.2f} s")


def _finished(card: ModelCard, name: str, rows: Sequence[Row], settings: Mapping[str, Any], seconds: str = "") -> str:
    """A whole exhibit; without seconds it is a recorded one."""
    how = "live" if seconds else "recorded"
    words = [f"{key} {html.escape(str(value))}" for key, value in settings.items()] + ([seconds] if seconds else [])
    about = {"model": card.id, **settings}
    link = html.escape(widgets.link_of(ID, about), quote=True)
    take = (
        ""
        if how == "recorded"
        else pictures.download(
            pictures.png(strips.sheet(rows), {**about, "rows": [row.name for row in rows]}),
            "image/png",
            f"{card.id}-{name}-seed{settings['seed']}.png",
            "PNG",
        )
    )
    return (
        strips.strips(rows, _notes(card))
        + _after(card, name)
        + f'<div class="runline"><span class="badge {how}">{how}</span> <b>{card.id}</b> · {" · ".join(words)} · <a class="permalink" href="{link}">link</a></div>'
        + (f'<div class="takes">Take it away: {take}</div>' if take else "")
    )


def _recorded(card: ModelCard, name: str) -> str:
    """The shipped exhibit for the first paint, or the sentence that says how to make it."""
    try:
        rows, about = previews.read_rows(card.id, name)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    return _finished(card, name, rows, {key: about[key] for key in ("n", "seed", "noise", "code_size") if key in about})


def _names(card: ModelCard, name: str) -> list[str]:
    """The rows that an exhibit will have, so that their place is kept while it grows."""
    if name == "bottleneck":
        return ["original", *(f"{what}, {size} numbers" for size in exhibits.code_sizes(card) for what in ("autoencoder", "PCA"))]
    if name == "denoising":
        return ["original", "noisy", "denoised"]
    return list(next(control.choices for control in card.controls if control.name == "draw"))


def _notes(card: ModelCard) -> dict[str, str]:
    """The recorded error of each row over the whole validation split."""
    facts = weights.record(card.id)["facts"]
    n = data.get(card.dataset).sizes["valid"]
    notes = {}
    for size in exhibits.code_sizes(card):
        for what, key in (("autoencoder", "squared_error"), ("PCA", "pca_squared_error")):
            notes[f"{what}, {size} numbers"] = f"{facts[f'code{size}'][key]:.3f} on all {n:,}"
    return notes


def _after(card: ModelCard, name: str) -> str:
    """The plain sentence under an exhibit."""
    if name == "bottleneck":
        n = data.get(card.dataset).sizes["valid"]
        return f'<p class="note">Squared error: mean over pixels, black -1 and white 1, measured on the digits shown; then the recorded one on all {n:,} validation digits.</p>'
    return GUESSES_NOTE if name == "guesses" else ""


def _codes(card: ModelCard) -> str:
    """Where test digits fall in the two numbers of the narrowest code."""
    codes = exhibits.plane_codes(card)
    if codes is None:
        return ""
    return (
        f"<p>The narrowest code drawn as a plane: {min(plane.POINTS, len(codes[0])):,} test digits where the encoder put them. Classes lie apart, of any shape and anywhere, with holes between them. "
        "Nothing asked the codes to fill the plane.</p>"
        + plane.scatter(codes, data.get(card.dataset).labels, "Codes of test digits, one colour a class")
    )


def _story(card_id: str) -> str:
    """The recorded training: what came back of the same digits at each moment, with the errors."""
    story = stories.read(card_id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        captions.append(f"step {step:,} · " + (f"squared error {row['code8']:.3f}" if row else "nothing learnt yet"))
    note = (
        "<p>The same 16 validation digits given back through eight numbers, from step 0 to the end. There is one loss, the squared difference from the original; "
        "each size of code is a network of its own, and the denoising one is given noisy digits.</p>"
    )
    return (
        note
        + pictures.film(frames, captions, "The training of the autoencoder with eight numbers", scale=4)
        + widgets.losses_plot(story.log, ("code2", "code8", "code32"), "Squared error while training, by the size of the code")
        + widgets.losses_plot(story.log, ("denoiser",), "Squared error of the denoising one, which is given noisy digits")
    )

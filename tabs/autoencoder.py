"""The autoencoder tab: real pictures through narrow bottlenecks, noise taken away, hidden parts filled in, and why decoding random codes disappoints."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from playground import data, exhibits, previews, registry, settings, stories, weights
from playground.errors import PlaygroundError
from playground.exhibits import HIDDEN, NOISE, Row
from playground.types import Images, ModelCard
from tabs import drawing, pictures, plane, strips, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY, TabPage

TITLE = "Autoencoder"
ID = "autoencoder"
N = 8  # pictures in a row
SHARE = 0.65  # of the size that pictures have in a grid
LIVE = {"api_visibility": "private", "trigger_mode": "always_last", **HEAVY}
QUIET = {"api_visibility": "private", "show_progress": "hidden"}
PLACES = {"bottleneck": "out", "denoising": "denoised", "repairing": "repaired", "guesses": "guessed"}  # exhibits, and where each is shown
NOTES = {
    "bottleneck": "Squared error: mean over pixels, black -1 and white 1, measured on the pictures shown; then the recorded one on all {n:,} validation pictures.",
    "repairing": "Only the hidden part is filled in, and only there is the error measured: on the pictures shown, then the recorded one on all {n:,} validation "
    "pictures, hidden anywhere. The mean of all training pictures is the best guess of somebody who sees nothing of this one.",
    "guesses": "All three rows are decoded from the same seed. <b>N(0, I)</b> draws codes where the autoencoder was never asked to put any: mostly shapes that are like nothing it was "
    "shown. <b>Own Gaussian</b> puts one cloud over all real codes, and falls into the gaps between the kinds too. A <b>mixture</b> of twenty clouds follows the real codes more "
    "closely, and is the fairest guess; but it is a second model, fitted afterwards, that does the generating. A VAE is trained so that the first guess is right.",
}


def build() -> TabPage:
    """The tab's components and events."""
    cards = [card for card in registry.cards() if card.family == ID]
    widgets.opening(
        "Autoencoder: a picture told over the telephone",
        "One friend describes a picture in a few numbers; the other draws it from the numbers alone. They practise until the drawing is as near to the picture as so few numbers allow "
        "(<i>encoder, code, decoder</i>).",
        "the friends share no language beforehand. The numbers mean only what both have come to agree on, so numbers that were never said mean nothing.",
    )
    with gr.Accordion("Try", open=True):
        linked = _try(cards)
    with gr.Accordion("How it learns", open=False) as learning:
        gr.HTML(_story(cards[0].id), padding=False)
        widgets.later(learning, f"{ID}-stories", lambda: "".join(widgets.further_story(card, _story(card.id)) for card in cards[1:]))
    with gr.Accordion("Look inside", open=False):
        gr.HTML(widgets.facts_table(cards) + "".join(widgets.provenance(card.id) for card in cards), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Squeezing and cleaning**: pictures and sound in a fraction of the numbers, noise and scratches removed, odd readings found by how badly they are given back, "
            "a few numbers for a search to compare instead of a thousand pixels.\n\n"
            "**Ask yourself:** compare the rows for 2, 8 and 32 numbers. Where does the autoencoder gain most over PCA, and what can a curved surface through the pictures do that a flat one cannot?"
        )
    return TabPage(ID, linked)


def _try(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """Bottlenecks, noise, hidden parts, guesses at a prior, planes and one's own drawing; returns what a link may set."""
    first = cards[0]
    picker = Picker(cards, left_out=("draw",))  # all ways to draw codes are shown, one a row
    shown: dict[str, gr.HTML] = {}
    planes = {card.id: _planes(card) for card in cards}

    def place(name: str) -> gr.HTML:
        shown[name] = gr.HTML(_recorded(first, name) if name in _exhibits(first) else "", padding=False, elem_id=f"{ID}-{PLACES[name]}")
        return shown[name]

    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            model = picker.model()
            n = widgets.count_slider(N, exhibits.MAX_N)
            seed, _ = widgets.seed_row(previews.SEED)
            go, stop = widgets.run_buttons(ID, "Squeeze pictures")
            gr.HTML(
                '<p class="note">The seed chooses the test pictures, the noise and the random codes. PCA of the same size is the best that straight lines can do.</p>',
                padding=False,
            )
        with gr.Column(scale=2, min_width=320):
            place("bottleneck")
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            _heading(
                "Take noise away", "Another one was trained to give back the clean picture from a noisy one (<i>denoising autoencoder</i>)."
            )
            noise = widgets.component(NOISE)
        with gr.Column(scale=2, min_width=320):
            place("denoising")
    with gr.Row(elem_classes="section", visible=exhibits.can_repair(first)) as repairs:
        with gr.Column(scale=1, min_width=280):
            _heading(
                "Fill in what is hidden",
                "The same one was given pictures with a part hidden, too, and learnt to guess the part from the rest (<i>inpainting</i>).",
            )
            hidden = widgets.component(HIDDEN)
        with gr.Column(scale=2, min_width=320):
            place("repairing")
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            _heading(
                "Why it is not a generator, fairly",
                "To draw a new picture, one needs a new code. Three guesses at where codes lie, from the naive to the best.",
            )
            inputs = picker.components()
        with gr.Column(scale=2, min_width=320):
            place("guesses")
    maps = gr.HTML(planes[first.id], padding=False, elem_id=f"{ID}-planes")
    with gr.Row(elem_classes="section", visible=_by_hand(first)) as drawings:
        with gr.Column(scale=1, min_width=280):
            _heading("Draw your own", "Your drawing through the same bottlenecks.")
            pad = drawing.pad(f"{ID}-pad")
        with gr.Column(scale=2, min_width=320):
            drawn = gr.HTML(
                '<p class="note">What the model sees, and what each bottleneck gives back, appear here as soon as the pen rests.</p>',
                padding=False,
                elem_id=f"{ID}-drawn",
            )

    def exhibit(name: str, model: str, n: int, seed: int, noise: float, hidden: str, *values: Any) -> Iterator[str]:
        card = picker.card(model)
        sizes = picker.chosen(card.id, values)
        if name == "guesses":
            yield from _growing(card, name, exhibits.guesses(card.id, n, seed, **sizes), {"n": n, "seed": seed, **sizes})
            return
        real = exhibits.real_samples(card.dataset, n, seed)
        rows, told = {
            "bottleneck": lambda: (exhibits.bottlenecks(card.id, real), {}),
            "denoising": lambda: (exhibits.denoising(card.id, real, noise, seed), {NOISE.name: noise}),
            "repairing": lambda: (exhibits.repairing(card.id, real, hidden, seed), {HIDDEN.name: hidden}),
        }[name]()
        yield from _growing(card, name, rows, {"n": n, "seed": seed, **told})

    def alone(name: str) -> Any:
        @widgets.guarded
        def redo(*given: Any) -> Iterator[str]:
            yield from exhibit(name, *given)

        return redo

    @widgets.guarded
    def squeeze(model: str, *given: Any) -> Iterator[tuple[Any, ...]]:
        for name in _exhibits(picker.card(model)):
            for text in exhibit(name, model, *given):
                yield tuple(text if name == each else gr.skip() for each in shown)

    @widgets.guarded
    def repeat(model: str, event: gr.EventData) -> Iterator[str]:
        card = picker.card(model)
        given, *rest = exhibits.bottlenecks(card.id, drawing.seen(card.dataset, event))
        yield (
            strips.strips([Row("what the model sees", given.images), *rest], scale=_scale(card), settings=_drawn(card))
            + f'<p class="note"><span class="badge live">live</span> {card.id}</p>'
        )

    def recall(model: str) -> list[str]:
        card = picker.card(model)
        return [_recorded(card, name) if name in _exhibits(card) else "" for name in shown]

    def switch(model: str, *values: Any) -> list[Any]:
        card = picker.card(model)
        seen = [gr.Row(visible=exhibits.can_repair(card)), gr.Row(visible=_by_hand(card)), planes[card.id]]
        return [*picker.switched(card.id, values), *seen]

    picker.follow(model, inputs)
    model.input(recall, model, list(shown.values()), **QUIET)  # not on change: a link's result stays
    model.change(switch, [model, *inputs], [*inputs, repairs, drawings, maps], **ARRANGING)
    given = [model, n, seed, noise, hidden, *inputs]
    running = [
        gr.on([go.click, seed.submit], squeeze, given, list(shown.values()), api_visibility="private", **HEAVY),
        noise.input(alone("denoising"), given, shown["denoising"], **LIVE),
        hidden.input(alone("repairing"), given, shown["repairing"], **LIVE),
        gr.on([component.input for component in inputs], alone("guesses"), given, shown["guesses"], **LIVE),
        pad.draw(repeat, model, drawn, **LIVE),
    ]
    stop.click(None, cancels=running, api_visibility="private")
    fixed = {"model": model, "n": n, "seed": seed, NOISE.name: noise, HIDDEN.name: hidden}
    return {**fixed, **dict(zip(picker.names, inputs, strict=True))}


def _heading(title: str, text: str) -> None:
    gr.HTML(f"<h3>{title}</h3><p>{text}</p>", padding=False)


def _exhibits(card: ModelCard) -> list[str]:
    """The exhibits of a card, in the order of work."""
    return [name for name in PLACES if name != "repairing" or exhibits.can_repair(card)]


def _by_hand(card: ModelCard) -> bool:
    """Whether a drawing by hand can be one of the data set's samples: not where its own are drawn by rule."""
    return not data.get(card.dataset).factors


def _scale(card: ModelCard) -> float:
    return widgets.scale(card.id) * SHARE


def _growing(card: ModelCard, name: str, rows: Iterator[Row], told: Mapping[str, Any]) -> Iterator[str]:
    """An exhibit row by row as it is computed, the last time with its line and what can be taken away."""
    found: list[Row] = []
    start = time.perf_counter()
    awaited = _names(card, name)
    for row in rows:
        found.append(row)
        if len(found) < len(awaited):
            yield _rows(card, name, found, awaited[len(found) :])
    yield _finished(card, name, found, told, f"{time.perf_counter() - start:.2f} s")


def _drawn(card: ModelCard) -> dict[str, Any]:
    """What the pictures of a drawing by hand hold: no link has the drawing."""
    return {"model": card.id, "link": settings.link_of(ID, {"model": card.id}, ("given",))}


def _finished(card: ModelCard, name: str, rows: Sequence[Row], told: Mapping[str, Any], seconds: str = "") -> str:
    """A whole exhibit; without seconds it is a recorded one."""
    how = "live" if seconds else "recorded"
    words = [f"{key} {html.escape(str(value))}" for key, value in told.items()] + ([seconds] if seconds else [])
    about = {"model": card.id, **told}
    about["link"] = settings.link_of(ID, about)
    link = widgets.permalink(about["link"])
    kept = {**about, "rows": [row.name for row in rows]}
    take = "" if how == "recorded" else widgets.png_link(strips.sheet(rows), kept, f"{card.id}-{name}-seed{told['seed']}")
    return (
        _rows(card, name, rows, (), about)
        + f'<div class="runline"><span class="badge {how}">{how}</span> <b>{card.id}</b> · {" · ".join(words)} · {link}</div>'
        + (f'<div class="takes">Take it away: {take}</div>' if take else "")
    )


def _rows(card: ModelCard, name: str, rows: Sequence[Row], awaited: Sequence[str] = (), settings: Mapping[str, Any] | None = None) -> str:
    """The rows of an exhibit, those still to come, and the plain sentence under them."""
    measure = "squared error where hidden" if name == "repairing" else "squared error"
    note = NOTES.get(name, "").format(n=data.get(card.dataset).sizes["valid"])
    return strips.strips(rows, _recorded_errors(card), awaited, _scale(card), measure, settings) + (
        f'<p class="note">{note}</p>' if note else ""
    )


def _recorded(card: ModelCard, name: str) -> str:
    """The shipped exhibit for the first paint, or the sentence that says how to make it."""
    try:
        rows, about = previews.read_rows(card.id, name)
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    return _finished(card, name, rows, {key: about[key] for key in ("n", "seed", NOISE.name, HIDDEN.name, "code_size") if key in about})


def _names(card: ModelCard, name: str) -> list[str]:
    """The rows that an exhibit will have, so that their place is kept while it grows."""
    if name == "bottleneck":
        return ["original", *(f"{what}, {size} numbers" for size in exhibits.code_sizes(card) for what in ("autoencoder", "PCA"))]
    if name == "guesses":
        return list(next(control.choices for control in card.controls if control.name == "draw"))
    return ["original", "noisy", "denoised"] if name == "denoising" else list(exhibits.REPAIRED)


def _recorded_errors(card: ModelCard) -> dict[str, str]:
    """The recorded error of each row over the whole validation split."""
    facts = weights.record(card.id)["facts"]
    found = {
        f"{what}, {size} numbers": facts[f"code{size}"][key]
        for size in exhibits.code_sizes(card)
        for what, key in (("autoencoder", "squared_error"), ("PCA", "pca_squared_error"))
    }
    if exhibits.can_repair(card):
        found |= {
            name: facts["denoiser"][key]
            for name, key in zip(exhibits.REPAIRED[2:], ("mean_squared_error", "repaired_squared_error"), strict=True)
        }
    return {name: f"{error:.3f} on all {data.get(card.dataset).sizes['valid']:,}" for name, error in found.items()}


def _planes(card: ModelCard) -> str:
    """What the decoder paints everywhere on the plane of the narrowest code, beside the plane, or a cut through the codes, of a model with a prior, where one ships."""
    others = [each for each in registry.cards() if each.dataset == card.dataset and each.family != ID and exhibits.has_map(each)]
    text = "A code of two numbers is a place on a plane, and the decoder paints something everywhere: point at any place"
    text += (
        ", and the same place on the other plane is shown as well. The VAE's codes were kept near N(0, I), so they lie around 0 in a cloud of known size. Nothing "
        "kept the autoencoder's: they lie wherever they fell, and what is painted where none fell (dark), nobody ever checked."
        if others
        else ". Nothing kept the codes together: they lie wherever they fell, and what is painted where none fell (dark), nobody ever checked."
    )
    title = "Two planes" if others else "A plane of codes"
    return f'<div class="section"><h3>{title}</h3><p>{text}</p></div>' + plane.side_by_side([card, *others])


@widgets.or_note
def _story(card_id: str) -> str:
    """The recorded training: what came back of the same pictures at each moment, with the errors."""
    story = stories.read(card_id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        captions.append(f"step {step:,} · " + (f"squared error {row['code8']:.3f}" if row else "nothing learnt yet"))
    note = (
        "<p>The same 16 validation pictures given back through eight numbers, from step 0 to the end. There is one loss, the squared difference from the original; "
        "each size of code is a network of its own, and the denoising one is given spoilt pictures.</p>"
    )
    return (
        note
        + pictures.film(frames, captions, "The training of the autoencoder with eight numbers", scale=widgets.scale(card_id))
        + widgets.losses_plot(story.log, ("code2", "code8", "code32"), "Squared error while training, by the size of the code")
        + widgets.losses_plot(story.log, ("denoiser",), "Squared error of the denoising one, which is given spoilt pictures")
    )

"""The VAE tab: draw, turn the strongest dimensions, point at the latent map, reconstruct a drawing, slide between two digits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from playground import data, exhibits, hub, previews, registry, repaint, run, settings, stories
from playground.controls import Numbers, adjustments
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.run import VISITOR_N
from playground.types import Images, ModelCard
from tabs import adjust, drawing, factor_table, people, photographs, pictures, plane, real_wall, strips, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY, TabPage

TITLE = "VAE"
ID = "vae"
MEAN_NOTE = (
    '<p class="note">What you see is the decoder\'s <i>mean</i>: for each pixel the average of all pictures that the code could stand for, not one sample of them. '
    "Where it is unsure it paints grey, and that is a part of the blur.</p>"
)
LIVE = {"api_visibility": "private", "trigger_mode": "always_last", **HEAVY}


def build() -> TabPage:
    """The tab's components and events."""
    everybody = [card for card in registry.cards() if card.family == ID and hub.is_offered(card)]
    family = [card for card in everybody if card.hub is None]
    flat = next(card for card in family if exhibits.is_plane(card))
    drawing_cards = [card for card in family if card is not flat]
    card = drawing_cards[0]
    widgets.opening(
        "VAE: the artist who sketches and repaints",
        "One artist notes a digit down as a few numbers, with a margin for each; another repaints it from the note. Because notes are kept within one common cloud, "
        "a note made up at random can be repainted as well (<i>variational autoencoder</i>).",
        "there is no hand and no stroke. Every pixel is painted as an average over all that the note could mean, and an average of strokes is a smudge.",
    )
    with gr.Accordion("Try", open=True):
        linked = _sampling(drawing_cards)
        for each in drawing_cards:
            if adjustments(each.controls):
                linked |= adjust.build(each, ID)
                real_wall.build(each.dataset, ID)
        people.copies(sorted(family, key=lambda each: not adjustments(each.controls)), ID)
        _map(flat)
        _own_drawing(card, flat)
        linked |= _sliding(card)
        photographs.build([*filter(repaint.can_repaint, family), *everybody[len(family) :]], ID)
    with gr.Accordion("How it learns", open=False) as learning:
        gr.HTML(_story(card.id), padding=False)
        widgets.later(
            learning, f"{ID}-stories", lambda: "".join(widgets.further_story(each, _story(each.id)) for each in drawing_cards[1:])
        )
    with gr.Accordion("Look inside", open=False) as inside:
        gr.HTML(_bars(card) + widgets.facts_table(everybody) + "".join(widgets.provenance(each.id) for each in family), padding=False)
        widgets.later(inside, f"{ID}-factors", lambda: "".join(factor_table.table(each) for each in drawing_cards))
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Codes for larger models**: the picture is first squeezed by a VAE, and the diffusion model works on the codes. Also faces with adjustable features, "
            "odd parts found on a production line by how badly they are repainted, molecules that vary a known one.\n\n"
            "**Ask yourself:** on the map, a 4 turns into a 9 without a jump. What does the decoder paint half way, and is that a digit?"
        )
    return TabPage(ID, linked)


def _sampling(cards: Sequence[ModelCard]) -> dict[str, Any]:
    """Drawing from the prior, with the strongest dimensions set by hand if wanted; returns what a link may set."""
    picker = Picker(cards)
    first, names = cards[0], picker.names
    top = next(control for control in first.controls if isinstance(control, Numbers))
    order = exhibits.kl_order(first)[: top.size]
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            model = picker.model()
            n = widgets.count_slider()
            seed, _ = widgets.seed_row()
            go, stop = widgets.run_buttons(ID, "Draw")
            inputs = picker.components()
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(_recorded(first.id), padding=False, elem_id=f"{ID}-out")
            by_hand = gr.Checkbox(
                False,
                label=f"Set the {len(order)} strongest dimensions myself",
                info="Off: they are drawn from the prior, as all others are.",
            )
            with gr.Row(visible=False) as hand:  # below the pictures, so that a thumb moves them with the pictures in sight
                sliders = [
                    gr.Slider(top.minimum, top.maximum, 0, step=0.05, label=_dimension(index, kl), min_width=240) for index, kl in order
                ]
            link_top = gr.Textbox("", visible=False, max_length=100)

    @widgets.guarded
    def draw(model: str, n: int, seed: int, by_hand: bool, *values: Any) -> Iterator[str]:
        chosen = picker.chosen(model, values[: len(names)])
        chosen[top.name] = values[len(names) :] if by_hand else None
        for found in run.stream(model, n, seed, limit=VISITOR_N, **chosen):
            yield (widgets.result(found, ID) if found.done else widgets.working(found)) + MEAN_NOTE

    def switch(model: str, *values: Any) -> list[Any]:
        card = picker.card(model)
        strongest = exhibits.kl_order(card)[: top.size]
        relabelled = [gr.update(label=_dimension(index, kl)) for index, kl in strongest]
        return [*picker.switched(model, values), *relabelled]

    @widgets.guarded
    def open_top(text: str) -> list[Any]:
        try:
            values = top.validate(tuple(float(part) for part in text.split(",")))
        except (ValueError, PlaygroundError):
            gr.Warning(
                f"The link asks for {top.name} {text[:40]!r}; allowed are {top.size} numbers from {top.minimum:g} to {top.maximum:g}, left as they were."
            )
            return [gr.skip()] * (2 + len(sliders))
        return [True, gr.Row(visible=True), *values]

    given = [model, n, seed, by_hand, *inputs, *sliders]
    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    picker.follow(model, inputs)
    model.input(lambda model: _recorded(picker.card(model).id), model, out, **quiet)  # not on change: a link's result would be painted over
    model.change(switch, [model, *inputs], [*inputs, *sliders], **ARRANGING)
    running = [gr.on([go.click, seed.submit], draw, given, out, api_visibility="private", **HEAVY)]
    running += [gr.on([slider.input for slider in sliders] + [by_hand.input], draw, given, out, **LIVE)]
    by_hand.change(lambda on: gr.Row(visible=bool(on)), by_hand, hand, api_visibility="private", show_progress="hidden")
    link_top.change(open_top, link_top, [by_hand, hand, *sliders], api_visibility="private", show_progress="hidden")
    stop.click(None, cancels=running, api_visibility="private")
    return {"model": model, "n": n, "seed": seed, **dict(zip(names, inputs, strict=True)), top.name: link_top}


def _recorded(card_id: str) -> str:
    return widgets.recorded(card_id, ID) + MEAN_NOTE


def _dimension(index: int, kl: float) -> str:
    return f"z[{index}], KL {kl:.2f} nats"


def _map(flat: ModelCard) -> None:
    """The latent map of the VAE with two latent dimensions."""
    names = data.get(flat.dataset).labels
    codes = exhibits.plane_codes(flat)
    dots = (
        f"The points are {min(plane.POINTS, len(codes[0])):,} test digits where the encoder puts them, one colour a class." if codes else ""
    )
    gr.HTML(
        '<div class="section"><h3>The latent map</h3><p>This VAE has a code of two numbers, so its whole world is a plane: every place on it is a digit. '
        f"Point anywhere and see what is painted there. {dots}</p></div>"
        + plane.latent_map(flat.id, codes, names)
        + f'<p class="note"><span class="badge recorded">recorded</span> {flat.id}, the decoder\'s mean at {previews.MAP_SHOWN} × {previews.MAP_SHOWN} places, '
        f"{previews.MAP_FINE} × {previews.MAP_FINE} under the pointer; z from -{exhibits.LIMIT:g} to {exhibits.LIMIT:g}, left to right and bottom to top.</p>",
        padding=False,
        elem_id=f"{ID}-map",
    )


def _own_drawing(card: ModelCard, flat: ModelCard) -> None:
    """A drawing, what the model sees of it, and what the two VAEs give back."""
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML("<h3>Draw a digit</h3><p>It is noted down as a code and repainted from the code alone.</p>", padding=False)
            pad = drawing.pad(f"{ID}-pad")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(
                '<p class="note">Your digit and its two reconstructions appear here as soon as the pen rests.</p>',
                padding=False,
                elem_id=f"{ID}-drawn",
            )

    @widgets.guarded
    def repaint(event: gr.EventData) -> str:
        seen, link = drawing.seen(card.dataset, event), settings.link_of(ID, {"model": card.id}, ("given",))
        x, y = run.encode(flat.id, seen).values[0]
        rows = [Row("what the model sees", seen)]
        rows += [
            Row(f"repainted from {size} numbers", run.reconstruct(each.id, seen))
            for each, size in ((card, len(run.encode(card.id, seen).values[0])), (flat, 2))
        ]
        return (
            strips.strips(rows, scale=4, settings={"model": card.id, "link": link})
            + f'<p class="note"><span class="badge live">live</span> {card.id} (class not told) and {flat.id}. On the map it falls at z = ({x:.1f}, {y:.1f}). '
            + f'<button type="button" class="goto plane-goto" data-plane="{ID}-map" data-x="{x:.3f}" data-y="{y:.3f}">Show me there</button></p>'
        )

    pad.draw(repaint, None, out, **LIVE)


def _sliding(card: ModelCard) -> dict[str, Any]:
    """The way between two real digits, straight through the space of codes; returns what a link may set."""
    names = data.get(card.dataset).labels
    try:
        (ends, frames), about = previews.read_rows(card.id, "slide")
        first, last, seed = about["first"], about["last"], about["seed"]
        shown = _slide_film(card.id, ends.images, frames.images, about, "recorded")
    except PlaygroundError as error:
        first, last, seed, shown = names[3], names[8], previews.SEED, f'<p class="note">{error}</p>'
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Slide between two digits</h3><p>Two real test digits are encoded; the codes between theirs are decoded.</p>",
                padding=False,
            )
            with gr.Row():
                start = gr.Dropdown(list(names), value=first, label="From", min_width=80)
                end = gr.Dropdown(list(names), value=last, label="To", min_width=80)
                which = gr.Number(seed, precision=0, minimum=0, maximum=run.MAX_SEED, label="Which ones (seed)", min_width=110)
            go = gr.Button("Slide", elem_id=f"{ID}-slide")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(shown, padding=False, elem_id=f"{ID}-slid")

    @widgets.guarded
    def slide(first: str, last: str, seed: int) -> str:
        ends = exhibits.pair(card.dataset, first, last, seed)
        return _slide_film(card.id, ends, exhibits.slide(card.id, ends), {"first": first, "last": last, "seed": seed}, "live")

    gr.on([go.click, start.input, end.input, which.submit], slide, [start, end, which], out, **LIVE)
    return {"from": start, "to": end, "of": which}


def _slide_film(card_id: str, ends: Images, frames: Images, about: Mapping[str, Any], how: str) -> str:
    """The two real digits and the film between them. about: first, last and seed, which say what digits they are."""
    seed = about["seed"]
    link = settings.query(ID, play="slide", **{"from": about["first"], "to": about["last"], "of": seed})
    told = {"model": card_id, **{name: about[name] for name in ("first", "last", "seed")}, "link": link}
    film = list(frames.uint8())
    captions = [f"{100 * i // (len(film) - 1)} % of the way" for i in range(len(film))]
    name = f"{card_id}-slide-seed{seed}"
    gif = pictures.download(pictures.animation(film, settings=told), "image/gif", f"{name}.gif", "GIF")
    sheet = widgets.png_link(pictures.tiles(frames, len(film)), told, name) + " " if how == "live" else ""
    return (
        '<div class="slide"><figure>'
        + pictures.picture(pictures.tiles(ends, 2), "The two real digits", told, 3)
        + "<figcaption>the real ones</figcaption></figure>"
        + pictures.film(film, captions, "The way between the two digits", scale=8, start=len(film) // 2)
        + f'</div><div class="runline"><span class="badge {how}">{how}</span> <b>{card_id}</b> · {len(film)} codes on the straight line in z, class not told · seed {seed} · {widgets.permalink(link)}</div>'
        f'<div class="takes">Take it away: {sheet}{gif}</div>'
    )


@widgets.or_note
def _story(card_id: str) -> str:
    """The recorded training: what the same z gave at each moment, with the three numbers that fell or rose."""
    story = stories.read(card_id)
    frames = [pictures.tiles(Images(row), 8) for row in story.pictures]
    captions = []
    for step in story.steps:
        row = story.at(step)
        captions.append(f"step {step:,} · " + (f"{row['reconstruction']:.0f} + {row['kl']:.1f} nats" if row else "nothing learnt yet"))
    note = (
        "<p>The same 16 z at every moment, from step 0 to the end. One loss, counted in nats a picture: what the repainting misses (reconstruction), plus what the note costs "
        "beyond the common cloud (KL). Their sum is the negative ELBO, an upper bound of what the picture would cost to send. At first the KL <i>rises</i>: saying something begins to pay.</p>"
    )
    return (
        note
        + pictures.film(frames, captions, "The training of the decoder", scale=widgets.scale(card_id))
        + widgets.losses_plot(story.log, ("negative_elbo", "reconstruction"), "Negative ELBO and reconstruction, nats a picture")
        + widgets.losses_plot(story.log, ("kl",), "KL, nats a picture")
        + widgets.losses_plot(story.log, ("read",), "Squared error of the known features read off the code")
    )


def _bars(card: ModelCard) -> str:
    """How much each latent dimension says: KL to the prior in nats."""
    order = exhibits.kl_order(card)
    most = max(kl for _, kl in order) or 1.0
    rows = "".join(
        f'<div><span>z[{index}]</span><i style="width:{100 * kl / most:.1f}%"></i><span>{kl:.2f} nats</span></div>' for index, kl in order
    )
    return f'<p>How much each number of the code says, as the KL of its cloud to the prior, over the validation digits. Near 0: never used.</p><div class="bars">{rows}</div>'

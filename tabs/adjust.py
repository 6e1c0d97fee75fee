"""A face under sliders: one code, moved along the directions of its known factors, beside the truth drawn from the same factors."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from playground import data, exhibits, previews, run, settings
from playground.controls import ANY, Choice, Label, Slider, adjustments
from playground.errors import PlaygroundError
from playground.types import Images, ModelCard
from tabs import pictures, strips, widgets
from tabs.widgets import HEAVY

FIRST = 8  # factors in sight; the others are folded
SCALE = 3.0
AS_DRAWN = "as it is"
PLAY = "adjust"  # of a link that shows a face here
LIVE = {"api_visibility": "private", "trigger_mode": "always_last", **HEAVY}


def build(card: ModelCard, tab: str) -> dict[str, gr.components.Component]:
    """The section's components and events; returns what a link may set: ?tab=...&play=adjust&start=real&face=7&moved=age:70,smile:0.8."""
    factors = adjustments(card.controls)
    label = next(control for control in card.controls if isinstance(control, Label))
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Adjust a face</h3><p>Every slider moves the code along the direction in which, over the training faces, that feature changed while "
                "the others stayed.</p>",
                padding=False,
            )
            source = gr.Radio(
                [("one that the VAE makes up", exhibits.SOURCES[0]), ("a real one, encoded", exhibits.SOURCES[1])],
                value=exhibits.SOURCES[0],
                label="Start from",
            )
            style = gr.Dropdown([ANY, *label.classes], value=ANY, label=label.title)
            seed = gr.Number(previews.SEED, precision=0, minimum=0, maximum=run.MAX_SEED, label="Which face (seed)")
            with gr.Row():
                dice = gr.Button("⚄ Another", min_width=120, elem_id=f"{tab}-another")
                show = gr.Button("Show", min_width=120, elem_id=f"{tab}-{PLAY}")
            inputs = [_component(factor) for factor in factors[:FIRST]]
            with gr.Accordion("More features", open=False):
                inputs += [_component(factor) for factor in factors[FIRST:]]
        with gr.Column(scale=2, min_width=320, elem_classes="stays"):
            out = gr.HTML(_recorded(card), padding=False, elem_id=f"{tab}-adjusted")
    asked = gr.Textbox("", visible=False, max_length=600)  # what a link moves, until it is shown
    read = gr.State({})  # what the reader saw in the face before anything was moved: a few words and numbers

    def shown(source: str, seed: int, style: str, seen: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        picture, codes = exhibits.starting_code(card.id, source, seed, style)
        given_back = run.decode(card.id, codes)
        seen = seen or exhibits.factors_read(card.dataset, given_back)[0]
        moved = run.decode(card.id, codes, **wanted) if wanted else None
        real, link = picture if source == "real" else None, _link(tab, source, seed, style, wanted)
        return _panel(card, real, given_back, moved, wanted, seen, seed, link), seen

    @widgets.guarded
    def begin(source: str, seed: int, style: str, moved: str = "") -> list[Any]:
        wanted = _from_link(factors, moved)
        panel, seen = shown(source, seed, style, {}, wanted)
        values = {factor.name: _to_step(factor, seen[factor.name]) if isinstance(factor, Slider) else AS_DRAWN for factor in factors}
        return [panel, seen, "", *(values | wanted).values()]

    @widgets.guarded
    def move(source: str, seed: int, style: str, seen: Mapping[str, Any], *values: Any) -> str:
        return shown(source, seed, style, seen, _wanted(factors, seen, values))[0]  # seen: nothing where no face was asked for yet

    started = [source, seed, style]
    outputs = [out, read, asked, *inputs]
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 100000)", api_visibility="private").then(
        begin, started, outputs, **LIVE
    )
    gr.on([source.input, seed.submit, style.input], begin, started, outputs, **LIVE)
    show.click(begin, [*started, asked], outputs, **LIVE)
    gr.on([component.input for component in inputs], move, [*started, read, *inputs], out, **LIVE)
    return {"start": source, "face": seed, "style": style, "moved": asked}


def _component(factor: Slider | Choice) -> gr.components.Component:
    if isinstance(factor, Slider):
        unit = f", {factor.unit}" if factor.unit else ""
        return gr.Slider(
            factor.minimum, factor.maximum, factor.default, step=factor.step, label=f"{factor.title}{unit}", info=factor.help or None
        )
    return gr.Dropdown([AS_DRAWN, *factor.choices], value=AS_DRAWN, label=factor.title)


def _to_step(factor: Slider, value: float) -> float:
    """The nearest value on which the slider can stand."""
    return round(factor.minimum + factor.step * round((value - factor.minimum) / factor.step), 6)


def _wanted(factors: Sequence[Slider | Choice], seen: Mapping[str, Any], values: Sequence[Any]) -> dict[str, Any]:
    """What was moved: a slider that is not where the reader's value put it, a word that is not left as it is."""
    wanted = {}
    for factor, value in zip(factors, values, strict=True):
        if isinstance(factor, Slider):
            before = seen.get(factor.name, factor.default)
            if not isinstance(value, int | float) or abs(value - before) > 0.51 * factor.step:
                wanted[factor.name] = value
        elif value != AS_DRAWN:
            wanted[factor.name] = value
    return wanted


def _link(tab: str, source: str, seed: int, style: str, wanted: Mapping[str, Any]) -> str:
    """The query string that shows this face, moved as it is; what is as the page opens is left out, but for the seed."""
    told = {"start": source} if source != exhibits.SOURCES[0] else {}
    told |= {"face": str(seed)} | ({"style": style} if style != ANY else {})
    moved = ",".join(f"{name}:{settings.written(value)}" for name, value in wanted.items())
    return settings.query(tab, play=PLAY, **told, **({"moved": moved} if moved else {}))


def _from_link(factors: Sequence[Slider | Choice], moved: str) -> dict[str, Any]:
    """What a link moves ("age:70,glasses:round"), by factor: a number clamped to its bounds, a word or a factor that there is not left out, with a toast."""
    known = {factor.name: factor for factor in factors}
    wanted: dict[str, Any] = {}
    for part in filter(None, moved.split(",")):
        name, _, value = part.partition(":")
        factor = known.get(name)
        if isinstance(factor, Slider):
            wanted[name] = widgets.linked_number(factor, value, factor.default)
        elif factor is not None and value in factor.choices:
            wanted[name] = value
        else:
            allowed = ", ".join(known if factor is None else factor.choices)
            gr.Warning(f"The link moves {part[:40]!r}, which is not among {allowed}; left out.")
    return wanted


def _panel(
    card: ModelCard,
    real: Images | None,
    before: Images,
    after: Images | None,
    wanted: Mapping[str, Any],
    seen: Mapping[str, Any],
    seed: int,
    link: str,
) -> str:
    """The face before and after, the truth with the same factors, and what the reader says of the result."""
    shown = after or before
    now = exhibits.factors_read(card.dataset, shown)[0]
    truth, note = _truth(card.dataset, {**seen, **wanted})
    figures = [("the real one", real)] if real is not None else []
    figures += [
        ("the VAE's face" if real is None else "given back by the VAE", before),
        ("adjusted", shown),
        ("the truth, drawn by rule", truth),
    ]
    about = {"model": card.id, "seed": seed, **wanted, "link": link}
    cells = "".join(
        f"<figure>{pictures.picture(pictures.tiles(images, 1), caption, about | {'row': caption}, SCALE)}<figcaption>{caption}</figcaption></figure>"
        for caption, images in figures
        if images is not None
    )
    moved = " · ".join(f"{name} {_shown(value)}" for name, value in wanted.items()) or "nothing moved yet"
    rows = "".join(
        f"<tr{' class=moved' if factor.name in wanted else ''}><th scope=row>{html.escape(factor.title)}</th><td>{_shown(seen[factor.name])}</td>"
        f"<td>{_shown(wanted[factor.name]) if factor.name in wanted else '–'}</td><td>{_shown(now[factor.name])}</td></tr>"
        for factor in data.get(card.dataset).factors
    )
    take = widgets.png_link(pictures.tiles(shown, 1), about, f"{card.id}-seed{seed}-adjusted")
    return (
        f'<div class="facerow">{cells}</div>{note}'
        f'<div class="runline"><span class="badge live">live</span> <b>{card.id}</b> · seed {seed} · {html.escape(moved)} · {widgets.permalink(link)}</div><div class="takes">Take it away: {take}</div>'
        '<details class="readings"><summary>What a reader network sees in it</summary><div class="tablewrap" tabindex="0" role="region" aria-label="Readings"><table class="facts"><thead><tr><td></td><th scope=col>before</th>'
        f"<th scope=col>asked</th><th scope=col>after</th></tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _truth(dataset: str, values: Mapping[str, Any]) -> tuple[Images | None, str]:
    """The sample that those factors make, or none and a sentence where they cannot go together."""
    try:
        return data.from_factors(dataset, values), ""
    except PlaygroundError as error:
        return None, f'<p class="note">No such face exists to compare with: {html.escape(str(error))}</p>'


def _shown(value: Any) -> str:
    return html.escape(f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value))


def _recorded(card: ModelCard) -> str:
    """The shipped exhibit for the first paint: one face, each feature moved alone."""
    try:
        (first, *rows), about = previews.read_rows(card.id, "adjust")
    except PlaygroundError as error:
        return f'<p class="note">{html.escape(str(error))}</p>'
    notes = {
        row.name: f"{_shown(factor.minimum)} to {_shown(factor.maximum)}" if isinstance(factor, Slider) else ", ".join(factor.choices)
        for row, factor in zip(rows, adjustments(card.controls), strict=True)
    }
    return (
        strips.strips(
            rows,
            notes,
            scale=0.75,
            settings={"model": card.id, "seed": about["seed"], "link": settings.query(card.family, play=PLAY, face=about["seed"])},
        )
        + f'<div class="runline"><span class="badge recorded">recorded</span> <b>{card.id}</b> · one face (seed {about["seed"]}), each feature moved alone · '
        "press Another, or move a slider, to try it yourself</div>"
    )

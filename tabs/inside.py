"""How a model that is told words works inside: where each word is looked at, one word changed, guidance from 0 up."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from playground import data, inside, known, previews, settings
from playground.controls import prompt_of
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.inside import Judged
from playground.metrics import guidance
from playground.types import Images, ModelCard, Run
from tabs import inside_views as views
from tabs import pictures, strips, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY

LIVE = {"api_visibility": "private", **HEAVY}
SCALE = 1.4  # CSS pixels a point of a row of samples


def build(picker: Picker, model: gr.Dropdown, tab: str, seed: gr.Number, inputs: Sequence[gr.components.Component]) -> None:
    """The fold's components and events, in sight while a card that is told words is chosen. inputs: the tab's controls in the picker's order."""
    worded = [card for card in picker.cards if prompt_of(card.controls)]
    if not worded:
        return
    prompt = inputs[picker.names.index(prompt_of(worded[0].controls).name)]
    with gr.Accordion("How it works inside", open=False, visible=picker.cards[0] in worded, elem_id=f"{tab}-inside") as fold:
        gr.HTML('<p class="quiet">Model, prompt, seed, steps and the other settings are those above.</p>', padding=False)
        asked = [model, seed, *inputs]
        looked = _looking(picker, tab, asked)
        place, other, swapped = _swapping(picker, tab, asked, worded[0])
        guided = _guiding(picker, tab, asked)
    filled = gr.State("")  # the model whose recorded results were put here, so that a live one is not painted over

    def fill(card_id: str, now: str) -> list[Any]:
        card = picker.card(card_id)
        if now == card.id or card not in worded:
            return [gr.skip()] * 6
        return [card.id, *_recorded_look(card), *_recorded_swap(card), _recorded_guidance(card)]

    def choices(card_id: str, text: str, name: str) -> tuple[Any, Any]:
        card = picker.card(card_id)
        if card not in worded:
            return gr.skip(), gr.skip()
        text = text[: prompt_of(card.controls).maximum]
        found = inside.places(card, text)
        if any(each.name == name for each in found):
            return gr.update(choices=[each.name for each in found]), gr.skip()
        name, instead = inside.suggested(card, text)
        name = name or (found[0].name if found else "")
        return gr.update(choices=[each.name for each in found], value=name), _instead(found, name, instead)

    def instead(card_id: str, text: str, name: str) -> Any:
        return _instead(inside.places(picker.card(card_id), text), name)

    def refill(card_id: str, now: str) -> list[Any]:
        return fill(card_id, now) if now else [gr.skip()] * 6  # nobody has opened the fold yet

    places = [filled, *looked, *swapped, guided]
    fold.expand(fill, [model, filled], places, **ARRANGING)
    model.change(refill, [model, filled], places, **ARRANGING)
    model.change(lambda card_id: gr.update(visible=picker.card(card_id) in worded), model, fold, **ARRANGING)
    gr.on([prompt.change, model.change], choices, [model, prompt, place], [place, other], trigger_mode="always_last", **ARRANGING)
    place.input(instead, [model, prompt, place], other, **ARRANGING)


def _looking(picker: Picker, tab: str, asked: Sequence[gr.components.Component]) -> list[gr.HTML]:
    """Where each word is looked at: components and events; returns the film and the line under it."""
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Where each word looks</h3><p>At every step each place of the picture reads the words, some more than others (<i>cross-attention</i>, mean over heads and layers). "
                "Orange is where a word is read more than elsewhere; under it stands its share of all that is read at that step.</p>"
                '<p class="note">Much goes to the marks around the text: what a place takes from nowhere in particular it takes from there. Attention is a view of the work, not an '
                "explanation: a word can act where it is hardly read, and be read where nothing comes of it. The shipped model also hears the caption as a whole, which no map shows.</p>",
                padding=False,
            )
            go, stop = _buttons(f"{tab}-look-run", "Look at one face")
        with gr.Column(scale=2, min_width=320, elem_classes="tight"):
            film, line = gr.HTML(padding=False, elem_id=f"{tab}-look"), gr.HTML(padding=False)

    @widgets.guarded
    def show_look(model: str, seed: int, *values: Any) -> Iterator[tuple]:
        card, shown, picked = picker.card(model), "", 0
        if not inside.can_look(card):
            raise PlaygroundError(f"{card.id} does not say where its words are looked at.")
        for found in inside.look(card.id, seed, **picker.chosen(card.id, values)):
            step, now = found.step, _looked(found)
            if not shown:
                picked = views.telling(now)
                shown = views.look_begin(step.total, picked)
            if step.i in views.kept(step.total):
                shown += views.look_moment(now, step.i, step.total, picked)
            yield (
                shown,
                views.told(widgets.run_line(found, tab) + widgets.takes(found, tab) if found.done else widgets.progress_line(found)),
            )
        yield gr.skip(), gr.skip()

    looking = go.click(show_look, list(asked), [film, line], **LIVE)
    stop.click(None, cancels=[looking], api_visibility="private")
    return [film, line]


def _swapping(
    picker: Picker, tab: str, asked: Sequence[gr.components.Component], first: ModelCard
) -> tuple[gr.Dropdown, gr.Dropdown, list[gr.HTML]]:
    """One word changed: components and events; returns the word, what it becomes, and the places of the result."""
    text = prompt_of(first.controls).default
    found, (name, instead) = inside.places(first, text), inside.suggested(first, text)
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>One word changed</h3><p>The prompt and the same with one word changed, from the same noise. In the third picture only the difference is in colour: "
                "when does it begin, and does it stay where the word belongs?</p>",
                padding=False,
            )
            with gr.Row():
                place = gr.Dropdown([each.name for each in found], value=name or None, label="Word", info="Of the prompt.", min_width=120)
                other = gr.Dropdown(
                    list(_others(found, name)),
                    value=instead,
                    label="Becomes",
                    info="Or type any word.",
                    allow_custom_value=True,
                    min_width=120,
                )
            go, stop = _buttons(f"{tab}-swap-run", "Change the word")
        with gr.Column(scale=2, min_width=320, elem_classes="tight"):
            film = gr.HTML(padding=False, elem_id=f"{tab}-swap")
            line = gr.HTML(padding=False)

    @widgets.guarded
    def show_swap(model: str, seed: int, *rest: Any) -> Iterator[tuple]:
        *values, word, other = rest
        card, shown, columns = picker.card(model), "", ""
        controls = picker.chosen(card.id, values)
        for pair in inside.swap(card.id, seed, word, other, **controls):
            step = pair[0].step
            seen = [(each.step.views["x_t"], each.step.views["x_0"]) for each in pair]
            if not shown:
                shown = views.swapped_text(*_marked(card, pair[0], word), other) + pictures.moments(
                    "Two trajectories from the same noise", len(views.kept(step.total))
                )
                columns = views.swap_strip(step.total, *seen[0][0].pixels.shape[1:3])
            if step.i in views.kept(step.total):
                shown += views.swap_moment(seen, step.i, step.total)
            if step.i in views.kept(step.total, views.COLUMNS):
                columns += views.swap_column(seen[0][1], seen[1][1], step.i)
            told = _swap_line(card, pair, word, other) if pair[0].done else widgets.progress_line(pair[1])
            yield shown, columns + "</div></div></figure>" + views.told(told, "much")
        yield gr.skip(), gr.skip()

    swapping = go.click(show_swap, [*asked, place, other], [film, line], **LIVE)
    stop.click(None, cancels=[swapping], api_visibility="private")
    return place, other, [film, line]


def _guiding(picker: Picker, tab: str, asked: Sequence[gr.components.Component]) -> gr.HTML:
    """Guidance from 0 up: components and events; returns the place of the result."""
    with gr.Row(elem_classes="section"):
        with gr.Column(scale=1, min_width=280):
            gr.HTML(
                "<h3>Guidance from 0 up</h3><p>The same prompt and the same noises at every guidance. At 0 the network does not hear the prompt, at 1 it draws as it was trained, and above it "
                "goes further the way the prompt points.</p>"
                '<p class="note"><b>Adherence</b>: of what the prompt names, the share that a network that reads faces reads so. <b>Diversity</b>: the mean distance of two faces of one prompt '
                "in that network's features, 1 being two real faces of any kind.</p>",
                padding=False,
            )
            n = gr.Slider(2, inside.MAX_N, 4, step=1, precision=0, label="Faces at each guidance")
            go, stop = _buttons(f"{tab}-guide-run", "Turn guidance up")
        with gr.Column(scale=2, min_width=320):
            out = gr.HTML(padding=False, elem_id=f"{tab}-guide")

    @widgets.guarded
    def show_guide(model: str, seed: int, *rest: Any) -> Iterator[str]:
        *values, n = rest
        card = picker.card(model)
        controls = {name: value for name, value in picker.chosen(card.id, values).items() if name != "guidance_scale"}
        rows: list[Row] = []
        judged: list[Judged] = []
        for scale, found in inside.guide(card.id, n, seed, **controls):
            if found.done:
                rows.append(Row(_titled(scale), found.samples))
                read = inside.judge(card, found.controls[prompt_of(card.controls).name], found.samples)
                judged += [read] if read else []
            done = found.done and scale == guidance.scales(card)[-1]
            told = _guide_line(card, found) if done else f'<p class="note">guidance {scale:g}</p>' + widgets.progress_line(found)
            if rows:
                about = _guide_about(card, found)
                take = widgets.taken(strips.sheet(rows), about, f"{card.id}-guidance-seed{found.seed}") if done else ""
                yield _guided(card, rows, judged, n, about) + told + take
            else:
                yield _awaited(card, found, n) + told
        yield gr.skip()

    guiding = go.click(show_guide, [*asked, n], out, **LIVE)
    stop.click(None, cancels=[guiding], api_visibility="private")
    return out


def _buttons(elem_id: str, text: str) -> tuple[gr.Button, gr.Button]:
    with gr.Row(elem_classes="go"):
        return gr.Button(text, elem_id=elem_id, scale=3), gr.Button("Stop", variant="stop", min_width=80, scale=1)


def _others(found: Sequence[inside.Place], name: str) -> tuple[str, ...]:
    return next((each.others for each in found if each.name == name), ())


def _instead(found: Sequence[inside.Place], name: str, value: str = "") -> Any:
    """What the chosen word can become, the first of it chosen."""
    others = _others(found, name)
    return gr.update(choices=list(others), value=value or (others[0] if others else ""))


def _looked(found: Run) -> views.Looked:
    seen = found.step.views["attention"]
    words, maps = seen.words[0], seen.by_word()
    return views.Looked(
        found.step.views["x_t"],
        found.step.views["x_0"],
        [word.text for word in words],
        [word.spoken for word in words],
        maps,
        maps.mean((1, 2)).tolist(),
    )


def _marked(card: ModelCard, found: Run, word: str) -> tuple[str, int, int]:
    """The prompt of a run, and where in it the word stands."""
    text = found.controls[prompt_of(card.controls).name]
    place = next(each for each in inside.places(card, text) if each.name == word)
    return text, place.start, place.end


def _swap_line(card: ModelCard, pair: Sequence[Run], word: str, other: str) -> str:
    changes = inside.read_changes(card, *(each.samples for each in pair))
    line = widgets.run_line(pair[0], card.family, extra=f" · {html.escape(word)} → {html.escape(other)}")
    both = [each.samples for each in pair]
    sheet = pictures.tiles(Images(np.concatenate([*(images.uint8() for images in both), inside.difference(*both).uint8()])), 3)
    about = settings.of_picture(pair[0], card.family, ("other",), word=word, other=other)
    return views.read_sentence(changes) + line + widgets.taken(sheet, about, f"{card.id}-swap-seed{pair[0].seed}")


def _titled(scale: float) -> str:
    return f"guidance {scale:g}"


def _guided(card: ModelCard, rows: Sequence[Row], judged: Sequence[Judged], n: int, about: Mapping[str, Any] | None = None) -> str:
    """The rows that are there, places for those still to come, their numbers, and the two charts."""
    scales = guidance.scales(card)
    notes = {row.name: views.judged_words(each) for row, each in zip(rows, judged, strict=False)}
    shown = strips.strips(rows, notes, [_titled(scale) for scale in scales[len(rows) :]], SCALE, settings=about)
    if not inside.is_captioned(card):
        return shown
    charts = f"{views.live_chart(scales, judged, n)}<div>{views.measured_chart(known.guided(card))}</div>"
    return f'{shown}<div class="charts">{charts}</div>'


def _awaited(card: ModelCard, found: Run, n: int) -> str:
    """The same before the first row is there: the first in work, the others awaited."""
    rows = [Row(_titled(guidance.scales(card)[0]), found.samples)]
    return _guided(card, rows, [], n)


def _guide_about(card: ModelCard, found: Run) -> dict[str, Any]:
    """What the pictures at every guidance hold; the link draws those at one."""
    told = {name: value for name, value in settings.of_run(found).items() if name != "guidance_scale"}
    return {**told, "scales": list(guidance.scales(card)), "link": settings.link_of(card.family, told, ("scales",))}


def _guide_line(card: ModelCard, found: Run) -> str:
    return widgets.run_line(found, card.family)


def _recorded_look(card: ModelCard) -> tuple[str, str]:
    """The recorded face under its words, or the sentence that says how to make it."""
    if not inside.can_look(card):
        return '<p class="note">This model does not say where its words are looked at.</p>', ""
    try:
        (x_t, x_0, *words), about = previews.read_rows(card.id, "look")
    except PlaygroundError as error:
        return _missing(card, error)
    total, shown, picked = len(x_t.images), "", 0
    for k in range(total):
        found = views.Looked(
            *(Images(row.images.pixels[k : k + 1]) for row in (x_t, x_0)),
            [row.name for row in words],
            about["spoken"],
            np.stack([row.images.pixels[k, ..., 0] for row in words]),
            about["shares"][k],
        )
        if not shown:
            picked = views.telling(found)
            shown = views.look_begin(total, picked)
        if k + 1 in views.kept(total):
            shown += views.look_moment(found, k + 1, total, picked)
    return shown, views.told(_recorded_line(card, about))


def _recorded_swap(card: ModelCard) -> tuple[str, str]:
    try:
        (first_t, first, second_t, second), about = previews.read_rows(card.id, "swap")
    except PlaygroundError as error:
        return _missing(card, error)
    total = len(first.images)
    place = next(each for each in inside.places(card, about["prompt"]) if each.name == about["word"])
    film = views.swapped_text(about["prompt"], place.start, place.end, about["other"])
    film += pictures.moments("Two trajectories from the same noise", len(views.kept(total)))
    columns = views.swap_strip(total, *first.images.pixels.shape[1:3])
    for k in range(total):
        seen = [[Images(row.images.pixels[k : k + 1]) for row in pair] for pair in ((first_t, first), (second_t, second))]
        if k + 1 in views.kept(total):
            film += views.swap_moment(seen, k + 1, total)
        if k + 1 in views.kept(total, views.COLUMNS):
            columns += views.swap_column(seen[0][1], seen[1][1], k + 1)
    told = views.read_sentence(about["read"]) + _recorded_line(card, about)
    return film, columns + "</div></div></figure>" + views.told(told, "much")


def _recorded_guidance(card: ModelCard) -> str:
    try:
        rows, about = previews.read_rows(card.id, "guidance")
    except PlaygroundError as error:
        return "".join(_missing(card, error))
    named = len(data.named(card.dataset, about["prompt"]))
    judged = [Judged(a, d, named) for a, d in zip(about["adherence"], about["diversity"], strict=True)]
    titled = [Row(_titled(scale), row.images) for scale, row in zip(about["scales"], rows, strict=True)]
    return _guided(card, titled, judged, about["n"]) + _recorded_line(card, about)


def _recorded_line(card: ModelCard, about: dict[str, Any]) -> str:
    return (
        f'<div class="runline"><span class="badge recorded">recorded</span> <b>{html.escape(card.id)}</b> · “{html.escape(about["prompt"])}” · seed {about["seed"]}'
        + (f" · n {about['n']}" if "n" in about else "")
        + "</div>"
    )


def _missing(card: ModelCard, error: PlaygroundError) -> tuple[str, str]:
    """What stands where nothing is recorded: for a shipped card how to make it, for another to press the button."""
    return f'<p class="note">{html.escape(str(error)) if card.source == "shipped" else "Press the button to see it."}</p>', ""

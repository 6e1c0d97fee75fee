"""Hands on the race: settings that take hold while it runs, single updates, going on after Stop; and the targets as pictures."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gradio as gr

from playground import hands, race
from playground.data import digits, points
from playground.errors import ControlError, DataUnavailable
from playground.hands import Hands
from playground.types import Images
from tabs import pictures, widgets

DRAWN, SIDE, DIGITS = 220, 100, 3  # points of a target's picture, and its side in units of the drawing; digits in a row of one
KEPT = 1800  # seconds that the racers of a visit are kept after it


def state() -> gr.State:
    """The hands of a visit, and with them its racers."""
    return gr.State(Hands(), time_to_live=KEPT)


def targets(target: gr.Dropdown, usual: Mapping[str, gr.Slider]) -> None:
    """Every target as a small picture that chooses it. usual: by name, the sliders that are set to what is usual for the target that a
    person has chosen."""
    buttons = "".join(
        f'<button type="button" class="target" data-name="{name}">{_picture(name)}<span>{html.escape(title)}</span></button>'
        for name, title in race.TARGETS.items()
    )
    shown = gr.HTML(
        f'<div class="targets" role="group" aria-label="Targets">{buttons}</div>',
        padding=False,
        js_on_load="element.addEventListener('click', (event) => { const found = event.target.closest('.target'); if (found) trigger('pick', { name: found.dataset.name }); })",
        elem_classes="not-in-lecture",
    )

    def proposed(name: object) -> list[float]:
        known = race.kind_of(race.target_of(name)) if name in race.TARGETS else race.POINTS  # a visitor's own are points
        return [known.usual[each] for each in usual]

    @widgets.guarded
    def pick(event: gr.EventData) -> list[Any]:
        name = race.target_of(str(event._data.get("name") if isinstance(event._data, dict) else None)).name
        return [name, *proposed(name)]

    shown.pick(pick, None, [target, *usual.values()], api_visibility="private", show_progress="hidden")
    target.input(proposed, target, list(usual.values()), api_visibility="private", show_progress="hidden")


def _picture(name: str) -> str:
    """Some points of a target as an SVG path of dots, or some of its digits as a picture; nothing where those are missing."""
    try:
        target = race.target_of(name)
    except DataUnavailable:
        return ""
    if isinstance(target, digits.Digits):
        shown = pictures.tiles(Images(target.held[: DIGITS * DIGITS].reshape(-1, target.side, target.side, 1)), DIGITS)
        return f'<img src="{pictures.uri(pictures.png(shown))}" alt="">'
    places = ((target.sample(DRAWN, 1) / (1.1 * points.REACH) + 1) / 2 * SIDE).round().astype(int)
    dots = "".join(f"M{x} {SIDE - y}h0" for x, y in places.tolist())
    return f'<svg viewBox="0 0 {SIDE} {SIDE}" aria-hidden="true"><path d="{dots}"/></svg>'


def build(
    tab: str,
    mine: gr.State,
    sliders: Mapping[str, gr.Slider],
    outputs: list[Any],
    raced: Callable[[Hands, Iterator[Any], bool], Iterator[Any]],
    group: dict,
) -> list[Any]:
    """The section's components and events; returns those that Stop ends.

    sliders: by name those of race.OPTIONS. raced: what hands and their frames become for the outputs, at once or in the line. group: settings of events that run a race.
    """
    with gr.Accordion("Hands on", open=False, elem_classes="not-in-lecture"):
        gr.HTML(
            '<p class="note">Stop the race wherever you like, and take single updates: of a GAN, the critic’s or the generator’s alone. Learning rate, noise, penalty, beta and denoising steps '
            "(under Settings) take hold at once when they are moved, also while it runs; units and layers make new networks, which begin at that moment.</p>",
            padding=False,
        )
        with gr.Row(elem_classes="ask", equal_height=True):
            family = gr.Dropdown([(title, name) for name, title in race.TITLES.items()], value="gan", label="Family", min_width=140)
            only = widgets.component(hands.ONLY)
            count = widgets.component(hands.COUNT)
            with gr.Column(min_width=240, elem_classes="bottom"), gr.Row(elem_classes="go"):
                step = gr.Button("Update", elem_id=f"{tab}-step")
                more = gr.Button("Go on", elem_id=f"{tab}-more")
        steered = gr.HTML("", padding=False, elem_id=f"{tab}-steered")

    @widgets.guarded
    def update(mine: Hands, family: str, count: int, only: str) -> Iterator[Any]:
        yield from raced(mine, iter([mine.step(family, count, only)]), True)

    @widgets.guarded
    def go_on(mine: Hands) -> Iterator[Any]:
        yield from raced(mine, mine.more(), False)

    def moved(name: str) -> Callable[[Hands, float], Any]:
        @widgets.guarded
        def move(mine: Hands, value: float) -> Any:
            try:
                told = mine.move(name, value)
            except ControlError:  # the start refuses it in a sentence
                return gr.skip()
            return f'<p class="runline" role="status">{html.escape(told[:1].upper() + told[1:])}.</p>' if told else gr.skip()

        return move

    for name in (*hands.LIVE, *hands.ANEW):
        slider = sliders[name]
        slider.input(moved(name), [mine, slider], steered, api_visibility="private", show_progress="hidden", trigger_mode="always_last")
    step.click(update, [mine, family, count, only], outputs, api_visibility="private", **group)
    return [more.click(go_on, mine, outputs, api_visibility="private", **group)]


def told(mine: Hands) -> str:
    """What hands did to a race, as a line under its table; nothing where they did nothing."""
    if mine.is_untouched:
        return ""
    return f'<p class="note">By hand: {html.escape("; ".join(mine.done))}. No script can run that again.</p>'

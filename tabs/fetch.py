"""Models of the Hugging Face Hub in a tab: what one is and costs before it is downloaded, the button that does, and nothing chosen that does not work.

A model that is not on this machine is offered, and the one before stays chosen until it is here.
"""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr

from playground import download, hub, registry, run
from playground.controls import Control
from playground.errors import PlaygroundError
from playground.types import ModelCard
from tabs import widgets
from tabs.picker import Picker

N = 16  # pictures that the page asks of a small model by default
SEVERAL = 8  # of a model that gives no more in one go, one is asked by default


def build(picker: Picker, model: gr.Dropdown, n: gr.Slider | None, tab: str, usual: int = N) -> gr.events.Dependency | None:
    """The panel below the choice of model; returns the event that downloads, None where no card of the Hub is offered.

    n: how many samples are asked for, usual of them by default; None in a panel that asks for none.
    """
    if all(card.hub is None for card in picker.cards):
        return None
    said = gr.HTML("", visible=False, padding=False, elem_id=f"{tab}-hub")
    with gr.Row(visible=False, elem_classes="go") as row:
        go = gr.Button("Download", elem_id=f"{tab}-download", scale=3)
        stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    wanted = gr.State(("", 0))  # the card that is offered, and when it was chosen: each choice is a new value
    usable = gr.State(picker.cards[0].id)  # the card that was chosen last and works

    def chosen(model: str, n: int, before: str) -> list[Any]:
        card, most = picker.card(model), run.visitor_n(model)
        if not hub.is_here(card):
            shown = gr.update(visible=not hub.is_offline() and not card.hub.pickled)
            return [
                gr.update(value=offer(card, picker.card(before)), visible=True),
                shown,
                gr.update(value=button(card)),
                (card.id, time.monotonic_ns()),
                before,
                gr.skip(),
            ]
        count = gr.update(info=f"At most {most} in one go.", **({"value": min(most, usual) if most > SEVERAL else 1} if n > most else {}))
        if card.hub is None:
            left = picker.card(before).hub
            count = (
                gr.skip() if left is None else gr.update(info=None, **({"value": usual} if n == 1 and left.visitor_n <= SEVERAL else {}))
            )
        if card.id == before:  # it stayed chosen while another is offered
            return [gr.skip()] * 5 + [count]
        told = gr.update(visible=False) if card.hub is None else gr.update(value=about(card), visible=True)
        return [told, gr.update(visible=False), gr.skip(), ("", 0), card.id, count]

    @widgets.guarded
    def fetch(wanted: tuple[str, int]) -> Iterator[tuple[Any, Any]]:
        yield from _fetching(registry.get(wanted[0]))

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    count = gr.Number(1, visible=False) if n is None else n
    model.change(chosen, [model, count, usable], [said, row, go, wanted, usable, count], **widgets.ARRANGING)
    # the choice goes back from here and not from its own event: whatever that gave the choice would be a change again, for ever
    wanted.change(lambda wanted, usable: usable if wanted[0] else gr.skip(), [wanted, usable], model, **widgets.ARRANGING)
    fetching = go.click(fetch, wanted, [said, row], concurrency_id="download", concurrency_limit=1, **quiet)
    here = fetching.then(lambda wanted: wanted[0] if _is_ready(wanted[0]) else gr.skip(), wanted, model, **widgets.ARRANGING)
    stop.click(lambda wanted: offer(registry.get(wanted[0])), wanted, said, cancels=[fetching], **quiet)
    return here


def _is_ready(card_id: str) -> bool:
    return bool(card_id) and hub.is_here(registry.get(card_id))


def single(card: ModelCard, tab: str) -> None:
    """The same for a panel that is one model's: what it is, and the button that fetches it while it is not here."""
    here = hub.is_here(card)
    said = gr.HTML(about(card) if here else offer(card), padding=False, elem_id=f"{tab}-hub")
    with gr.Row(visible=not here and not hub.is_offline(), elem_classes="go") as row:
        go = gr.Button(button(card), elem_id=f"{tab}-download", scale=3)
        stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)

    @widgets.guarded
    def fetch() -> Iterator[tuple[Any, Any]]:
        yield from _fetching(card)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    fetching = go.click(fetch, None, [said, row], concurrency_id="download", concurrency_limit=1, **quiet)
    stop.click(lambda: offer(card), None, said, cancels=[fetching], **quiet)


def _fetching(card: ModelCard) -> Iterator[tuple[Any, Any]]:
    """A download as updates of what is said and of the row with its button, which goes when the files are here."""
    hub.check_offered(card)
    try:
        for found in download.fetch(card):
            yield gr.update(value=offer(card) + progress(found), visible=True), gr.skip()
    except PlaygroundError as error:
        yield gr.update(value=offer(card) + f'<p class="note"><b>{html.escape(str(error))}</b></p>'), gr.skip()
        return
    yield gr.update(value=about(card)), gr.update(visible=False)


def larger(card: ModelCard, asked: type[Control]) -> ModelCard | None:
    """The first model of the Hub beside a card that is asked by such a control, for one whose words are too few; None where none is offered."""
    alike = (each for each in registry.cards() if each.family == card.family and each.source == "hub")
    return next((each for each in alike if hub.is_offered(each) and any(isinstance(control, asked) for control in each.controls)), None)


def button(card: ModelCard) -> str:
    """The button's text for a card: what it fetches, and how much that is."""
    return f"Download {card.title} ({hub.size_of(card)})"


def offer(card: ModelCard, instead: ModelCard | None = None) -> str:
    """What a person wants to know before a download, or why there can be none; instead: the model that stays chosen."""
    if hub.is_offline() and not card.hub.pickled:
        return f'<p class="note"><b>{html.escape(hub.missing(card))}</b></p>'
    stays = f" {html.escape(instead.title)} stays chosen until then." if instead else ""
    if card.hub.pickled:
        return (
            f'<p class="note"><b>{html.escape(card.title)}</b> is not on this machine yet. {_needs(card, hub.size_of(card) + " as a pickle")} '
            "A pickle can hold code, so this page never opens one; a command makes safetensors of it, without running what is in it: "
            f"<code>{html.escape(hub.convert_command(card))}</code>, HEX being the SHA-256 that "
            f'<a href="{hub.pickle_url(card)}" target="_blank" rel="noopener">the file\'s page</a> shows.{stays}</p>'
        )
    return f'<p class="note"><b>{html.escape(card.title)}</b> is not on this machine yet. {_needs(card, hub.size_of(card) + " to download")}{stays}</p>'


def about(card: ModelCard) -> str:
    """What a person wants to know of a model that is here, or on another machine."""
    if card.hub.remote:
        return (
            f'<p class="note"><b>{html.escape(card.title)}</b> runs on another machine, {html.escape(card.hub.remote)}, and is not measured here: '
            f"{html.escape(card.hub.warning)}.</p>"
        )
    found = hub.origin(card)
    return f'<p class="note"><b>{html.escape(card.title)}</b>: {_needs(card, found.words if found else hub.size_of(card))}</p>'


def progress(found: download.Progress) -> str:
    """How much of a download has come, and what is being done."""
    words = {"asking": "asking the Hub …", "checking": "checking the files …"}.get(found.doing)
    words = words or f"{hub.in_words(found.done)} of {hub.in_words(found.total)}"
    return f'<div class="runline">{words} <progress max="{found.total}" value="{found.done}" aria-label="Download"></progress></div>'


def _needs(card: ModelCard, first: str) -> str:
    """Size or commit, licence, memory and time of a card in one line, with links to the repository and the licence."""
    return (
        f'<a href="{card.hub.url}" target="_blank" rel="noopener">{card.hub.repo_id}</a>, {first}, licence '
        f'<a href="{card.hub.licence_url}" target="_blank" rel="noopener">{html.escape(card.licence)}</a>. It wants {hub.in_words(registry.memory_bytes(card))} of memory'
        f"{_pace(card)}; {html.escape(card.hub.warning)}."
    )


def _pace(card: ModelCard) -> str:
    """How fast a card is on two cores, in words; nothing of one that nobody has timed."""
    call, decoding = (each / (2 if registry.is_halved(card) else 1) for each in card.hub.seconds)
    if not call:
        return ""
    values = {control.name: control.default for control in card.controls}
    if "sample" not in card.can:
        spoken = f"{call + decoding:.1g} s for a picture"
    elif card.kind == "text":
        spoken = f"{1 / call:.0f} tokens a second"
    else:
        seconds = values.get("num_inference_steps", 1) * (1 if values.get("guidance_scale", 1) == 1 else 2) * call + decoding
        spoken = f"{seconds / 60:.0f} min" if seconds >= 100 else f"{seconds:.0f} s" if seconds >= 1 else f"{seconds:.1g} s"
        spoken += " a picture"
    return f" and gives on two cores about {spoken}"

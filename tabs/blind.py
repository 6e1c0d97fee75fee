"""The blind test of the Compare tab: whose pictures are these? Twelve rounds by a seed, answered with a button, and a link that opens the same twelve."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np

from playground import blind, settings
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.metrics import measurements
from playground.run import MAX_SEED
from playground.types import Images
from tabs import export, pictures, widgets
from tabs.widgets import HEAVY, guarded

PLAY = "blind"  # of a link that starts it: ?tab=...&play=blind&twelve=SEED
SCALE = 3.5
EVENT: dict[str, Any] = {"api_visibility": "private", **HEAVY}


def build(tab: str) -> dict[str, gr.components.Component]:
    """The panel; returns what a link may set."""
    with gr.Accordion("Blind test: real, or who drew it?", open=True):
        with gr.Row(elem_classes="ask", equal_height=True):
            twelve = gr.Number(blind.SEED, precision=0, minimum=0, maximum=MAX_SEED, label="Which twelve (seed)", scale=1, min_width=160)
            with gr.Column(scale=2, min_width=220, elem_classes="bottom"), gr.Row(elem_classes="go"):
                go = gr.Button("Start the twelve", elem_id=f"{tab}-{PLAY}", scale=3)
        out = gr.HTML(_before(), padding=False, elem_id=f"{tab}-{PLAY}-out")
        with gr.Row(elem_classes="go guesses", visible=False) as answers:
            buttons = {source: gr.Button(blind.title(source), elem_id=f"{tab}-guess-{source}", min_width=90) for source in blind.sources()}
    known = gr.State(None)  # the seed and the pictures of its rounds, once begun
    guesses = gr.State([])

    @guarded
    def begin(seed: int) -> tuple[Any, ...]:
        drawn = tuple(images.pixels for images in blind.rounds(seed))
        return (seed, drawn), [], _round(seed, drawn, [], tab), gr.update(visible=True)

    def guesser(source: str) -> Any:
        @guarded
        def guess(known: tuple[int, tuple[np.ndarray, ...]] | None, guesses: list[str]) -> tuple[Any, ...]:
            if known is None or len(guesses) >= blind.ROUNDS:
                raise PlaygroundError("There is no open round: start the twelve first.")
            made = [*guesses, source]
            if len(made) < blind.ROUNDS:
                return made, _round(*known, made, tab), gr.skip()
            return made, _end(*known, tab, made), gr.update(visible=False)

        return guess

    go.click(begin, twelve, [known, guesses, out, answers], **EVENT)
    for source, button in buttons.items():
        button.click(guesser(source), [known, guesses], [guesses, out, answers], trigger_mode="once", **EVENT)
    return {"twelve": twelve}


def _before() -> str:
    return (
        f'<p class="note">Twelve rounds, four pictures each, all from one source: real test digits, or drawn live by one of the generators. Three rounds of each; guessing gets '
        f"{blind.ROUNDS // len(blind.sources())} of {blind.ROUNDS}. The seed fixes them, so that a link opens the same twelve for somebody else.</p>"
    )


def _round(seed: int, drawn: Sequence[np.ndarray], guesses: Sequence[str], tab: str) -> str:
    """The open round, below it what became of those before."""
    k = len(guesses)
    shown = pictures.picture(pictures.tiles(Images(drawn[k]), blind.SHOWN), f"round {k + 1}: four digits", _about(seed, tab), SCALE)
    return (
        f"<h3>Round {k + 1} of {blind.ROUNDS}: who made these?</h3>{shown}{_past(seed, guesses)}"
        f'<div class="runline"><span class="badge live">live</span> seed {seed} · {blind.told(seed, guesses).right} of {k} right so far</div>'
    )


def _about(seed: int, tab: str) -> dict[str, Any]:
    """What a picture of the test holds: the twelve, and not who made them."""
    return {"seed": seed, "link": settings.query(tab, play=PLAY, twelve=seed)}


def _past(seed: int, guesses: Sequence[str]) -> str:
    """One mark for each answered round, with what it was."""
    marks = "".join(
        f'<li class="{"hit" if truth == guess else "miss"}">{"✓" if truth == guess else "✗"} {html.escape(blind.title(truth))}'
        + ("" if truth == guess else f"<small>, not {html.escape(blind.title(guess))}</small>")
        + "</li>"
        for truth, guess in zip(blind.order(seed), guesses, strict=False)
    )
    return f'<ol class="rounds" aria-label="Rounds so far">{marks}</ol>'


def _end(seed: int, drawn: Sequence[np.ndarray], tab: str, guesses: Sequence[str]) -> str:
    """The score beside the detector's, who was taken for whom, a card to share, and the link to the same twelve."""
    found, names = blind.told(seed, guesses), [blind.title(source) for source in blind.sources()]
    seen, score, accuracy = _detected(seed, drawn)
    head = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in names)
    rows = "".join(
        f"<tr><th scope=row>{html.escape(blind.title(source))}</th>{''.join(f'<td>{count}</td>' for count in counts)}</tr>"
        for source, counts in found.guessed.items()
    )
    about = _about(seed, tab)
    said = f"I got {found.right} of {found.answered}{score}: you?"
    rows_of_marks = {"I": _hits(seed, guesses), **({"Detector": _hits(seed, seen)} if seen else {})}
    card = export.score_card(said, [part[0] for part in drawn], rows_of_marks, f"Generative Playground · the twelve of seed {seed}")
    kept = widgets.png_link(card, about, f"blind-{seed}", "card to share (PNG)")
    return (
        f'<h3>{found.right} of {found.answered} right</h3><p class="note">By chance it would be {blind.ROUNDS // len(names)}. {html.escape(accuracy)}</p>'
        f'<p class="note">Send the link with “{html.escape(said)}” It opens the same twelve.</p>'
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="Guesses"><table class="facts axes"><thead><tr><th scope=col>It was, you said</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        f'{_past(seed, guesses)}<div class="runline"><span class="badge live">live</span> seed {seed} · {widgets.permalink(about["link"])} · {kept}</div>'
    )


def _detected(seed: int, drawn: Sequence[np.ndarray]) -> tuple[Sequence[str], str, str]:
    """What the detector guesses of the same pictures; how it did, for a sentence; and how good it is known to be. Without it, why."""
    try:
        seen = blind.detected([Images(part) for part in drawn])
    except WeightsUnavailable as error:
        return (), "", str(error)
    right = blind.told(seed, seen).right
    one, rounds = (measurements.find(measurements.read(), blind.DETECTOR, name) for name in ("accuracy", "accuracy_rounds"))
    known = (
        ""
        if one is None or rounds is None
        else f"{100 * one.value:.0f} % of {one.n:,} single pictures that it had not seen, {100 * rounds.value:.0f} % of rounds of {blind.SHOWN}"
    )
    return (
        seen,
        f", the detector {right}",
        f"A network that was trained to tell these sources apart got {right} of {len(drawn)}{known and f' (it tells {known})'}.",
    )


def _hits(seed: int, guesses: Sequence[str]) -> list[bool]:
    return [truth == guess for truth, guess in zip(blind.order(seed), guesses, strict=False)]

"""From one text to another: a date as people write it into ISO form, by two models side by side, and where each looked."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

import gradio as gr
import numpy as np

from playground import previews, registry, run
from playground.metrics import measurements
from playground.types import ModelCard, Translation
from tabs import widgets
from tabs.widgets import HEAVY

TEXT = previews.TRANSLATED
EXAMPLES = (TEXT, "der 3. März 2024", "le 14 juillet 1989", "12/31/1999", "the 1st of May, 1886", "20071104", "el 5 de mayo de 1962")


def build(tab: str) -> None:
    """The panel."""
    cards = able()
    gr.HTML(
        '<div class="section"><h3>Translate: a date into ISO form</h3><p>An encoder reads the whole text, a decoder writes another and looks across before every character '
        "(<i>cross-attention</i>): the bright cells. Translation and summaries are this, with more words.</p></div>",
        padding=False,
    )
    with gr.Row():
        text = gr.Textbox(
            TEXT,
            label="A date",
            info="English, German, French or Spanish, 1900 to 2099.",
            max_length=run.LONGEST_TEXT,
            max_lines=1,
            scale=3,
        )
        go = gr.Button("Translate", elem_id=f"{tab}-translate", scale=1)
    examples = gr.Dataset(components=[gr.Textbox(visible=False)], samples=[[each] for each in EXAMPLES], label="Examples: press one")
    out = gr.HTML(_recorded(cards), padding=False, elem_id=f"{tab}-translated")
    gr.HTML(_measured(cards), padding=False)

    @widgets.guarded
    def answered(text: str) -> str:
        return "".join(shown(card, run.translate(card.id, [text]), "live") for card in cards)

    quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
    chosen = examples.click(lambda sample: sample[0], examples, text, **quiet)
    chosen.then(answered, text, out, api_visibility="private", **HEAVY)
    gr.on([go.click, text.submit], answered, text, out, api_visibility="private", **HEAVY)


def able() -> tuple[ModelCard, ...]:
    """The cards that turn one text into another."""
    return tuple(card for card in registry.shipped() if "translate" in card.can)


def shown(card: ModelCard, found: Translation, how: str) -> str:
    """One model's answer: what it wrote, and a table of where it looked."""
    source, target, weights = found.sources[0], found.targets[0], found.attention[0]
    head = "".join(f"<th scope=col>{_letter(each)}</th>" for each in source)
    body = "".join(
        f"<tr><th scope=row>{_letter(letter)}</th>{''.join(_cell(share) for share in row)}</tr>"
        for letter, row in zip(target, weights, strict=True)
    )
    return (
        f'<div class="rung"><b>{html.escape(card.title)}<small><span class="badge {how}">{how}</span></small></b><div><p class="answer">{html.escape(found.texts[0])}</p>'
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="Where {html.escape(card.title)} looked"><table class="across"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div></div></div>"
    )


def _cell(share: float) -> str:
    return f'<td style="--share:{float(np.sqrt(share)):.2f}" title="{100 * share:.0f} %"></td>'


def _letter(character: str) -> str:
    return "␣" if character == " " else html.escape(character)


def _recorded(cards: Sequence[ModelCard]) -> str:
    one = widgets.or_note(lambda card: shown(card, previews.read_translation(card.id), "recorded"))
    return "".join(map(one, cards))


def _measured(cards: Sequence[ModelCard]) -> str:
    """Exact match on held-out dates, in ways of writing that were seen and in others."""
    found = measurements.read()
    rows, origin = [], ""
    for card in cards:
        seen, unseen = (measurements.find(found, card.id, name) for name in ("exact_match", "exact_match_unseen"))
        if seen and unseen:
            rows.append(
                f"<tr><th scope=row>{html.escape(card.title)}</th><td>{_share(seen.value, seen.spread)}</td><td>{_share(unseen.value, unseen.spread)}</td></tr>"
            )
            origin = f"n {seen.n:,} each; {seen.when[:10]} on {seen.machine}, commit {seen.commit}, by {seen.command}"
    if not rows:
        return f'<p class="note">Not measured yet: python -m playground.metrics {" ".join(card.id for card in cards)}</p>'
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Exact match"><table class="facts"><thead><tr><td></td><th scope=col>dates never seen</th>'
        f"<th scope=col>and ways of writing never seen</th></tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        f'<p class="runline"><span class="badge recorded">recorded</span> the whole date right; {html.escape(origin)}</p>'
    )


def _share(value: float, error: float | None) -> str:
    return f"{100 * value:.1f} ± {100 * (error or 0):.1f} %"

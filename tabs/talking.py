"""A conversation with a model that converses: what was said and answered so far, and a reply to what it has just said."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence

import gradio as gr

from playground.controls import turns_of
from playground.errors import ControlError
from playground.types import ModelCard
from tabs import widgets
from tabs.widgets import ARRANGING


class Talk:
    """Its buttons, where it is made; what was said, where place() is called; nothing where no card converses. said: the turns so far, as JSON."""

    def __init__(self, tab: str, card_of: Callable[[str], ModelCard], cards: Sequence[ModelCard]):
        self.tab, self.card_of = tab, card_of
        self.said = gr.Textbox("", visible=False, max_length=20_000)
        converses = [turns_of(card.controls) is not None for card in cards]
        self.is_offered = any(converses)
        if not self.is_offered:
            return
        with gr.Row(elem_classes="go", visible=converses[0]) as self.row:
            self.reply = gr.Button("Reply to it", elem_id=f"{tab}-reply", min_width=110)
            self.anew = gr.Button("New conversation", elem_id=f"{tab}-anew", min_width=140)

    def place(self, model: gr.Dropdown, prompt: gr.Textbox) -> None:
        """What was said and answered, and all events; the buttons are in sight where the chosen model converses."""
        if not self.is_offered:
            return
        shown = gr.HTML("", padding=False, elem_id=f"{self.tab}-turns", elem_classes="talk")

        @widgets.guarded
        def told(model: str, said: str) -> str:
            control = turns_of(self.card_of(model).controls)
            try:
                return "" if control is None else turns(control.validate(said), self.card_of(model).title)
            except ControlError:  # the start refuses it in a sentence
                return ""

        @widgets.guarded
        def switched(model: str, said: str) -> tuple[object, str]:
            return gr.update(visible=turns_of(self.card_of(model).controls) is not None), told(model, said)

        both = [self.said, prompt]
        self.reply.click(None, both, both, js=f"(...kept) => window.playgroundReply('{self.tab}', kept)", api_visibility="private")
        self.anew.click(lambda: "", None, self.said, api_visibility="private", show_progress="hidden")
        self.said.change(told, [model, self.said], shown, trigger_mode="always_last", **ARRANGING)
        model.change(switched, [model, self.said], [self.row, shown], **ARRANGING)


def turns(said: Sequence[str], name: str) -> str:
    """What was said and answered, each with who said it; nothing where nothing was."""
    if not said:
        return ""
    who = ("You", name)
    parts = "".join(
        f'<p class="turn {("mine", "its")[k % 2]}" dir="auto"><b>{html.escape(who[k % 2])}</b>{html.escape(text)}</p>'
        for k, text in enumerate(said)
    )
    return f'<div class="turns" tabindex="0" role="log" aria-label="Said so far">{parts}</div>'

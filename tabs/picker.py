"""Several models behind one panel: a choice of model, and the union of their controls, of which only the chosen one's are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground.controls import Choice, Control, Label, Slider
from playground.types import ModelCard
from tabs import widgets


class Picker:
    """The choice of a card and the components of all cards' simple controls, built once with the widest bounds.

    Call model() where the choice belongs and components() where the controls belong, both inside the layout.
    """

    def __init__(self, cards: Sequence[ModelCard]):
        self.cards = tuple(cards)
        self._controls: dict[str, list[Control]] = {}
        for card in self.cards:
            for control in widgets.simple_controls(card):
                self._controls.setdefault(control.name, []).append(control)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the controls, in the order of the components."""
        return tuple(self._controls)

    def model(self) -> gr.Dropdown:
        """The choice of model; out of sight where there is only one."""
        choices = [(card.title, card.id) for card in self.cards]
        return gr.Dropdown(choices, value=self.cards[0].id, label="Model", visible=len(choices) > 1)

    def components(self) -> list[gr.components.Component]:
        """One component for each name, set up for the first card; its choices hold those of all cards until one is chosen."""
        return [
            widgets.component(_widest(controls), visible=self._of(self.cards[0], name) is not None)
            for name, controls in self._controls.items()
        ]

    def card(self, card_id: str) -> ModelCard:
        """The card of that id, the first one for an unknown id."""
        return next((card for card in self.cards if card.id == card_id), self.cards[0])

    def switched(self, card_id: str, values: Sequence[Any]) -> list[Any]:
        """Updates for the components when a card is chosen; a value that it does not allow goes back to its default.

        An allowed value is left out of its update: a link sets model and values at once, and an older value must not undo a newer one.
        """
        card = self.card(card_id)
        updates: list[Any] = []
        for name, value in zip(self.names, values, strict=True):
            control = self._of(card, name)
            if control is None:
                updates.append(gr.update(visible=False))
                continue
            if isinstance(control, Slider):
                changes = {"minimum": control.minimum, "maximum": control.maximum, "step": control.step}
                kept = isinstance(value, int | float) and control.minimum <= value <= control.maximum
            else:
                changes = {"choices": ["any", *control.classes] if isinstance(control, Label) else list(control.choices)}
                kept = value in changes["choices"]
            updates.append(gr.update(visible=True, label=control.title, **changes, **({} if kept else {"value": control.default})))
        return updates

    def chosen(self, card_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """The values of the controls that the chosen card has, by name."""
        card = self.card(card_id)
        return {name: value for name, value in zip(self.names, values, strict=True) if self._of(card, name) is not None}

    def _of(self, card: ModelCard, name: str) -> Control | None:
        return next((control for control in widgets.simple_controls(card) if control.name == name), None)


def _widest(controls: Sequence[Control]) -> Control:
    """One control that allows what any of them allows, with the first one's words and default."""
    from dataclasses import replace

    first = controls[0]
    if isinstance(first, Slider):
        return replace(first, minimum=min(c.minimum for c in controls), maximum=max(c.maximum for c in controls))
    if isinstance(first, Label):
        return replace(first, classes=tuple(dict.fromkeys(name for control in controls for name in control.classes)))
    if isinstance(first, Choice):
        return replace(first, choices=tuple(dict.fromkeys(name for control in controls for name in control.choices)))
    return first

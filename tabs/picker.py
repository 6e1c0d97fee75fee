"""Several models behind one panel: a choice of model, and the union of their controls, of which only the chosen one's are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from playground import hub
from playground.controls import ANY, Adjust, Choice, Control, Label, Prompt, Slider, Text
from playground.types import ModelCard
from tabs import widgets


class Picker:
    """The choice of a card and the components of all cards' controls, built once with the widest bounds.

    Call model() where the choice belongs and components() where the controls belong, inside the layout; then folded(), if any card
    has factors that can be asked for and the panel offers them (asked). left_out: names of controls that another part of the tab shows.
    """

    def __init__(self, cards: Sequence[ModelCard], asked: bool = False, left_out: Sequence[str] = ()):
        self.cards = tuple(cards)
        self._of: dict[str, dict[str, Control]] = {}
        simple: dict[str, list[Control]] = {}
        folded: dict[str, list[Control]] = {}
        for card in self.cards:
            adjusts = [control for control in card.controls if isinstance(control, Adjust)] if asked else []
            found = [control for control in widgets.simple_controls(card) if control.name not in left_out]
            for control in found:
                simple.setdefault(control.name, []).append(control)
            for control in adjusts:
                folded.setdefault(control.name, []).append(control)
            self._of[card.id] = {control.name: control for control in (*found, *adjusts)}
        first = sorted(simple, key=lambda name: not isinstance(simple[name][0], Prompt | Text))  # what to draw comes before how
        self._simple, self._folded = {name: simple[name] for name in first}, folded

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the controls, in the order of the components: first components(), then folded()."""
        return (*self._simple, *self._folded)

    def model(self) -> gr.Dropdown:
        """The choice of model; out of sight where there is only one."""
        where = {"shipped": "", "hub": " (from the Hub)", "remote": " (on another machine)"}
        choices = [(card.title + where[card.source], card.id) for card in self.cards]
        return gr.Dropdown(choices, value=self.cards[0].id, label="Model", visible=len(choices) > 1)

    def components(self, **options: Any) -> list[gr.components.Component]:
        """One component for each name, set up for the first card; its choices hold those of all cards until one is chosen."""
        return self._built(self._simple, **options)

    def folded(self, **options: Any) -> list[gr.components.Component]:
        """The components of the factors that can be asked for, with these options of theirs."""
        return self._built(self._folded, **options)

    def asks(self, card_id: str) -> bool:
        """True for a card with factors that can be asked for."""
        return any(name in self._of[self.card(card_id).id] for name in self._folded)

    def card(self, card_id: str) -> ModelCard:
        """The card of that id, the first one for an unknown id."""
        return next((card for card in self.cards if card.id == card_id), self.cards[0])

    def switched(self, card_id: str, values: Sequence[Any]) -> list[Any]:
        """Updates for the components when a card is chosen; a value that it does not allow goes back to its default.

        An allowed value is left out of its update: a link sets model and values at once, and an older value must not undo a newer one.
        Nothing changes for a card that is not here yet.
        """
        if not hub.is_here(self.card(card_id)):
            return [gr.skip()] * len(values)
        known = self._of[self.card(card_id).id]
        updates: list[Any] = []
        for name, value in zip(self.names, values, strict=True):
            control = known.get(name)
            if control is None:
                updates.append(gr.update(visible=False))
                continue
            if isinstance(control, Adjust | Prompt | Text):  # whatever one card allows, all do
                updates.append(gr.update(visible=True, info=control.help or None))
                continue
            if isinstance(control, Slider):
                changes = {"minimum": control.minimum, "maximum": control.maximum, "step": control.step, "info": control.help or None}
                kept = isinstance(value, int | float) and control.minimum <= value <= control.maximum
            else:
                changes = {"choices": [ANY, *control.classes] if isinstance(control, Label) else list(control.choices)}
                kept = value in changes["choices"]
            updates.append(gr.update(visible=True, label=control.title, **changes, **({} if kept else {"value": control.default})))
        return updates

    def follow(self, model: gr.Dropdown, inputs: Sequence[gr.components.Component]) -> None:
        """Lets a value that stands at another card's default go to the chosen card's, when a person chooses it; a link's values stay."""
        model.input(lambda card_id, *values: self.at_home(card_id, values), [model, *inputs], list(inputs), **widgets.ARRANGING)

    def at_home(self, card_id: str, values: Sequence[Any]) -> Any:
        """Updates that bring the values that stand at another card's default to the chosen card's; none while that is not here yet."""
        if not hub.is_here(self.card(card_id)):
            return [gr.skip()] * len(values) if len(values) > 1 else gr.skip()
        known = self._of[self.card(card_id).id]
        updates: list[Any] = []
        for name, value in zip(self.names, values, strict=True):
            defaults = [controls[name].default for controls in self._of.values() if name in controls]
            moves = name in known and value != known[name].default and value in defaults
            updates.append(gr.update(value=known[name].default) if moves else gr.skip())
        return updates if len(updates) > 1 else updates[0]  # Gradio would take a list of one as the component's value

    def chosen(self, card_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """The values of the controls that the chosen card has, by name; a number that is asked for comes as text from its dropdown."""
        known = self._of[self.card(card_id).id]
        return {name: _number(known[name], value) for name, value in zip(self.names, values, strict=True) if name in known}

    def says(self, name: str) -> bool:
        """True for a control that says what to draw and not how, in any card that can be asked for features."""
        return any(isinstance(self._of[card.id].get(name), Label | Adjust) for card in self.cards if self.asks(card.id))

    def told(self, card_id: str, values: Sequence[Any]) -> dict[str, Any]:
        """Those of chosen() that say what to draw and not how: the label and the factors that are asked for."""
        known = self._of[self.card(card_id).id]
        return {name: value for name, value in self.chosen(card_id, values).items() if isinstance(known[name], Label | Adjust)}

    def _built(self, controls: dict[str, list[Control]], **options: Any) -> list[gr.components.Component]:
        first = self._of[self.cards[0].id]
        return [widgets.component(_widest(found), visible=name in first, **options) for name, found in controls.items()]


def _number(control: Control, value: Any) -> Any:
    if isinstance(control, Adjust) and isinstance(control.factor, Slider) and isinstance(value, str) and value != ANY:
        try:
            return float(value)
        except ValueError:
            return value  # the core says what is allowed
    return value


def _widest(controls: Sequence[Control]) -> Control:
    """One control that allows what any of them allows, with the first one's words and default."""
    from dataclasses import replace

    first = controls[0]
    if isinstance(first, Slider):
        return replace(first, minimum=min(c.minimum for c in controls), maximum=max(c.maximum for c in controls))
    if isinstance(first, Text):
        return replace(first, maximum=max(c.maximum for c in controls))
    if isinstance(first, Label):
        return replace(first, classes=tuple(dict.fromkeys(name for control in controls for name in control.classes)))
    if isinstance(first, Choice):
        return replace(first, choices=tuple(dict.fromkeys(name for control in controls for name in control.choices)))
    return first

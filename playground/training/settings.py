"""A recipe with other settings than its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from playground import registry
from playground.errors import PlaygroundError
from playground.types import ModelCard

SAID = {"true": True, "false": False}
"""What is true and what is not, as it is typed: bool() takes every word for true."""


def with_settings(card: ModelCard, recipe: Any, settings: Sequence[str]) -> Any:
    """The recipe built again with KEY=VALUE changes to its config. Raises PlaygroundError for an unknown key or a wrong value."""
    if not settings:
        return recipe
    fields = {field.name: field.type for field in dataclasses.fields(recipe.config)}
    changes: dict[str, Any] = {}
    for setting in settings:
        key, _, text = setting.partition("=")
        if key not in fields:
            raise PlaygroundError(f"{key} must be one of {', '.join(fields)}, got {setting!r}.")
        kind = type(getattr(recipe.config, key))
        try:
            changes[key] = SAID[text.lower()] if kind is bool else kind(text)
        except (ValueError, KeyError) as error:
            allowed = " or ".join(SAID) if kind is bool else kind.__name__
            raise PlaygroundError(f"{key} must be {allowed}, got {text!r}.") from error
    return registry.resolve(card.recipe)(card, dataclasses.replace(recipe.config, **changes))

"""Every card by id, and the models they load, kept in memory within a budget."""

from __future__ import annotations

import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from playground.errors import PlaygroundError
from playground.types import ModelCard

FAMILIES = ("autoencoder", "vae", "gan", "diffusion", "classifier")
MAX_LOADED_BYTES = 2_000_000_000

_loaded: OrderedDict[str, tuple[Any, int]] = OrderedDict()
_lock = threading.Lock()


def cards() -> tuple[ModelCard, ...]:
    """All cards, family by family."""
    return tuple(card for family in FAMILIES for card in importlib.import_module(f"playground.cards.{family}").CARDS)


def get(card_id: object) -> ModelCard:
    """The card of that id. Raises PlaygroundError that names the known ids."""
    known = {card.id: card for card in cards()}
    if not isinstance(card_id, str) or card_id not in known:
        shown = repr(card_id)[:40]
        raise PlaygroundError(f"model must be one of {', '.join(known)}; got {shown}.")
    return known[card_id]


def resolve(dotted: str) -> Callable[..., Any]:
    """The object that "package.module:name" names."""
    module, _, name = dotted.partition(":")
    return getattr(importlib.import_module(module), name)


def load(card_id: str) -> Any:
    """The model of a card, loaded once; the least recently used ones leave when the memory budget is full."""
    card = get(card_id)
    with _lock:
        if card_id in _loaded:
            _loaded.move_to_end(card_id)
            return _loaded[card_id][0]
        model = resolve(card.load)(card)
        _loaded[card_id] = (model, getattr(model, "size_bytes", 0))
        while len(_loaded) > 1 and sum(size for _, size in _loaded.values()) > MAX_LOADED_BYTES:
            _loaded.popitem(last=False)
        return model


def loaded() -> tuple[str, ...]:
    """The ids of the models that are in memory now."""
    with _lock:
        return tuple(_loaded)


def unload() -> None:
    """Forgets every loaded model."""
    with _lock:
        _loaded.clear()

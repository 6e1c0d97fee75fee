"""Every card by id, and the models they load, kept in memory within a budget."""

from __future__ import annotations

import difflib
import importlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from playground import data, device
from playground.errors import PlaygroundError
from playground.types import ModelCard

FAMILIES = ("autoencoder", "vae", "gan", "diffusion", "transformer", "rnn", "classifier")
MODULES = (*FAMILIES, "hub", "hub_text")  # of playground.cards; what comes from the Hub stands behind what is shipped
MAX_LOADED_BYTES = 2_000_000_000

_loaded: OrderedDict[str, tuple[Any, int]] = OrderedDict()
_lock = threading.Lock()


def cards() -> tuple[ModelCard, ...]:
    """All cards, family by family, then those of the Hub."""
    return tuple(card for module in MODULES for card in importlib.import_module(f"playground.cards.{module}").CARDS)


def shipped() -> tuple[ModelCard, ...]:
    """The cards whose weights this repository ships: those with previews, stories, measurements and a data set of ours."""
    return tuple(card for card in cards() if card.hub is None)


def shape(card: ModelCard) -> tuple[int, ...]:
    """(h, w, c) of a card's pictures."""
    return data.get(card.dataset).shape if card.hub is None else card.hub.shape


def get(card_id: object) -> ModelCard:
    """The card of that id. Raises PlaygroundError that names known ids, those like it if there are any."""
    known = {card.id: card for card in cards()}
    if not isinstance(card_id, str) or card_id not in known:
        shown = repr(card_id)[:40]
        near = difflib.get_close_matches(card_id[:60] if isinstance(card_id, str) else "", known, n=4, cutoff=0.4)
        raise PlaygroundError(
            f"model must be one of {len(known)} ids such as {', '.join(near or list(known)[:4])} (`list` names them all); got {shown}."
        )
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
        if card.hub is not None:
            _make_room(card.id, card.hub.memory_bytes)
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


def _make_room(card_id: str, needed: int) -> None:
    """Forgets the models that were used longest ago until so many bytes are free. Raises PlaygroundError where they never are."""
    while (free := device.free_bytes()) is not None and free < needed:
        if not _loaded:
            raise PlaygroundError(
                f"{card_id} needs about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free: close other programs, or choose a smaller model."
            )
        _loaded.popitem(last=False)

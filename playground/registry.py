"""Every card by id, and the models they load, kept in memory within a budget."""

from __future__ import annotations

import difflib
import importlib
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from playground import data, device
from playground.errors import PlaygroundError
from playground.types import ModelCard

FAMILIES = ("autoencoder", "vae", "gan", "diffusion", "transformer", "rnn", "autoregressive", "classifier", "detector")
MODULES = (*FAMILIES, "hub", "hub_vae", "hub_gan", "hub_text")  # of playground.cards; what comes from the Hub stands behind what is shipped
UNKNOWN_BUDGET_BYTES = 2_000_000_000  # where nothing says how much memory there is
LARGE_BYTES = 1_000_000_000

_loaded: OrderedDict[str, tuple[Any, int]] = OrderedDict()
_lock = threading.Lock()


def _forked() -> None:
    """A forked process begins without models: those of its parent may be on a device that it does not have, and half loaded."""
    global _lock
    _lock = threading.Lock()
    _loaded.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)


def cards() -> tuple[ModelCard, ...]:
    """All cards, family by family, then those of the Hub, then the repositories and the engines on other machines that the operator names."""
    chosen = (card for module in ("named", "remote") for card in importlib.import_module(f"playground.cards.{module}").cards())
    return (*(card for module in MODULES for card in of(module)), *chosen)


def of(module: str) -> tuple[ModelCard, ...]:
    """The cards that a module of playground.cards declares, one of MODULES."""
    return importlib.import_module(f"playground.cards.{module}").CARDS


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
    """The model of a card, loaded once; the least recently used ones leave when the memory budget is full.

    The budget is half of what this machine has (device.limit_bytes), and no two large models are in it at once. Raises PlaygroundError where
    a model of the Hub finds no room, whatever leaves.
    """
    card = get(card_id)
    with _lock:
        if card_id in _loaded:
            _loaded.move_to_end(card_id)
            return _loaded[card_id][0]
        if card.hub is not None:
            _make_room(card)
        model = resolve(card.load)(card)
        _loaded[card_id] = (model, getattr(model, "size_bytes", 0))
        _forget_oldest(lambda: sum(size for _, size in _loaded.values()) <= budget_bytes(), but=card_id)
        return model


def loaded() -> tuple[str, ...]:
    """The ids of the models that are in memory now."""
    with _lock:
        return tuple(_loaded)


def unload() -> None:
    """Forgets every loaded model, and gives their memory back to the system; where none is loaded there is nothing to give back."""
    with _lock:
        had = bool(_loaded)
        _loaded.clear()
    if had:
        device.give_back()


def budget_bytes() -> int:
    """What loaded models may take together."""
    limit = device.limit_bytes()
    return UNKNOWN_BUDGET_BYTES if limit is None else limit // 2


def memory_bytes(card: ModelCard) -> int:
    """Memory that a card of the Hub wants at work here: half of what it says where it is read in half precision. 0 for a shipped one."""
    return 0 if card.hub is None else card.hub.memory_bytes // (2 if is_halved(card) else 1)


def is_halved(card: ModelCard) -> bool:
    """True for a card of the Hub that is read in half precision here: half of the memory, and on a processor about half of the time."""
    return card.hub is not None and card.hub.halves and device.half_dtype() != "float32"


def smaller(card: ModelCard, free: int) -> ModelCard | None:
    """The largest model of the same kind and family that works in so many bytes, of the shipped ones that which is asked most alike."""
    names = {control.name for control in card.controls}
    alike = [
        each for each in cards() if (each.family, each.kind) == (card.family, card.kind) and each.can & card.can and each.id != card.id
    ]
    fitting = [each for each in alike if memory_bytes(each) <= free]
    return max(fitting, key=lambda each: (memory_bytes(each), len(names & {control.name for control in each.controls})), default=None)


def _make_room(card: ModelCard) -> None:
    """Forgets large models before a large one comes, then the models that were used longest ago until a card has the room that it needs."""
    needed = memory_bytes(card)
    if needed >= LARGE_BYTES:
        others = [other for other, (_, size) in _loaded.items() if size >= LARGE_BYTES]
        for other in others:
            del _loaded[other]
        if others:
            device.give_back()
    _forget_oldest(lambda: (free := device.free_bytes()) is None or free >= needed)
    free = device.free_bytes()
    if free is not None and free < needed:
        other = smaller(card, free)
        instead = "close other programs" if other is None else f"close other programs, or choose {other.title}"
        raise PlaygroundError(f"{card.title} needs about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free: {instead}.")


def _forget_oldest(enough: Callable[[], bool], but: str = "") -> None:
    """Forgets the model that was used longest ago, one after the other, until there is room enough or nothing but one is left."""
    while not enough() and any(card_id != but for card_id in _loaded):
        del _loaded[next(card_id for card_id in _loaded if card_id != but)]
        device.give_back()

"""A GPU that is lent for a moment (ZeroGPU, the Hugging Face Hub's Spaces): models of the Hub run on it, and on the processor when it is used up.

Such a Space has no GPU of its own: a call of a function that spaces.GPU wraps is run in a forked process that is lent one for the seconds that were
asked for, and counts against the visitor's day. So the shipped models, which two cores run in seconds, stay on the processor and cost nobody
anything; a model of the Hub is loaded in that process, and its steps come back as the plain values that they are. Stop closes the generator,
which ends the process. Everywhere else this file does nothing.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from playground import device
from playground.errors import PlaygroundError
from playground.types import ModelCard, Run

LOADING_BYTES = 300_000_000  # read from the disk in a second, at the least
TIMES_A_CORE = 20.0  # as fast as two cores, at the least
SECONDS = 10, 60  # the least and the most that is asked for: who asks for less is served sooner
USED_UP = "cpu, since no GPU is to be had now"
Drawing = Callable[..., Iterator[Run]]


def is_here() -> bool:
    """True on a Space with ZeroGPU."""
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


def is_lent_to(card: ModelCard) -> bool:
    """True where a card's samples are drawn on a lent GPU: those of the Hub that are computed here."""
    return is_here() and not device.is_lent() and card.hub is not None and not card.hub.remote


def seconds(card: ModelCard, n: int, values: Mapping[str, Any]) -> int:
    """The seconds of a GPU that a request is to take: to load the model, then its network calls, decodings or tokens, all on the safe side."""
    call, decoding = card.hub.seconds
    if card.kind == "text":
        calls = float(values.get("max_new_tokens", 100))
    else:
        calls = n * values.get("num_inference_steps", 1) * (1 if values.get("guidance_scale", 1) == 1 else 2)
    wanted = card.hub.size_bytes / LOADING_BYTES + (calls * call + n * decoding) / TIMES_A_CORE
    return round(min(max(wanted, SECONDS[0]), SECONDS[1]))


def prepare() -> None:
    """Wraps the one function that is lent a GPU, which a Space wants to see before it serves; call it before torch is imported."""
    if is_here():
        _wrapped()


def stream(draw: Drawing, card: ModelCard, n: int, seed: int, views: Sequence[str], values: Mapping[str, Any]) -> Iterator[Run]:
    """What draw(card, n, seed, views, values) yields, drawn on a lent GPU; on the processor where none is to be had, which its device then says.

    draw must be a function of a module, which a forked process finds again. Raises what draw raises for people, and PlaygroundError where the GPU
    was taken away after the first step.
    """
    begun = False
    try:
        for found in _wrapped()(draw, card, n, seed, views, values):
            if isinstance(found, str):
                raise PlaygroundError(found)
            begun = True
            yield found
        return
    except PlaygroundError:
        raise
    except Exception as error:
        if begun:
            raise PlaygroundError("The lent GPU was taken away before the end: ask for fewer samples or steps, or try again.") from error
    for found in draw(card, n, seed, views, values):
        yield replace(found, device=USED_UP)


@functools.lru_cache(maxsize=1)
def _wrapped() -> Drawing:
    import spaces

    return spaces.GPU(duration=lambda draw, card, n, seed, views, values: seconds(card, n, values))(_lent)


def _lent(draw: Drawing, card: ModelCard, n: int, seed: int, views: Sequence[str], values: Mapping[str, Any]) -> Iterator[Run | str]:
    """In the process that is lent a GPU: the runs, or the one sentence that is meant for people."""
    device.lend()
    try:
        yield from draw(card, n, seed, views, values)
    except PlaygroundError as error:
        yield str(error)

"""What the tests draw, drawn once: a cache of whole runs by card, n, seed and settings, for all tests of one process.

Tests of one card run in one process (see by_card), so that promises about the same samples share them.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from playground import registry, run
from playground.gate import GATE
from playground.metrics import measurements
from playground.types import Images, Run

PATIENCE = 3.0  # recorded seconds of 64 samples above which a card's tests are slow
STEPS, TOKENS = 4, 24  # enough for a first, a middle and a last step, and for guidance to be on for a part of them


@dataclass(frozen=True)
class Moment:
    """A step of a run, and what was true outside of the model while the consumer held it."""

    run: Run
    gate_is_free: bool
    has_gradients: bool


def brief(card_id: str) -> dict[str, int]:
    """Settings that make a draw short, for tests whose subject is not its length."""
    short = {"num_inference_steps": STEPS, "max_new_tokens": TOKENS}
    return {control.name: short[control.name] for control in registry.get(card_id).controls if control.name in short}


def moments(card_id: str, n: int, seed: int, *, views: tuple[str, ...] = (), **controls: Any) -> tuple[Moment, ...]:
    """All steps of a run, drawn when first asked for. The arrays are read-only: other tests get the same ones."""
    return _moments(card_id, n, seed, tuple(views), tuple(sorted((name, _fixed(value)) for name, value in controls.items())))


def drawn(card_id: str, n: int, seed: int, *, views: tuple[str, ...] = (), **controls: Any) -> Run:
    """What run.sample gives, drawn when first asked for."""
    return moments(card_id, n, seed, views=views, **controls)[-1].run


def by_card(ids: Iterable[str]) -> list[Any]:
    """Test parameters of these cards: all tests of a card go to one process of pytest-xdist, and those of one that draws slowly are slow."""
    return [pytest.param(card_id, marks=_marks(card_id), id=card_id) for card_id in ids]


def _marks(card_id: str) -> list[pytest.MarkDecorator]:
    seconds = measurements.find(measurements.read(), card_id, "seconds")
    slow = [pytest.mark.slow] if seconds is not None and seconds.value > PATIENCE else []
    return [pytest.mark.xdist_group(f"card {card_id}"), *slow]


@functools.cache
def _moments(card_id: str, n: int, seed: int, views: tuple[str, ...], controls: tuple[tuple[str, Any], ...]) -> tuple[Moment, ...]:
    import torch

    found = []
    for each in run.stream(card_id, n, seed, views=views, **dict(controls)):
        samples = each.samples
        if isinstance(samples, Images):
            for array in (samples.pixels, samples.labels):
                if isinstance(array, np.ndarray):
                    array.setflags(write=False)
        found.append(Moment(each, GATE.is_free, torch.is_grad_enabled()))
    return tuple(found)


def _fixed(value: Any) -> Any:
    """A setting as something that can be looked up."""
    return tuple(value) if isinstance(value, list) else value

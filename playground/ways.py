"""The ways that samples take from noise to picture: followed step by step, and how straight they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import registry, run
from playground.controls import Control
from playground.errors import PlaygroundError
from playground.run import VISITOR_N
from playground.types import Images, ModelCard

VIEW = "way"
STEPS = 24  # enough that what bends is the way and not the solver
PLAIN = {"num_inference_steps": STEPS, "guidance_scale": 1.0, "shift": 1.0, "scheduler": "DDIM", "eta": 0.0, "solver": "Euler"}
"""Without guidance, which bends every way; in steps of equal time, without fresh noise."""


@dataclass(frozen=True)
class Ways:
    """points: float32 (steps + 1, n, h * w * c), the last ones the samples. times: (steps + 1,), from 1, all noise, to 0."""

    points: np.ndarray
    times: np.ndarray
    samples: Images

    @property
    def straightness(self) -> np.ndarray:
        """Of each way, how far apart its ends are over how long it is: 1 where it is straight, 0.90 for a quarter of a circle; (n,)."""
        length = np.linalg.norm(np.diff(self.points, axis=0), axis=2).sum(0)
        return np.linalg.norm(self.points[-1] - self.points[0], axis=1) / length


def can(card: ModelCard) -> bool:
    """True for a card whose samples go a way that many small steps follow."""
    return VIEW in card.views and bool(plain(card.controls))


def plain(controls: Sequence[Control]) -> dict[str, Any]:
    """The settings in which a card's ways are followed; none for a card that takes fewer steps at most."""
    steps = next((control for control in controls if control.name == "num_inference_steps"), None)
    if steps is None or getattr(steps, "maximum", 0) < STEPS:
        return {}
    return {control.name: PLAIN[control.name] for control in controls if control.name in PLAIN}


def follow(card_id: str, n: int, seed: int) -> Ways:
    """The ways of n samples. Raises PlaygroundError for a card that has none, and for a bad n or seed."""
    card = registry.get(card_id)
    if not can(card):
        raise PlaygroundError(f"{card.id} has no ways that {STEPS} steps could follow.")
    points, done = [], None
    for found in run.stream(card.id, n, seed, limit=VISITOR_N, views=(VIEW,), **plain(card.controls)):
        points.append(found.step.views[VIEW].values)
        done = found
    pixels = done.samples.float32()
    return Ways(np.stack([*points, pixels.reshape(len(pixels), -1)]), np.linspace(1.0, 0.0, STEPS + 1), done.samples)

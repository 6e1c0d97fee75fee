"""The codes that a card draws its samples from."""

from __future__ import annotations

import numpy as np

from playground import run
from playground.controls import equal_shares
from playground.types import Latents, ModelCard


def drawn(card: ModelCard, n: int, seed: int) -> Latents:
    """The codes of n samples at the card's default setting, labels in equal shares; for a card with the view "z"."""
    parts = [found.step.views["z"] for found in run.stream(card.id, n, seed, views=("z",), **equal_shares(card.controls, n))]
    labels = None if parts[0].labels is None else np.concatenate([part.labels for part in parts])
    return Latents(np.concatenate([part.values for part in parts]), labels)

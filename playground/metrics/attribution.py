"""How well a detector tells whose pictures are whose: of single ones, and of as many as a round of the blind test shows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from playground import blind
from playground.types import Measurement, ModelCard

LEAST, MOST = 40, 1000  # pictures of each source


def measure(card: ModelCard, n: int, seed: int, **about: Any) -> list[Measurement]:
    """accuracy of single pictures, accuracy_SOURCE of those of one source, accuracy_rounds of rounds of blind.SHOWN pictures.

    Real ones are of the test split, drawn ones of this seed, which training does not use. Chance (floor) is one in as many as there are
    sources. spread: binomial standard error.
    """
    each = min(max(n, LEAST), MOST) // blind.SHOWN * blind.SHOWN
    probabilities, truth = blind.held_out(each, seed)
    right = probabilities.argmax(1) == truth
    rounds = np.log(np.maximum(probabilities, 1e-12)).reshape(-1, blind.SHOWN, probabilities.shape[1]).sum(1).argmax(1)
    values = {
        "accuracy": right,
        **{f"accuracy_{source}": right[truth == k] for k, source in enumerate(blind.sources())},
        "accuracy_rounds": rounds == truth[:: blind.SHOWN],
    }
    make = partial(Measurement, card=card.id, seed=seed, split="test", floor=1 / len(blind.sources()), **about)
    return [
        make(
            metric=name,
            value=float(f"{hits.mean():.6g}"),
            n=len(hits),
            spread=float(f"{(hits.mean() * (1 - hits.mean()) / len(hits)) ** 0.5:.6g}"),
            spread_over="standard error",
        )
        for name, hits in values.items()
    ]

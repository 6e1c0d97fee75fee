"""How well a model turns one text into another, on what it has not seen: new contents in known forms, and forms that it was never shown."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from playground import data, run
from playground.metrics import text
from playground.types import Measurement, ModelCard

SPLITS = {"test": "exact_match", "unseen": "exact_match_unseen"}
REPEATS = 3


def measure(card: ModelCard, **about: Any) -> list[Measurement]:
    """exact_match on contents held out, exact_match_unseen in forms held out too, with binomial errors; parameters, size_bytes; seconds of one
    text. about: fields of every Measurement."""
    about = {**about, "card": card.id, "seed": 0}
    found = []
    for split, metric in SPLITS.items():
        pairs = data.load(card.dataset, split)
        written = run.translate(card.id, pairs.sources).texts
        share = float(np.mean([one == other for one, other in zip(written, pairs.targets, strict=True)]))
        error = math.sqrt(share * (1 - share) / len(pairs))
        found.append(
            Measurement(
                metric=metric,
                value=round(share, 4),
                spread=round(error, 4),
                spread_over="binomial standard error",
                n=len(pairs),
                split=split,
                **about,
            )
        )
    return [*found, *text.size(card, **{k: v for k, v in about.items() if k not in ("card", "seed")})[:2]]

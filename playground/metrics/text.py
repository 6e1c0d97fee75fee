"""How well a model of text guesses a text that was kept out of its training, and how fast it writes."""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np

from playground import data, registry, run, weights
from playground.types import Measurement, ModelCard

BLOCK = 1000  # characters whose mean is one draw of the standard error
WRITTEN = 300
REPEATS = 3
SIDE_BY_SIDE = 4


def measure(card: ModelCard, seed: int, **about: Any) -> list[Measurement]:
    """loss (nats per character) and bits_per_char over the whole validation split, each character scored once, by one model that does not change;
    parameters (of a table, its counts); first_seconds, seconds, characters_per_second and batch_ratio of writing. about: fields of every
    Measurement. Raises DataUnavailable without the data set."""
    return [*loss(card, **about), *size(card, **about), *writing(card, seed, **about)]


def loss(card: ModelCard, **about: Any) -> list[Measurement]:
    """loss and bits_per_char, with the standard error over blocks of BLOCK characters; and the loss of the training text's last part, as long."""
    valid, train = data.load(card.dataset, "valid").text, data.load(card.dataset, "train").text
    seen = run.read(card.id, valid).surprise.astype(np.float64)
    assert len(seen) == len(valid), "one character, one score"
    learnt = run.read(card.id, train[-len(valid) :]).surprise
    blocks = [block.mean() for block in np.array_split(seen, max(2, len(seen) // BLOCK))]
    error = float(np.std(blocks, ddof=1) / math.sqrt(len(blocks)))
    about = {
        **about,
        "card": card.id,
        "seed": 0,
        "n": len(seen),
        "split": "valid",
        "spread_over": f"standard error over {len(blocks)} blocks",
    }
    value = float(seen.mean())
    return [
        Measurement(metric="loss", value=round(value, 4), spread=round(error, 4), **about),
        Measurement(metric="bits_per_char", value=round(value / math.log(2), 4), spread=round(error / math.log(2), 4), **about),
        Measurement(metric="train_loss", value=round(float(learnt.mean()), 4), **{**about, "split": "train", "spread_over": None}),
    ]


def size(card: ModelCard, **about: Any) -> list[Measurement]:
    """parameters, or how many counts a table holds; characters_seen in training."""
    entry = weights.record(card.id)
    facts = entry["facts"]
    parameters = facts.get("counts") or sum(entry["parameters"].values())
    seen = facts.get("characters_seen") or data.get(card.dataset).sizes["train"]  # a table counts each once
    about = {**about, "card": card.id, "seed": 0, "n": 0, "split": ""}
    return [
        Measurement(metric="parameters", value=parameters, **about),
        Measurement(metric="size_bytes", value=weights.size_bytes(card.id), **about),
        Measurement(metric="characters_seen", value=seen, **about),
    ]


def writing(card: ModelCard, seed: int, **about: Any) -> list[Measurement]:
    """Median of REPEATS after a warm-up: seconds to the first character, for WRITTEN of them, and of SIDE_BY_SIDE texts against one.

    Where a text ends earlier, its seconds are scaled to WRITTEN characters.
    """
    registry.load(card.id)

    def seconds(n: int) -> tuple[float, float]:
        begin = time.perf_counter()
        steps = run.stream(card.id, n, seed, max_new_tokens=WRITTEN)
        next(steps)
        first = time.perf_counter() - begin
        written = 1 + sum(1 for _ in steps)
        return first, (time.perf_counter() - begin) * WRITTEN / written

    seconds(1)
    rounds = [(seconds(1), seconds(SIDE_BY_SIDE)) for _ in range(REPEATS)]  # side by side: a noisy machine is noisy for both
    first, whole = (float(np.median([one[k] for one, _ in rounds])) for k in (0, 1))
    spread = float(np.std([one[1] for one, _ in rounds]))
    ratios = [several[1] / one[1] for one, several in rounds]
    about = {**about, "card": card.id, "seed": seed, "n": WRITTEN, "split": "", "spread_over": f"{REPEATS} runs"}
    return [
        Measurement(metric="first_seconds", value=round(first, 4), **about),
        Measurement(metric="seconds", value=round(whole, 4), spread=round(spread, 4), **about),
        Measurement(metric="characters_per_second", value=round(WRITTEN / whole, 1), **about),
        Measurement(metric="batch_ratio", value=round(float(np.median(ratios)), 3), spread=round(float(np.std(ratios)), 3), **about),
    ]

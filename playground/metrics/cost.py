"""What a card costs: seconds, network calls, parameters, bytes, and what its training took."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground import registry, run, weights
from playground.types import Measurement, ModelCard

N = 64
REPEATS = 3
DRAWING = ("seconds", "nfe")  # what drawing() measures


def drawing(card: ModelCard, seed: int, **about: Any) -> list[Measurement]:
    """seconds (median of REPEATS after a warm-up) and nfe for N samples at the default setting. about: fields of every Measurement."""
    run.sample(card.id, N, seed)
    runs = [run.sample(card.id, N, seed) for _ in range(REPEATS)]
    seconds = [found.seconds for found in runs]
    about = {**about, "card": card.id, "seed": seed, "n": N, "split": ""}
    return [
        Measurement(
            metric="seconds",
            value=round(float(np.median(seconds)), 5),
            spread=round(float(np.std(seconds)), 5),
            spread_over=f"{REPEATS} runs",
            **about,
        ),
        Measurement(metric="nfe", value=runs[-1].nfe, **about),
    ]


def size(card: ModelCard, **about: Any) -> list[Measurement]:
    """parameters and size_bytes of the modules that the loaded model holds (a GAN draws without its critic)."""
    entry = weights.record(card.id)
    names = used_modules(card.id)
    parameters = sum(entry["parameters"][name] for name in names)
    files = {path: file["bytes"] for path, file in entry["files"].items()}
    size_bytes = sum(size for path, size in files.items() if path.split("/")[0] in names) or sum(
        files.values()
    )  # a pipeline's parts have other names
    about = {**about, "card": card.id, "seed": 0, "n": 0, "split": ""}
    return [Measurement(metric="parameters", value=parameters, **about), Measurement(metric="size_bytes", value=size_bytes, **about)]


def training(card: ModelCard, **about: Any) -> list[Measurement]:
    """training_seconds and samples_seen as card.json records them, with the machine, commit and command of the training."""
    entry = weights.record(card.id)
    about = {**about, **{name: entry[name] for name in ("device", "machine", "commit", "when", "command")}}
    about |= {"card": card.id, "seed": entry["seed"], "n": entry["samples_seen"], "split": "train"}
    return [
        Measurement(metric="training_seconds", value=entry["seconds"], **about),
        Measurement(metric="samples_seen", value=entry["samples_seen"], **about),
    ]


def used_modules(card_id: str) -> tuple[str, ...]:
    """The names in card.json's parameters that are modules of the loaded model; all of them where it keeps them elsewhere."""
    names = tuple(weights.record(card_id)["parameters"])
    model = registry.load(card_id)
    return tuple(name for name in names if hasattr(model, name)) or names

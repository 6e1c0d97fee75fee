"""Recorded samples of every card that draws: what the page shows at first paint. Reading them needs no torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from playground import registry, run, weights
from playground.controls import equal_shares
from playground.errors import PlaygroundError
from playground.sprite import cut, read_png, tile, write_png
from playground.types import Images, ModelCard

PREVIEWS = weights.ASSETS / "previews"
N, SEED, COLUMNS = 32, 7, 8


def drawn() -> tuple[ModelCard, ...]:
    """The cards that have a preview: those that draw pictures from shipped weights."""
    return tuple(card for card in registry.cards() if "sample" in card.can and card.kind == "image" and card.source == "shipped")


def draw(card: ModelCard) -> run.Run:
    """The run that a preview records: N samples at the default setting, labels in equal shares."""
    return run.sample(card.id, N, SEED, **equal_shares(card.controls, N))


def write(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Draws the previews of the given cards (none: of all) and writes CARD.png and CARD.json; returns the pictures' paths.

    Raises WeightsUnavailable for a card without weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for card in [registry.get(card_id) for card_id in card_ids] or drawn():
        found = draw(card)
        pixels, labels = found.samples.uint8(), found.samples.labels
        settings = {"card": card.id, "n": N, "seed": SEED, "controls": found.controls}
        write_png(folder / f"{card.id}.png", tile(pixels, COLUMNS), settings)
        about = {
            **settings,
            "labels": None if labels is None else labels.tolist(),
            "columns": COLUMNS,
            "seconds": round(found.seconds, 4),
            "nfe": found.nfe,
            "device": found.device,
            "weights": {name: entry["sha256"] for name, entry in weights.record(card.id)["files"].items()},
        }
        weights.write_json(folder / f"{card.id}.json", about)
        paths.append(folder / f"{card.id}.png")
    return paths


def read(card_id: str, folder: Path = PREVIEWS) -> tuple[Images, dict[str, Any]]:
    """The recorded samples of a card and how they were drawn. Raises PlaygroundError where there is no readable preview."""
    try:
        about = json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8"))
        pixels = cut(read_png(folder / f"{card_id}.png"), about["n"], about["columns"])
        labels = None if about["labels"] is None else np.asarray(about["labels"], dtype=np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError(f"{card_id} has no readable preview: make it with python -m playground previews.") from error
    return Images(pixels, labels), about

"""Features of a card's samples, kept on disk as they are drawn: a long measurement that is stopped goes on where it was.

Sample i follows (seed, i) alone, so a block of samples is the same among any number of them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from playground import run, weights
from playground.errors import PlaygroundError
from playground.metrics import features, quality, shared
from playground.types import Images, ModelCard

FOLDER = Path("runs") / "features"
BLOCK = 500  # samples of one file


def drawn(card: ModelCard, n: int, seed: int, folder: Path = FOLDER) -> dict[str, np.ndarray]:
    """The features of n samples at the default setting by extractor, (n, d), and their "labels" where they were asked for.

    Raises PlaygroundError under several processes: they would draw the same blocks.
    """
    if shared.processes() > 1:
        raise PlaygroundError("Features are kept by one process: start it without accelerate launch.")
    parts = [_block(card, first, seed, folder) for first in range(0, n, BLOCK)]
    return {name: np.concatenate([part[name] for part in parts])[:n] for name in parts[0]}


def path(card: ModelCard, first: int, seed: int, folder: Path = FOLDER) -> Path:
    """Where a block is kept: by the card's weights and controls, so that others do not pass for them."""
    about = repr((sorted((name, file["sha256"]) for name, file in weights.record(card.id)["files"].items()), card.controls))
    made_by = hashlib.sha256(about.encode()).hexdigest()[:12]
    return folder / f"{card.id}-{seed}-{made_by}" / f"{first:06}-{first + BLOCK:06}.npz"


def _block(card: ModelCard, first: int, seed: int, folder: Path) -> dict[str, np.ndarray]:
    place = path(card, first, seed, folder)
    if not place.is_file():
        place.parent.mkdir(parents=True, exist_ok=True)
        part = place.with_name(f".{place.name}.part.npz")
        np.savez(part, **_draw(card, first, seed))
        part.replace(place)
    with np.load(place, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def _draw(card: ModelCard, first: int, seed: int) -> dict[str, np.ndarray]:
    last = first + BLOCK
    samples = run.part(card.id, last, seed, first, last, **quality.asked_for(card, last)).samples
    assert isinstance(samples, Images)
    found = {extractor: features.extract(samples, extractor).features for extractor in quality.extractors(card.dataset)}
    return found if samples.labels is None else {**found, "labels": samples.labels}

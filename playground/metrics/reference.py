"""What the running page and the tests need of a data set: some real samples, features and plane codes, in one small file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from playground import data, exhibits, registry, run
from playground.errors import PlaygroundError
from playground.metrics import features, memory
from playground.metrics.quality import shuffled
from playground.types import Images

TRAIN_FEATURES = 2000
CODES = 2000
PER_CLASS = 20
MAX_BYTES = 4_000_000


def make(dataset: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """The arrays of a data set's reference by name, and a sentence for each card whose codes are left out.

    test_features float16 (n, d), test_labels uint8 (n,), train_features float16 (2000, d); pictures uint8 (200, h, w, c) with
    picture_labels: real test samples, 20 of each class; where samples cannot be made again, train_pictures uint8 (2000, h, w, c), whose
    features those are, and their train_labels; for every card with a map, CARD_codes float16 (2000, 2) of the
    test samples whose labels are code_labels and whose rows in the test set are code_rows.
    """
    about = data.get(dataset)
    test = data.load(dataset, "test")
    order = np.random.default_rng(0).permutation(len(test))
    shown = np.concatenate([order[test.labels[order] == k][:PER_CLASS] for k in range(len(about.labels))])
    rows = order[:CODES]
    seen = shuffled(dataset, "train", TRAIN_FEATURES)
    arrays = {
        "test_features": features.of_split(dataset, "test", about.extractor).astype(np.float16),
        "test_labels": test.labels.astype(np.uint8),
        "train_features": features.extract(seen, about.extractor).features.astype(np.float16),
        "pictures": test.pixels[shown],
        "picture_labels": test.labels[shown].astype(np.uint8),
        "code_rows": rows.astype(np.uint16),
        "code_labels": test.labels[rows].astype(np.uint8),
    }
    if not memory.has_all(dataset):
        arrays |= {"train_pictures": seen.uint8(), "train_labels": seen.labels.astype(np.uint8)}
    left_out = []
    for card in registry.cards():
        if card.dataset != dataset or "encode" not in card.can:
            continue
        try:
            codes = run.encode(card.id, Images(test.pixels[rows])).values
        except PlaygroundError as error:
            left_out.append(f"{card.id}: no codes in the reference. {error}")
            continue
        places = exhibits.placed(card, codes)
        if places is not None:
            arrays[f"{card.id}_codes"] = places.astype(np.float16)
    return arrays, left_out


def write(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    """Writes arrays without pickle, in one atomic step. Raises ValueError where they take more than MAX_BYTES."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(".part.npz")
    np.savez_compressed(part, allow_pickle=False, **arrays)
    if part.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.parent.name}/{path.name} has {part.stat().st_size} bytes; at most {MAX_BYTES} are shipped.")
    part.replace(path)
    features.reference.cache_clear()
    memory.clear()
    return path

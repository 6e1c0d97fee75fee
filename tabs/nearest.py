"""Beside any sample the training sample that is nearest to it, and how far that is: chosen by a click or the arrow keys (assets/compare.js)."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

from playground import data
from playground.metrics import memory
from playground.types import Images, Run
from tabs import pictures

ASK = '<div class="nearest"><div class="pair"></div><p class="told note">{}</p></div>'
BEFORE = ASK.format("Draw, then choose a sample: its nearest training sample comes beside it.")
CHOOSE = ASK.format("Choose a sample, by a click or with the arrow keys.")


def attributes(found: Run, dataset: str, across: int) -> str:
    """What a box of samples carries for the browser: the sheet of the nearest training samples, and a sentence for each sample.

    Raises DataUnavailable where no training samples are shipped.
    """
    assert isinstance(found.samples, Images)
    near, seen = memory.look_up(dataset, found.samples)
    sheet = pictures.uri(pictures.png(pictures.tiles(seen, across)))
    told = html.escape(json.dumps(sentences(near.distance.tolist(), dataset)), quote=True)
    side = found.samples.pixels.shape[1]
    label = html.escape(f"{len(found.samples)} samples: arrow keys choose one and show the nearest training sample", quote=True)
    return f'data-nearest="{sheet}" data-told="{told}" data-across="{across}" data-side="{side}" tabindex="0" role="group" aria-label="{label}"'


def sentences(distances: Sequence[float], dataset: str) -> list[str]:
    """For each distance what it is to be held against: how far held-out real samples are from their nearest one."""
    real, total, noun = memory.real(dataset), len(memory.train(dataset)), data.get(dataset).noun
    among = f"all {total:,}" if memory.has_all(dataset) else f"{total:,} of {data.get(dataset).sizes['train']:,}"
    scale = f"Held-out real {noun}: {real[0.5]:.1f} (nine in ten {real[0.05]:.1f} to {real[0.95]:.1f})."
    words = []
    for k, distance in enumerate(distances, 1):
        verdict = " Nearer than 99 in 100 real ones are: look closely." if distance < real[0.01] else ""
        words.append(f"Sample {k} (left) and the nearest of {among} training {noun}: distance {distance:.1f}.{verdict} {scale}")
    return words

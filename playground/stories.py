"""How a shipped model learnt: the same noise at moments from the first step to the last, and the losses between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from playground import weights
from playground.errors import WeightsUnavailable

STORIES = weights.ASSETS / "stories"  # of runs that are told and not shipped
NO_PICTURES = np.zeros((0, 0, 0, 0, 1), np.uint8)


@dataclass(frozen=True)
class Story:
    """steps: the moments. pictures: uint8 (moments, n, h, w, c), or texts (moments, n); empty for a card that has none. log: rows of {"step": ..., loss names ...}, means since the row before."""

    steps: tuple[int, ...]
    pictures: np.ndarray
    log: tuple[Mapping[str, float], ...]
    texts: tuple[tuple[str, ...], ...] = ()

    def at(self, step: int) -> Mapping[str, float] | None:
        """The row of losses that covers a step; None before the first step."""
        if step == 0:
            return None
        return next((row for row in self.log if row["step"] >= step), self.log[-1])


def failed(name: str) -> tuple[Story, Mapping[str, Any]]:
    """The story of a recorded run that went wrong, and how it was run. Raises WeightsUnavailable where there is none."""
    try:
        about = json.loads((STORIES / name / "run.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(f"{name} has no readable training story.") from error
    return _read(name, STORIES / name), about


def alike(story: Story, classes: int) -> list[float]:
    """At each moment of a story whose k-th picture is of class k % classes: how far pictures of one class are apart, mean squared on [-1, 1]."""
    pixels = story.pictures.astype(np.float64) / 127.5 - 1.0
    count = pixels.shape[1] - classes
    return np.square(pixels[:, :count] - pixels[:, classes:]).mean((1, 2, 3, 4)).tolist()


def read(card_id: str) -> Story:
    """The story shipped beside a card's weights. Raises WeightsUnavailable where there is none."""
    return _read(card_id, weights.folder(card_id))


def _read(card_id: str, folder: Path) -> Story:
    try:
        about = json.loads((folder / "story.json").read_text(encoding="utf-8"))
        if "steps" not in about:
            return Story((), NO_PICTURES, tuple(about["log"]))
        if "texts" in about:
            return Story(tuple(about["steps"]), NO_PICTURES, tuple(about["log"]), tuple(map(tuple, about["texts"])))
        height, width, channels = about["shape"]
        with Image.open(folder / "story.png") as sprite:
            sheet = np.asarray(sprite).reshape(len(about["steps"]) * height, about["columns"] * width, channels)
    except (OSError, ValueError, KeyError) as error:
        raise WeightsUnavailable(f"{card_id} has no readable training story.") from error
    rows = sheet.reshape(len(about["steps"]), height, about["columns"], width, channels).transpose(0, 2, 1, 3, 4)
    return Story(tuple(about["steps"]), rows, tuple(about["log"]))

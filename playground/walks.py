"""A walk through a latent space, taken by several models in step: from the code of one seed's sample to that of another, the same class all the way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from playground import comparison, registry, run
from playground.controls import Label, whole
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.sampling.latents import lerp_path, slerp_path
from playground.types import Images, Latents, ModelCard

STEPS = 9
LABEL = "3"


def can(card: ModelCard) -> bool:
    """True for a card whose samples come with their codes, and whose codes can be decoded."""
    return card.hub is None and card.kind == "image" and "decode" in card.can and "z" in card.views


def walk(card_id: str, first: object, second: object, label: object = "any", steps: int = STEPS) -> Images:
    """`steps` pictures of the codes between those of two seeds' samples, both ends included.

    On the arc where the codes are drawn from N(0, I); on the straight line where they are not (an autoencoder's). label: the class of all,
    "any" that of the first sample. Raises PlaygroundError for a card that cannot, and for a bad seed or label.
    """
    card = registry.get(card_id)
    if not can(card):
        raise PlaygroundError(f"{card.id} cannot walk: that takes codes that are drawn and can be decoded.")
    seeds = [whole(name, seed, 0, run.MAX_SEED) for name, seed in (("first", first), ("second", second))]
    asked: dict[str, Any] = {control.name: label for control in card.controls if isinstance(control, Label)}
    ends = [run.sample(card.id, 1, seed, views=("z",), **asked).step.views["z"] for seed in seeds]
    path = lerp_path if card.family == "autoencoder" else slerp_path
    labels = None if ends[0].labels is None else np.repeat(ends[0].labels, steps)
    return run.decode(card.id, Latents(path(ends[0].values[0], ends[1].values[0], steps), labels))


def recorded(card: ModelCard, seed: int) -> Iterator[tuple[str, tuple[Row, ...], dict[str, object]]]:
    """The walk that the comparison shows first, of the models that stand in it."""
    if card in comparison.chosen().values() and can(card):
        yield "walk", (Row("walk", walk(card.id, seed, seed + 1, LABEL)),), {"first": seed, "second": seed + 1, "label": LABEL}

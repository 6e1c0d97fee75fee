"""A photograph through an autoencoder and back: what is lost, what the code looks like, and the way from one photograph to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import registry, run
from playground.controls import Choice
from playground.data import photographs
from playground.exhibits import Row
from playground.sampling.latents import lerp_path
from playground.types import Images, Latents, ModelCard

SIZE = Choice("size", "Size", "256", ("128", "256", "512"), help="Points along each side. A shipped model has a size of its own.")
FRAMES = 8
AMPLIFIED = 4  # times that a small difference is shown enlarged
SMALL = 12.0  # mean difference, in steps of 255, from which on it is seen as it is


@dataclass(frozen=True)
class Repainted:
    """seen, back: uint8 (1, h, w, 3), what went in and what came back. difference: `amplified` times back minus seen, on mid grey. channels: of a code that
    is a map, each channel as a grey picture (c, h, w, 1), from its smallest number to its largest. numbers: of the code. error: mean absolute
    difference in steps of 1/255. psnr: in dB, of 8-bit pictures.
    """

    seen: Images
    back: Images
    difference: Images
    channels: Images | None
    numbers: int
    error: float
    psnr: float

    @property
    def amplified(self) -> int:
        """How many times the difference is enlarged."""
        return _times(self.error)

    @property
    def ratio(self) -> float:
        """How many numbers of the picture there are for one of the code."""
        return self.seen.pixels.size / self.numbers


def seen(card_id: str, picture: object, size: str) -> Images:
    """A picture's middle square as the card is shown it: of the asked size, a shipped one of its own. Raises ControlError."""
    card = registry.get(card_id)
    return photographs.square(picture, int(SIZE.validate(size)) if card.hub else registry.shape(card)[0])


def repaint(card_id: str, picture: object, size: str = SIZE.default) -> Repainted:
    """A picture (uint8 array) through a card's code and back. Raises PlaygroundError where it cannot."""
    shown = seen(card_id, picture, size)
    code = run.encode(card_id, shown)
    back = Images(run.decode(card_id, code).uint8())
    apart = back.pixels.astype(np.int16) - shown.pixels
    squared = float(np.square(apart, dtype=np.float64).mean())
    error = float(np.abs(apart).mean())
    return Repainted(
        shown,
        back,
        Images(np.clip(128 + _times(error) * apart, 0, 255).astype(np.uint8)),
        channels(code),
        code.values.shape[1],
        error,
        float("inf") if squared == 0 else 10 * float(np.log10(255**2 / squared)),
    )


def _times(error: float) -> int:
    return AMPLIFIED if error < SMALL else 1


def recorded(card: ModelCard, seed: int) -> Iterator[tuple[str, Sequence[Row], dict[str, object]]]:
    """What the first paint needs of a shipped card that repaints photographs: (name, rows, settings), as exhibits.recorded gives them."""
    if not can_repaint(card):
        return
    name, picture = next(iter(photographs.examples().items()))
    found = repaint(card.id, picture)
    rows = (Row("seen", found.seen), Row("back", found.back), Row("difference", found.difference))
    yield "photograph", rows, {"photograph": name, "numbers": found.numbers, "error": found.error, "psnr": found.psnr}


def restored(rows: Sequence[Row], about: Mapping[str, Any]) -> Repainted:
    """What recorded() wrote, as it was."""
    seen, back, difference = (row.images for row in rows)
    return Repainted(seen, back, difference, None, about["numbers"], about["error"], about["psnr"])


def can_repaint(card: ModelCard) -> bool:
    """True for a shipped VAE of pictures in colour."""
    return card.hub is None and {"encode", "decode"} <= card.can and card.family == "vae" and registry.shape(card)[2] == 3


def channels(code: Latents) -> Images | None:
    """The channels of the first code, if it is a map, as grey pictures."""
    if not code.shape:
        return None
    maps = code.values[0].reshape(code.shape)
    low, high = maps.min((1, 2), keepdims=True), maps.max((1, 2), keepdims=True)
    return Images(np.round(255 * (maps - low) / np.maximum(high - low, 1e-9)).astype(np.uint8)[..., None])


def between(card_id: str, first: object, last: object, size: str = SIZE.default, frames: int = FRAMES) -> Iterator[Images]:
    """The pictures of the codes on the straight line between two pictures' codes, one after the other; raises as repaint does."""
    ends = [run.encode(card_id, seen(card_id, picture, size)) for picture in (first, last)]
    for values in lerp_path(ends[0].values[0], ends[1].values[0], frames):
        yield Images(run.decode(card_id, Latents(values[None], shape=ends[0].shape)).uint8())

"""How many digits are read right from made photographs, by what is wrong with the photograph: python -m playground.metrics.photographed

The digits are the shipped test digits, enlarged; light, frames and noise are drawn from a seed. "before" reads them without levelling.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from playground import run
from playground.data import mnist
from playground.errors import ControlError
from playground.metrics import features
from playground.types import Images

HEIGHT, WIDTH = 300, 400


def photograph(digit: np.ndarray, rng: np.random.Generator, scale: float = 0.5) -> np.ndarray:
    """A digit uint8 (28, 28) as dark ink on white paper: float32 (HEIGHT, WIDTH) in [0, 1], of any place, its box `scale` of the height."""
    side = round(HEIGHT * scale * 28 / 20)
    ink = np.asarray(Image.fromarray(digit).resize((side, side), Image.Resampling.BICUBIC), np.float32) / 255
    ink = np.clip((ink - 0.5) * 3 + 0.5, 0, 1)  # an enlarged edge is sharpened again
    sheet = np.zeros((HEIGHT + 2 * side, WIDTH + 2 * side), np.float32)
    edge = side // 7
    top = side + rng.integers(-edge // 2, max(-edge // 2 + 1, HEIGHT - side + edge // 2))
    left = side + rng.integers(0, WIDTH - side)
    sheet[top : top + side, left : left + side] = ink
    return 1 - sheet[side:-side, side:-side]


def _places() -> tuple[np.ndarray, np.ndarray]:
    return tuple(np.meshgrid(np.linspace(-1, 1, HEIGHT, dtype=np.float32), np.linspace(-1, 1, WIDTH, dtype=np.float32), indexing="ij"))


def _slope(rng: np.random.Generator, least: float) -> np.ndarray:
    """Light from one side, from `least` to 1."""
    y, x = _places()
    turn = rng.uniform(0, 2 * np.pi)
    along = np.cos(turn) * x + np.sin(turn) * y
    return least + (1 - least) * (along - along.min()) / np.ptp(along)


def _corners(rng: np.random.Generator) -> np.ndarray:
    """Light that falls off towards the corners, its middle anywhere near the middle."""
    y, x = _places()
    return 1 - 0.35 * ((x - rng.uniform(-0.3, 0.3)) ** 2 + (y - rng.uniform(-0.3, 0.3)) ** 2)


def _shadow(rng: np.random.Generator) -> np.ndarray:
    """The edge of a shadow, a little soft, somewhere across the picture."""
    y, x = _places()
    turn = rng.uniform(0, 2 * np.pi)
    return 0.75 + 0.25 * np.tanh((np.cos(turn) * x + np.sin(turn) * y - rng.uniform(-0.4, 0.4)) * 12)


def _framed(page: np.ndarray, rng: np.random.Generator, least: float, most: float, shade: float, sides: int = 4) -> np.ndarray:
    """A frame of that shade along so many sides, of any width between these shares of the height; what it covers is moved inwards."""
    inner = [round(HEIGHT * rng.uniform(least, most)) if k < sides else 0 for k in range(4)]
    top, left, bottom, right = inner
    small = Image.fromarray(page).resize((WIDTH - left - right, HEIGHT - top - bottom), Image.Resampling.BILINEAR)
    found = np.full_like(page, shade)
    found[top : HEIGHT - bottom, left : WIDTH - right] = np.asarray(small)
    return found


def _boxed(page: np.ndarray) -> np.ndarray:
    """A black line round the page, on paper."""
    found, inner = np.full_like(page, 0.9), Image.fromarray(page).resize((WIDTH - 30, HEIGHT - 30), Image.Resampling.BILINEAR)
    found[12:-12, 12:-12] = 0.1
    found[15:-15, 15:-15] = np.asarray(inner)
    return found


def _tilted(page: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A card on a dark table, turned by up to 12 degrees."""
    small = Image.fromarray(page).resize((round(WIDTH * 0.8), round(HEIGHT * 0.8)), Image.Resampling.BILINEAR)
    found = Image.new("F", (WIDTH, HEIGHT), -1.0)
    found.paste(small, (WIDTH // 10, HEIGHT // 10))
    found = np.asarray(found.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR, fillcolor=-1.0))
    return np.where(found < 0, 0.12, found)


def _noise(rng: np.random.Generator, deviation: float) -> np.ndarray:
    return rng.normal(0, deviation, (HEIGHT, WIDTH)).astype(np.float32)


def _ruled(rng: np.random.Generator) -> np.ndarray:
    """Light lines across a sheet."""
    lines = np.ones((HEIGHT, WIDTH), np.float32)
    lines[rng.integers(10, 30) :: rng.integers(25, 45)] = 0.65
    return lines


def _worn(page: np.ndarray) -> np.ndarray:
    """Ink and paper as a camera sees them: not quite black, not quite white."""
    return 0.15 + 0.75 * page


KINDS: dict[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "drawn, dark on white": lambda page, rng: page,
    "drawn, white on black": lambda page, rng: 1 - page,
    "grey ink on grey paper": lambda page, rng: 0.45 + 0.3 * page,
    "underexposed": lambda page, rng: 0.08 + 0.3 * page,
    "black frame, thin": lambda page, rng: _framed(_worn(page), rng, 0.01, 0.04, 0.0),
    "black frame, wide": lambda page, rng: _framed(_worn(page), rng, 0.05, 0.15, 0.05),
    "white frame, black card": lambda page, rng: _framed(1 - page, rng, 0.03, 0.12, 1.0),
    "hairline frame": lambda page, rng: np.pad(_worn(page)[2:-2, 2:-2], 2) if rng.random() < 0.5 else np.pad(_worn(page)[1:-1, 1:-1], 1),
    "grey frame": lambda page, rng: _framed(_worn(page), rng, 0.03, 0.12, 0.48),
    "printed box": lambda page, rng: _boxed(_worn(page)),
    "dark table on one side": lambda page, rng: _framed(_worn(page), rng, 0.05, 0.15, 0.1, 1),
    "dark table on two sides": lambda page, rng: _framed(_worn(page), rng, 0.05, 0.15, 0.1, 2),
    "card turned on a dark table": lambda page, rng: _tilted(_worn(page), rng),
    "light from one side": lambda page, rng: _worn(page) * _slope(rng, 0.5),
    "strong light from one side": lambda page, rng: _worn(page) * _slope(rng, 0.25),
    "dark corners": lambda page, rng: _worn(page) * _corners(rng),
    "the edge of a shadow": lambda page, rng: _worn(page) * _shadow(rng),
    "chalk under uneven light": lambda page, rng: (0.12 + 0.7 * (1 - page)) * _slope(rng, 0.5),
    "ruled paper": lambda page, rng: np.minimum(_worn(page), _ruled(rng)),
    "noise": lambda page, rng: _worn(page) + _noise(rng, 0.06),
    "frame, uneven light and noise": lambda page, rng: _framed(_worn(page) * _slope(rng, 0.5), rng, 0.03, 0.1, 0.05) + _noise(rng, 0.03),
    "turned card, dark corners, noise": lambda page, rng: _tilted(_worn(page), rng) * _corners(rng) + _noise(rng, 0.03),
}  # fmt: skip


def make(kind: str, n: int, seed: int = 0) -> Iterator[tuple[np.ndarray, int]]:
    """n photographs of a kind, uint8 (HEIGHT, WIDTH), saved once as JPEG, with their digits. The same for the same seed."""
    reference = features.reference(mnist.DATASET.name)
    rng = np.random.default_rng([seed, *kind.encode()])
    for k in rng.permutation(len(reference["pictures"]))[:n]:
        page = photograph(reference["pictures"][k, :, :, 0], rng, rng.uniform(0.35, 0.6))
        made = np.round(255 * np.clip(KINDS[kind](page, rng), 0, 1)).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(made).save(file, "JPEG", quality=85)
        yield np.asarray(Image.open(file, formats=("JPEG",))), int(reference["picture_labels"][k])


def hit_rate(kind: str, n: int, level: bool = True, seed: int = 0) -> float:
    """The share of n photographs of a kind that the classifier reads right. A photograph in which no ink is found is not."""
    found, labels = [], []
    for picture, label in make(kind, n, seed):
        try:
            found.append(mnist.from_picture(picture, level).pixels)
        except ControlError:
            found.append(np.zeros((1, 28, 28, 1), np.uint8))
        labels.append(label)
    read = run.score(mnist.DATASET.extractor, Images(np.concatenate(found))).probabilities.argmax(1)
    return float((read == np.asarray(labels)).mean())


def main() -> None:
    """Prints a line for each kind: the hit rate without levelling, and with it."""
    parser = argparse.ArgumentParser(prog="python -m playground.metrics.photographed", description=__doc__)
    parser.add_argument("-n", type=int, default=200, help="photographs of each kind (default: 200)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(f"{'n ' + str(args.n) + ' each, seed ' + str(args.seed):36}before   after")
    for kind in KINDS:
        before, after = (hit_rate(kind, args.n, level, args.seed) for level in (False, True))
        print(f"{kind:36}{before:6.1%}  {after:6.1%}", flush=True)


if __name__ == "__main__":
    main()

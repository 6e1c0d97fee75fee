"""A blind test: real, GAN, VAE or diffusion? Twelve rounds that a seed fixes, three of each, from samples that are drawn when they are asked for.

Nothing is chosen: each source gives what it gives for the seed, real digits are test pictures, and every round shows pictures of one source with
digits that the seed draws for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from playground import data, exhibits, run, two_ways
from playground.controls import equal_shares, shown, whole
from playground.errors import PlaygroundError
from playground.sampling.noise import seed_of
from playground.two_ways import dataset, generators
from playground.types import Images

REAL = "real"
ROUNDS = 12
SHOWN = 4  # pictures of one source in a round
SEED = 12
DETECTOR = "source-detector"


@dataclass(frozen=True)
class Told:
    """How a visitor did: right of the rounds answered, and by source how often each was guessed, in the order of sources()."""

    right: int
    answered: int
    guessed: Mapping[str, tuple[int, ...]]


def sources() -> tuple[str, ...]:
    """What there is to guess: "real", then the families."""
    return (REAL, *generators())


def order(seed: object) -> tuple[str, ...]:
    """The source of each round of a seed: every one equally often. Raises PlaygroundError for a bad seed."""
    known = whole("seed", seed, 0, run.MAX_SEED)
    each = np.repeat(np.arange(len(sources())), ROUNDS // len(sources()))
    return tuple(sources()[k] for k in np.random.default_rng(seed_of(known, "rounds")).permutation(each))


def rounds(seed: int) -> tuple[Images, ...]:
    """The pictures of each round, SHOWN of the round's source. Raises PlaygroundError."""
    wanted, rng = order(seed), np.random.default_rng(seed_of(seed, "digits"))
    digits = rng.integers(len(dataset().labels), size=(ROUNDS, SHOWN))
    found: dict[int, Images] = {}
    for source in sources():
        places = [k for k, each in enumerate(wanted) if each == source]
        asked = tuple(dataset().labels[digit] for k in places for digit in digits[k])
        pixels = (
            _real(asked, seed) if source == REAL else run.sample(generators()[source].id, len(asked), seed, label=asked).samples.uint8()
        )
        found |= {k: Images(part) for k, part in zip(places, np.split(pixels, len(places)), strict=True)}
    return tuple(found[k] for k in range(ROUNDS))


def drawn(source: str, n: int, seed: int, real: Images | None = None) -> Images:
    """n pictures of one source, digits in equal shares; real ones are the first n of `real` in a random order of the seed."""
    if source == REAL:
        assert real is not None
        return Images(real.pixels[np.random.default_rng(seed_of(seed, "real")).permutation(len(real))[:n]])
    card = generators()[source]
    return run.sample(card.id, n, seed, **equal_shares(card.controls, n)).samples


def detected(drawn: Sequence[Images]) -> tuple[str, ...]:
    """What the source detector says of rounds, one source each: the likeliest of all its pictures together."""
    pictures = Images(np.concatenate([images.uint8() for images in drawn]))
    nats = np.log(np.maximum(run.attribute(DETECTOR, pictures), 1e-12)).reshape(len(drawn), -1, len(sources())).sum(1)
    return tuple(sources()[k] for k in nats.argmax(1))


def held_out(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (sources * n, sources) that the detector gives test pictures of every source, n each, and whose they are (sources * n,)."""
    test = data.load(dataset().name, "test")
    found = [run.attribute(DETECTOR, drawn(source, n, seed, test)) for source in sources()]
    return np.concatenate(found), np.repeat(np.arange(len(found)), n)


def _real(asked: Sequence[str], seed: int) -> np.ndarray:
    """Real test pictures of these digits, all different: uint8 (n, h, w, 1)."""
    at: dict[str, int] = {}
    drawn = {digit: exhibits.real_samples(dataset().name, asked.count(digit), seed, digit).uint8() for digit in set(asked)}
    parts = []
    for digit in asked:
        parts.append(drawn[digit][at.get(digit, 0)])
        at[digit] = at.get(digit, 0) + 1
    return np.stack(parts)


def told(seed: int, guesses: Sequence[object]) -> Told:
    """How guesses of a seed's first rounds did. Raises PlaygroundError for a guess that is none, or too many."""
    known, truth = sources(), order(seed)
    wrong = [each for each in guesses if each not in known]
    if len(guesses) > ROUNDS or wrong:
        raise PlaygroundError(
            f"guesses must be at most {ROUNDS}, each one of {', '.join(known)}; got {len(guesses)}: {shown(wrong or guesses)}."
        )
    pairs = list(zip(truth, guesses, strict=False))
    counts = {source: tuple(sum(pair == (source, guess) for pair in pairs) for guess in known) for source in known}
    return Told(sum(a == b for a, b in pairs), len(pairs), counts)


def title(source: str) -> str:
    """How a source is called on a button."""
    return "Real" if source == REAL else two_ways.title(source)

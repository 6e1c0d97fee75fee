"""A blind test: real, GAN, VAE or diffusion? Twelve rounds that a seed fixes, three of each, from samples that are drawn when they are asked for.

Nothing is chosen: each source gives what it gives for the seed, real digits are test pictures, and every round shows pictures of one source with
digits that the seed draws for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from playground import exhibits, run, two_ways
from playground.controls import shown, whole
from playground.errors import PlaygroundError
from playground.sampling.noise import seed_of
from playground.two_ways import dataset, generators
from playground.types import Images

REAL = "real"
ROUNDS = 12
SHOWN = 4  # pictures of one source in a round
SEED = 12


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

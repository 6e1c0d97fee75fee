"""Learning from feedback in miniature: choices between pairs of faces fit a reward, and the reward moves the generator.

The steps of preference learning as it is done with language models (Christiano et al., arXiv:1706.03741; Ouyang et al., arXiv:2203.02155),
each small enough to be exact. The generator: one face of a VAE with six features left open, a ~ N(0, SPREAD^2 I), each coordinate a straight
line in the code. The reward: r(a) = w . a, fitted to choices by the Bradley-Terry model, P(a before b) = 1 / (1 + exp(-(r(a) - r(b)))),
with a Gaussian prior on w. The tuned generator: what maximises E[r] - KL / strength over all distributions is p(a) exp(strength r(a)) up to
scale, which here is N(strength SPREAD^2 w, SPREAD^2 I): no steps of gradient are needed, and the divergence is known. There is no language
model, no policy gradient and no crowd of raters: preference learning, not all of RLHF.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from playground import data, registry, run
from playground.controls import Label, Slider, shown, whole, wholes
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.sampling.noise import seed_of
from playground.types import Images, Latents, ModelCard

CARD = "vae-faces"
TEMPERATURE = 0.6  # of the face that all others are made of
Value = float | str
AXES: tuple[tuple[str, Value, Value], ...] = (
    ("age", 22.0, 85.0),
    ("smile", -0.9, 0.9),
    ("beard", "none", "full"),
    ("hair_colour", "black", "blond"),
    ("glasses", "none", "round"),
    ("turn", -0.8, 0.8),
)
"""The features that are left open, with the values at coordinates -1 and 1."""
PLAIN = {"hat": "none"}  # else of the face
STYLES = ("short", "curly", "bob", "long")  # hairstyles that hide none of it
SPREAD = 0.6  # standard deviation of a coordinate
PAIRS = 12
OFFERED = 40  # pairs of which the next most telling one is asked
PRIOR_DEVIATION = 2.0  # of a weight before any choice, in rewards for a coordinate of 1
BEST_OF = 16
SHOWN = 8  # faces in a row
SEED = 7
STRENGTHS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0)
CERTAIN = 4.0  # how strongly a made-up person holds to its taste


@dataclass(frozen=True)
class Face:
    """A face with features left open: its code at 0 (d,), how the code moves with each coordinate (k, d), and its hairstyle's label (1,)."""

    base: np.ndarray
    moves: np.ndarray
    labels: np.ndarray | None


@dataclass(frozen=True)
class Person:
    """Somebody made up, whose taste is known: a weight for each axis, of what the reader sees in a picture."""

    name: str
    taste: tuple[float, ...]


PEOPLE = (
    Person("likes laughing faces", (0.0, 1.0, 0.0, 0.0, 0.0, 0.0)),
    Person("likes old faces with a beard", (1.0, 0.0, 1.0, 0.0, 0.0, 0.0)),
    Person("likes glasses on dark hair", (0.0, 0.0, 0.0, -1.0, 1.0, 0.0)),
)


@dataclass(frozen=True)
class Reward:
    """weights (k,): reward for a coordinate of 1. deviations (k,): what the choices leave open of each. guessed: of the choices, those that a reward
    fitted to all others would have made."""

    weights: np.ndarray
    deviations: np.ndarray
    guessed: int
    choices: int

    def of(self, coordinates: np.ndarray) -> np.ndarray:
        """r(a) of each row (n, k): (n,)."""
        return coordinates @ self.weights

    def divergence(self, strength: float) -> float:
        """KL(tuned || generator) in nats: |strength SPREAD w|^2 / 2."""
        return float(0.5 * np.square(strength * SPREAD * self.weights).sum())


@dataclass(frozen=True)
class Tuned:
    """What a generator tuned with some strength makes: pictures, mean reward, divergence from the generator in nats; liking: how much the made-up
    person who chose likes them, by what the reader sees, None where there is none."""

    strength: float
    images: Images
    reward: float
    divergence: float
    liking: float | None


@dataclass(frozen=True)
class Lesson:
    """What choices led to. who: the made-up person who chose, empty of a visitor. agreement: on fresh pairs, None of a visitor. first, best: of some
    groups of BEST_OF faces the first ones, and the ones with the largest reward. steps: the tuned generator at STRENGTHS."""

    who: str
    seed: int
    reward: Reward
    agreement: float | None
    first: Images
    best: Images
    steps: tuple[Tuned, ...]


def face(seed: object) -> Face:
    """The face of a seed, made once. Raises PlaygroundError for a bad seed."""
    return _face(whole("seed", seed, 0, run.MAX_SEED))


@functools.lru_cache(maxsize=16)
def _face(seed: int) -> Face:
    """Each coordinate's move is the difference of two codes, of pictures with the axis' two values."""
    label = next(control for control in registry.get(CARD).controls if isinstance(control, Label))
    style = STYLES[seed % len(STYLES)]
    drawn = run.sample(CARD, 1, seed, **{label.name: style}, temperature=TEMPERATURE, views=("z",)).step.views["z"]
    low = PLAIN | {name: value for name, value, _ in AXES}

    def code(**values: Value) -> np.ndarray:
        return run.encode(CARD, run.decode(CARD, drawn, **low | values)).values[0]

    start = code()
    moves = np.stack([(code(**{name: high}) - start) / 2 for name, _, high in AXES])
    return Face(start + moves.sum(0), moves, drawn.labels)


def pictures(seed: int, coordinates: np.ndarray) -> Images:
    """A seed's face with its features at coordinates (n, k)."""
    known = face(seed)
    labels = None if known.labels is None else np.repeat(known.labels, len(coordinates))
    return run.decode(CARD, Latents((known.base + coordinates @ known.moves).astype(np.float32), labels))


def pairs(seed: object, count: int = PAIRS) -> np.ndarray:
    """Pairs to choose between: (count, 2, k), the same for a seed. Each is the one of OFFERED that says most beside those before it:
    whose difference has the largest variance under what would be left open of w. Raises PlaygroundError for a bad seed."""
    rng = np.random.default_rng(seed_of(whole("seed", seed, 0, run.MAX_SEED), "pairs"))
    precision, found = np.eye(len(AXES)) / PRIOR_DEVIATION**2, []
    for _ in range(count):
        offered = rng.normal(scale=SPREAD, size=(OFFERED, 2, len(AXES)))
        differences = offered[:, 0] - offered[:, 1]
        variances = np.einsum("nk,kl,nl->n", differences, np.linalg.inv(precision), differences)
        best = int(variances.argmax())
        found.append(offered[best])
        precision += np.outer(differences[best], differences[best]) / 4
    return np.stack(found)


def fit(offered: np.ndarray, chosen: Sequence[int]) -> Reward:
    """The reward that explains choices best: offered (m, 2, k), chosen 0 or 1 for each. Raises PlaygroundError for fewer than two choices."""
    sides = np.array(wholes("choices", chosen, 2, len(offered), 0, 1))  # 0: the left one
    rows = np.arange(len(sides))
    gains = offered[rows, sides] - offered[rows, 1 - sides]  # (m, k): what was preferred less what was not
    weights = _most_likely(gains)
    slopes = _slopes(gains, weights)
    information = np.eye(gains.shape[1]) / PRIOR_DEVIATION**2 + (gains * slopes[:, None]).T @ gains
    guessed = sum(float(gains[i] @ _most_likely(np.delete(gains, i, 0))) > 0 for i in range(len(gains)))
    return Reward(weights, np.sqrt(np.diag(np.linalg.inv(information))), guessed, len(gains))


def _most_likely(gains: np.ndarray) -> np.ndarray:
    """argmax over w of sum log sigmoid(gains w) - |w|^2 / (2 PRIOR_DEVIATION^2): logistic regression without an intercept, each row both ways."""
    from sklearn.linear_model import LogisticRegression

    known = LogisticRegression(fit_intercept=False, C=PRIOR_DEVIATION**2, tol=1e-8, max_iter=1000)
    both, signs = np.concatenate([gains, -gains]), np.repeat([1, 0], len(gains))
    return known.fit(both, signs, np.full(len(both), 0.5)).coef_[0]


def _slopes(gains: np.ndarray, weights: np.ndarray) -> np.ndarray:
    p = 1 / (1 + np.exp(-gains @ weights))
    return p * (1 - p)


def prior(n: int, seed: int, what: str = "faces") -> np.ndarray:
    """Coordinates that the generator draws before any feedback: (n, k), the same for a seed."""
    return np.random.default_rng(seed_of(seed, what)).normal(scale=SPREAD, size=(n, len(AXES)))


def tuned(reward: Reward, strength: float, n: int, seed: int, person: Person | None = None) -> Tuned:
    """n faces of the generator tuned with a strength, 0 being as it was; the noise is the same for every strength."""
    coordinates = prior(n, seed) + strength * SPREAD**2 * reward.weights
    images = pictures(seed, coordinates)
    liked = None if person is None else float(liking(person, images).mean())
    return Tuned(strength, images, float(reward.of(coordinates).mean()), reward.divergence(strength), liked)


def best_of(reward: Reward, seed: int, groups: int = SHOWN, n: int = BEST_OF) -> tuple[np.ndarray, np.ndarray]:
    """The first and the best by the reward of each of some groups of n faces: coordinates (groups, k) twice. What is best of n is drawn from a
    distribution within log n - (n - 1) / n nats of the generator's."""
    drawn = prior(groups * n, seed, "best of").reshape(groups, n, -1)
    best = reward.of(drawn).argmax(1)
    return drawn[:, 0], drawn[np.arange(groups), best]


def readings(images: Images) -> np.ndarray:
    """What the reader network sees of each axis in pictures: (n, k), about -1 to 1."""
    dataset = data.get(registry.get(CARD).dataset)
    seen, columns = run.score(dataset.extractor, images).factors, []
    for name, low, high in AXES:
        factor = next(each for each in dataset.factors if each.name == name)
        if isinstance(factor, Slider):
            columns.append(2 * (np.clip(seen[name], factor.minimum, factor.maximum) - low) / (high - low) - 1)
        else:
            columns.append(seen[name][:, factor.choices.index(high)] - seen[name][:, factor.choices.index(low)])
    return np.stack(columns, 1)


def liking(person: Person, images: Images) -> np.ndarray:
    """How much a made-up person likes pictures: (n,)."""
    return readings(images) @ np.array(person.taste)


def choices(person: Person, seed: int, count: int = PAIRS) -> list[int]:
    """What a made-up person chooses of a seed's pairs: by chance, the likelier the more it likes one better (Bradley-Terry)."""
    left, right = (_offered(whole("seed", seed, 0, run.MAX_SEED), count) @ np.array(person.taste)).T
    luck = np.random.default_rng(seed_of(seed, person.name)).random(count)
    return [int(each) for each in luck < 1 / (1 + np.exp(-CERTAIN * (right - left)))]


@functools.lru_cache(maxsize=16)
def _offered(seed: int, count: int) -> np.ndarray:
    """What the reader sees in both faces of a seed's pairs: (count, 2, k), the same whoever chooses, so it is looked at once."""
    return _read_pairs(seed, pairs(seed, count))


@functools.lru_cache(maxsize=16)
def _held_out(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """n fresh pairs of a seed's face that nobody chose between, and what the reader sees in them: (n, 2, k) twice."""
    drawn = prior(2 * n, seed, "held out").reshape(n, 2, -1)
    return drawn, _read_pairs(seed, drawn)


def _read_pairs(seed: int, offered: np.ndarray) -> np.ndarray:
    return np.stack([readings(pictures(seed, offered[:, side])) for side in (0, 1)], 1)


def agreement(person: Person, reward: Reward, seed: int, n: int = 200) -> float:
    """The share of n fresh pairs of the face in which the reward prefers what the person likes better."""
    drawn, seen = _held_out(seed, n)
    likes = seen @ np.array(person.taste)
    return float(((reward.of(drawn[:, 0]) > reward.of(drawn[:, 1])) == (likes[:, 0] > likes[:, 1])).mean())


def lesson(seed: int, chosen: Sequence[int], person: Person | None = None) -> Lesson:
    """All that choices of a seed's pairs lead to; person: who made them, if somebody made up did. Raises PlaygroundError."""
    reward = fit(pairs(seed, max(PAIRS, len(chosen))), chosen)
    first, best = (pictures(seed, coordinates) for coordinates in best_of(reward, seed))
    steps = tuple(tuned(reward, strength, SHOWN, seed, person) for strength in STRENGTHS)
    agreed = None if person is None else agreement(person, reward, seed)
    return Lesson("" if person is None else person.name, seed, reward, agreed, first, best, steps)


def named(name: object) -> Person:
    """The made-up person of that name. Raises PlaygroundError."""
    found = next((each for each in PEOPLE if each.name == name), None)
    if found is None:
        raise PlaygroundError(f"who must be one of {', '.join(each.name for each in PEOPLE)}; got {shown(name)}.")
    return found


def recorded(card: ModelCard, seed: int) -> Iterator[tuple[str, Sequence[Row], dict[str, Any]]]:
    """What the first paint needs: (name, rows, settings), as exhibits.recorded gives them: a pair, and what the first made-up person's choices led to."""
    if card.id != CARD:
        return
    person = PEOPLE[0]
    found = lesson(seed, choices(person, seed), person)
    rows = [Row("pair", pictures(seed, pairs(seed)[0])), Row("first", found.first), Row("best", found.best)]
    rows += [Row(f"strength {each.strength:g}", each.images) for each in found.steps]
    numbers = [[round(x, 4) for x in (each.reward, each.divergence, each.liking or 0.0)] for each in found.steps]
    reward = {name: getattr(found.reward, name).round(4).tolist() for name in ("weights", "deviations")}
    reward |= {"guessed": found.reward.guessed, "choices": found.reward.choices}
    yield "feedback", rows, {"who": found.who, "seed": seed, "reward": reward, "agreement": found.agreement, "numbers": numbers}


def restored(rows: Sequence[Row], about: Mapping[str, Any]) -> tuple[Images, Lesson]:
    """What recorded() wrote, as it was: the pair and the lesson."""
    pair, first, best, *strengths = (row.images for row in rows)
    known = about["reward"]
    reward = Reward(np.array(known["weights"]), np.array(known["deviations"]), known["guessed"], known["choices"])
    steps = tuple(
        Tuned(strength, images, *numbers) for strength, images, numbers in zip(STRENGTHS, strengths, about["numbers"], strict=True)
    )
    return pair, Lesson(about["who"], about["seed"], reward, about["agreement"], first, best, steps)

"""Six ways to break a training, each with a lamp that names the symptom from a measured threshold, and the one change that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from playground import race
from playground.controls import shown
from playground.errors import ControlError
from playground.race import Frame, Plan

SEED = 1


@dataclass(frozen=True)
class Break:
    """A family, a target and a number of steps; broken and mended: the settings of both, which differ in one. told: what happens and why.

    measure: the symptom as a number, of the last look; lit: whether the lamp is on at it. says: the number and its threshold in words.
    """

    name: str
    title: str
    family: str
    target: str
    steps: int
    broken: Mapping[str, float]
    mended: Mapping[str, float]
    told: str
    remedy: str
    measure: Callable[[Frame, Plan], float]
    lit: Callable[[float], bool]
    says: str

    def changed(self) -> tuple[str, float | None, float | None]:
        """The one setting that differs: its name, and its value broken and mended (None: the usual)."""
        (name,) = [key for key in {**self.broken, **self.mended} if self.broken.get(key) != self.mended.get(key)]
        return name, self.broken.get(name), self.mended.get(name)


def _covered(frame: Frame, wanted: Plan) -> float:
    return frame.metrics["covered"]


def _divergence(frame: Frame, wanted: Plan) -> float:
    return frame.losses["divergence"]


def _far(frame: Frame, wanted: Plan) -> float:
    """The sliced Wasserstein distance as a multiple of that of real points."""
    return frame.metrics["sliced"] / race.floor(wanted.target, wanted.seed)["sliced"]


def _near_own(frame: Frame, wanted: Plan) -> float:
    """How near drawn points come to the training points, as a multiple of how near other real ones come: medians of the nearest."""
    pool = race.pool_of(wanted, frame.family)
    real = wanted.target.sample(race.JUDGED, race.seed_of(wanted.seed, "held out"))
    drawn, held_out = (np.median(np.linalg.norm(each[:, None] - pool[None], axis=2).min(1)) for each in (frame.points, real))
    return float(drawn / held_out)


BREAKS = {
    each.name: each
    for each in (
        Break(
            "mode-collapse",
            "Mode collapse",
            "gan",
            "ring",
            800,
            {"relativistic": 0, "critic_steps": 4, "penalty": 0.0},
            {"relativistic": 0, "critic_steps": 4, "penalty": 0.3},
            "A strong critic without a penalty, and the loss of 2014: the generator puts everything where the critic is fooled today, and moves on when it is not.",
            "penalise the slope of the critic (R1 and R2): it can no longer tell a place apart by a cliff",
            _covered,
            lambda value: value < 6,
            "{value:.0f} of 8 modes covered (lit below 6)",
        ),
        Break(
            "posterior-collapse",
            "Posterior collapse",
            "vae",
            "ring",
            600,
            {"beta": 10.0},
            {"beta": 1.0},
            "The divergence counts ten times: it is cheapest to say nothing with the code, so the decoder paints the same for every code.",
            "weigh the divergence as the bound does (beta 1)",
            _divergence,
            lambda value: value < 0.1,
            "{value:.2f} nats in the code (lit below 0.1)",
        ),
        Break(
            "few-steps",
            "Too few denoising steps",
            "diffusion",
            "ring",
            1500,
            {"steps": 1},
            {"steps": 30},
            "The network is well trained, but walks to the points in a single step: the way bends, and the step does not.",
            "walk in 30 steps; nothing is trained anew",
            _far,
            lambda value: value > 5,
            "{value:.1f} times as far as real points (lit above 5)",
        ),
        Break(
            "holes",
            "An autoencoder's holes",
            "autoencoder",
            "ring",
            800,
            {"spread": 1.0},
            {"spread": 0.02},
            "Codes are drawn from a bell curve over all codes. Most of it is where no real point was ever put, and what is decoded there is nothing.",
            "draw codes close to those of real points (a mixture with one narrow bell at each)",
            _far,
            lambda value: value > 3,
            "{value:.1f} times as far as real points (lit above 3)",
        ),
        Break(
            "overfitting",
            "Overfitting to 20 points",
            "autoregressive",
            "moons",
            1500,
            {"points": 20},
            {"points": 2000},
            "Twenty points, shown again and again: the most probable world is one in which only these exist.",
            "show it 2,000 points",
            _near_own,
            lambda value: value < 0.5,
            "{value:.2f} times as far from a training point as other real ones are (lit below 0.5)",
        ),
        Break(
            "exploding",
            "An exploding GAN",
            "gan",
            "ring",
            400,
            {"learning_rate": 0.5},
            {"learning_rate": 0.002},
            "Steps are 250 times too long: each overshoots, and the next one more.",
            "a learning rate of 0.002",
            _far,
            lambda value: value > 3,
            "{value:.1f} times as far as real points (lit above 3)",
        ),
    )
}


def get(name: object) -> Break:
    """A break by its name. Raises ControlError for an unknown one."""
    if name not in BREAKS:
        raise ControlError(f"what must be one of {', '.join(BREAKS)}; got {shown(name)}.")
    return BREAKS[str(name)]


def plan(name: object, mended: bool, seed: object = SEED) -> Plan:
    """The race of the one family that breaks, or is mended. Raises ControlError."""
    known = get(name)
    changes = {known.family: known.mended if mended else known.broken}
    return race.plan(known.target, seed, steps=known.steps, families=(known.family,), changes=changes)


def run(name: object, mended: bool, seed: object = SEED) -> Iterator[Frame]:
    """Its looks. Raises ControlError."""
    return race.run(plan(name, mended, seed))


def lamp(name: object, frame: Frame, wanted: Plan) -> tuple[bool, str]:
    """Whether the symptom is there at a last look, and the number in words."""
    known = get(name)
    value = known.measure(frame, wanted)
    return known.lit(value), known.says.format(value=value)

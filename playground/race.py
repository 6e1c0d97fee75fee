"""The race: every family learns the same points, or the same small digits, at the same time under the same budget, in turns of small slices, before the visitor's eyes.

Nothing of it is kept: a race belongs to the visit, its models are in no registry, and its frames are what the page records.
"""

from __future__ import annotations

import base64
import bisect
import functools
import importlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from playground import registry, weights
from playground.controls import Slider, shown, whole
from playground.data import digits, points
from playground.data.digits import Digits
from playground.data.points import Target
from playground.errors import ControlError, PlaygroundError
from playground.gate import GATE
from playground.run import MAX_SEED
from playground.sampling.noise import seed_of

if TYPE_CHECKING:
    from playground.models.points.learner import Learner

LEARNERS = {  # family: its learner
    "gan": "playground.models.points.gan:PointGAN",
    "vae": "playground.models.points.vae:PointVAE",
    "diffusion": "playground.models.points.diffusion:PointDiffusion",
    "flow": "playground.models.points.flow:PointFlow",
    "autoregressive": "playground.models.points.autoregressive:PointAutoregressive",
    "autoencoder": "playground.models.points.autoencoder:PointAutoencoder",
}
PIXELS = {**LEARNERS, "autoregressive": "playground.models.points.pixels:PixelAutoregressive"}  # of small pictures
TITLES = {
    "gan": "GAN",
    "vae": "VAE",
    "diffusion": "Diffusion",
    "flow": "Flow matching",
    "autoregressive": "Autoregressive",
    "autoencoder": "Autoencoder",
}
RECORDED = weights.ASSETS / "previews" / "race.json"
RECORDED_STEPS = 800
UNIT = 500  # what is sent of a coordinate is a whole number of these parts
BATCH = 256
SLICE = 0.12  # seconds of training between two looks at a family
SHOWN = 400  # points drawn at each look
JUDGED = 1000  # points at the end
PICTURES, PICTURES_JUDGED, WALL = 100, 500, 36  # the same of small pictures, and how many of those at a look the page is sent
LEARNING_RATE = 2e-3
SECONDS = Slider("seconds", "Seconds for each", 3.5, 1.0, 10.0, 0.5)
STEPS = Slider("steps", "Budget in steps", 0, 0, 20_000, 1, integer=True, help="Of each; 0: the seconds count.")
NUMBERS = Slider(
    "numbers", "Budget in parameters", 0, 0, 100_000, 1_000, integer=True, help="Of each, by its units a layer; 0: the same units for all."
)
WIDEST = 512  # units a layer that such a budget may lead to
OPTIONS: Mapping[str, tuple[Slider, tuple[str, ...]]] = {  # what may be set besides, and of which families
    slider.name: (slider, families)
    for slider, families in (
        (Slider("width", "Units a layer", 96, 16, 128, 8, integer=True, help="Of every network."), tuple(LEARNERS)),
        (Slider("layers", "Hidden layers", 3, 1, 4, 1, integer=True, help="Of every network."), tuple(LEARNERS)),
        (Slider("learning_rate", "Learning rate", LEARNING_RATE, 0.0005, 0.02, 0.0005, help="Of every optimizer."), tuple(LEARNERS)),
        (
            Slider("noise", "Noise on the points", 0.0, 0.0, 0.5, 0.02, help="Added to every real point, new at every step."),
            tuple(LEARNERS),
        ),
        (Slider("penalty", "GAN: penalty", 0.3, 0.0, 2.0, 0.1, help="On the critic's slope (R1 and R2)."), ("gan",)),
        (Slider("beta", "VAE: beta", 1.0, 0.0, 10.0, 0.5, help="Weight of the divergence; 1 is the bound."), ("vae",)),
        (
            Slider("steps", "Denoising steps", 30, 1, 60, 1, integer=True, help="Of diffusion and flow, at each look."),
            ("diffusion", "flow"),
        ),
    )
}


@dataclass(frozen=True)
class Kind:
    """What differs between targets of points and of pictures. noun: what is drawn; looked, sent: how many at each look, and of them to the page;
    judged: how many at the end; usual: what the page proposes, and what stands where nothing is asked; learners: by family, where each is defined;
    metrics: the module that judges.
    """

    noun: str
    looked: int
    sent: int
    judged: int
    usual: Mapping[str, float]
    learners: Mapping[str, str]
    metrics: str


POINTS = Kind("points", SHOWN, SHOWN, JUDGED, {"seconds": 3.5, "width": 96}, LEARNERS, "playground.metrics.points")
PIXELED = Kind("pictures", PICTURES, WALL, PICTURES_JUDGED, {"seconds": 8.0, "width": 128}, PIXELS, "playground.metrics.digits")
TARGETS = {**{name: each.title for name, each in points.TARGETS.items()}, **{name: title for name, (title, _) in digits.TITLES.items()}}


@dataclass(frozen=True)
class Frame:
    """One look at a family: steps and seconds of training so far, the same noise drawn anew as points (n, 2) or pictures (n, side * side), its inner
    life, its losses.

    metrics: how near they are to as many held-out real ones. part: of the plan's budget, 0 to 1, and on where more was given. done: the last look at this family.
    """

    family: str
    step: int
    seconds: float
    points: np.ndarray
    inside: Mapping[str, np.ndarray]
    losses: Mapping[str, float]
    metrics: Mapping[str, float] = field(default_factory=dict)
    part: float = 0.0
    done: bool = False
    parameters: int = 0


@dataclass(frozen=True)
class Plan:
    """A checked request. steps: for each family, 0 where seconds count. changes: settings of single families, by family. numbers: that each is to
    train, about, which its width in changes then follows; 0 where it is not asked for."""

    target: Target | Digits
    families: tuple[str, ...]
    seed: int
    seconds: float
    steps: int
    changes: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    numbers: int = 0

    @property
    def kind(self) -> Kind:
        """What its target's kind entails."""
        return kind_of(self.target)


def kind_of(target: Target | Digits) -> Kind:
    """The kind of a target."""
    return PIXELED if target.side else POINTS


def target_of(asked: object) -> Target | Digits:
    """A target by its name, or of points (n, 2) of one's own; a target is itself. Raises ControlError, and DataUnavailable where the digits are missing."""
    if isinstance(asked, Target | Digits):
        return asked
    if not isinstance(asked, str):
        return points.own(asked)  # type: ignore[arg-type]
    if asked not in TARGETS:
        raise ControlError(f"target must be one of {', '.join(TARGETS)}; got {shown(asked)}.")
    return digits.get(asked) if asked in digits.TITLES else points.get(asked)


def plan(
    target: object = "ring",
    seed: object = 0,
    seconds: object = SECONDS.default,
    steps: object = 0,
    families: Sequence[str] = tuple(LEARNERS),
    changes: Mapping[str, Mapping[str, float]] | None = None,
    options: Mapping[str, object] | None = None,
    numbers: object = 0,
) -> Plan:
    """Checks what is asked for. target: see target_of. changes: settings of single families. options: values of OPTIONS,
    for all families that have them. numbers: that each family is to train, about; then its width is chosen for it.

    Raises ControlError.
    """
    found: dict[str, dict[str, float]] = {family: dict(each) for family, each in (changes or {}).items()}
    known = target_of(target)
    usual = {name: value for name, value in kind_of(known).usual.items() if name in OPTIONS}
    for name, value in {**usual, **(options or {})}.items():
        if name not in OPTIONS:
            raise ControlError(f"options must be of {', '.join(OPTIONS)}; got {shown(name)}.")
        slider, its = OPTIONS[name]
        if (checked := slider.validate(value)) != slider.default:
            for family in its:
                found.setdefault(family, {})[name] = checked
    wrong = [family for family in families if family not in LEARNERS]
    if wrong or not families:
        raise ControlError(f"families must be some of {', '.join(LEARNERS)}; got {', '.join(map(str, wrong)) or 'none'}.")
    asked = Plan(
        known,
        tuple(families),
        whole("seed", seed, 0, MAX_SEED),
        float(SECONDS.validate(seconds)),
        int(STEPS.validate(steps)),
        found,
        int(NUMBERS.validate(numbers)),
    )
    if asked.numbers:
        for family in asked.families:
            settings = found.setdefault(family, {})
            layers = int(settings.get("layers", OPTIONS["layers"][0].default))
            settings["width"] = width_for(asked.kind.learners[family], asked.numbers, layers, known.side)
    return asked


@functools.lru_cache(maxsize=64)
def width_for(learner: str, numbers: int, layers: int, side: int) -> int:
    """The units a layer with which a learner trains the number of parameters that is nearest to `numbers`, at most WIDEST."""
    from playground.models.points.learner import Settings

    def off(width: int) -> int:
        return registry.resolve(learner)(Settings(0, width, layers, side=side)).parameters - numbers

    above = bisect.bisect_left(range(1, WIDEST), 0, key=off) + 1
    return min((max(1, above - 1), above), key=lambda width: abs(off(width)))


def run(wanted: Plan, racers: list[Racer] | None = None) -> Iterator[Frame]:
    """The frames of a race, family by family in turns, until each has used its budget up; at most one slice at a time on this machine.

    racers: a list that is filled with the racers, for who wants to lay hands on them. With a budget in steps, the same request gives the same points; in seconds, the faster machine gets further.
    """
    racers = [] if racers is None else racers
    racers[:] = [Racer(family, wanted) for family in wanted.families]
    for racer in racers:
        yield racer.look()
    yield from go_on(racers)


def go_on(racers: Sequence[Racer]) -> Iterator[Frame]:
    """Further frames of racers, until each has used its budget up."""
    open_ones = [racer for racer in racers if not racer.done]
    while open_ones:
        for racer in list(open_ones):
            racer.train()
            if racer.done:
                open_ones.remove(racer)
            yield racer.look()


def pool_of(wanted: Plan, family: str) -> np.ndarray | None:
    """The training points (n, 2) of a family whose settings name a number of "points"; None where there are always new ones."""
    count = wanted.changes.get(family, {}).get("points")
    return None if count is None else wanted.target.sample(int(count), seed_of(wanted.seed, "pool"))


def blurred(x: np.ndarray, noise: float, seed: int) -> np.ndarray:
    """Points (n, 2) with Gaussian noise of this deviation added, float32."""
    return x if not noise else x + np.float32(noise) * np.random.default_rng(seed + 1).standard_normal(x.shape, dtype=np.float32)


def judge(drawn: np.ndarray, real: np.ndarray, target: Target | Digits, whole: bool = True, read: bool = False) -> dict[str, float]:
    """The metrics of what was drawn against as many held-out real ones; without those that take long where not whole, and where it is to be read
    with those that take a model."""
    place = importlib.import_module(kind_of(target).metrics)
    return {**place.judge(drawn, real, target, whole), **(place.read(drawn, real, target) if read else {})}


def floor(target: Target | Digits, seed: int, read: bool = True) -> dict[str, float]:
    """The metrics of real ones against other real ones, as many as a race's end is judged by."""
    n = kind_of(target).judged
    return judge(target.sample(n, seed_of(seed, "floor")), target.held_out(n, seed_of(seed, "held out")), target, read=read)


def line(wanted: Plan, draws: int = 8) -> float:
    """The sliced distance of real ones to other real ones, as many as at a look on the way, over some draws: what the looks are to be held against."""
    n, target = wanted.kind.looked, wanted.target
    seeds = [seed_of(wanted.seed, "line", k) for k in range(draws)]
    found = [judge(target.sample(n, seed), target.held_out(n, seed + 1), target, whole=False)["sliced"] for seed in seeds]
    return float(np.mean(found))


@contextmanager
def alone() -> Iterator[None]:
    """The gate, and inside it one thread: networks so small are three times as slow with two (digits), and what one thread adds up does not depend
    on how many cores there are."""
    import torch

    with GATE.step():
        before = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


class Racer:
    """A learner, its clock, and what it is shown. budget: steps or seconds, as the plan counts, after which it is done."""

    def __init__(self, family: str, wanted: Plan):
        self.family, self.wanted, self.steps, self.seconds = family, wanted, 0, 0.0
        changes = {"learning_rate": LEARNING_RATE, **wanted.changes.get(family, {})}
        with alone():
            self.learner = self.made(changes)
        self.losses: dict[str, float] = {}
        self.pool = pool_of(wanted, family)
        self.noise = float(changes.get("noise", 0.0))
        self.budget: float = wanted.steps or wanted.seconds

    def made(self, changes: Mapping[str, float]) -> Learner:
        """A new learner of its family with these settings. To be called alone."""
        from playground.models.points.learner import Settings

        place = registry.resolve(self.wanted.kind.learners[self.family])
        return place(Settings(seed_of(self.wanted.seed, self.family), side=self.wanted.target.side, **changes))

    @property
    def done(self) -> bool:
        return self.spent >= self.budget

    @property
    def spent(self) -> float:
        """Of the budget: steps where the plan counts steps, else seconds."""
        return self.steps if self.wanted.steps else self.seconds

    def batch(self) -> np.ndarray:
        """What is real of the next step, float32 (BATCH, 2 or side * side): new ones, or some of the few that it is given."""
        seed = seed_of(self.wanted.seed, "batch", self.steps)
        if self.pool is None:
            x = self.wanted.target.sample(BATCH, seed)
        else:
            x = self.pool[np.random.default_rng(seed).integers(len(self.pool), size=BATCH)]
        return blurred(x, self.noise, seed)

    def train(self) -> None:
        """Steps for one slice of time, or until the budget is used up."""
        with alone():
            begin = time.perf_counter()
            while not self.done and time.perf_counter() - begin < SLICE:
                self.step()

    def step(self, **which: Any) -> None:
        """One update, on the next batch. which: passed on to the learner's step. To be called alone."""
        import torch

        x = torch.from_numpy(self.batch())
        noise = torch.Generator().manual_seed(seed_of(self.wanted.seed, self.family, self.steps))
        first = time.perf_counter()
        self.losses |= self.learner.step(x, noise, **which)
        self.steps += 1
        self.seconds += time.perf_counter() - first

    def look(self) -> Frame:
        """What it draws now, from noise that is the same at every look."""
        import torch

        n = self.wanted.kind.judged if self.done else self.wanted.kind.looked
        with alone():
            drawn = self.learner.sample(n, torch.Generator().manual_seed(seed_of(self.wanted.seed, "look"))).numpy()
            inside = self.learner.inside(torch.Generator().manual_seed(seed_of(self.wanted.seed, "inside")))
        real = self.wanted.target.held_out(n, seed_of(self.wanted.seed, "held out"))
        planned = self.wanted.steps or self.wanted.seconds
        part = min(self.spent, self.budget) / planned  # above 1 where it has been given more
        return Frame(
            self.family,
            self.steps,
            round(self.seconds, 3),
            drawn,
            {name: value.numpy() for name, value in inside.items()},
            {name: round(value, 4) for name, value in self.losses.items()},
            judge(drawn, real, self.wanted.target, whole=self.done, read=self.done),
            part,
            self.done,
            self.learner.parameters,
        )


def encoded(frame: Frame) -> dict[str, Any]:
    """A look as JSON: coordinates as whole numbers of 1 / UNIT, shades and pictures as bytes in base64."""
    inside: dict[str, Any] = {}
    for name, value in frame.inside.items():
        if name in ("landscape", "density"):
            inside[name] = {"side": len(value), "bytes": _bytes(value)}
        elif name == "shelf":
            inside[name] = {"shape": list(value.shape), "bytes": lights(value)}
        else:
            inside[name] = {"shape": list(value.shape), "at": ints(value)}
    return {
        "family": frame.family,
        "step": frame.step,
        "seconds": round(frame.seconds, 2),
        "part": round(frame.part, 4),
        **({"points": ints(frame.points[:SHOWN])} if frame.points.shape[1] == 2 else {"pictures": lights(frame.points[:WALL])}),
        "inside": inside,
        "losses": dict(frame.losses),
        "metrics": {name: round(value, 4) for name, value in frame.metrics.items()},
        "done": frame.done,
        "parameters": frame.parameters,
    }


def _bytes(shares: np.ndarray) -> str:
    return base64.b64encode((255 * np.clip(shares, 0, 1)).astype(np.uint8).tobytes()).decode()


def lights(pictures: np.ndarray) -> str:
    """Pictures in [-1, 1] as bytes, black to white, in base64."""
    return _bytes((np.nan_to_num(pictures, nan=0.0) + 1) / 2)


def ints(values: np.ndarray) -> list[int]:
    """Coordinates as whole numbers of 1 / UNIT, in one row; what has run far away stays at the edge."""
    bounded = np.clip(np.nan_to_num(values, nan=0.0), -4 * points.REACH, 4 * points.REACH)
    return np.round(bounded * UNIT).astype(int).ravel().tolist()


def record(path: Path = RECORDED) -> Path:
    """Runs the race that the page shows first, in steps so that it can be run again, and keeps each family's last look."""
    wanted = plan(steps=RECORDED_STEPS)
    looks = [encoded(frame) for frame in run(wanted) if frame.done]
    about = {"target": wanted.target.name, "seed": wanted.seed, "steps": wanted.steps, "floor": floor(wanted.target, wanted.seed)}
    for look in looks:
        look["seconds"] = 0.0  # of whichever machine: not the race's
    weights.write_json(path, {**about, "frames": sorted(looks, key=lambda look: list(LEARNERS).index(look["family"]))})
    return path


def read(path: Path = RECORDED) -> tuple[Plan, dict[str, float], list[dict[str, Any]]]:
    """The recorded race: what was asked, the floor, the last looks as encoded() gives them. Raises PlaygroundError where there is none."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
        return plan(about["target"], about["seed"], steps=about["steps"]), about["floor"], about["frames"]
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError("No race is recorded: make it with python -m playground previews.") from error

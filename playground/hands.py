"""A visitor's hands on a race: settings moved while it runs, single updates, more of the budget. What was done is told with the result."""

from __future__ import annotations

import time
from collections.abc import Iterator

from playground import race
from playground.controls import Choice, Slider, shown
from playground.errors import ControlError
from playground.race import Frame, Plan, Racer

LIVE = ("learning_rate", "noise", "penalty", "beta", "steps")  # of race.OPTIONS, those that take hold of the networks that there are
ANEW = ("width", "layers")  # those that make new ones, which begin where the race is
ONLY = Choice("only", "Of the GAN", "both", ("both", "critic", "generator"))
COUNT = Slider("count", "Updates", 1, 1, 200, 1, integer=True)

DRAG = 1.5  # seconds within which a setting moved again is one move


class Hands:
    """The racers of a visit, kept after their race has ended or was stopped. done: what was done to them, in words."""

    def __init__(self) -> None:
        self.racers: list[Racer] = []
        self.wanted: Plan | None = None
        self.done: list[str] = []
        self._moved = ("", 0.0)  # the setting that was moved last, and when
        self._now: dict[str, float] = {}  # settings that were moved, as they stand

    def begin(self, wanted: Plan) -> Iterator[Frame]:
        """A new race's frames; its racers replace those of the last."""
        self.wanted, self.done, self._now = wanted, [], {}
        yield from race.run(wanted, self.racers)

    def move(self, name: str, value: object) -> str:
        """Changes a setting of every racer that has it, from its next update on, with new networks where it is one of ANEW; says what changed,
        nothing where none did.

        Raises ControlError for another setting, and for a value out of bounds.
        """
        if name not in (*LIVE, *ANEW):
            raise ControlError(f"a setting moved in a race must be one of {', '.join((*LIVE, *ANEW))}; got {shown(name)}.")
        slider, families = race.OPTIONS[name]
        checked = slider.validate(value)
        moved = [racer for racer in self.racers if racer.family in families]
        if all(self._now.get(name, racer.wanted.changes.get(racer.family, {}).get(name, slider.default)) == checked for racer in moved):
            return ""
        self._now[name] = checked
        with race.alone():
            for racer in moved:
                if name in ANEW:
                    racer.learner, racer.losses = racer.made(self._settings(racer)), {}
                else:
                    _set(racer, name, checked)
        at = ", ".join(f"{race.TITLES[racer.family]} step {racer.steps:,}" for racer in moved[:2]) + (", ..." if len(moved) > 2 else "")
        last, when = self._moved
        if self.done and last == name and time.monotonic() - when < DRAG and self.done[-1].startswith(slider.title.lower()):
            self.done.pop()
        self._moved = (name, time.monotonic())
        self.done.append(f"{slider.title.lower()} {checked:g} from {at} on{', with new networks' if name in ANEW else ''}")
        return self.done[-1]

    def _settings(self, racer: Racer) -> dict[str, float]:
        """The settings of a racer as they stand now: as planned, and as they were moved."""
        now = {name: value for name, value in self._now.items() if racer.family in race.OPTIONS[name][1]}
        return {"learning_rate": race.LEARNING_RATE, **racer.wanted.changes.get(racer.family, {}), **now}

    def step(self, family: object, count: object = 1, only: object = ONLY.default) -> Frame:
        """Single updates of one racer, and a look at it. only: of a GAN, which of its two networks.

        Raises ControlError where there is no such racer: nothing was started yet.
        """
        racer = next((each for each in self.racers if each.family == family), None)
        count, which = int(COUNT.validate(count)), ONLY.validate(only)
        if racer is None:
            raise ControlError(f"there is no {race.TITLES.get(str(family), family)} to step: start a race first.")
        options = {"only": which} if racer.family == "gan" and which != ONLY.default else {}
        with race.alone():
            for _ in range(count):
                racer.step(**options)
        racer.budget = max(racer.budget, racer.spent)
        self.done.append(
            f"{race.TITLES[racer.family]}: {count:,} update{'s' if count > 1 else ''} by hand{f' of the {which}' if options else ''}"
        )
        return racer.look()

    def more(self) -> Iterator[Frame]:
        """Further frames: what a stopped race has left, or where none has anything left, the plan's budget once more.

        Raises ControlError where nothing was started yet.
        """
        if not self.racers or self.wanted is None:
            raise ControlError("there is no race to go on with: start one first.")
        if all(racer.done for racer in self.racers):
            for racer in self.racers:
                racer.budget += self.wanted.steps or self.wanted.seconds
            self.done.append("the budget once more")
        return race.go_on(self.racers)

    @property
    def is_untouched(self) -> bool:
        """True while the race is as its plan says, so that a script can run it again."""
        return not self.done


def _set(racer: Racer, name: str, value: float) -> None:
    learner = racer.learner
    if name == "noise":
        racer.noise = value
    elif name == "learning_rate":
        for optimizer in getattr(learner, "optimizers", None) or [learner.optimizer]:
            for group in optimizer.param_groups:
                group["lr"] = value
    else:
        setattr(learner, name, int(value) if race.OPTIONS[name][0].integer else value)

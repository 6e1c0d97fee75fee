"""Distributions on the plane that are drawn by rule: what the families race to learn. Points lie within REACH of the origin."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from playground.controls import shown
from playground.errors import ControlError

REACH = 2.0  # the plane that is shown goes from -REACH to REACH both ways
NEAR = 3.0  # as many standard deviations around a mode are on it
LEAST, MOST = 20, 2000  # points of one's own
LONGEST = 200_000  # characters of them as text
SEPARATORS = re.compile(r"[,;\s]+")


@dataclass(frozen=True)
class Target:
    """A distribution: its name, how it is drawn, and where its modes are (k, 2) with their standard deviation, where it has such.

    given: points (n, 2) around which it is drawn, as far as spread, where they are a visitor's own.
    """

    name: str
    title: str
    draw: Callable[[int, np.random.Generator], np.ndarray]
    modes: np.ndarray | None = None
    deviation: float = 0.0
    given: np.ndarray | None = None
    spread: float = 0.0
    side: int = 0  # they are no pictures

    def sample(self, n: int, seed: int) -> np.ndarray:
        """n points, float32 (n, 2); the same for the same seed."""
        return self.draw(n, np.random.default_rng(seed)).astype(np.float32)

    def held_out(self, n: int, seed: int) -> np.ndarray:
        """n points that nothing learns from: of a rule they are always new."""
        return self.sample(n, seed)


def _around(centres: np.ndarray, deviation: float) -> Callable[[int, np.random.Generator], np.ndarray]:
    return lambda n, rng: centres[rng.integers(len(centres), size=n)] + deviation * rng.normal(size=(n, 2))


def _circle(count: int, radius: float) -> np.ndarray:
    turn = 2 * np.pi * np.arange(count) / count
    return radius * np.stack([np.cos(turn), np.sin(turn)], 1)


def _moons(n: int, rng: np.random.Generator) -> np.ndarray:
    turn, upper = np.pi * rng.random(n), rng.random(n) < 0.5
    x = np.where(upper, np.cos(turn) - 0.5, 0.5 - np.cos(turn))
    y = np.where(upper, np.sin(turn) - 0.25, 0.25 - np.sin(turn))
    return 1.15 * np.stack([x, y], 1) + 0.06 * rng.normal(size=(n, 2))


def _spirals(n: int, rng: np.random.Generator) -> np.ndarray:
    turn, side = 3 * np.pi * np.sqrt(rng.random(n)), np.where(rng.random(n) < 0.5, 1.0, -1.0)
    return (side * turn / (3 * np.pi) * 1.7 * np.stack([np.cos(turn), np.sin(turn)])).T + 0.04 * rng.normal(size=(n, 2))


def _board(n: int, rng: np.random.Generator) -> np.ndarray:
    x, y = rng.random(n) * 4, rng.integers(2, size=n) * 2 + rng.random(n)
    return 0.85 * (np.stack([x, y + np.floor(x) % 2], 1) - 2.0)


def _rings(n: int, rng: np.random.Generator) -> np.ndarray:
    turn, radius = 2 * np.pi * rng.random(n), np.where(rng.random(n) < 2 / 3, 1.6, 0.8)
    return radius[:, None] * np.stack([np.cos(turn), np.sin(turn)], 1) + 0.05 * rng.normal(size=(n, 2))


def _letter(n: int, rng: np.random.Generator) -> np.ndarray:
    """The letter A as three strokes, each as often as it is long."""
    strokes = np.array([[[-1.2, -1.5], [0, 1.5]], [[0, 1.5], [1.2, -1.5]], [[-0.72, -0.3], [0.72, -0.3]]])
    lengths = np.linalg.norm(strokes[:, 1] - strokes[:, 0], axis=1)
    which, along = rng.choice(3, size=n, p=lengths / lengths.sum()), rng.random((n, 1))
    return strokes[which, 0] * (1 - along) + strokes[which, 1] * along + 0.05 * rng.normal(size=(n, 2))


RING, GRID = _circle(8, 1.5), 0.75 * np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), -1).reshape(-1, 2).astype(float)
TARGETS = {
    target.name: target
    for target in (
        Target("ring", "Ring of 8 Gaussians", _around(RING, 0.1), RING, 0.1),
        Target("grid", "Grid of 25 Gaussians", _around(GRID, 0.06), GRID, 0.06),
        Target("moons", "Two moons", _moons),
        Target("spirals", "Two spirals", _spirals),
        Target("board", "Checkerboard", _board),
        Target("rings", "Two rings", _rings),
        Target("letter", "The letter A", _letter),
    )
}


def get(name: object) -> Target:
    """A target by its name. Raises ControlError for an unknown one."""
    if name not in TARGETS:
        raise ControlError(f"target must be one of {', '.join(TARGETS)}; got {shown(name)}.")
    return TARGETS[str(name)]


def parsed(text: object) -> tuple[np.ndarray, str]:
    """The points of a pasted text, one pair of numbers a line, float64 (n, 2), and in plain words what of it was dropped (empty: nothing).

    Between the two may stand a comma, a semicolon, a tab or spaces; further columns, empty lines, lines that begin with # and a first line of
    words are left out. Raises ControlError for what is no text, or too long.
    """
    if not isinstance(text, str) or len(text) > LONGEST:
        raise ControlError(f"points must be a text of at most {LONGEST:,} characters, got {shown(text)}.")
    found, wrong, further = [], 0, 0
    for k, line in enumerate(line.strip() for line in text.splitlines()):
        if not line or line.startswith("#"):
            continue
        parts = [part for part in SEPARATORS.split(line) if part]
        try:
            pair = [float(part) for part in parts[:2]]
        except ValueError:
            pair = []
        if len(pair) < 2 or not np.isfinite(pair).all():
            wrong += k > 0  # a first line may name the columns
        else:
            further += len(parts) > 2
            found.append(pair)
    dropped = [
        f"{wrong} line{'s' if wrong > 1 else ''} without two numbers" if wrong else "",
        f"further columns of {further} line{'s' if further > 1 else ''}" if further else "",
        f"{len(found) - MOST:,} points beyond the first {MOST:,}" if len(found) > MOST else "",
    ]
    told = "; ".join(each for each in dropped if each)
    return np.asarray(found[:MOST], dtype=np.float64).reshape(-1, 2), f"Left out: {told}." if told else ""


def own(points: Sequence[Sequence[float]] | np.ndarray) -> Target:
    """A target of a visitor's own points (n, 2), moved and scaled into the plane; drawn from with a little noise, so that none is alone.

    Raises ControlError for too few or too many, or for what is no finite number.
    """
    try:
        given = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ControlError("points must be pairs of numbers.") from error
    if given.ndim != 2 or given.shape[1:] != (2,) or not LEAST <= len(given) <= MOST or not np.isfinite(given).all():
        raise ControlError(
            f"points must be {LEAST} to {MOST:,} pairs of finite numbers, got {len(given) if given.ndim == 2 else shown(points)}."
        )
    middle = (given.max(0) + given.min(0)) / 2
    reach = max(float(np.abs(given - middle).max()), 1e-9)
    placed = (given - middle) / reach * 0.85 * REACH
    return Target("own", "Your own", _around(placed, 0.03), given=placed, spread=0.03)

"""Distributions on the plane that are drawn by rule: what the families race to learn. Points lie within REACH of the origin."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from playground.controls import Choice, shown
from playground.data import point_table
from playground.data.point_table import MOST
from playground.errors import ControlError

REACH = 2.0  # the plane that is shown goes from -REACH to REACH both ways
NEAR = 3.0  # as many standard deviations around a mode are on it
LEAST = 20  # points of one's own
FILLED = 0.85  # of the plane, by points of one's own
SPREAD = 0.03  # standard deviation of the noise around them
UNLIKE = 20  # as many times as wide as high, or the other way round: then two axes have two units
SCALING = Choice(
    "scaling", "Scale of the axes", "auto", ("auto", "each", "shared"), help="Auto: shared, unless x and y have very different units."
)


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


@dataclass(frozen=True)
class Placement:
    """How points come onto the plane: their middle and how far they reach from it, along x and y (2,), and in plain words which scale the axes have."""

    middle: np.ndarray
    reach: np.ndarray
    note: str

    def onto_plane(self, given: np.ndarray) -> np.ndarray:
        """Points (n, 2) of one's own as points of the plane."""
        return (given - self.middle) / self.reach * FILLED * REACH


def placement(given: np.ndarray, scaling: object = SCALING.default) -> Placement:
    """Where finite points (n, 2), one at least, come to lie. scaling: "shared" keeps angles, "each" fills the plane along both axes, "auto" shares one scale unless
    one axis spans more than UNLIKE times as much as the other. Raises ControlError for another scaling."""
    asked = SCALING.validate(scaling)
    low, high = given.min(0), given.max(0)
    middle, half = low / 2 + high / 2, high / 2 - low / 2  # halves first: the sum of two large numbers may be infinite
    few, many = float(half.min()), float(half.max())
    alike = few == 0 or many / UNLIKE <= few
    each = asked == "each" or (asked == SCALING.default and not alike)
    reach = half if each else np.full(2, many)
    times = f"{many / few:,.0f}" if few and many / few < 1e9 else "over a billion"
    ratio = f": {'xy'[int(half.argmax())]} spans {times} times as much as {'xy'[int(half.argmin())]}" if few and many / 2 > few else ""
    note = f"{'Each axis has its own scale' if each else 'Both axes share one scale'}{ratio}."
    return Placement(middle, np.where(reach > 0, reach, 1.0), note)


def own(points: Sequence[Sequence[float]] | np.ndarray, scaling: object = SCALING.default) -> Target:
    """A target of a visitor's own points (n, 2), moved and scaled into the plane (see placement); drawn from with a little noise, so that none is
    alone.

    Raises ControlError for too few or too many, or for what is no finite number.
    """
    try:
        given = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ControlError("points must be pairs of numbers.") from error
    if given.ndim != 2 or given.shape[1:] != (2,) or not LEAST <= len(given) <= MOST or not np.isfinite(given).all():
        raise ControlError(
            f"points must be {LEAST} to {MOST:,} pairs of finite numbers, got {len(given) if given.ndim == 2 else shown(points)}."
        )
    placed = placement(given, scaling).onto_plane(given)
    return Target("own", "Your own", _around(placed, SPREAD), given=placed, spread=SPREAD)


def from_text(
    text: object,
    x: object = point_table.AUTO,
    y: object = point_table.AUTO,
    decimal_mark: object = point_table.AUTO,
    scaling: object = SCALING.default,
) -> tuple[Target, str]:
    """A target of the points of a text (see point_table.read), and in plain words how it was read and scaled.

    Raises ControlError for what cannot be read, and for too few points.
    """
    SCALING.validate(scaling)
    found = point_table.read(text, x, y, decimal_mark)
    if len(found.points) < LEAST:
        said = f": {found.note.rstrip('.').replace('. ', '; ')}" if found.note else ""
        raise ControlError(f"points must be {LEAST} to {MOST:,} pairs of finite numbers, got {len(found.points)}{said}.")
    return own(found.points, scaling), f"{found.note} {placement(found.points, scaling).note}"

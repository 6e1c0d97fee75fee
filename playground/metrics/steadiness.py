"""How much of how a training ends is luck: the race's families on one target, with many seeds, and the GAN that collapses beside them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from playground import breaks, race, weights

TARGET, STEPS, SEEDS = "ring", 800, tuple(range(8))
FRAGILE = "mode-collapse"  # the break whose training is run with every seed, too
PATH = weights.ASSETS / "curves" / "race-seeds.json"


@dataclass(frozen=True)
class Steadiness:
    """What came out with every seed: by who (a family, or FRAGILE) the sliced Wasserstein distances and the modes covered, in the order of seeds."""

    target: str
    steps: int
    seeds: tuple[int, ...]
    modes: int
    floor: float
    sliced: dict[str, list[float]]
    covered: dict[str, list[int]]
    n: int
    machine: str
    commit: str
    when: str
    command: str

    def spread(self, who: str) -> float:
        """The standard deviation of the distances as a share of their mean."""
        return float(np.std(self.sliced[who], ddof=1) / np.mean(self.sliced[who]))


def measure(seeds: tuple[int, ...] = SEEDS, steps: int = STEPS, **about: Any) -> Steadiness:
    """Runs the race, and the break, with every seed. about: machine, commit, when, command."""
    sliced: dict[str, list[float]] = {}
    covered: dict[str, list[int]] = {}
    for seed in seeds:
        found = {frame.family: frame for frame in race.run(race.plan(TARGET, seed, steps=steps)) if frame.done}
        *_, found[FRAGILE] = breaks.run(FRAGILE, False, seed)
        for who, frame in found.items():
            sliced.setdefault(who, []).append(float(f"{frame.metrics['sliced']:.4g}"))
            covered.setdefault(who, []).append(int(frame.metrics["covered"]))
    wanted = race.plan(TARGET, seeds[0], steps=steps)
    floor = float(np.mean([race.floor(wanted.target, seed)["sliced"] for seed in seeds]))
    return Steadiness(TARGET, steps, tuple(seeds), len(wanted.target.modes), float(f"{floor:.4g}"), sliced, covered, race.JUDGED, **about)


def write(found: Steadiness, path: Path = PATH) -> None:
    """Records it in one atomic step."""
    weights.write_json(path, asdict(found))


def read(path: Path = PATH) -> Steadiness | None:
    """What is recorded; None where nothing is."""
    if not path.is_file():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    return Steadiness(**{**found, "seeds": tuple(found["seeds"])})

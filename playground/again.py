"""The table's numbers measured again, here and now, on few samples: do they agree with what was recorded?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from playground import comparison
from playground.metrics import measurements
from playground.types import Measurement, Run
from playground.verdict import error, measured

N = 64  # samples of each family: as many as seconds were recorded for
ERRORS = 2.0  # standard errors that two numbers may be apart


@dataclass(frozen=True)
class Again:
    """One number of a run beside the recorded one. error: its standard error, 0 where none is known. agrees: None where they need not: a clock."""

    metric: str
    value: float
    error: float
    recorded: Measurement
    agrees: bool | None


def compare(found: Run, numbers: Sequence[Measurement] | None = None) -> tuple[Again, ...]:
    """KID, class right and seconds of a finished run beside the recorded ones, by default the shipped; those that were not recorded are left out.

    Two numbers agree where they are no more than ERRORS standard errors of their difference apart.
    """
    numbers = measurements.read() if numbers is None else numbers
    judged = comparison.judge(found)
    values = {"kid": (judged["kid"], judged["kid_error"]), "class_right": (judged["class_right"], None), "seconds": (found.seconds, None)}
    made = []
    for metric, (value, spread) in values.items():
        recorded = measured(numbers, found.card, metric)
        if value is None or recorded is None or (metric == "seconds" and recorded.n != found.n):
            continue
        if metric == "class_right":
            spread = math.sqrt(max(value * (1 - value), 0.25 / found.n) / found.n)  # of all or none: as if half a sample were otherwise
        agrees = None if spread is None else abs(value - recorded.value) <= ERRORS * math.hypot(spread, error(recorded))
        made.append(Again(metric, value, spread or 0.0, recorded, agrees))
    return tuple(made)

"""Samples drawn by as many processes as `accelerate launch` has started, each its part; the same samples as one process draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from playground import processes as running
from playground import run
from playground.types import Images


def processes() -> int:
    """How many processes share the work."""
    return running.started()


def is_main() -> bool:
    """True for the one process that writes and prints."""
    return running.is_main()


def draw(card_id: str, n: int, seed: int, **controls: Any) -> Images:
    """n samples at these controls, in every process the same. Sample i follows (seed, i) alone, so who draws it makes no difference.

    Raises PlaygroundError where the processes do not know each other.
    """
    if processes() == 1:
        return run.sample(card_id, n, seed, **controls).samples
    from accelerate.utils import gather_object

    state = running.state()
    edges = [n * k // state.num_processes for k in range(state.num_processes + 1)]
    first, last = edges[state.process_index], edges[state.process_index + 1]
    mine = run.part(card_id, n, seed, first, last, **controls).samples if last > first else None
    parts = [part for part in gather_object([mine]) if part is not None]
    labels = None if parts[0].labels is None else np.concatenate([part.labels for part in parts])
    return Images(np.concatenate([part.pixels for part in parts]), labels)

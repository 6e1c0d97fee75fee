"""The processes that share a piece of work, as `accelerate launch` or torchrun starts them: how many there are, which of them this is, and that they
know each other."""

from __future__ import annotations

import os
from typing import Any

from playground.errors import PlaygroundError

ON_PROCESSORS = "ACCELERATE_USE_CPU"  # without this, accelerate takes several processes of a machine without a GPU for one each


def started() -> int:
    """How many processes were started to share the work."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """True for the one process that writes and prints."""
    return started() == 1 or state().is_main_process


def state() -> Any:
    """accelerate's state of this process. Raises PlaygroundError where the processes that were started do not know each other."""
    from accelerate import PartialState

    asked = os.environ.get(ON_PROCESSORS, "").lower() in ("1", "true", "yes") or os.environ.get("PLAYGROUND_DEVICE") == "cpu"
    found = PartialState(cpu=asked)
    check(found.num_processes, found.process_index)
    return found


def check(count: int, index: int) -> None:
    """Raises PlaygroundError unless accelerate counts as many processes as were started: else each would do the whole work, or the same part of it."""
    if count != started():
        raise PlaygroundError(
            f"{started()} processes were started, and each takes itself for number {index} of {count}, so that all would do the same part: on processors "
            f"start them with {ON_PROCESSORS}=true, on GPUs no more than there are."
        )


def in_words(count: int, device: str) -> str:
    """How many processes there are, and on what the first computes."""
    return f"{count} process{'es' if count > 1 else ''} on {device}"

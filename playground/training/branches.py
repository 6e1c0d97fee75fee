"""Several runs from the same weights, each with settings of its own, and the mean of what they made.

What a model decides where hardly anything can be seen moves by luck from run to run. The mean of weights that began alike (model soups,
arXiv:2203.05482) takes that luck out and keeps what the runs have in common, at no cost when the model is used.
"""

from __future__ import annotations

import importlib
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playground import registry, weights
from playground.errors import PlaygroundError
from playground.training.settings import with_settings
from playground.types import ModelCard

STORY = ("story.json", "story.png")


def settings_of(branch: str) -> list[str]:
    """KEY=VALUE,KEY=VALUE as the settings of one branch. Raises PlaygroundError where there is none."""
    found = [setting for setting in branch.split(",") if setting]
    if not found:
        raise PlaygroundError(f"--branch must be KEY=VALUE or several of them with commas between, got {branch!r}.")
    return found


def train(
    card: ModelCard,
    settings: Sequence[str],
    branches: Sequence[str],
    out: Path,
    work: Path,
    *,
    resume: bool = False,
    start_from: str | None = None,
    minutes: float | None = None,
    command: str = "",
    save_seconds: float = 60.0,
) -> bool:
    """Trains each branch from the card's own weights, then writes the mean of those and of what the branches made, each counting alike.

    Checkpoints and what a branch made go to a folder of its own in `work`, where resume finds them. The record counts the steps of all
    branches; its config and the story are those of the first. Returns whether all were finished within `minutes`. Raises PlaygroundError
    for a wrong setting before the first is begun.
    """
    if start_from != card.id:
        raise PlaygroundError(f"--branch goes with --from {card.id}: weights have a mean where they began alike, got {start_from}.")
    from accelerate import PartialState

    usual = registry.resolve(card.recipe)(card)
    recipes = [with_settings(card, usual, [*settings, *settings_of(branch)]) for branch in branches]
    loop = importlib.import_module("playground.training.loop")
    end = None if minutes is None else time.monotonic() + 60 * minutes
    made = [work / f"branch-{k}" / "weights" for k in range(1, len(recipes) + 1)]
    for recipe, branch, folder in zip(recipes, branches, made, strict=True):
        if resume and (folder / "card.json").is_file():
            continue
        print(f"Branch {branch}", file=sys.stderr)
        left = None if end is None else max(0.0, end - time.monotonic()) / 60
        if not loop.train(
            recipe, folder, folder.parent, resume=resume, start_from=start_from, minutes=left, command=command, save_seconds=save_seconds
        ):
            return False
    if not PartialState().is_main_process:  # under accelerate launch, one of the processes writes
        return True
    start = weights.folder(card.id)
    weights.mean([start, *made], _about(weights.record(card.id), [_record(card.id, folder) for folder in made], command), out)
    for name in STORY:
        if (made[0] / name).is_file():
            shutil.copyfile(made[0] / name, out / name)
    return True


def _record(card_id: str, folder: Path) -> dict[str, Any]:
    with weights.elsewhere(card_id, folder):
        return weights.record(card_id)


def _about(start: dict[str, Any], made: Sequence[dict[str, Any]], command: str) -> dict[str, Any]:
    """The record of the mean: as the first branch's, but for what all of them count together."""
    together = {name: start[name] + sum(each[name] - start[name] for each in made) for name in ("steps", "samples_seen", "seconds")}
    together["seconds"] = round(together["seconds"], 1)
    return {**made[0], **together, "command": command, "lineage": [*start.get("lineage", ()), command]}

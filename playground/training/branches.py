"""Several runs from the same weights, each with settings of its own, and the mean of what they made.

What a model decides where hardly anything can be seen moves by luck from run to run. The mean of weights that began alike (model soups,
arXiv:2203.05482) takes that luck out and keeps what the runs have in common, at no cost when the model is used.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground import processes, registry, weights
from playground.errors import PlaygroundError
from playground.training.settings import with_settings
from playground.types import ModelCard

if TYPE_CHECKING:
    from playground.training.recipe import Recipe


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
    start_from: str | None,
    resume: bool,
    minutes: float | None,
    command: str,
    **options: Any,
) -> bool:
    """Trains each branch from the card's own weights, then writes the mean of those and of what the branches made, each counting alike.

    Checkpoints and what a branch made go to a folder of its own in `work`, where resume finds them. The record counts the steps of all
    branches; its config is that of the first. Returns whether all were finished within `minutes`. Raises PlaygroundError
    for a wrong setting before the first is begun. The options are those of loop.train.
    """
    if start_from != card.id:
        raise PlaygroundError(f"--branch goes with --from {card.id}: weights have a mean where they began alike, got {start_from}.")
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
        if not loop.train(recipe, folder, folder.parent, resume=resume, start_from=start_from, minutes=left, command=command, **options):
            return False
    if not processes.is_main():  # under accelerate launch, one of the processes writes
        return True
    start = weights.folder(card.id)
    records = [_at(folder, card.id, weights.record, card.id) for folder in made]
    weights.mean([start, *made], _about(weights.record(card.id), records, command), out)
    _write_story(card.id, recipes[0], [start, *made], out)
    return True


def _write_story(card_id: str, recipe: Recipe, folders: Sequence[Path], out: Path) -> None:
    """The story of the first branch and, at the end, what the mean draws; the losses of the branches one after the other. folders: of the
    start, then of the branches."""
    loop = importlib.import_module("playground.training.loop")
    start, *made = (_at(folder, card_id, loop.earlier_of, card_id, card_id) for folder in folders)
    log, last = list(start.log), start.steps
    for branch in made:
        log += [{**row, "step": row["step"] + last - start.steps} for row in branch.log[len(start.log) :]]
        last += branch.steps - start.steps
    trainee = recipe.make()
    for name, state in _at(out, card_id, trainee.earlier, card_id).items():
        trainee.modules[name].load_state_dict(state)
        trainee.modules[name].eval()
    told = trainee.preview(trainee.modules)
    loop.write_story(out, made[0].story if told is None else {**made[0].story, str(last): loop.moment(told)}, log)


def _at(folder: Path, card_id: str, do: Callable[..., Any], *given: Any) -> Any:
    """What do(*given) returns where the card's weights are those of that folder."""
    with weights.elsewhere(card_id, folder):
        return do(*given)


def _about(start: dict[str, Any], made: Sequence[dict[str, Any]], command: str) -> dict[str, Any]:
    """The record of the mean: as the first branch's, but for what all of them count together."""
    together = {name: start[name] + sum(each[name] - start[name] for each in made) for name in ("steps", "samples_seen", "seconds")}
    together |= {"seconds": round(together["seconds"], 1), "losses": {**made[-1]["losses"], "step": together["steps"]}}
    return {**made[0], **together, "command": command, "lineage": [*start.get("lineage", ()), command]}

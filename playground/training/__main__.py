"""python -m playground.training CARD: trains a card's model by its recipe and writes weights, card.json and story."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import shlex
import sys
import time
from pathlib import Path
from typing import Any

from playground import registry, weights
from playground.errors import PlaygroundError
from playground.training import branches
from playground.training.settings import with_settings


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status (0 finished, 3 stopped by --minutes, 2 wrong request)."""
    args = _parser().parse_args(argv)
    try:
        out, work = args.out or weights.folder(registry.get(args.card).id), args.work or Path("runs") / args.card
        return _again(args, out, work) if args.again else _run(args, out, work)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m playground.training", description=__doc__)
    parser.add_argument("card")
    parser.add_argument("--out", type=Path, help="folder for the finished weights (default: assets/weights/CARD)")
    parser.add_argument("--work", type=Path, help="folder for checkpoints (default: runs/CARD)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--from", dest="start_from", metavar="CARD", help="start from a shipped card's weights")
    parser.add_argument(
        "--again", action="store_true", help="all runs that the shipped weights came from, one after the other, from nothing"
    )
    parser.add_argument("--minutes", type=float, help="stop after this long; --resume goes on")
    parser.add_argument("--save-seconds", type=float, default=60.0, help="seconds between checkpoints")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="change a field of the recipe's config"
    )
    parser.add_argument(
        "--branch",
        dest="branches",
        action="append",
        default=[],
        metavar="KEY=VALUE,...",
        help="with --from CARD: a run from those weights with these fields changed too; of several, and of those weights, the mean is kept",
    )
    return parser


def _run(args: argparse.Namespace, out: Path, work: Path) -> int:
    """Trains once, as args say but for the folders; returns the exit status."""
    card = registry.get(args.card)
    command = "python -m playground.training " + shlex.join(
        [
            card.id,
            *(word for setting in args.settings for word in ("--set", setting)),
            *(word for branch in args.branches for word in ("--branch", branch)),
            *(("--from", args.start_from) if args.start_from else ()),
        ]
    )
    about: dict[str, Any] = {name: getattr(args, name) for name in ("resume", "start_from", "minutes", "save_seconds")} | {
        "command": command
    }
    if args.branches:
        done = branches.train(card, args.settings, args.branches, out, work, **about)
    else:
        recipe = with_settings(card, registry.resolve(card.recipe)(card), args.settings)
        done = importlib.import_module("playground.training.loop").train(recipe, out, work, **about)
    return 0 if done else 3


def _again(args: argparse.Namespace, out: Path, work: Path) -> int:
    """All runs of the lineage in card.json in turn; --from means what the one before made, and a teacher's run goes before its pupil's.

    What runs before the last made stays in `work`, where --resume finds it.
    """
    if args.settings or args.branches or args.start_from:
        raise PlaygroundError("--again repeats the runs that card.json names: it goes without --set, --branch and --from.")
    commands = weights.record(args.card)["lineage"]
    end = None if args.minutes is None else time.monotonic() + 60 * args.minutes
    with contextlib.ExitStack() as made:
        for k, command in enumerate(commands, 1):
            run, place = _parser().parse_args(shlex.split(command)[3:]), work / f"{k}-of-{len(commands)}"
            run.resume, run.save_seconds = args.resume, args.save_seconds
            run.minutes = None if end is None else max(0.0, end - time.monotonic()) / 60
            between = place / "weights"
            if k == len(commands) or not (args.resume and (between / "card.json").is_file()):
                print(f"{k} of {len(commands)}: {command}", file=sys.stderr)
                if status := _run(run, out if k == len(commands) else between, place):
                    return status
            registry.unload()  # a teacher that was loaded as it is shipped
            if k < len(commands):
                made.enter_context(weights.elsewhere(run.card, between))
    return 0


if __name__ == "__main__":
    sys.exit(main())

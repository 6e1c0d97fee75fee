"""python -m playground.training CARD: trains a card's model by its recipe and writes weights, card.json and story."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
from pathlib import Path

from playground import registry, weights
from playground.errors import PlaygroundError
from playground.training.settings import with_settings


def main(argv: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status (0 finished, 3 stopped by --minutes, 2 wrong request)."""
    parser = argparse.ArgumentParser(prog="python -m playground.training", description=__doc__)
    parser.add_argument("card")
    parser.add_argument("--out", type=Path, help="folder for the finished weights (default: assets/weights/CARD)")
    parser.add_argument("--work", type=Path, help="folder for checkpoints (default: runs/CARD)")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    parser.add_argument("--from", dest="start_from", metavar="CARD", help="start from a shipped card's weights")
    parser.add_argument("--minutes", type=float, help="stop after this long; --resume goes on")
    parser.add_argument("--save-seconds", type=float, default=60.0, help="seconds between checkpoints")
    parser.add_argument(
        "--set", dest="settings", action="append", default=[], metavar="KEY=VALUE", help="change a field of the recipe's config"
    )
    args = parser.parse_args(argv)
    try:
        card = registry.get(args.card)
        recipe = registry.resolve(card.recipe)(card)
        recipe = with_settings(card, recipe, args.settings)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2
    command = "python -m playground.training " + shlex.join(
        [
            card.id,
            *(word for setting in args.settings for word in ("--set", setting)),
            *(("--from", args.start_from) if args.start_from else ()),
        ]
    )
    loop = importlib.import_module("playground.training.loop")
    done = loop.train(
        recipe,
        args.out or weights.folder(card.id),
        args.work or Path("runs") / card.id,
        resume=args.resume,
        start_from=args.start_from,
        minutes=args.minutes,
        command=command,
        save_seconds=args.save_seconds,
    )
    return 0 if done else 3


if __name__ == "__main__":
    sys.exit(main())

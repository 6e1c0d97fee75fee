"""python -m playground list | sample | download | convert | previews | readme: every card from the command line, without the page."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from playground import convert, data, download, hub, midi, named, previews, race, readme, registry, remarks, run, settings, weights
from playground.controls import (
    Adjust,
    Choice,
    Control,
    Given,
    Label,
    Numbers,
    Prompt,
    Slider,
    Text,
    Tokens,
    Turns,
    equal_shares,
    shown,
    whole,
)
from playground.errors import ControlError, PlaygroundError, WeightsUnavailable
from playground.sprite import tile, write_png
from playground.types import ModelCard, Run, Texts

SUFFIXES = {"image": (".npz", ".png"), "text": (".txt",)}  # of what a card draws
MUSIC = (".mid", ".txt")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status: 0 done, 2 wrong request (one sentence on stderr)."""
    args = make_parser().parse_args(argv)
    try:
        args = _allowed(args)
        args.command(args)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def make_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m playground", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    listing = commands.add_parser("list", help="every card")
    listing.add_argument("--json", action="store_true", help="as JSON, with the controls")
    listing.set_defaults(command=list_cards)
    drawing = commands.add_parser("sample", help="draw samples into a file")
    drawing.add_argument("card")
    drawing.add_argument("-n", default="64", help="how many (default 64)")
    drawing.add_argument("--seed", default="0")
    drawing.add_argument("--out", type=Path, required=True, help="FILE.npz (images, labels), FILE.png (a grid) or FILE.txt (texts)")
    drawing.add_argument("--set", dest="settings", action="append", default=[], metavar="CONTROL=VALUE", help="change a control")
    drawing.set_defaults(command=sample)
    fetching = commands.add_parser("download", help="fetch a model of the Hugging Face Hub: safetensors, JSON and text alone")
    fetching.add_argument("card", help="a card's id, or owner/name of any repository of a known class")
    fetching.add_argument("--renew", action="store_true", help="take the branch as it is today, not the commit of the first download")
    fetching.set_defaults(command=fetch)
    converting = commands.add_parser("convert", help="make safetensors of a model whose weights the Hub holds as a pickle alone")
    converting.add_argument("card")
    converting.add_argument("--sha256", required=True, help="the file's hash, as the Hub's page of it shows it")
    converting.add_argument("--file", type=Path, help="the file, if it is here already")
    converting.set_defaults(command=lambda args: print(convert.convert(registry.get(args.card), args.sha256, args.file)))
    recording = commands.add_parser("previews", help="draw what the page shows first, for every card or the named ones")
    recording.add_argument("cards", nargs="*", metavar="CARD")
    recording.set_defaults(
        command=lambda args: (
            [
                print(path)
                for write in (previews.write, previews.write_more, previews.write_texts, previews.write_translations, previews.write_states)
                for path in write(tuple(args.cards))
            ]
            + ([] if args.cards else [print(race.record())])
        )
    )
    commands.add_parser("readme", help="write the measured table into README.md").set_defaults(command=lambda args: readme.write())
    return parser


def _allowed(args: argparse.Namespace) -> argparse.Namespace:
    """The arguments, a repository that is named in place of a card being offered from now on, under its card's id."""
    if "/" not in getattr(args, "card", ""):
        return args
    repo_id = args.card
    named.allow([repo_id], renew=getattr(args, "renew", False))
    args.card = next(card.id for card in registry.cards() if card.hub is not None and card.hub.repo_id == repo_id)
    return args


def list_cards(args: argparse.Namespace) -> None:
    """Prints every card: id, family, kind, dataset, source, size, licence."""
    rows = [_about(card) for card in registry.cards()]
    if args.json:
        print(json.dumps(rows, indent=1))
        return
    names = ("id", "family", "kind", "dataset", "source", "size", "licence")
    table = [names, *(tuple(_size(row["size_bytes"]) if name == "size" else row[name] for name in names) for row in rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(names))]
    for row in table:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def sample(args: argparse.Namespace) -> None:
    """Draws n samples of a card and writes them to a file."""
    card = registry.get(args.card)
    suffixes = MUSIC if data.is_music(card.dataset) else SUFFIXES[card.kind]
    if args.out.suffix not in suffixes:
        raise PlaygroundError(f"--out must end in {' or '.join(suffixes)}, got {str(args.out)!r}.")
    n = whole("n", number("n", args.n), 1, 1 if args.out.suffix == ".mid" else run.MAX_N)
    controls = equal_shares(card.controls, n) | parse_settings(card, args.settings)
    found = _with_progress(run.stream(card.id, n, number("seed", args.seed), **controls), n)
    try:
        args.out.parent.mkdir(parents=True, exist_ok=True)
        write(args.out, found, card)
    except OSError as error:
        raise PlaygroundError(f"{args.out} cannot be written: {error.strerror}.") from error
    for remark in remarks.remarks(card, found.controls):
        print(remark, file=sys.stderr)
    print(f"{n} samples of {card.id} in {found.seconds:.2f} s on {found.device}, nfe {found.nfe}: {args.out}")
    if found.step.note:
        print(found.step.note, file=sys.stderr)


def fetch(args: argparse.Namespace) -> None:
    """Downloads a card of the Hub, saying first how large it is and under which licence it comes."""
    from tqdm import tqdm

    card = registry.get(args.card)
    if card.hub is None:
        raise PlaygroundError(f"{card.id} is shipped with this repository: there is nothing to download.")
    print(f"{card.hub.repo_id}: {hub.size_of(card)}, {card.licence} ({card.hub.licence_url})")
    with tqdm(total=card.hub.size_bytes, disable=None, unit="B", unit_scale=True) as bar:
        for progress in (download.renew if args.renew else download.fetch)(card):
            bar.total = progress.total
            bar.update(progress.done - bar.n)
    print(f"{card.id} is here, commit {hub.commit(card)}")


def write(path: Path, found: Run, card: ModelCard) -> None:
    """Writes a finished run: .npz holds images uint8 (n, h, w[, c]) and labels if there are any; .png is a grid with the settings inside;
    .txt holds the texts, each with its prompt, between lines that count them; .mid one piece of music."""
    if path.suffix == ".mid":
        notes = data.written(card.dataset, found.samples)
        path.write_bytes(midi.written(notes, data.get(card.dataset).voices))
        return
    if isinstance(found.samples, Texts):
        texts = [found.samples.prompt + text for text in found.samples.texts]
        parts = texts if len(texts) == 1 else [f"--- {k} of {len(texts)} ---\n{text}" for k, text in enumerate(texts, 1)]
        path.write_text("\n".join(parts) + "\n", encoding="utf-8")
        return
    pixels, labels = found.samples.uint8(), found.samples.labels
    if path.suffix == ".npz":
        arrays = {"images": pixels[..., 0] if pixels.shape[-1] == 1 else pixels}
        np.savez_compressed(path, **arrays if labels is None else arrays | {"labels": labels})
        return
    columns = 8 if len(pixels) <= 64 else math.ceil(math.sqrt(len(pixels)))
    write_png(path, tile(pixels, min(columns, len(pixels))), settings.of_picture(found))


def parse_settings(card: ModelCard, words: Sequence[str]) -> dict[str, Any]:
    """The controls that CONTROL=VALUE words set, each read by its control's type. Raises ControlError."""
    controls = {control.name: control for control in card.controls}
    found: dict[str, Any] = {}
    for setting in words:
        name, equals, text = setting.partition("=")
        if not equals or name not in controls:
            raise ControlError(
                f"--set must be CONTROL=VALUE with a control of {card.id} ({', '.join(controls) or 'it has none'}); got {shown(setting)}."
            )
        found[name] = parse(controls[name], text, card.dataset)
    return found


def _described(control: Control) -> dict[str, Any]:
    """A control's type and fields; of an Adjust, those of its factor, whose default it has not."""
    if isinstance(control, Adjust):
        return {**_described(control.factor), "type": "Adjust", "default": control.default}
    return {"type": type(control).__name__, **vars(control)}


def parse(control: Control, text: str, dataset: str) -> Any:
    """A control's value from the command line's text; its bounds are checked by the control itself, later."""
    match control:
        case Slider():
            return number(control.name, text)
        case Label():
            return tuple(part.strip() for part in text.split(",")) if "," in text else text
        case Numbers():
            return tuple(number(control.name, part) for part in text.split(","))
        case Given():
            return data.given(control, dataset, Path(text))
        case Choice() | Prompt() | Text() | Turns():
            return text
        case Tokens():
            return tuple(number(control.name, part) for part in text.split(",") if part)
        case Adjust():
            return parse(control.factor, text, dataset)


def number(name: str, text: str) -> float | int:
    """An int where the text is one, else a float. Raises ControlError for anything else."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise ControlError(f"{name} must be a number, got {shown(text)}.")


def _with_progress(runs: Any, n: int) -> Run:
    from tqdm import tqdm

    with tqdm(total=n, disable=None, unit="sample") as bar:  # None: shown on a terminal only
        for found in runs:
            bar.n = n if found.done else found.first + len(found.samples) * found.step.i // found.step.total
            bar.refresh()
    return found


def _about(card: ModelCard) -> dict[str, Any]:
    try:
        size_bytes = weights.size_bytes(card.id) if card.hub is None else card.hub.size_bytes
    except WeightsUnavailable:
        size_bytes = None
    names = ("id", "family", "title", "kind", "dataset", "source", "licence", "paper")
    about = {name: getattr(card, name) for name in names}
    return about | {
        "can": sorted(card.can),
        "size_bytes": size_bytes,
        "controls": [_described(control) for control in card.controls],
    }


def _size(size_bytes: int | None) -> str:
    return "no weights" if size_bytes is None else f"{size_bytes / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())

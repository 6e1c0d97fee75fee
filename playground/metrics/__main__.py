"""python -m playground.metrics [CARD ...] [--all] [--n N] [--quick] [--guidance] [--evidence] [--composed] [--curve DATASET] [--distance DATASET] [--race] [--trainings [--steps N]]: measures cards.

Writes assets/measurements.json, what is drawn as a curve or told over many trainings into assets/curves.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from playground import data, excerpts, registry
from playground.controls import whole
from playground.errors import PlaygroundError
from playground.metrics import (
    attribution,
    cost,
    curve,
    distance,
    evidence,
    features,
    guidance,
    kept,
    measurements,
    memory,
    music,
    overlap,
    pairs,
    quality,
    reference,
    shared,
    steadiness,
    text,
    trainings,
)
from playground.types import Images, Measurement, ModelCard

N = 10_000
QUICK_N = 200


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status: 0 done, 2 wrong request (one sentence on stderr)."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="python -m playground.metrics", description=__doc__)
    parser.add_argument("cards", nargs="*", metavar="CARD")
    parser.add_argument("--all", action="store_true", help="every card that can be measured")
    parser.add_argument("--n", type=int, default=None, help=f"samples to draw (default {N:,})")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help=f"n = {QUICK_N}: rough, without fid")
    parser.add_argument(
        "--guidance",
        action="store_true",
        help=f"only what guidance buys and costs, of cards that are asked in words (default n {guidance.MEASURED} at each scale)",
    )
    parser.add_argument(
        "--evidence", action="store_true", help=f"only what textbooks say of the families, measured (default n {evidence.N})"
    )
    parser.add_argument(
        "--first",
        action="store_true",
        help=f"only what continuous integration draws again of a model of many calls: the first {quality.FEW} samples",
    )
    parser.add_argument(
        "--cost", action="store_true", help=f"only the seconds of {cost.N} samples: of several cards one after the other, on one machine"
    )
    parser.add_argument("--composed", action="store_true", help=f"only what models of music compose ({music.N} pieces of each)")
    parser.add_argument(
        "--kid",
        action="store_true",
        help="only KID, its error and its test; the features of the samples are kept in runs/features, so that it can be stopped and go on",
    )
    parser.add_argument("--split", choices=("test", "valid"), default="test", help="valid: for choosing settings; do not publish")
    parser.add_argument("--out", type=Path, default=measurements.PATH)
    parser.add_argument("--curve", metavar="DATASET", help=f"KID at few and many steps, of the named cards or all (default n {curve.N})")
    parser.add_argument("--distance", metavar="DATASET", help=f"how far back its models of text remember (default n {distance.N} windows)")
    parser.add_argument("--race", action="store_true", help="how much of the race's outcome is luck: many seeds on one target")
    parser.add_argument(
        "--trainings",
        action="store_true",
        help=f"only how much is luck: trains the named cards anew with {len(trainings.SEEDS)} seeds (default n {trainings.N} of each)",
    )
    parser.add_argument("--steps", type=int, default=None, help="of each of those trainings (default: as the shipped one's)")
    parser.add_argument("--reference", nargs="*", metavar="DATASET", help="write assets/reference/DATASET (none named: of all)")
    args = parser.parse_args(words)
    if not (args.cards or args.all or args.reference is not None or args.curve or args.distance or args.race):
        parser.error("name a card, or give --all, --curve, --distance, --race or --reference")
    try:
        if args.reference is not None:
            write_references([data.get(name).name for name in args.reference] or data.names())
        if args.race:
            about = {name: value for name, value in circumstances("python -m playground.metrics --race").items() if name != "device"}
            found = steadiness.measure(**about)
            steadiness.write(found)
            for who, values in found.sliced.items():
                print(
                    f"{who:16}sliced {np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}  modes {found.covered[who]}  seeds {found.seeds}"
                )
            return 0
        if args.curve:
            draw_curve(args.curve, args.cards, args.n, command="python -m playground.metrics " + shlex.join(words))
            return 0
        if args.distance:
            measure_distance(args.distance, args.cards, args.n, args.seed, command="python -m playground.metrics " + shlex.join(words))
            return 0
        cards = [registry.get(name) for name in args.cards] or (
            [card for card in registry.cards() if can_measure(card)] if args.all else []
        )
        usual = QUICK_N if args.quick else guidance.MEASURED if args.guidance else evidence.N if args.evidence else N
        n = whole("n", usual if args.n is None else args.n, 20, 60_000)
        command = "python -m playground.metrics " + shlex.join(words)
        if args.trainings:
            train_again(cards, args.steps, args.n, args.split, command)
            return 0
        if args.evidence or args.cost or args.kid or args.first:
            for card in cards:  # before the first is measured
                check_draws(card)
        if args.composed:
            for card in cards:
                check_composes(card)
        for card in cards:
            if args.guidance:
                found, replaced = measure_guidance(card, n, args.seed, command), guidance.PREFIX
            elif args.evidence:
                found, replaced = measure_evidence(card, n, args.seed, args.split, command), evidence.PREFIX
            elif args.kid:
                found, replaced = measure_kid(card, n, args.seed, args.split, command), ("kid", f"{evidence.PREFIX}kid")
            elif args.first:
                found, replaced = quality.first(card, args.seed, args.split, **circumstances(command)), quality.FIRST
            elif args.cost:
                found, replaced = measure_seconds(card, args.seed, command), cost.DRAWING
            elif args.composed:
                found, replaced = music.measure(card, args.seed, **circumstances(command)), music.METRICS
            else:
                found, replaced = measure(card, n, args.seed, args.split, command=command), ""
            if shared.is_main():
                measurements.write(measurements.merge(measurements.read(args.out), found, replaced), args.out)
                show(found)
    except PlaygroundError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def can_measure(card: ModelCard) -> bool:
    """True for cards of pictures that draw or score, and for those that read texts, from shipped weights."""
    return card.hub is None and bool(card.can & ({"sample", "score", "attribute"} if card.kind == "image" else {"read", "translate"}))


def measure(card: ModelCard, n: int, seed: int, split: str, command: str = "") -> list[Measurement]:
    """All measurements of a card: quality (or accuracy), cost, training. Raises PlaygroundError where it cannot be measured."""
    if not can_measure(card):
        raise PlaygroundError(f"{card.id} cannot be measured: it can {', '.join(sorted(card.can))}.")
    about = circumstances(command)
    if card.kind == "text":
        composed = music.measure(card, seed, **about) if data.is_music(card.dataset) else []
        return [*text.measure(card, seed, **about), *composed, cost.training(card, **about)[0]]
    if card.kind == "pairs":
        return [*pairs.measure(card, **about), cost.training(card, **about)[0]]
    found = [*cost.size(card, **about), *cost.training(card, **about)]
    if "sample" in card.can:
        drawn = quality.draw(card, n, seed)
        found += [*quality.generator(card, drawn, seed, split, **about), *cost.drawing(card, seed, **about)]
        found += measure_evidence(card, min(n, evidence.N), seed, split, command, drawn)
    if "attribute" in card.can:
        found += attribution.measure(card, n, seed, **about)
    if "score" in card.can:
        found += quality.classifier(card, split, **about)
    return found


def draw_curve(dataset: str, names: Sequence[str], n: int | None, command: str) -> None:
    """Measures and records the curves of the named cards of a data set, or of all. Raises PlaygroundError."""
    cards = [registry.get(name) for name in names] or curve.cards(dataset)
    for card in cards:
        if card.dataset != dataset:
            raise PlaygroundError(f"{card.id} is of {card.dataset}, not of {dataset}.")
    n = whole("n", curve.N if n is None else n, 20, 10_000)
    about = {name: value for name, value in circumstances(command).items() if name != "device"}
    for card in cards:
        for line in curve.measure(card, n, **about):
            curve.write(dataset, line)
            told = "  ".join(f"{p.steps} steps {p.calls} calls {p.kid:.3g} ± {p.spread:.2g}" for p in line.points)
            print(f"{line.card} {' '.join(line.settings.values())}  {told}  floor {line.floor:.2g}  n {line.n}", flush=True)


def measure_distance(dataset: str, names: Sequence[str], n: int | None, seed: int, command: str) -> None:
    """Measures and records how far back the named cards of a data set remember, or all. Raises PlaygroundError."""
    cards = [registry.get(name) for name in names] or distance.cards(data.get(dataset).name)
    n = whole("n", distance.N if n is None else n, 2, 2000)
    about = {name: value for name, value in circumstances(command).items() if name != "device"}
    for card in cards:
        line = distance.measure(card, n, seed, **about)
        distance.write(dataset, [line])
        print(f"{line.card}  {'  '.join(f'{p.distance}: {p.loss:.3f} ± {p.error:.3f}' for p in line.points)}  n {line.n}", flush=True)


def train_again(cards: Sequence[ModelCard], steps: int | None, n: int | None, split: str, command: str) -> None:
    """Trains cards anew with several seeds, measures and records each. Raises PlaygroundError."""
    steps = None if steps is None else whole("steps", steps, 1, 1_000_000)
    n = whole("n", trainings.N if n is None else n, 20, 60_000)
    for card in cards:
        about = {name: value for name, value in circumstances(command).items() if name != "device"}
        found = trainings.measure(card, steps, n, split, **about)
        trainings.write(found)
        show([found.over_seeds(metric) for metric in found.values])


def measure_guidance(card: ModelCard, n: int, seed: int, command: str = "") -> list[Measurement]:
    """What guidance buys and costs a card. Raises PlaygroundError where it cannot be measured."""
    about = {"card": card.id, "seed": seed, "split": "test", "extractor": data.get(card.dataset).extractor}
    return guidance.measure(card, n, seed, partial(Measurement, **about, **circumstances(command)))


def measure_seconds(card: ModelCard, seed: int, command: str = "") -> list[Measurement]:
    """How long a card takes to draw. Raises PlaygroundError for one that draws no pictures."""
    check_draws(card)
    return cost.drawing(card, seed, **circumstances(command))


def measure_kid(card: ModelCard, n: int, seed: int, split: str, command: str = "", folder: Path = kept.FOLDER) -> list[Measurement]:
    """All that is KID of a card, by each extractor, of the ways to draw codes too. Raises PlaygroundError for one that draws no pictures."""
    check_draws(card)
    samples, about = kept.drawn(card, n, seed, folder), {"card": card.id, "n": n, "seed": seed, "split": split, **circumstances(command)}
    own, found = data.get(card.dataset).extractor, []
    for extractor in quality.extractors(card.dataset):
        make = partial(Measurement, extractor=extractor, **about)
        real, floor = quality.real_features(card.dataset, split, extractor), quality.train_features(card.dataset, extractor, n)
        found.append(quality.kid(real, samples[extractor], floor, make, samples.get("labels")))
        if extractor == own:
            found += quality.band(real, samples[extractor], samples.get("labels"), make)
    few = min(n, evidence.N)
    return [*found, *evidence.draws(card, few, seed, split, partial(Measurement, extractor=own, **{**about, "n": few}))]


def check_draws(card: ModelCard) -> None:
    """Raises PlaygroundError for a card that draws no pictures."""
    if card.kind != "image" or "sample" not in card.can:
        raise PlaygroundError(f"{card.id} draws no pictures: there is nothing of this kind to measure.")


def check_composes(card: ModelCard) -> None:
    """Raises PlaygroundError for a card that composes no music."""
    if not data.is_music(card.dataset) or not can_measure(card):
        raise PlaygroundError(f"{card.id} composes no music: there is nothing of this kind to measure.")


def measure_evidence(card: ModelCard, n: int, seed: int, split: str, command: str = "", drawn: Images | None = None) -> list[Measurement]:
    """What textbooks say, measured of a card. drawn: n samples or more that quality.draw gave. Raises PlaygroundError for one that draws no pictures."""
    check_draws(card)
    about = {"card": card.id, "n": n, "seed": seed, "split": split, "extractor": data.get(card.dataset).extractor}
    drawn = quality.draw(card, n, seed) if drawn is None else drawn
    first = Images(drawn.pixels[:n], None if drawn.labels is None else drawn.labels[:n])  # what n alone would have drawn
    return evidence.measure(card, first, seed, split, partial(Measurement, **about, **circumstances(command)))


def circumstances(command: str) -> dict[str, Any]:
    """Where, when and how a number was made: the fields of a Measurement that are the same for all of a session."""
    from playground.device import machine, pick_device
    from playground.training.loop import commit

    return {
        "device": pick_device(),
        "machine": machine(),
        "commit": commit(),
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": command,
    }


def write_references(names: Sequence[str]) -> None:
    """Writes the references of these data sets and says what was left out."""
    for name in names:
        if data.get(name).kind == "pairs":
            continue  # drawn by rule: nothing is shipped
        if data.get(name).kind == "text":
            print(excerpts.write(name))
            if data.is_music(name):
                print(overlap.write(name))
            continue
        arrays, left_out = reference.make(name)
        written = {features.path(name): arrays}
        if memory.has_all(name):
            written[memory.path(name)] = memory.make(name)
        for path, arrays in written.items():
            reference.write(path, arrays)
            print(f"{path}: {path.stat().st_size / 1e6:.2f} MB, {', '.join(arrays)}")
        for sentence in left_out:
            print(sentence)


def show(found: Sequence[Measurement]) -> None:
    """Prints measurements, one a line."""
    for m in found:
        spread = "" if m.spread is None else f" ± {m.spread:.3g} ({m.spread_over})"
        test = "" if m.p is None else f"  p {m.p:.3g} ({m.p_by})"
        floor = "" if m.floor is None else f"  floor {m.floor:.4g}"
        eyes = "" if m.extractor is None else f"  {m.extractor}, {m.split}"
        print(f"{m.card:20}{m.metric:20} {m.value:.5g}{spread}{floor}{test}  n {m.n}{eyes}")


if __name__ == "__main__":
    sys.exit(main())

"""What guidance buys and what it costs: how much of what a prompt names is drawn, and how unlike each other the samples of one prompt stay.

The same prompts and the same noise at every scale, read by the data set's reader. Diversity is the mean distance of two samples of one
prompt in the reader's features, as a share of that of two real samples of any kind; real samples that the prompts describe are the floor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from playground import data, run
from playground.controls import Choice, Slider, prompt_of
from playground.errors import ControlError
from playground.metrics import factors, features
from playground.metrics.distances import squares
from playground.metrics.factors import Named
from playground.sampling.noise import seed_of
from playground.types import Dataset, Images, Measurement, ModelCard, Scores

SCALES = (0.0, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0)
EACH = 4  # samples of each prompt
MEASURED = 120  # samples at each scale, at most, where all of a card is measured
PREFIX = "guidance_"  # of the metrics' names
COMPARED = 1000  # real samples whose mean distance is the unit of diversity

Make = Callable[..., Measurement]


def scales(card: ModelCard) -> tuple[float, ...]:
    """Those of SCALES that a card can be given; none for a card without a prompt or without guidance."""
    control = next((control for control in card.controls if control.name == "guidance_scale"), None)
    if prompt_of(card.controls) is None or not isinstance(control, Slider):
        return ()
    return tuple(scale for scale in SCALES if control.minimum <= scale <= control.maximum)


def distance(rows: np.ndarray) -> float:
    """The mean Euclidean distance over all pairs of rows (n, d); 0 for a single row."""
    n = len(rows)
    if n < 2:
        return 0.0
    rows = rows.astype(np.float64)
    between = np.sqrt(squares(rows, rows))
    return float(between[~np.eye(n, dtype=bool)].mean())


@functools.lru_cache(maxsize=4)
def real_distance(dataset: str) -> float:
    """The mean distance of two real test samples of a data set. Raises DataUnavailable where its reference is missing."""
    return distance(features.reference(dataset)["test_features"][:COMPARED])


def diversity(dataset: str, scores: Scores) -> float:
    """How unlike each other samples are: 0 all the same, 1 as real samples of any kind."""
    return distance(scores.features) / real_distance(dataset)


def described(dataset: Dataset, named: Named, n: int, seed: int) -> Images:
    """n real samples that have all that is named, numbers anywhere in their ranges, the rest as in truth. Raises ControlError where that cannot be."""
    rng = np.random.default_rng(seed_of(seed, "described"))
    made = []
    for i in range(n):
        fixed: dict[str, object] = {}
        for factor in dataset.factors:
            if factor.name in named:
                said = named[factor.name]
                fixed[factor.name] = said if isinstance(factor, Choice) else float(rng.uniform(*said))
        made.append(data.drawn(dataset.name, 1, seed * 1000 + i, fixed).pixels)
    return Images(np.concatenate(made))


def measure(card: ModelCard, n: int, seed: int, make: Make) -> list[Measurement]:
    """guidance_adherence_SCALE and guidance_diversity_SCALE of n samples, EACH of every prompt; means over the prompts, each counting
    alike; spread: their standard error.

    Raises ControlError for a card that has no prompt and guidance.
    """
    if not scales(card):
        raise ControlError(f"{card.id} has no prompt with guidance.")
    dataset, prompt = data.get(card.dataset), prompt_of(card.controls).name
    count = max(2, n // EACH)
    texts, named, _ = data.trials(dataset.name, count)
    texts, every = np.repeat(texts, EACH).tolist(), [said for said in named for _ in range(EACH)]

    def measured(images: Images) -> dict[str, np.ndarray]:
        scores = features.extract(images, dataset.extractor)
        right = [list(each.values()) for each in factors.rights(dataset, every, scores.factors)]
        groups = [slice(start, start + EACH) for start in range(0, len(every), EACH)]
        return {
            "adherence": np.asarray([np.mean(np.concatenate(right[rows])) for rows in groups]),
            "diversity": np.asarray([distance(scores.features[rows]) for rows in groups]) / real_distance(dataset.name),
        }

    real = measured(Images(np.concatenate([described(dataset, said, EACH, seed_of(seed, k)).pixels for k, said in enumerate(named)])))
    found = []
    for scale in scales(card):
        drawn = run.sample(card.id, len(texts), seed, guidance_scale=scale, **{prompt: tuple(texts)}).samples
        for name, values in measured(drawn).items():
            found.append(
                make(
                    metric=f"{PREFIX}{name}_{scale:g}",
                    value=float(f"{values.mean():.6g}"),
                    floor=float(f"{real[name].mean():.6g}"),
                    spread=float(f"{values.std(ddof=1) / len(values) ** 0.5:.6g}"),
                    spread_over=f"standard error over {count} prompts",
                    n=len(texts),
                )
            )
    return found

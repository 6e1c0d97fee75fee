"""How a model that is told words works inside: where each word is looked at, what one changed word changes, what guidance buys and costs.

The page shows them live and `python -m playground previews` records them for the first paint, by these same functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from playground import data, run
from playground.controls import Prompt, prompt_of, shown, whole
from playground.errors import ControlError, PlaygroundError
from playground.exhibits import Row
from playground.metrics import factors, features, guidance
from playground.types import Attention, Images, ModelCard, Run

MAX_N = 8  # samples at each guidance
RECORDED_N = 6
OTHER = Prompt("other", "Becomes", maximum=60)
HEAT = np.float32([255, 106, 0]) / 255  # where a word is looked at
CHANGED = np.float32([235, 0, 130]) / 255  # where two pictures differ
FULL = 0.35  # the mean difference of the three colours, of 1, from which on a point takes that colour whole
NOTICED = 0.1  # the same, from which on a point counts as changed
WORD = re.compile(r"\w[\w'-]*")


@dataclass(frozen=True)
class Place:
    """A word of a prompt, text[start:end], under a name that no other of its words has; others: what could stand there instead, where that is known."""

    name: str
    start: int
    end: int
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judged:
    """What the data set's reader says of samples of one prompt.

    adherence: the share of what the prompt names that is read so; None where it names nothing that can be read. named: how many things it names.
    diversity: how unlike each other they are, 1 being as unlike as real samples of any kind.
    """

    adherence: float | None
    diversity: float
    named: int


def can_look(card: ModelCard) -> bool:
    """True for a card whose steps offer how the words of its prompt are read."""
    return prompt_of(card.controls) is not None and "attention" in card.views


def is_captioned(card: ModelCard) -> bool:
    """True for a card whose data set has captions and a reader of its factors."""
    return card.dataset in data.names() and bool(data.get(card.dataset).factors)


def look(card_id: str, seed: int, **controls: Any) -> Iterator[Run]:
    """One sample step by step, with what the network is shown (x_t), its guess (x_0) and how it reads the words (attention) as views."""
    return run.stream(card_id, 1, seed, views=("x_t", "x_0", "attention"), **controls)


def lit(picture: Images, weights: np.ndarray, most: int = 128) -> Images:
    """One picture in grey, at most `most` points high or wide, under each of several maps (m, h, w): uint8 (m, height, width, 3).

    Coloured is where a map lies above its own mean: whole at its largest weight, where that is twice the mean or more; a map that is the
    same everywhere colours nothing.
    """
    height, width = picture.pixels.shape[1:3]
    shrunk = min(1.0, most / max(height, width))
    height, width = round(height * shrunk), round(width * shrunk)
    grey = np.asarray(Image.fromarray(_grey(picture)[0, ..., 0]).resize((width, height), Image.Resampling.BOX))[..., None]
    parts = []
    for one in weights:
        mean = max(float(one.mean()), 1e-9)
        above = np.float32((one - mean) / max(float(one.max()) - mean, mean))
        alpha = 0.85 * np.clip(Image.fromarray(above).resize((width, height), Image.Resampling.BILINEAR), 0, 1)[..., None]
        parts.append((1 - alpha) * grey + alpha * HEAT)
    return Images(np.round(255 * np.stack(parts)).astype(np.uint8))


def places(card: ModelCard, text: str) -> tuple[Place, ...]:
    """The words of a prompt in order; those of the captions' vocabulary with what else could stand there."""
    known = data.alternatives(card.dataset, text) if is_captioned(card) else ()
    free = [(found.start(), found.end(), ()) for found in WORD.finditer(text)]
    spans = [*known, *(span for span in free if not any(start < span[1] and span[0] < end for start, end, _ in known))]
    counts: dict[str, int] = {}
    found = []
    for start, end, others in sorted(spans):
        word = text[start:end]
        counts[word] = counts.get(word, 0) + 1
        found.append(Place(word if counts[word] == 1 else f"{word} ({counts[word]})", start, end, others))
    return tuple(found)


def changed(card: ModelCard, text: str, word: str, other: str) -> str:
    """The prompt with one of its words, named as in places, replaced. Raises ControlError for a word that it has not, or nothing instead."""
    text = _one_text(card, text)
    found = {place.name: place for place in places(card, text)}
    if not isinstance(word, str) or word not in found:
        raise ControlError(f"word must be one of the prompt's ({', '.join(found) or 'it has none'}); got {shown(word)}.")
    instead = OTHER.validate(other)
    if not isinstance(instead, str) or not instead:
        raise ControlError(f"other must be a word to put in its place, got {shown(other)}.")
    return text[: found[word].start] + instead + text[found[word].end :]


def swap(card_id: str, seed: int, word: str, other: str, **controls: Any) -> Iterator[tuple[Run, Run]]:
    """The prompt and the same with one word changed, from the same noise, step by step beside each other; views x_t and x_0.

    The check happens at the call. Raises PlaygroundError for a bad request, before any model is loaded.
    """
    card, _, _, values = run.check(card_id, 1, seed, **controls)
    prompt = _prompt(card)
    texts = (_one_text(card, values[prompt.name]), changed(card, values[prompt.name], word, other))
    return _together([run.stream(card.id, 1, seed, views=("x_t", "x_0"), **{**controls, prompt.name: text}) for text in texts])


def difference(first: Images, second: Images) -> Images:
    """The first pictures in grey, coloured only where the second ones differ from them: uint8 (n, h, w, 3)."""
    alpha = np.clip(_apart(first, second) / FULL, 0, 1)[..., None]
    return Images(np.round(255 * ((1 - alpha) * _grey(first) + alpha * CHANGED)).astype(np.uint8))


def changed_share(first: Images, second: Images) -> float:
    """The share of points at which two batches of pictures differ by more than NOTICED of the whole range."""
    return float((_apart(first, second) > NOTICED).mean())


def read_changes(card: ModelCard, first: Images, second: Images) -> list[tuple[str, str, str]] | None:
    """What a reader network reads otherwise in the second picture: (factor, before, after), words alone; None where there is no reader."""
    if not is_captioned(card):
        return None
    about = data.get(card.dataset)
    before, after = (features.extract(images, about.extractor).factors for images in (first, second))
    words = [
        (factor, *(int(read[factor.name][0].argmax()) for read in (before, after)))
        for factor in about.factors
        if hasattr(factor, "choices")
    ]
    return [(factor.title, factor.choices[a], factor.choices[b]) for factor, a, b in words if a != b]


def guide(card_id: str, n: int, seed: int, **controls: Any) -> Iterator[tuple[float, Run]]:
    """n samples of one prompt at each guidance scale, from the same noise: (scale, run) at every step. The check happens at the call."""
    card, *_, values = run.check(card_id, whole("n", n, 1, MAX_N), seed, **controls)
    if not guidance.scales(card):
        raise PlaygroundError(f"{card.id} has no guidance towards a prompt.")
    _one_text(card, values[_prompt(card).name])
    return _at_each(card, n, seed, controls)


def judge(card: ModelCard, text: str, images: Images) -> Judged | None:
    """What a reader network says of samples of one prompt; None for a data set without one."""
    if not is_captioned(card):
        return None
    about, said = data.get(card.dataset), data.named(card.dataset, text)
    scores = features.extract(images, about.extractor)
    right = np.asarray([list(each.values()) for each in factors.rights(about, [said] * len(images), scores.factors)])
    return Judged(float(right.mean()) if said else None, guidance.diversity(about.name, scores), len(said))


def recorded(card: ModelCard, seed: int) -> Iterator[tuple[str, Sequence[Row], dict[str, object]]]:
    """What the first paint needs: (name, rows, settings) of each exhibit; none for a card that is not told words."""
    if prompt_of(card.controls) is None:
        return
    if can_look(card):
        yield "look", *_recorded_look(card, seed)
    yield "swap", *_recorded_swap(card, seed)
    if guidance.scales(card):
        yield "guidance", *_recorded_guidance(card, seed)


def suggested(card: ModelCard, text: str) -> tuple[str, str]:
    """A word of a prompt to change, and to what: of those with known others the middle one; ("", "") where there is none."""
    known = [place for place in places(card, text) if place.others]
    return (known[len(known) // 2].name, known[len(known) // 2].others[0]) if known else ("", "")


def _recorded_look(card: ModelCard, seed: int) -> tuple[Sequence[Row], dict[str, object]]:
    """Every step's x_t, x_0 and, a row a word, maps; and what each word's share of all attention was."""
    steps = [found.step for found in look(card.id, seed)]
    seen = [step.views["attention"] for step in steps]
    assert all(isinstance(each, Attention) for each in seen)
    words, maps = seen[0].words[0], np.stack([each.by_word() for each in seen])  # (steps, words, h, w)
    side = steps[0].samples.pixels.shape[1:3]
    rows = [Row(name, _joined([step.views[name] for step in steps])) for name in ("x_t", "x_0")]
    rows += [Row(word.text, _as_pictures(maps[:, k], side)) for k, word in enumerate(words)]
    spoken, shares = [word.spoken for word in words], maps.mean((2, 3)).round(4).tolist()
    return rows, {"seed": seed, "prompt": _prompt(card).default, "spoken": spoken, "shares": shares}


def _recorded_swap(card: ModelCard, seed: int) -> tuple[Sequence[Row], dict[str, object]]:
    """Every step's x_t and x_0 of the prompt and of the changed one; and what a reader network reads otherwise."""
    text = _prompt(card).default
    word, other = suggested(card, text)
    pairs = list(swap(card.id, seed, word, other))
    rows = [
        Row(f"{name} of the {which}", _joined([pair[k].step.views[name] for pair in pairs]))
        for k, which in enumerate(("first", "second"))
        for name in ("x_t", "x_0")
    ]
    read = read_changes(card, *(found.samples for found in pairs[-1]))
    return rows, {"seed": seed, "prompt": text, "word": word, "other": other, "read": read}


def _recorded_guidance(card: ModelCard, seed: int) -> tuple[Sequence[Row], dict[str, object]]:
    """RECORDED_N samples at each guidance, and what a reader network says of them."""
    text = _prompt(card).default
    found = [(scale, each.samples) for scale, each in guide(card.id, RECORDED_N, seed) if each.done]
    judged = [judge(card, text, images) for _, images in found]
    numbers = {name: [getattr(each, name) for each in judged if each] for name in ("adherence", "diversity")}
    rows = [Row(f"{scale:g}", images) for scale, images in found]
    return rows, {"seed": seed, "prompt": text, "n": RECORDED_N, "scales": [scale for scale, _ in found], **numbers}


def _together(streams: Sequence[Iterator[Run]]) -> Iterator[tuple[Run, Run]]:
    try:
        yield from zip(*streams, strict=True)
    finally:
        for each in streams:
            each.close()


def _at_each(card: ModelCard, n: int, seed: int, controls: dict[str, Any]) -> Iterator[tuple[float, Run]]:
    for scale in guidance.scales(card):
        for found in run.stream(card.id, n, seed, **{**controls, "guidance_scale": scale}):
            yield scale, found


def _prompt(card: ModelCard) -> Prompt:
    prompt = prompt_of(card.controls)
    if prompt is None:
        raise PlaygroundError(f"{card.id} is not told words.")
    return prompt


def _one_text(card: ModelCard, text: object) -> str:
    found = _prompt(card).validate(text)
    if not isinstance(found, str):
        raise ControlError(f"{_prompt(card).name} must be one text here, got {len(found)}.")
    return found


def _apart(first: Images, second: Images) -> np.ndarray:
    """The mean difference of the colours, point by point, of a range of 1: (n, h, w)."""
    return np.abs(first.uint8().astype(np.float32) - second.uint8()).mean(-1) / 255


def _grey(images: Images) -> np.ndarray:
    """The pictures in grey, float32 (n, h, w, 1) in [0, 1]."""
    pixels = images.uint8().astype(np.float32) / 255
    weights = np.float32([0.299, 0.587, 0.114]) if pixels.shape[-1] == 3 else np.ones(1, dtype=np.float32)  # Rec. 601
    return (pixels @ weights)[..., None]


def _joined(parts: Sequence[Images]) -> Images:
    return Images(np.concatenate([part.uint8() for part in parts]))


def _as_pictures(maps: np.ndarray, side: Sequence[int]) -> Images:
    """Maps (m, h, w) as grey pictures of that size, each as bright as its largest weight: what lit takes as well as the maps."""
    tall, wide = (int(length) // part for length, part in zip(side, maps.shape[1:], strict=True))
    bright = maps / np.maximum(maps.max((1, 2), keepdims=True), 1e-9)
    large = np.round(255 * bright).astype(np.uint8).repeat(tall, 1).repeat(wide, 2)
    return Images(np.repeat(large[..., None], 3, axis=-1))

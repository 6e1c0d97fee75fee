"""The doors to every model: checks, clock, grad mode, chunks, labels and the gate, each in this one place."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from playground import context_length, data, hub, registry, zero
from playground.controls import ANY, Adjust, Given, Label, Prompt, Text, checked_text, resolve, shown, whole
from playground.device import pick_device, synchronize
from playground.errors import ControlError, PlaygroundError
from playground.gate import GATE
from playground.sampling.noise import generators, seed_of
from playground.types import Images, Latents, ModelCard, Reading, Run, Samples, Scores, Texts, Translation

MAX_SEED = 2**31 - 1
MAX_N = 1_000_000
LONGEST_TEXT = 60  # characters of a text that is translated
SIDES, SIDE_STEP = (64, 768), 8  # of a picture that a model of the Hub is given
VISITOR_N = 64  # what one visitor may ask for in one request


def check(card_id: object, n: object, seed: object, *, limit: int = MAX_N, **controls: Any) -> tuple[ModelCard, int, int, dict[str, Any]]:
    """Everything that can be wrong with a request, checked without loading a model. Raises PlaygroundError."""
    card = registry.get(card_id)
    hub.check_offered(card)
    if "sample" not in card.can:
        raise PlaygroundError(f"{card.id} does not generate: it can {', '.join(sorted(card.can))}.")
    n, seed = whole("n", n, 1, limit), whole("seed", seed, 0, MAX_SEED)
    values = resolve(card.controls, controls, card.id)
    context_length.check(card, values)
    for control in card.controls:
        value = values[control.name]
        if isinstance(control, Label | Prompt) and isinstance(value, tuple) and len(value) != n:
            one = "class" if isinstance(control, Label) else "text"
            raise PlaygroundError(f"{control.name} must be one {one}, or {n} of them for n = {n}; got {len(value)}.")
        if isinstance(value, np.ndarray) and len(value) not in (1, n):
            raise PlaygroundError(f"{control.name} must hold one sample, or {n} of them for n = {n}; got {len(value)}.")
        if isinstance(control, Given) and control.masks and value is not None and values[control.masks] is None:
            raise ControlError(f"{control.name} needs a picture to repaint: give {control.masks}, too.")
    return card, n, seed, values


def visitor_n(card_id: object) -> int:
    """How many samples one visitor may ask of a card in one request. Raises PlaygroundError for an unknown card."""
    card = registry.get(card_id)
    return VISITOR_N if card.hub is None else card.hub.visitor_n


def stream(card_id: str, n: int, seed: int, *, limit: int = MAX_N, views: Sequence[str] = (), **controls: Any) -> Iterator[Run]:
    """Draws n samples and yields a Run for every step of the model; the last one is done and holds all n.

    The check happens at the call, not at the first step. n above card.chunk is drawn chunk by chunk. limit bounds n.
    Raises PlaygroundError for a bad request or a download that is missing, before any model is loaded.
    """
    card, n, seed, values = check(card_id, n, seed, limit=limit, **controls)
    for view in views:
        if view not in card.views:
            raise PlaygroundError(f"views of {card.id} must be among {', '.join(card.views) or 'none'}; got {view!r}.")
    if card.hub is not None:
        hub.require(card)
    if zero.is_lent_to(card):
        return zero.stream(_stream, card, n, seed, tuple(views), values)
    return _stream(card, n, seed, tuple(views), values)


def _stream(
    card: ModelCard, n: int, seed: int, views: tuple[str, ...], values: dict[str, Any], begin: int = 0, end: int | None = None
) -> Iterator[Run]:
    model, origin = _load(card), hub.origin(card)
    per_sample = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    told = _labels(card, n, seed, values) | _texts(card, n, values)
    given = {name: value for name, value in values.items() if name not in per_sample and name not in told}
    seconds = 0.0
    parts: list[Samples] = []
    notes: list[str] = []
    turn = contextlib.nullcontext if card.hub is not None and card.hub.remote else GATE.step  # another machine keeps nobody here waiting
    end = n if end is None else end
    for first in range(begin, end, card.chunk):
        count = min(card.chunk, end - first)
        rows = slice(first, first + count)
        inputs = {
            name: np.broadcast_to(value, (n, *value.shape[1:]))[rows] if len(value) == 1 else value[rows]
            for name, value in per_sample.items()
        }
        inputs |= {name: value[rows] for name, value in told.items()}
        steps = _no_grad(model.stream)(count, generators(seed, first, count), views=views, **inputs, **given)
        last = None
        try:
            while True:
                with turn():
                    start = time.perf_counter()
                    step = next(steps, None)
                    synchronize()
                    seconds += time.perf_counter() - start
                if step is None:
                    break
                last = step
                if step.i < step.total or first + count < end:
                    yield Run(card.id, step, n, seed, values, seconds, pick_device(), first=first, origin=origin)
        finally:
            steps.close()
        assert last is not None
        parts.append(last.samples)
        notes += [last.note] if last.note else []
    final = replace(last, samples=_join(parts), note=" ".join(dict.fromkeys(notes))) if len(parts) > 1 else last
    yield Run(card.id, final, n, seed, values, seconds, pick_device(), done=True, origin=origin)


def sample(card_id: str, n: int, seed: int, *, limit: int = MAX_N, views: Sequence[str] = (), **controls: Any) -> Run:
    """The last Run of stream: all n samples."""
    *_, last = stream(card_id, n, seed, limit=limit, views=views, **controls)
    return last


def part(card_id: str, n: int, seed: int, first: int, last: int, **controls: Any) -> Run:
    """Samples [first, last) of n, as they are among all: where several processes share the work. Raises as stream does, ValueError for other rows."""
    card, n, seed, values = check(card_id, n, seed, **controls)
    if not 0 <= first < last <= n:
        raise ValueError(f"rows must be within [0, {n}), got [{first}, {last}).")
    *_, found = _stream(card, n, seed, (), values, first, last)
    return found


def encode(card_id: str, given: Images, **options: Any) -> Latents:
    """The codes of pictures. Raises PlaygroundError if the card cannot encode."""
    return _call(card_id, "encode", given, options)


def decode(card_id: str, latents: Latents, **adjust: Any) -> Images:
    """The pictures of codes, each moved first to the values of known factors that adjust names.

    Raises PlaygroundError if the card cannot decode, or has no such factor, or the value is out of its bounds.
    """
    controls = [control for control in registry.get(card_id).controls if isinstance(control, Adjust)]
    wanted = {name: value for name, value in resolve(controls, adjust, card_id).items() if value is not None}
    return _call(card_id, "decode", latents, wanted)


def reconstruct(card_id: str, given: Images, **options: Any) -> Images:
    """Pictures through the model's bottleneck and back. Raises PlaygroundError if the card cannot reconstruct."""
    return _call(card_id, "reconstruct", given, options)


def sketch(card_id: str, **asked: Any) -> Images:
    """What a model makes of its label and factors before any noise: the mean picture like that, one of the data set's size.

    Raises PlaygroundError if the card cannot sketch, or has no such control, or the value is out of its bounds.
    """
    card = registry.get(card_id)
    check_can(card, "sketch")
    values = resolve([control for control in card.controls if isinstance(control, Label | Adjust)], asked, card.id)
    known = {control.name: control for control in card.controls}
    told = {name: value for name, value in values.items() if value is not None and value != ANY}
    for name, value in told.items():
        if isinstance(known[name], Label):
            if not isinstance(value, str):
                raise PlaygroundError(f"{name} of a sketch must be one class; got {len(value)}.")
            told[name] = np.array([known[name].classes.index(value)])
    model = _load(card)
    with GATE.step():
        return _no_grad(model.sketch)(**told)


def score(card_id: str, given: Images) -> Scores:
    """Class probabilities and features of pictures. Raises PlaygroundError if the card cannot score."""
    return _call(card_id, "score", given, {})


def attribute(card_id: str, given: Images) -> np.ndarray:
    """Who drew each picture, float32 (n, sources), in the order of blind.sources(). Raises PlaygroundError if the card cannot tell."""
    return _call(card_id, "attribute", given, {})


def read(card_id: str, text: object) -> Reading:
    """A text's tokens and how surprised a model of text is by each. Raises PlaygroundError if the card cannot read, or no text is given."""
    return _look("read", card_id, text)


def attend(card_id: str, text: object) -> tuple[tuple[str, ...], np.ndarray]:
    """A text's tokens, and how each attends to those before, by layer and head: float32 (layers, heads, t, t). Raises PlaygroundError."""
    return _look("attend", card_id, text)


def remember(card_id: str, text: object) -> tuple[tuple[str, ...], np.ndarray]:
    """A text's tokens, and what each unit of a recurrent network holds after it: float32 (t, units) in [-1, 1]. Raises PlaygroundError."""
    return _look("remember", card_id, text)


def translate(card_id: str, texts: Sequence[str]) -> Translation:
    """What a model makes of texts, and where it looked. Raises PlaygroundError if the card cannot translate, for a text that is too long, and for
    one without a character that it knows."""
    card = registry.get(card_id)
    check_can(card, "translate")
    control = source_of(card)
    if isinstance(texts, str) or not 1 <= len(texts) <= MAX_N:
        raise PlaygroundError(f"texts must be a list of at least one text, got {shown(texts)}.")
    checked = [control.validate(text) for text in texts]
    if not all(checked):
        raise PlaygroundError("Each text must have at least one character.")
    model = _load(card)
    parts = []
    for first in range(0, len(checked), card.chunk):
        with GATE.step():
            parts.append(_no_grad(model.translate)(checked[first : first + card.chunk]))
    return Translation(*(tuple(each for part in parts for each in getattr(part, name)) for name in ("sources", "targets", "attention")))


def source_of(card: ModelCard) -> Text:
    """The text that a card which translates is given, as a control."""
    return Text("text", "Text", maximum=LONGEST_TEXT, alphabet=data.get(card.dataset).labels)


def _look(what: str, card_id: str, text: object) -> Any:
    card = registry.get(card_id)
    hub.check_offered(card)
    check_can(card, what)
    if not checked_text("text", text):
        raise PlaygroundError(f"{what} needs a text of at least one character, got {shown(text)}.")
    if card.hub is not None:
        hub.require(card)
    model = _load(card)
    with GATE.step():
        return _no_grad(getattr(model, what))(text)


def _call(card_id: str, what: str, given: Samples, options: Mapping[str, Any]) -> Any:
    card = registry.get(card_id)
    hub.check_offered(card)
    check_can(card, what)
    values = given.pixels if isinstance(given, Images) else given.values
    if values.ndim < 2 or len(values) == 0 or not np.isfinite(values).all():
        raise PlaygroundError(f"{what} needs finite numbers, at least one sample; got an array of shape {values.shape}.")
    if isinstance(given, Images):
        _check_shape(card, values.shape)
    if card.hub is None:
        model = _load(card)
        with GATE.step():
            return _no_grad(getattr(model, what))(given, **options)
    hub.require(card)
    model, parts = _load(card), []
    for first in range(0, len(values), card.chunk):  # a large model is given one batch a turn, so that others come in between
        part = slice(first, first + card.chunk)
        labels = None if given.labels is None else given.labels[part]
        rows = replace(given, **{("pixels" if isinstance(given, Images) else "values"): values[part], "labels": labels})
        with GATE.step():
            parts.append(_no_grad(getattr(model, what))(rows, **options))
    return _join(parts)


def _check_shape(card: ModelCard, shape: tuple[int, ...]) -> None:
    """Raises PlaygroundError for pictures that a card does not take: of a shipped one the data set's shape, of one of the Hub any sides
    that are multiples of SIDE_STEP within SIDES."""
    height, width, channels = registry.shape(card)
    if card.hub is None and shape[1:] != (height, width, channels):
        raise PlaygroundError(f"pictures for {card.id} must have shape (n, {height}, {width}, {channels}), got {shape}.")
    if card.hub is not None and not (
        len(shape) == 4 and shape[3] == channels and all(SIDES[0] <= side <= SIDES[1] and side % SIDE_STEP == 0 for side in shape[1:3])
    ):
        raise PlaygroundError(
            f"pictures for {card.id} must have shape (n, h, w, {channels}), h and w multiples of {SIDE_STEP} in [{SIDES[0]}, {SIDES[1]}], got {shape}."
        )


def check_can(card: ModelCard, what: str) -> None:
    """Raises PlaygroundError for what a card cannot do."""
    if what not in card.can:
        raise PlaygroundError(f"{card.id} cannot {what}: it can {', '.join(sorted(card.can))}.")


def _load(card: ModelCard) -> Any:
    pick_device()
    with GATE.step():
        return registry.load(card.id)


def _no_grad(function: Any) -> Any:
    """The function with gradients off; for a generator function, at every resume, whatever thread it is resumed on."""
    import torch

    return torch.no_grad()(function)


def _labels(card: ModelCard, n: int, seed: int, values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Each label control as int64 (n,); "any" is drawn from the seed here, so that every family draws the same ones."""
    found = {}
    for control in card.controls:
        if not isinstance(control, Label):
            continue
        value = values[control.name]
        if value == "any":
            drawn = np.random.default_rng(seed_of(seed, control.name)).integers(len(control.classes), size=n)
            found[control.name] = drawn.astype(np.int64)
        else:
            each = (value,) * n if isinstance(value, str) else value
            found[control.name] = np.asarray([control.classes.index(item) for item in each], dtype=np.int64)
    return found


def _texts(card: ModelCard, n: int, values: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """Each prompt as n texts."""
    found = {control.name: values[control.name] for control in card.controls if isinstance(control, Prompt)}
    return {name: (value,) * n if isinstance(value, str) else value for name, value in found.items()}


def _join(parts: Sequence[Samples]) -> Samples:
    def joined(name: str) -> np.ndarray | None:
        values = [getattr(part, name) for part in parts]
        return None if values[0] is None else np.concatenate(values)

    if isinstance(parts[0], Images):
        return Images(joined("pixels"), joined("labels"))
    if isinstance(parts[0], Texts):
        ids, pieces = (tuple(each for part in parts for each in getattr(part, name)) for name in ("ids", "pieces"))
        return Texts(ids, pieces, parts[0].prompt)
    return Latents(joined("values"), joined("labels"), parts[0].shape)

"""The named endpoints: every main action with typed parameters, checked by the core alone, so that HTTP meets the same words as Python."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np

from playground import comparison, data, exhibits, feedback, hub, inside, race, registry, remarks, repaint, run, settings, walks
from playground.controls import Adjust, Choice, Control, Given, Label, Numbers, Prompt, Slider, Text, Tokens, Turns, text_of, whole
from playground.data import picture_files
from playground.data import points as point_data
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.metrics import memory
from playground.types import Images, ModelCard, Run, Texts
from tabs import compare as comparison_tab
from tabs import pictures, start
from tabs.widgets import HEAVY, guarded

# besides one sample_CARD for each card that samples
ENDPOINTS = (
    "reconstruct",
    "classify",
    "models",
    "write_number",
    "compare",
    "mix",
    "copies",
    "look_at_words",
    "swap_word",
    "turn_up_guidance",
    "read_text",
    "translate",
    "learn_from_choices",
    "race_to_points",
    "race_to_own_points",
    "walk",
)
MOST_STEPS = 1000  # of a race
TYPES: dict[type, Any] = {
    Slider: float,
    Choice: str,
    Label: str,
    Prompt: str,
    Text: str,
    Tokens: list[int],
    Turns: list[str],
    Given: str | None,
    Numbers: list[float] | None,
}


def build() -> None:
    """Registers the endpoints; call inside a Blocks."""
    limits = {name: HEAVY[name] for name in ("concurrency_id", "concurrency_limit")}
    for card in registry.cards():
        if "sample" in card.can and hub.is_offered(card):
            gr.api(guarded(sampler(card)), api_name=f"sample_{card.id.replace('-', '_')}", **limits)
    for name, function in zip(
        ENDPOINTS,
        (
            reconstruct,
            classify,
            models,
            write_number,
            compare,
            mix,
            copies,
            look_at_words,
            swap_word,
            turn_up_guidance,
            read_text,
            translate,
            learn_from_choices,
            race_to_points,
            race_to_own_points,
            walk,
        ),
        strict=True,
    ):
        gr.api(guarded(function), api_name=name, **limits)


def models() -> list[dict]:
    """Every model that is offered here: id, family, what it can, its controls."""
    return [
        {"id": card.id, "family": card.family, "can": sorted(card.can), "controls": [control.name for control in card.controls]}
        for card in registry.cards()
        if hub.is_offered(card)
    ]


def reconstruct(model: str, given: str) -> dict:
    """A picture (PNG, JPEG or WebP data URI), prepared as the data set's were, through a model's bottleneck and back."""
    card = registry.get(model)
    picture = picture_files.from_uri(given)
    run.check_can(card, "reconstruct")
    seen = data.from_picture(card.dataset, picture) if card.hub is None else repaint.seen(card.id, picture, repaint.SIZE.default)
    told = {"model": card.id} if "sample" in card.can else {}  # a tab's models are those that draw
    about = {"model": card.id, "link": settings.query(card.family, ("given",), **told)}
    return {"model": card.id, "seen": _png(seen, about), "reconstruction": _png(run.reconstruct(card.id, seen), about)}


def classify(model: str, given: str) -> dict:
    """The class probabilities of a picture (PNG, JPEG or WebP data URI), prepared as the data set's were."""
    card = registry.get(model)
    picture = picture_files.from_uri(given)
    run.check_can(card, "score")
    seen = data.from_picture(card.dataset, picture)
    scores = run.score(card.id, seen)
    return {
        "model": card.id,
        "seen": _png(seen, {"model": card.id, "link": settings.query(start.ID, ("given",))}),
        "probabilities": dict(zip(data.get(card.dataset).labels, map(float, scores.probabilities[0]), strict=True)),
    }


def write_number(number: str = "2026", seed: int = 7) -> dict:
    """A number of 1 to 12 digits, or a date, written by every family: images, seconds, nfe, and the share that a classifier reads as asked."""
    digits = comparison.digits_of(number)
    families = {}
    for family, found in comparison.draw(len(digits), seed, digits):
        families[family] = _family(found, lambda run: {"class_right": comparison.read_right(run)})
    return {"number": "".join(digits), "seed": seed, "families": families}


def compare(n: int = 16, seed: int = 7, label: str = "any") -> dict:
    """The same n, seed and label for every family: images, seconds, nfe, class_right, and kid with its error and its floor at this n."""
    families = {}
    for family, found in comparison.draw(n, seed, label):
        families[family] = _family(found, lambda run: comparison.judge(run, label))
    return {"n": n, "seed": seed, "label": label, "families": families}


def mix(model: str, first: int = 7, second: int = 8) -> dict:
    """The samples of two seeds and what lies between their z: one row of pictures with the label of each."""
    rows = list(exhibits.mix(model, first, second))
    told = {"model": model, "first": first, "second": second}
    link = settings.query(registry.get(model).family, play="mix", mixed=model, first=first, second=second)
    return {**told, "rows": {row.name: _png(row.images, {**told, "row": row.name, "link": link}) for row in rows}}


def walk(model: str, first: int = 7, second: int = 8, label: str = "any") -> dict:
    """A row of pictures on the way from the code of one seed's sample to that of another, all of one class."""
    found = walks.walk(model, first, second, label)
    told = {"model": model, "first": first, "second": second, "label": label}
    left_out = () if registry.get(model) in comparison.chosen().values() else ("model",)  # the page walks with those that it compares
    link = settings.query(comparison_tab.ID, left_out, play="walk", **{"from": first, "to": second, "of": label})
    return {**told, "row": _png(found, {**told, "link": link}), "n": len(found)}


def copies(model: str, n: int = 8, seed: int = 7) -> dict:
    """n drawn samples, the nearest training sample to each with its distance, among how many, and the quantiles of that distance for real ones."""
    (drawn, nearest), distances = exhibits.copies(model, n, seed)
    real = memory.real(registry.get(model).dataset)
    told = {"model": model, "n": n, "seed": seed}
    tab = registry.get(model).family
    return {
        "model": model,
        "seed": seed,
        "drawn": _png(drawn.images, {**told, "link": settings.link_of(tab, told)}),
        "nearest": _png(nearest.images, {**told, "link": settings.link_of(tab, told, ("nearest",))}),
        "distances": distances,
        "searched": len(memory.train(registry.get(model).dataset)),
        "real": {f"{quantile:g}": distance for quantile, distance in real.items()},
    }


def look_at_words(model: str, prompt: str, seed: int = 7) -> dict:
    """One sample of a prompt, every step's guess under the attention of each word, a row a word, and the words' shares of all attention by step."""
    card = registry.get(model)
    if not inside.can_look(card):
        raise PlaygroundError(f"{card.id} does not say where its words are looked at.")
    runs = list(inside.look(card.id, seed, prompt=prompt))
    steps, about = [found.step for found in runs], settings.of_picture(runs[-1])
    maps = np.stack([step.views["attention"].by_word() for step in steps])  # (steps, words, h, w)
    lit = np.stack([inside.lit(step.views["x_0"], each).pixels for step, each in zip(steps, maps, strict=True)], 1)
    return {
        "model": card.id,
        "prompt": prompt,
        "seed": seed,
        "words": [word.text for word in steps[0].views["attention"].words[0]],
        "shares": maps.mean((2, 3)).round(4).tolist(),
        "image": _png(Images(lit.reshape(-1, *lit.shape[2:])), about, len(steps)),
        "sample": _png(steps[-1].samples, about),
    }


def swap_word(model: str, prompt: str, word: str, other: str, seed: int = 7) -> dict:
    """A prompt and the same with one word changed, from the same noise: both samples, their difference, and the share of points changed at each step."""
    pairs = list(inside.swap(model, seed, word, other, prompt=prompt))
    first, second = (found.samples for found in pairs[-1])
    return {
        "model": model,
        "prompts": [found.controls["prompt"] for found in pairs[-1]],
        "seed": seed,
        "changed": [round(inside.changed_share(*(found.step.views["x_0"] for found in pair)), 4) for pair in pairs],
        "read": inside.read_changes(registry.get(model), first, second),
        "first": _png(first, settings.of_picture(pairs[-1][0])),
        "second": _png(second, settings.of_picture(pairs[-1][1])),
        "difference": _png(inside.difference(first, second), settings.of_picture(pairs[-1][0], None, ("other",), word=word, other=other)),
    }


def turn_up_guidance(model: str, prompt: str, n: int = 4, seed: int = 7) -> dict:
    """n samples of a prompt at each guidance from the same noise, with adherence and diversity as a reader network sees them."""
    card, rows = registry.get(model), {}
    for scale, found in inside.guide(model, n, seed, prompt=prompt):
        if found.done:
            judged = inside.judge(card, prompt, found.samples)
            rows[f"{scale:g}"] = {"image": _png(found.samples, settings.of_picture(found))} | (vars(judged) if judged else {})
    return {"model": model, "prompt": prompt, "n": n, "seed": seed, "guidance": rows}


def read_text(model: str, text: str) -> dict:
    """A text's tokens, how surprised a model of text was by each, in nats, given those before it, and the characters that were left out."""
    card = registry.get(model)
    run.check_can(card, "read")
    control = text_of(card.controls)
    checked = replace(control, name="text").validate(text)
    reading = run.read(card.id, checked)
    return {
        "model": card.id,
        "tokens": list(reading.pieces),
        "surprise": reading.surprise.round(4).tolist(),
        "left_out": list(control.unknown(checked)),
    }


def race_to_points(target: str, seed: int, steps: int) -> dict:
    """Every family trained for as many steps on a target of the Race tab: how near its points come, beside real against real. At most 1,000 steps."""
    return _raced(target, seed, steps)


def race_to_own_points(
    points: str, seed: int, steps: int, x: str = "auto", y: str = "auto", decimal_mark: str = "auto", scaling: str = "auto"
) -> dict:
    """The same on points of your own: text or CSV, one point a line. x, y: columns by name or number; decimal_mark: auto, point, comma; scaling:
    auto, each, shared. read: how the text was read, and what was left out."""
    target, note = point_data.from_text(points, x, y, decimal_mark, scaling)
    return _raced(target, seed, steps) | {"read": note}


def _raced(target: object, seed: int, steps: int) -> dict:
    steps = whole("steps", steps, 1, MOST_STEPS)
    wanted = race.plan(target, seed, steps=steps)
    last = {frame.family: frame for frame in race.run(wanted) if frame.done}
    rounded = {family: {name: round(value, 4) for name, value in frame.metrics.items()} for family, frame in last.items()}
    return {
        "target": wanted.target.name,
        "seed": wanted.seed,
        "steps": steps,
        "families": rounded,
        "real": race.floor(wanted.target, wanted.seed),
    }


def learn_from_choices(seed: int, choices: list[int]) -> dict:
    """The reward that explains choices (0 left, 1 right) between the Feedback tab's pairs of a seed, and how far a generator goes that follows it."""
    reward = feedback.fit(feedback.pairs(seed), choices)
    names = [name for name, *_ in feedback.AXES]
    return {
        "model": feedback.CARD,
        "seed": seed,
        "weights": dict(zip(names, reward.weights.round(4).tolist(), strict=True)),
        "deviations": dict(zip(names, reward.deviations.round(4).tolist(), strict=True)),
        "guessed": reward.guessed,
        "divergence": {f"{strength:g}": round(reward.divergence(strength), 4) for strength in feedback.STRENGTHS},
    }


def translate(model: str, text: str) -> dict:
    """What a model makes of a text, for each character that it wrote how its attention was shared among those of the text, and what was left out."""
    found = run.translate(model, [text])
    return {
        "left_out": list(run.source_of(registry.get(model)).unknown(text)),
        "model": model,
        "text": found.texts[0],
        "source": list(found.sources[0]),
        "target": list(found.targets[0]),
        "attention": found.attention[0].round(4).tolist(),
    }


def _family(found: Run | WeightsUnavailable, judged: Callable[[Run], dict]) -> dict:
    """One family's part of an answer; without weights, only why. Steps before the last are not judged."""
    if isinstance(found, WeightsUnavailable):
        return {"error": str(found)}
    return {"model": found.card, **answer(found), **judged(found)} if found.done else {}


def sampler(card: ModelCard) -> Callable[..., dict]:
    """The endpoint that draws from a card; its parameters are n, seed and the card's controls, by their names."""

    most = run.visitor_n(card.id)

    def sample(n: Any, seed: Any, *values: Any) -> dict:
        controls = {control.name: _parsed(control, card, value) for control, value in zip(card.controls, values, strict=True)}
        return answer(run.sample(card.id, n, seed, limit=most, **controls))

    parameters = [
        inspect.Parameter(
            "n", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=min(16 if card.kind == "image" else 1, most), annotation=int
        )
    ]
    parameters.append(inspect.Parameter("seed", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=7, annotation=int))
    for control in card.controls:
        kind = _type(control)
        parameters.append(
            inspect.Parameter(control.name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=control.default, annotation=kind)
        )
    sample.__name__ = f"sample_{card.id.replace('-', '_')}"
    what = "their grid as a PNG data URI" if card.kind == "image" else "the texts with their tokens"
    sample.__doc__ = f"Draws n samples of {card.title} ({card.id}) and returns {what}, with all settings."
    sample.__signature__ = inspect.Signature(parameters, return_annotation=dict)
    sample.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": dict}
    return sample


def answer(found: Run) -> dict:
    """A finished run as JSON: image (PNG data URI of the grid) and labels, or prompt, texts and tokens, of music notes, too; settings, link, seconds, nfe.

    The link says what of the run it cannot hold ("missing=given,mask"), and so does `missing`, by name. note, where there is one.
    """
    link = settings.link_of_run(found)
    return {
        **_samples(found),
        **_notes(found),
        **_left_out(registry.get(found.card), found.controls),
        "settings": settings.of_run(found),
        "link": link,
        "missing": list(settings.missing_of(link)),
        "seconds": found.seconds,
        "nfe": found.nfe,
        **({"note": found.step.note} if found.step.note else {}),
    }


def _notes(found: Run) -> dict:
    """Of music, the pitches of each piece: a list of moments, each a MIDI number for every voice, -1 where it is silent."""
    dataset = registry.get(found.card).dataset
    if not data.is_music(dataset):
        return {}
    pieces = [data.written(dataset, found.samples, row) for row in range(len(found.samples))]
    return {"notes": [notes.pitches.tolist() for notes in pieces]}


def _left_out(card: ModelCard, controls: Mapping[str, Any]) -> dict:
    """Of texts: the characters that the model does not know, and what a person should know besides (playground.remarks)."""
    texts = [control for control in card.controls if isinstance(control, Text)]
    if not texts:
        return {}
    unknown = [each for control in texts for each in control.unknown(controls.get(control.name, ""))]
    return {"left_out": list(dict.fromkeys(unknown)), "remarks": list(remarks.remarks(card, controls))}


def _samples(found: Run) -> dict:
    samples = found.samples
    if isinstance(samples, Texts):
        return {"prompt": samples.prompt, "texts": list(samples.texts), "tokens": [list(ids) for ids in samples.ids]}
    assert isinstance(samples, Images)
    return {
        "image": _png(samples, settings.of_picture(found)),
        "labels": None if samples.labels is None else samples.labels.tolist(),
    }


def _type(control: Control) -> Any:
    """What an endpoint's signature says of a control's value."""
    if isinstance(control, Adjust):
        return _type(control.factor) | None
    return int if isinstance(control, Slider) and control.integer else TYPES[type(control)]


def _parsed(control: Control, card: ModelCard, value: Any) -> Any:
    """JSON has no pictures and no lists in a word: a Given comes as a data URI, labels for each sample as "2,0,2,6"."""
    if isinstance(control, Given) and value is not None:
        return data.given(control, card.dataset, value)
    if isinstance(control, Label) and isinstance(value, str) and "," in value:
        return value.split(",")
    return value


def _png(images: Images, about: Mapping[str, Any], columns: int = 8) -> str:
    """Pictures as the data URI of one PNG, which holds what made them."""
    return pictures.uri(pictures.png(pictures.tiles(images, columns), about))

"""Toy faces, 64 x 64 RGB, drawn by our own code: every factor of every face is known, so what a model learnt can be measured.

The joint distribution (published, and checked by a test): age is uniform on 20..90 years, smile on -1..1, turn, tilt and light on
-1..1. skin_tone is uniform and independent of everything else. hairstyle is uniform, but from 20 to 90 years the chance of "bald"
grows from 2 % to 30 % and the others share the rest evenly. hat: 20 % each of beanie and cap, but none over spiky, mohawk or bun.
glasses: from 20 to 90 years the chance of any grows from 25 % to 65 %, half of them round, half square. beard: 20 % moustache, 20 %
full. earrings: 30 %. hair_colour: 35 % black, 30 % brown, 20 % blond, 15 % red. All other choices are uniform and independent.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from playground.controls import Choice, Slider, resolve
from playground.data import face_drawing, face_words
from playground.data.face_words import AGES, MOODS, NOSES
from playground.data.photographs import square
from playground.errors import ControlError
from playground.types import Dataset, Images

Values = Mapping[str, float | str]
"""The value of every factor of one face, by name."""

HAIRSTYLES = ("bald", "short", "spiky", "curly", "bob", "long", "bun", "mohawk", "pigtails")
NO_HAT_OVER = ("spiky", "mohawk", "bun")
HATS = ("none", "beanie", "cap")
GLASSES = ("none", "round", "square")
BEARDS = ("none", "moustache", "full")
HAIR_SHARES: Mapping[str, float] = {"black": 0.35, "brown": 0.30, "blond": 0.20, "red": 0.15}
VALID_SEED, TEST_SEED = 900_000, 1_000_000  # training faces have the seeds 0..49,999
TRIAL_SEED = 1_500_000  # from here on, faces whose captions ask a model told in words for what it never met
NEW_SEED, MOST_NEW = 2_000_000, 1_000  # from here on, faces that are in no split; seeds that one wall may use up
FIRST_SEED = {"train": 0, "valid": VALID_SEED, "test": TEST_SEED}
HELD_OUT = (
    (("hairstyle", "mohawk"), ("hair_colour", "red")),
    (("hairstyle", "bob"), ("hair_colour", "blond")),
    (("glasses", "round"), ("hat", "beanie")),
    (("beard", "full"), ("background", "lilac")),
)
"""Pairs of features that a model told in words is never shown."""
LOOSE = 0.4  # share of the training captions that are a list in any order
WORDED = 5_000  # training captions that hold every word
BALD, BALDING = 0.02, 0.28  # share of bald heads at 20 years, and what is added to it until 90
BALD_OF_ALL = BALD + BALDING / 2
CHUNK = 500  # faces drawn in one piece of work

FACTORS = (
    Slider("age", "Age", 40.0, 20.0, 90.0, 1.0, unit="years"),
    Slider("smile", "Smile", 0.4, -1.0, 1.0, 0.05, help="-1 frowns, 1 laughs."),
    Choice("hairstyle", "Hairstyle", "short", HAIRSTYLES),
    Choice("hair_colour", "Hair colour", "brown", tuple(face_drawing.HAIR), help="It greys with age."),
    Choice("skin_tone", "Skin tone", "beige", tuple(face_drawing.SKIN)),
    Choice("eye_shape", "Eye shape", "round", ("round", "almond", "sleepy")),
    Choice("eye_colour", "Eye colour", "blue", tuple(face_drawing.EYES)),
    Choice("nose", "Nose", "button", ("button", "long", "wide")),
    Choice("glasses", "Glasses", "none", GLASSES),
    Choice("beard", "Beard", "none", BEARDS),
    Choice("hat", "Hat", "none", HATS, help="None over spiky hair, a mohawk or a bun."),
    Choice("earrings", "Earrings", "none", ("none", "gold")),
    Choice("background", "Background", "sky", tuple(face_drawing.BACKGROUNDS)),
    Slider("turn", "Turn", 0.0, -1.0, 1.0, 0.1, help="To the left, to the right."),
    Slider("tilt", "Tilt", 0.0, -1.0, 1.0, 0.1),
    Slider("light", "Light", 0.0, -1.0, 1.0, 0.1, help="From the left, from the right."),
)

DATASET = Dataset(
    name="faces",
    kind="image",
    shape=(64, 64, 3),
    labels=HAIRSTYLES,
    sizes={"train": 50_000, "valid": 2_000, "test": 10_000},
    extractor="factors-faces",
    licence="Apache-2.0, drawn by this repository",
    source="playground.data.faces",
    noun="faces",
    factors=FACTORS,
    label_factor="hairstyle",
    counted=("hairstyle", "glasses", "hat", "beard"),
    focus=(0.63, 0.5, 0.22, 0.25),  # eyes, nose, mouth and beard
    shares=dict.fromkeys(HAIRSTYLES, (1 - BALD_OF_ALL) / (len(HAIRSTYLES) - 1)) | {"bald": BALD_OF_ALL},
)


def values_of(seed: int, fixed: Values | None = None) -> dict[str, float | str]:
    """The factors of the face with that seed, drawn from the joint distribution above; those in `fixed` are set, and the others follow."""
    rng = np.random.default_rng(seed)
    u = dict(zip([factor.name for factor in FACTORS], rng.random(len(FACTORS)).tolist(), strict=True))
    fixed = fixed or {}
    found: dict[str, float | str] = {}

    def put(name: str, value: float | str) -> None:
        found[name] = fixed.get(name, value)

    for factor in FACTORS:  # the uniform and independent ones; the others are replaced below
        if isinstance(factor, Slider):
            put(factor.name, factor.minimum + (factor.maximum - factor.minimum) * u[factor.name])
        else:
            put(factor.name, factor.choices[int(u[factor.name] * len(factor.choices))])
    old = (float(found["age"]) - 20.0) / 70.0
    bald = BALD + BALDING * old
    put("hairstyle", _pick(u["hairstyle"], dict.fromkeys(HAIRSTYLES, (1.0 - bald) / (len(HAIRSTYLES) - 1)) | {"bald": bald}))
    put("hair_colour", _pick(u["hair_colour"], HAIR_SHARES))
    put("hat", "none" if found["hairstyle"] in NO_HAT_OVER else _pick(u["hat"], {"none": 0.6, "beanie": 0.2, "cap": 0.2}))
    glasses = 0.25 + 0.40 * old
    put("glasses", _pick(u["glasses"], {"none": 1.0 - glasses, "round": glasses / 2, "square": glasses / 2}))
    put("beard", _pick(u["beard"], {"none": 0.6, "moustache": 0.2, "full": 0.2}))
    put("earrings", _pick(u["earrings"], {"none": 0.7, "gold": 0.3}))
    return found


def checked(given: Mapping[str, Any]) -> dict[str, float | str]:
    """All factors: what was given, checked, else the default. Raises ControlError, also for a hat over hair that takes none."""
    found = resolve(FACTORS, given, "a face")
    if found["hat"] != "none" and found["hairstyle"] in NO_HAT_OVER:
        raise ControlError(f"hat must be none over the hairstyle {found['hairstyle']}, got {found['hat']!r}.")
    return found


def draw(values: Values, style: str = "paint") -> np.ndarray:
    """The face with those factors as uint8 (64, 64, 3); style is "paint" or "ink", a line drawing of the same person."""
    if style not in ("paint", "ink"):
        raise ControlError(f"style must be paint or ink, got {style!r}.")
    return face_drawing.draw(values, ink=style == "ink")


def caption(values: Values, seed: int = 0) -> str:
    """A sentence that names only what is drawn and visible, worded by the seed; some features, not always all."""
    return described(values, seed)[0]


def described(values: Values, seed: int = 0, unseen: bool = False) -> tuple[str, dict[str, str | tuple[float, float]]]:
    """A caption, and what it names: by factor the word, or the range of a number. unseen: in an order that no training caption has."""
    rng = np.random.default_rng((seed, 1))
    age, smile = float(values["age"]), float(values["smile"])
    who = "a young" if age < 38 else "a middle-aged" if age < 65 else "an old"
    mood = "laughing" if smile > 0.6 else "smiling" if smile > 0.2 else "frowning" if smile < -0.3 else "looking calm"
    named: dict[str, str | tuple[float, float]] = {"age": AGES[who], "smile": MOODS[mood], "hairstyle": str(values["hairstyle"])}

    def name(factor: str, words: str) -> str:
        named[factor] = str(values[factor])
        return words

    person = rng.choice(["person", "face"])
    hair_colour = f"greying {values['hair_colour']}" if age > 60 else str(values["hair_colour"])
    style = str(values["hairstyle"])
    if style == "bald" and values["hat"] == "none":
        has = ["a bald head"]
    else:
        worded = {
            "bald": f"thin {hair_colour} hair",
            "bun": f"{hair_colour} hair in a bun",
            "mohawk": f"a {hair_colour} mohawk",
            "pigtails": f"{hair_colour} pigtails",
            "bob": f"a {hair_colour} bob",
        }
        has = [name("hair_colour", worded.get(style, f"{style} {hair_colour} hair"))]
    if values["beard"] == "full":
        has.append(name("beard", str(rng.choice(["a full beard", "a beard"]))))
    elif values["beard"] == "moustache":
        has.append(name("beard", "a moustache"))
    if values["glasses"] != "none":
        has.append(name("glasses", f"{values['glasses']} glasses"))
    if values["earrings"] != "none":
        has.append(name("earrings", str(rng.choice(["gold earrings", "earrings"]))))
    optional = {
        "eye_colour": f"{values['eye_colour']} eyes",
        "skin_tone": f"{values['skin_tone']} skin",
        "nose": NOSES[str(values["nose"])],
    }
    has += [name(factor, words) for factor, words in optional.items() if rng.random() < 0.4]
    hat = "" if values["hat"] == "none" else name("hat", str(rng.choice([f" wearing a {values['hat']}", f" in a {values['hat']}"])))
    listed = has[0] if len(has) == 1 else f"{', '.join(has[:-1])} and {has[-1]}"
    ground = name("background", f", {values['background']} background") if rng.random() < 0.3 else ""
    form = rng.integers(3)
    if unseen:
        text = f"with {listed}{hat}: {who} {person}, {mood}{ground}" if form else f"{mood}{ground}: {listed}{hat}, {who} {person}"
    elif rng.random() < LOOSE:
        text = _loosely(f"{who} {person}", has, [piece for piece in (hat.strip(), mood, ground.removeprefix(", ")) if piece], rng)
    elif form == 0:
        text = f"{who} {person} with {listed}{hat}, {mood}{ground}"
    elif form == 1:
        text = f"{who} {'calm' if mood == 'looking calm' else mood} {person}{hat} with {listed}{ground}"
    else:
        text = f"{mood}: {who} {person}{hat} with {listed}{ground}"
    return text, named


def _loosely(who: str, has: Sequence[str], more: Sequence[str], rng: np.random.Generator) -> str:
    """The pieces of a caption one after the other, as people type them: in any order, but for those of the unseen ones, which name who it is
    behind all that the face has."""
    pieces = [who, *has, *more]
    order = rng.permutation(len(pieces)).tolist()
    place, last = order.index(0), max(order.index(k) for k in range(1, 1 + len(has)))
    if place > last:
        order[place], order[last] = order[last], order[place]
    return ", ".join(pieces[k] for k in order)


def captions() -> tuple[str, ...]:
    """The captions of the first WORDED training faces, without drawing them."""
    return tuple(caption(values_of(seed), seed) for seed in range(WORDED))


def trials(n: int) -> tuple[tuple[str, ...], tuple[Mapping[str, str | tuple[float, float]], ...], Images]:
    """n captions that a model told in words never met, what each names, and the face that each describes.

    In turn: a face of no split in an order of words that no training caption has, and one with a pair of HELD_OUT.
    """
    texts, named, pixels = [], [], []
    for i in range(n):
        pair = dict(HELD_OUT[i // 2 % len(HELD_OUT)]) if i % 2 else {}
        values = values_of(TRIAL_SEED + i, pair)
        if values["hat"] != "none" and values["hairstyle"] in NO_HAT_OVER:  # only where the pair set the one and chance the other
            values["hairstyle"] = "short"
        if pair.get("background"):
            text, said = described(values, _naming(values, TRIAL_SEED + i, "background"))
        else:
            text, said = described(values, TRIAL_SEED + i, unseen=not pair)
        texts.append(text)
        named.append(said)
        pixels.append(draw(values))
    return tuple(texts), tuple(named), Images(np.stack(pixels))


def _naming(values: Values, seed: int, factor: str) -> int:
    """The first seed from this one on whose caption names the factor."""
    return next(k for k in range(seed, seed + 1000) if factor in described(values, k)[1])


def phrases() -> tuple[str, ...]:
    """Pieces of captions, one for each thing that a caption can say: what a prompt can be put together from."""
    looks = [f"{word} hair" for word in HAIRSTYLES if word not in ("bald", "bob", "bun", "mohawk", "pigtails")]
    looks += ["a bald head", "a bob", "a bun", "a mohawk", "pigtails", *(f"{word} hair" for word in HAIR_SHARES)]
    worn = ["round glasses", "square glasses", "a moustache", "a full beard", "in a cap", "in a beanie", "gold earrings"]
    more = [f"{word} {name}" for name, words in (("skin", face_drawing.SKIN), ("eyes", face_drawing.EYES)) for word in words]
    more += ["a small nose", "a long nose", "a wide nose", *(f"{word} background" for word in face_drawing.BACKGROUNDS)]
    who = ["a young person", "a middle-aged person", "an old person", "laughing", "smiling", "looking calm", "frowning"]
    return (*who, *looks, *worn, *more)


def named(text: str) -> dict[str, str | tuple[float, float]]:
    """What a text names in the captions' words, by factor: a word, or the range of a number."""
    return face_words.named(text)


def alternatives(text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """The places [start, end) of a text that hold a word of the captions for which others could stand, and those others."""
    return face_words.alternatives(text)


def held_out(factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """bool (n,): faces, given as coded() gives them, with a pair of HELD_OUT."""
    names = {factor.name: factor.choices for factor in FACTORS if isinstance(factor, Choice)}
    pairs = [np.logical_and(*(factors[name] == names[name].index(word) for name, word in pair)) for pair in HELD_OUT]
    return np.logical_or.reduce(pairs)


def make(seeds: Sequence[int]) -> Images:
    """The faces of those seeds: uint8 (n, 64, 64, 3), labels (hairstyle), captions and factors."""
    values = [values_of(seed) for seed in seeds]
    pixels = np.empty((len(values), *DATASET.shape), dtype=np.uint8)
    for row, value in enumerate(values):
        pixels[row] = face_drawing.draw(value)
    captions = tuple(caption(value, seed) for value, seed in zip(values, seeds, strict=True))
    factors = coded(values)
    return Images(pixels, factors["hairstyle"], captions, factors)


def coded(values: Sequence[Values]) -> dict[str, np.ndarray]:
    """Factors of n faces as arrays (n,) by name: float32 for a number, int64 index into its choices for a word."""
    found = {}
    for factor in FACTORS:
        column = [value[factor.name] for value in values]
        found[factor.name] = (
            np.asarray(column, dtype=np.float32)
            if isinstance(factor, Slider)
            else np.asarray([factor.choices.index(item) for item in column], dtype=np.int64)
        )
    return found


def load(split: str) -> Images:
    """All faces of a split, drawn anew on every core (50,000 take about a minute and a half on two)."""
    first, count = FIRST_SEED[split], DATASET.sizes[split]
    pieces = [range(start, min(start + CHUNK, first + count)) for start in range(first, first + count, CHUNK)]
    return _joined(_in_parallel(pieces))


def drawn(n: int, seed: int, fixed: Mapping[str, Any]) -> Images:
    """n new faces with the values in `fixed`, the other factors as in values_of. Raises ControlError."""
    held = {name: checked(fixed)[name] for name in fixed}
    values: list[Values] = []
    at = NEW_SEED + MOST_NEW * seed
    while len(values) < n:  # a hat may be held over hair that takes none: then the next seed
        value = values_of(at, held)
        at += 1
        if value["hat"] == "none" or value["hairstyle"] not in NO_HAT_OVER:
            values.append(value)
    factors = coded(values)
    return Images(np.stack([face_drawing.draw(value) for value in values]), factors["hairstyle"], None, factors)


def again(rows: Sequence[int]) -> Images:
    """The training faces in those rows. Raises ControlError for a row that is none."""
    if not all(0 <= row < DATASET.sizes["train"] for row in rows):
        raise ControlError(f"rows must be from 0 to {DATASET.sizes['train'] - 1:,}, got {list(rows)[:5]}.")
    return make([FIRST_SEED["train"] + row for row in rows])


def from_picture(picture: object) -> Images:
    """A person's picture as one sample: the middle square, scaled to uint8 (1, 64, 64, 3). Raises ControlError."""
    return square(picture, DATASET.shape[0])


def _in_parallel(pieces: Sequence[Sequence[int]]) -> Iterator[Images]:
    workers = min(len(pieces), os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count() or 1)
    if workers < 2:
        yield from map(make, pieces)
        return
    import multiprocessing

    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:  # fork would copy held locks
        yield from pool.map(make, pieces)


def _joined(parts: Iterator[Images]) -> Images:
    found = list(parts)
    return Images(
        np.concatenate([part.pixels for part in found]),
        np.concatenate([part.labels for part in found]),
        tuple(words for part in found for words in part.captions),
        {factor.name: np.concatenate([part.factors[factor.name] for part in found]) for factor in FACTORS},
    )


def _pick(u: float, shares: Mapping[str, float]) -> str:
    """The word at u in [0, 1) when the words share that interval as told."""
    total = 0.0
    for word, share in shares.items():
        total += share
        if u < total:
            return word
    return word

"""Data sets by name; the only place that reads them and the only place that normalises."""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from playground.controls import Given
from playground.data import masks, picture_files
from playground.errors import ControlError, PlaygroundError
from playground.types import Corpus, Dataset, Images, Notes, Pairs, Texts

MODULES = ("mnist", "faces", "shakespeare", "dates", "chorales")
WORD = re.compile(r"[^\W\d_]+")


def names() -> tuple[str, ...]:
    """The names of all data sets."""
    return MODULES


def get(name: str) -> Dataset:
    """The description of a data set, without loading it. Raises PlaygroundError for an unknown name."""
    if name not in MODULES:
        raise PlaygroundError(f"data set must be one of {', '.join(MODULES)}; got {name!r}.")
    return importlib.import_module(f"playground.data.{name}").DATASET


@functools.lru_cache(maxsize=4)
def load(name: str, split: str) -> Images | Corpus | Pairs:
    """A whole split ("train", "valid" or "test") as uint8 Images with labels, as one text, or as pairs of texts. Raises DataUnavailable where it is missing."""
    dataset = get(name)
    if split not in dataset.sizes:
        raise PlaygroundError(f"split must be one of {', '.join(dataset.sizes)}; got {split!r}.")
    return importlib.import_module(f"playground.data.{name}").load(split)


def from_factors(name: str, values: Mapping[str, object]) -> Images:
    """The sample that is made of these factors, the others at their default: the truth itself. Raises ControlError, also for a data
    set whose factors are not known."""
    if not get(name).factors:
        raise ControlError(f"The factors of {name} are not known.")
    module = importlib.import_module(f"playground.data.{name}")
    return Images(module.draw(module.checked(values))[None])


def drawn(name: str, n: int, seed: int, fixed: Mapping[str, object] | None = None) -> Images:
    """n new real samples of a data set that is drawn by rule, in none of its splits; the factors in `fixed` are held at those values.

    Raises ControlError for values out of bounds or that cannot go together.
    """
    if not get(name).factors:
        raise ControlError(f"The factors of {name} are not known.")
    return importlib.import_module(f"playground.data.{name}").drawn(n, seed, fixed or {})


def again(name: str, rows: Sequence[int]) -> Images:
    """Training samples made anew by their row, without loading the split: only where a data set is drawn by rule. Raises ControlError."""
    if not get(name).factors:
        raise ControlError(f"The samples of {name} cannot be drawn again.")
    return importlib.import_module(f"playground.data.{name}").again(rows)


def captions(name: str) -> tuple[str, ...]:
    """Captions that hold every word of a data set's captions: what a vocabulary is made from. Raises ControlError where there are none."""
    return _captioned(name).captions()


@functools.lru_cache(maxsize=4)
def words(name: str) -> frozenset[str]:
    """Every word of a data set's captions, in lower case."""
    return frozenset(word for caption in captions(name) for word in WORD.findall(caption.lower()))


def phrases(name: str) -> tuple[str, ...]:
    """Pieces of captions to put a prompt together from. Raises ControlError where there are no captions."""
    return _captioned(name).phrases()


def named(name: str, text: str) -> Mapping[str, str | tuple[float, float]]:
    """What a text names in the words of a data set's captions, by factor: a word, or a number's range. Raises ControlError without captions."""
    return _captioned(name).named(text)


def alternatives(name: str, text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """The places [start, end) of a text that hold a word of a data set's captions for which others could stand, and those others.

    Raises ControlError where there are no captions.
    """
    return _captioned(name).alternatives(text)


def unknown_words(name: str, text: str) -> tuple[str, ...]:
    """The words of a text that no caption of the data set holds, each once, in the text's order."""
    return tuple(dict.fromkeys(word for word in WORD.findall(text.lower()) if word not in words(name)))


def trials(name: str, n: int) -> tuple[tuple[str, ...], tuple[Mapping[str, str | tuple[float, float]], ...], Images]:
    """n captions that a model told in words never met, what each names by factor (a word, or a number's range), and the real samples.

    Raises ControlError where there are no captions.
    """
    return _captioned(name).trials(n)


def held_out(name: str, factors: Mapping[str, np.ndarray]) -> np.ndarray:
    """bool (n,): samples with a pair of features that a model told in words is never shown, so that its grasp of new pairs can be measured."""
    return importlib.import_module(f"playground.data.{name}").held_out(factors)


def is_music(name: str) -> bool:
    """True for a data set of ours whose texts write music down."""
    return name in MODULES and bool(get(name).voices)


def notes(name: str, text: str) -> Notes:
    """The music that a text of a data set writes down, as far as it goes. Raises ControlError for a data set whose texts are not music."""
    if not is_music(name):
        raise ControlError(f"The texts of {name} are not music.")
    return importlib.import_module(f"playground.data.{name}").notes(text)


def source_pieces(name: str, split: str) -> tuple[list[np.ndarray], int]:
    """The pieces of music of a split as their source has them, int (t, voices) MIDI pitches, and which of their moments the text keeps: every k-th.

    Raises ControlError for a data set that is not music, DataUnavailable without it.
    """
    if not is_music(name):
        raise ControlError(f"The texts of {name} are not music.")
    return importlib.import_module(f"playground.data.{name}").source_pieces(split)


def begun(name: str, prompt: str) -> str:
    """The notes of a prompt that belong to the piece that is gone on with: those after its last line break, without characters that are no notes."""
    about = get(name)
    piece = prompt
    for end in about.ends:
        piece = piece.rpartition(end)[2]
    return "".join(each for each in piece if each in about.labels)


def written(name: str, texts: Texts, row: int = 0) -> Notes:
    """The piece that one of some texts of music goes on with or begins. Raises ControlError for a data set whose texts are not music."""
    if not is_music(name):
        raise ControlError(f"The texts of {name} are not music.")
    return notes(name, begun(name, texts.prompt) + texts.texts[row])


def from_picture(name: str, picture: object) -> Images:
    """A person's picture, as picture_files.pixels_of takes it, as one sample of the data set: cropped, scaled and centred as its samples were."""
    get(name)
    return importlib.import_module(f"playground.data.{name}").from_picture(picture)


def from_mask(name: str, picture: object) -> Images:
    """A person's mask for a sample of the data set: uint8 (1, *shape), 255 where the sample is to be repainted, by the rule of masks.selected."""
    return masks.as_images(picture, get(name).shape)


def given(control: Given, name: str, sent: str | Path) -> np.ndarray:
    """What a control of pictures takes of a data URI (text) or a file (Path), as a sample of the data set or as a mask for one: float32 (1, h, w, c).

    Raises ControlError that names the control.
    """
    read = picture_files.from_file if isinstance(sent, Path) else picture_files.from_uri
    return (from_mask if control.masks else from_picture)(name, read(sent, control.name)).float32()


def _captioned(name: str) -> Any:
    """The module of a data set with captions. Raises ControlError where there are none."""
    if not get(name).factors:
        raise ControlError(f"{name} has no captions.")
    return importlib.import_module(f"playground.data.{name}")

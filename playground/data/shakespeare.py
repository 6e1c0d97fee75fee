"""Tiny Shakespeare: 1.1 million characters of his plays, the file that char-rnn made known (Karpathy 2015)."""

from __future__ import annotations

from playground.data import files
from playground.errors import DataUnavailable
from playground.types import Corpus, Dataset

FILE = "tiny_shakespeare/input.txt"
SOURCE = "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
SIZE = 1_115_394
TRAIN = SIZE * 9 // 10  # the first nine tenths are for training, the rest for measuring

DATASET = Dataset(
    name="shakespeare",
    kind="text",
    shape=(),
    labels=tuple("\n !$&',-.3:;?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    sizes={"train": TRAIN, "valid": SIZE - TRAIN},
    extractor="",
    licence="public domain",
    source=SOURCE,
    noun="texts",
    spare=("$",),  # once in all
)


def load(split: str) -> Corpus:
    """The text of a split. Raises DataUnavailable where the file is missing or is another one."""
    text = files.found(FILE, SOURCE).read_text(encoding="utf-8")
    if len(text) != SIZE or set(text) != set(DATASET.labels):
        raise DataUnavailable(f"{FILE} is not the file that is meant: it has {len(text):,} characters, not {SIZE:,}.")
    return Corpus(text[:TRAIN] if split == "train" else text[TRAIN:])

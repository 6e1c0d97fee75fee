"""Tiny Shakespeare: 1.1 million characters of his plays, the file that char-rnn made known (Karpathy 2015)."""

from __future__ import annotations

import os
from pathlib import Path

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
)


def load(split: str) -> Corpus:
    """The text of a split. Raises DataUnavailable where the file is missing or is another one."""
    text = _file().read_text(encoding="utf-8")
    if len(text) != SIZE or set(text) != set(DATASET.labels):
        raise DataUnavailable(f"{FILE} is not the file that is meant: it has {len(text):,} characters, not {SIZE:,}.")
    return Corpus(text[:TRAIN] if split == "train" else text[TRAIN:])


def _file() -> Path:
    """The file below PLAYGROUND_DATA if it is there, else fetched once into the Hub's cache folder."""
    folder = os.environ.get("PLAYGROUND_DATA")
    if folder and (path := Path(folder) / FILE).is_file():
        return path
    from huggingface_hub.constants import HF_HOME, HF_HUB_OFFLINE

    path = Path(HF_HOME) / "playground" / FILE
    if path.is_file():
        return path
    if not HF_HUB_OFFLINE:
        import httpx

        try:
            answer = httpx.get(SOURCE, timeout=30.0, follow_redirects=True).raise_for_status()
        except httpx.HTTPError as error:
            raise DataUnavailable(_missing(type(error).__name__)) from error
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(answer.content)
        os.replace(part, path)
        return path
    raise DataUnavailable(_missing("offline"))


def _missing(why: str) -> str:
    return f"{FILE} is not on this machine and could not be fetched ({why}). Set PLAYGROUND_DATA to a folder that holds {FILE}."

"""Tiny repositories as the Hugging Face Hub's cache lays them out, with a poisoned pickle beside every weight.

What they hold is made of the real classes (hub_parts, imported when first needed), once a process, and copied from then on.
"""

from __future__ import annotations

import atexit
import dataclasses
import functools
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from playground import registry
from playground.types import ModelCard

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SIDE = 32  # of a picture: a code of 16 x 16
CHAT = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"


class Poison:
    """A pickle that writes a file when it is opened."""

    def __init__(self, mark: Path):
        self.mark = mark

    def __reduce__(self):
        return os.mkdir, (self.mark.as_posix(),)


def tiny(card: ModelCard) -> ModelCard:
    """The card with the shape and the needs of its tiny repository; its files, controls and all else are the real ones."""
    needs = {"size_bytes": 1_000_000, "memory_bytes": 1_000_000, "shape": (SIDE, SIDE, 3)}
    return dataclasses.replace(card, hub=dataclasses.replace(card.hub, **needs))


def lay_out(card: ModelCard, cache: Path, size: str = "tiny") -> Path:
    """Writes the repository of a card into a cache, of a size that write() knows, and those of what comes with it; returns its snapshot."""
    for name in card.hub.comes_with:
        lay_out(registry.get(name), cache, size)
    snapshot = snapshot_of(card, cache)
    write(card, snapshot, size)
    return snapshot


def snapshot_of(card: ModelCard, cache: Path) -> Path:
    """The folder of a card's snapshot in a cache, as the commit that its branch stands for."""
    repo = cache / f"models--{card.hub.repo_id.replace('/', '--')}"
    (repo / "refs").mkdir(parents=True, exist_ok=True)
    (repo / "refs" / "main").write_text(COMMIT)
    return repo / "snapshots" / COMMIT


def write(card: ModelCard, folder: Path, size: str = "tiny") -> None:
    """Writes what a card's repository holds, with random weights, as it holds it: float16 where that is its variant, the tokenizer as vocabulary
    and merges.

    size: "tiny"; "deep", with every layer of the real one, but narrow; "whole", with every layer as large as the real one.
    """
    from tests import hub_parts

    if size != "tiny":
        hub_parts.write(card, folder, size)
    else:
        copied(card.id, functools.partial(hub_parts.write, card), folder)
    poison(folder)


def write_writer(card: ModelCard, folder: Path) -> None:
    """Writes what the repository of a language model holds, tiny."""
    from tests import hub_parts

    copied(f"writer {card.id}", functools.partial(hub_parts.write_writer, card), folder)
    for name in ("pytorch_model.bin", "model.ckpt"):
        (folder / name).write_bytes(pickle.dumps(Poison(mark(folder))))


def copied(name: str, make: Callable[[Path], None], folder: Path) -> None:
    """Makes a folder under a name once a process, and copies it: what a test does to its own copy, no other sees."""
    place = _made() / name
    if not place.is_dir():
        make(place)
    shutil.copytree(place, folder, dirs_exist_ok=True)


@functools.cache
def _made() -> Path:
    """Where what was made once lies until the process ends."""
    place = Path(tempfile.mkdtemp(prefix="playground-tests-hub-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    return place


def poison(folder: Path) -> None:
    """Puts a poisoned pickle beside every weight file of a folder, under the names that a careless loader looks for."""
    for path in list(folder.rglob("*.safetensors")):
        stem = path.name.removesuffix(".safetensors").replace("model", "pytorch_model" if path.parent.name == "text_encoder" else "model")
        for name in (f"{stem}.bin", f"{stem.removesuffix('.fp16')}.bin", f"{stem}.ckpt"):
            (path.parent / name).write_bytes(pickle.dumps(Poison(mark(folder))))


def mark(folder: Path) -> Path:
    """The folder that is there once a poisoned file of a repository was opened."""
    return folder / "poisoned"

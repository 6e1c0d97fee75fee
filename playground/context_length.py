"""How much of a text a model reads: tokens counted as the model counts them, from its files alone, and the part that it no longer reads.

A text encoder (Stable Diffusion's) reads the first tokens of a prompt and nothing after them: a longer prompt is refused. A model that continues a
text reads the last tokens before its own: a longer text is taken, and what is not read is named.
"""

from __future__ import annotations

import contextlib
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import hub, weights
from playground.controls import Prompt, shown, text_of
from playground.errors import ControlError
from playground.types import ModelCard

AROUND = 2  # tokens of a text encoder that stand around the words: start and end


@dataclass(frozen=True)
class Counted:
    """A text in tokens, and how many of them are read at most: those of text[start:end]."""

    tokens: int
    limit: int
    start: int
    end: int

    @property
    def is_cut(self) -> bool:
        """True where a part is not read."""
        return self.tokens > self.limit


def counted(card: ModelCard, text: str) -> Counted | None:
    """A prompt of a card, counted; None where no limit is known: of an engine elsewhere, of files that are not here, of a network without one."""
    if not hub.is_here(card) or card.hub is not None and card.hub.remote:
        return None
    folder = weights.folder(card.id) if card.hub is None else hub.folder(card)
    limit = None if folder is None else _limit(folder.as_posix())
    if limit is None:
        return None
    with hub.reading(card) if card.hub is not None else contextlib.nullcontext():
        spans, control = _spans(card, folder, text), text_of(card.controls)
    if len(spans) <= limit:
        return Counted(len(spans), limit, 0, len(text))
    if control is None:
        return Counted(len(spans), limit, 0, spans[limit - 1][1])
    return Counted(len(spans), limit, spans[-limit][0], len(text))


def check(card: ModelCard, values: Mapping[str, Any]) -> None:
    """Raises ControlError for a prompt of which a text encoder would read the beginning alone."""
    for control in card.controls:
        if not isinstance(control, Prompt):
            continue
        value = values[control.name]
        for text in dict.fromkeys((value,) if isinstance(value, str) else value):
            found = counted(card, text) if text else None
            if found is not None and found.is_cut:
                rest = text[found.end :].strip()
                raise ControlError(
                    f"{control.name} must have at most {found.limit} tokens, which is all that {card.id} reads, got {found.tokens}: "
                    f"leave out {shown(rest)} at its end, or as much elsewhere."
                )


def unread(card: ModelCard, text: str, continued: Sequence[int] = (), said: Sequence[str] = ()) -> str:
    """The sentence that says which beginning of a text a model that continues it does not read; empty where it reads all.

    continued: tokens that follow the text already. said: what was said and answered before, by a model that converses.
    """
    found = counted(card, text) if text_of(card.controls) is not None else None
    if found is None:
        return ""
    given = _marked(card, text, said) if "chat" in card.can else found.tokens
    lost = given + len(continued) - found.limit
    if lost <= 0:
        return ""
    what = "conversation" if said else "prompt"
    return f"{card.id} looks back {found.limit:,} tokens: of the {what}'s {given:,} it does not read the first {min(lost, given):,}."


def _marked(card: ModelCard, text: str, said: Sequence[str]) -> int:
    """The tokens of a conversation with the marks of its chat template."""
    from playground.models.nets.language import HubTokens

    tokens = HubTokens(_tokenizer(hub.require(card).as_posix()), 0, (), chat=True)
    return len(tokens.prompt(text, said)[0])


@functools.lru_cache(maxsize=16)
def _limit(folder: str) -> int | None:
    """The tokens of a prompt that the model of a folder reads."""
    words = _config(Path(folder) / "text_encoder" / "config.json").get("max_position_embeddings")
    if isinstance(words, int) and any((Path(folder) / "tokenizer" / name).is_file() for name in ("tokenizer.json", "vocab.json")):
        longest = _config(Path(folder) / "tokenizer" / "tokenizer_config.json").get("model_max_length", words)
        return min(words, int(longest)) - AROUND
    config = _config(Path(folder) / "config.json")
    if config.get("is_encoder_decoder"):
        return None  # T5 knows distances, not places
    places = config.get("n_positions", config.get("max_position_embeddings"))
    return places if isinstance(places, int) else None


def _config(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _spans(card: ModelCard, folder: Path, text: str) -> list[tuple[int, int]]:
    """Where each token of a text begins and ends."""
    control = text_of(card.controls)
    if control is not None and control.alphabet:  # a character is a token, and others are left out
        return [(place, place + 1) for place, each in enumerate(text) if each in control.alphabet]
    if card.hub is None:
        return _shipped(folder.as_posix()).encode(text, add_special_tokens=False).offsets
    tokenizer = _clip(folder.as_posix()) if control is None else _tokenizer(folder.as_posix())
    return tokenizer(text, add_special_tokens=False, truncation=False, return_offsets_mapping=True, verbose=False)["offset_mapping"]


@functools.lru_cache(maxsize=4)
def _shipped(folder: str) -> Any:
    from tokenizers import Tokenizer  # without transformers, so that the page opens soon

    tokenizer = Tokenizer.from_file(f"{folder}/tokenizer/tokenizer.json")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


@functools.lru_cache(maxsize=4)
def _clip(folder: str) -> Any:
    from transformers import CLIPTokenizer

    return CLIPTokenizer.from_pretrained(f"{folder}/tokenizer", local_files_only=True)


@functools.lru_cache(maxsize=4)
def _tokenizer(folder: str) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)

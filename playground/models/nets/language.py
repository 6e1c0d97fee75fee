"""What all models of text share: tokens, a text written token by token, and a given text read through the model's eyes."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from playground import data
from playground.errors import ControlError
from playground.sampling.tokens import LONGEST, Filters, choose, uniforms
from playground.training.recipe import Recipe, Trainee, log_spaced
from playground.types import Choices, ModelCard, Reading, Step, Texts

SHOWN = 12  # tokens that a view of choices holds


class Characters:
    """The characters of an alphabet as tokens, in its order; characters outside of it are left out.

    ends: those that end a text. voices: how many characters of music sound together, the melody first; 0 of what is no music.
    """

    def __init__(self, alphabet: Sequence[str], ends: Sequence[str] = (), voices: int = 0):
        self.alphabet, self.voices = tuple(alphabet), voices
        self.places = {character: place for place, character in enumerate(alphabet)}
        self.start = (self.places["\n"],)
        self.ends = frozenset(self.places[character] for character in ends)

    @classmethod
    def of(cls, dataset: str, alphabet: Sequence[str] = ()) -> Characters:
        """Those of a data set; alphabet: as a model has it, if it says so itself."""
        about = data.get(dataset)
        return cls(alphabet or about.labels, about.ends, len(about.voices))

    def __len__(self) -> int:
        return len(self.alphabet)

    def sung(self, melody: str, before: Sequence[int]) -> dict[int, int]:
        """The tokens that a melody fixes, by their place in what is written, and the end after it. before: the tokens that stand there already.

        The melody begins with the first whole moment of what is written: one that stands there in part is completed without it.
        """
        last = max((place for place, token in enumerate(before) if token in self.ends), default=-1)
        first = -(len(before) - last - 1) % self.voices
        notes = self.ids(melody)
        return {first + k * self.voices: note for k, note in enumerate([*notes, *sorted(self.ends)[:1]])} if notes else {}

    def ids(self, text: str) -> list[int]:
        """The tokens of a text."""
        return [self.places[character] for character in text if character in self.places]

    def prompt(self, text: str, said: Sequence[str] = ()) -> tuple[list[int], int]:
        """The tokens of what a text goes on from, and how many of them hold what was said before: none."""
        return self.ids(text), 0

    def text(self, ids: Sequence[int]) -> str:
        """The text of some tokens."""
        return "".join(self.alphabet[token] for token in ids)


class HubTokens:
    """The tokens of a transformers tokenizer. chat: what is said to it is put between the marks of its chat template."""

    def __init__(self, tokenizer: Any, size: int, ends: Sequence[int], chat: bool = False):
        self.tokenizer, self.size, self.chat = tokenizer, size, chat
        self.ends = frozenset(ends)
        start = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        self.start = (0 if start is None else start,)

    def __len__(self) -> int:
        return self.size

    def ids(self, text: str) -> list[int]:
        """The tokens of a text, nothing added."""
        return self.tokenizer(text, add_special_tokens=False)["input_ids"]

    def prompt(self, text: str, said: Sequence[str] = ()) -> tuple[list[int], int]:
        """The tokens of what a text goes on from, or of a conversation up to the answer; and how many of them hold what was said before."""
        if not self.chat:
            return self.ids(text), 0
        whole = self._marked(conversation(said, text), True)
        return whole, len(os.path.commonprefix([whole, self._marked(conversation(said), False)])) if said else 0

    def _marked(self, turns: Sequence[dict[str, str]], is_asked: bool) -> list[int]:
        return self.ids(self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=is_asked))

    def text(self, ids: Sequence[int]) -> str:
        """The text of some tokens."""
        return self.tokenizer.decode(ids, clean_up_tokenization_spaces=False)


def conversation(said: Sequence[str], text: str | None = None) -> list[dict[str, str]]:
    """Turns as chat templates and servers take them: what was said and answered before, then what is said now."""
    turns = [{"role": ("user", "assistant")[k % 2], "content": each} for k, each in enumerate(said)]
    return turns if text is None else [*turns, {"role": "user", "content": text}]


class LanguageModel(ABC):
    """A loaded model of text.

    tokens: how texts become tokens and back: ids(text), prompt(text, said), text(ids), start (what stands before a text), ends (tokens that end one), and how many
    there are, len().
    """

    tokens: Any

    @abstractmethod
    def reader(self, n: int) -> Reader:
        """A reader of n texts side by side that has read nothing yet."""

    @abstractmethod
    def surprises(self, ids: np.ndarray) -> np.ndarray:
        """-log p of each token of a text given what stands before it, in nats: float64 (t,). ids: int64 (t,)."""

    def stream(
        self,
        n: int,
        generators: Sequence[torch.Generator],
        *,
        prompt: str = "",
        max_new_tokens: int = 300,
        temperature: float = 1.0,
        top_k: int = 0,
        top_p: float = 1.0,
        repetition_penalty: float = 1.0,
        continued: Sequence[int] = (),
        said: Sequence[str] = (),
        melody: str = "",
        views: Sequence[str] = (),
    ) -> Iterator[Step]:
        """One Step for each token that n texts go on with after the prompt, each by its own uniform numbers.

        continued: tokens that all n texts begin with after the prompt, as they were or with one changed; what follows an unchanged one is the same.
        said: what was said and answered before, in turn, by a model that converses. melody: of music, the first voice, a character a moment: the others are
        written under it, each moment before the next is known. Raises ControlError for a token that the model does not have.
        """
        before, earlier = self.tokens.prompt(prompt, said)
        continued = [int(token) for token in continued][:max_new_tokens]
        size = len(self.tokens)
        if any(token >= size for token in continued):
            raise ControlError(f"continued must hold tokens below {size}, got {max(continued)}.")
        sung = self.tokens.sung(melody, before) if melody else {}
        filters = Filters(temperature, top_k, top_p, repetition_penalty)
        writer = Writer(self.tokens, n, continued)
        seen = torch.tensor([*(before or self.tokens.start), *continued]).expand(n, -1)
        reader, u = self.reader(n), uniforms(generators)
        shown = self.tokens.text(before[earlier:])
        total = max_new_tokens - len(continued)
        if total == 0:
            yield Step(writer.texts(shown), 1, 1, 0)
            return
        logits = reader.read(seen)
        for i in range(1, total + 1):
            place = len(continued) + i - 1
            if sung and place not in sung:
                logits[:, list(self.tokens.ends)] = -torch.inf  # the melody says when it ends
            probabilities = filters.apply(logits, seen.to(logits.device)).cpu()
            token = choose(probabilities, u[:, place])
            if place in sung:
                token = torch.full_like(token, sung[place])
            seeing = (
                {"choices": self._choices(logits.float().softmax(-1).cpu(), probabilities, token, writer.ended)}
                if "choices" in views
                else {}
            )
            writer.add(token.tolist())
            last = i == total or all(writer.ended)
            yield Step(writer.texts(shown), i, i if last else total, i, seeing)
            if last:
                return
            seen = torch.cat([seen, token[:, None]], 1)
            logits = reader.read(token[:, None])

    def read(self, text: str) -> Reading:
        """The tokens of a text and how surprising each was, given those before it. An empty text gives an empty Reading."""
        ids = np.asarray(self.tokens.ids(text), dtype=np.int64)
        surprise = self.surprises(ids) if len(ids) else np.zeros(0)
        return Reading(pieces(self.tokens, ids.tolist()), ids, surprise.astype(np.float32))

    def _choices(self, before: torch.Tensor, after: torch.Tensor, token: torch.Tensor, ended: Sequence[bool]) -> Choices:
        top = before.topk(min(SHOWN, before.shape[-1]))
        own = before.gather(1, token[:, None])
        return Choices(
            top.indices.numpy(),
            tuple(tuple(self.tokens.text([each]) for each in row) for row in top.indices.tolist()),
            top.values.numpy(),
            after.gather(1, top.indices).numpy(),
            (after > 0).sum(1).numpy(),
            np.where(ended, -1, token.numpy()),
            ((before > own).sum(1) + 1).numpy(),
            own[:, 0].numpy(),
        )


class Reader(ABC):
    """Reads n texts side by side, token by token, and keeps what it needs of them."""

    @abstractmethod
    def read(self, ids: torch.Tensor) -> torch.Tensor:
        """Reads on: int64 (n, t) tokens, t >= 1. Gives the logits of the next token, float32 (n, v)."""


class Pieces:
    """A text that grows token by token, cut into the characters that each token completes."""

    WAITING = 4  # bytes of one character at most

    def __init__(self, tokens: Any):
        self.tokens = tokens
        self.found: list[str] = []
        self._waiting: list[int] = []

    def add(self, token: int) -> None:
        """One more token. Bytes that do not make a character yet give an empty piece."""
        self._waiting.append(token)
        text = self.tokens.text(self._waiting)
        if text.endswith("\ufffd") and len(self._waiting) < self.WAITING:
            self.found.append("")
        else:
            self.found.append(text)
            self._waiting = []


def pieces(tokens: Any, ids: Sequence[int]) -> tuple[str, ...]:
    """Each token of a text as the characters that it completes."""
    cut = Pieces(tokens)
    for token in ids:
        cut.add(token)
    return tuple(cut.found)


class Writer:
    """n texts that grow: their tokens, and those as characters."""

    def __init__(self, tokens: Any, n: int, begun: Sequence[int] = ()):
        self.ends = tokens.ends
        self._rows: list[list[int]] = [[] for _ in range(n)]
        self._cut = [Pieces(tokens) for _ in range(n)]
        self.ended = [False] * n
        for token in begun:
            self.add([token] * n)

    def add(self, chosen: Sequence[int]) -> None:
        """One more token of each text that has not ended."""
        for k, token in enumerate(chosen):
            self.ended[k] = self.ended[k] or token in self.ends
            if not self.ended[k]:
                self._rows[k].append(token)
                self._cut[k].add(token)

    def texts(self, prompt: str) -> Texts:
        """What is there so far."""
        return Texts(tuple(map(tuple, self._rows)), tuple(tuple(cut.found) for cut in self._cut), prompt)


def characters_seen(num_steps: int, batch_size: int, length: int) -> dict[str, int]:
    """The fact that a recipe of windows of characters writes into card.json."""
    return {"characters_seen": num_steps * batch_size * length}


def write(model: LanguageModel, n: int, length: int, seed: int) -> Texts:
    """n texts of a length from nothing, for a training story."""
    from playground.sampling.noise import generators

    *_, last = model.stream(n, generators(seed, 0, n), max_new_tokens=min(length, LONGEST))
    return last.samples


def text_recipe(card: ModelCard, config: Any, make: Callable[[], Trainee], cut: Callable[[Any], Any], has_story: bool = True) -> Recipe:
    """The recipe of a model of text: warm-up, then constant, then half a cosine down from three tenths of the steps on."""
    return Recipe(
        card.id,
        card.dataset,
        config,
        make,
        config.num_steps,
        config.batch_size,
        ema_decay=config.ema_decay,
        warmup_steps=config.warmup_steps,
        decay_from=0.3,
        clip_norm=1.0,
        story=log_spaced(config.num_steps) if has_story else (),
        batches=cut,
    )


def windows(length: int, context: int) -> Iterator[tuple[int, int, int]]:
    """(first, scored, end) of windows that score each of `length` tokens once: the context's length, by half of it, each but the first scoring its last half."""
    scored = 0
    first = 0
    while scored < length:
        end = min(length, first + context)
        yield first, scored, end
        scored, first = end, first + context // 2

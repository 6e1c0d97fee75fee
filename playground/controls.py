"""Controls: the declared inputs of a model, each with its bounds and the one check that every door uses."""

from __future__ import annotations

import difflib
import json
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from playground.errors import ControlError

MOST_NAMED = 200  # characters of allowed names in a message
ANY = "any"  # of a class or a factor: whichever comes
SHOWN = 40  # characters of a refused value that a message repeats


def shown(value: Any) -> str:
    """The value as a message may repeat it: short, on one line."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    try:
        text = repr(value)
    except ValueError:  # Python refuses to write out integers of more than 4300 digits
        return "a number of thousands of digits"
    return text if len(text) <= SHOWN else text[:SHOWN] + f"... ({len(text)} characters)"


def is_list(value: Any) -> bool:
    """True for a list, a tuple or an array of one dimension: what may hold one value for each sample."""
    return isinstance(value, (list, tuple)) or isinstance(value, np.ndarray) and value.ndim == 1


def listed(allowed: Sequence[str], value: Any) -> str:
    """The allowed names in a message; of many, some that are like what was given."""
    named = ", ".join(allowed)
    if len(named) <= MOST_NAMED:
        return named
    near = difflib.get_close_matches(value[:40] if isinstance(value, str) else "", allowed, n=6, cutoff=0.4) or allowed[:6]
    return f"{len(allowed)} names such as {', '.join(near)}"


def checked_text(name: str, value: Any) -> str:
    """The value as a text that can be written down. Raises ControlError for anything else, and for half of a surrogate pair (a broken emoji)."""
    if not isinstance(value, str):
        raise ControlError(f"{name} must be a text, got {shown(value)}.")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise ControlError(
            f"{name} must be a text of whole characters; character {error.start + 1} is half of one (a lone surrogate), got {shown(value)}."
        ) from error
    return value


def number_in(minimum: float, maximum: float, integer: bool) -> str:
    """What a number is allowed to be, in a message."""
    return f"{'a whole number' if integer else 'a number'} in [{minimum:.10g}, {maximum:.10g}]"


@dataclass(frozen=True)
class Slider:
    """A number in [minimum, maximum]; whole if step is a whole number and integer is set."""

    name: str
    title: str
    default: float
    minimum: float
    maximum: float
    step: float = 1
    integer: bool = False
    unit: str = ""
    help: str = ""

    def validate(self, value: Any) -> float | int:
        """The value as int or float. Raises ControlError for anything that is not a number within the bounds."""
        allowed = number_in(self.minimum, self.maximum, self.integer)
        if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
            raise ControlError(f"{self.name} must be {allowed}, got {shown(value)}.")
        if not self.minimum <= value <= self.maximum:  # false for NaN; before float(), which 10**400 overflows
            raise ControlError(f"{self.name} must be {allowed}, got {shown(value)}.")
        number = float(value)
        if self.integer and number != int(number):
            raise ControlError(f"{self.name} must be {allowed}, got {shown(value)}.")
        return int(number) if self.integer else number


@dataclass(frozen=True)
class Choice:
    """One of a few named values."""

    name: str
    title: str
    default: str
    choices: tuple[str, ...]
    help: str = ""

    def validate(self, value: Any) -> str:
        """The value itself. Raises ControlError if it is none of the choices."""
        if not isinstance(value, str) or value not in self.choices:
            raise ControlError(f"{self.name} must be one of {', '.join(self.choices)}; got {shown(value)}.")
        return value


@dataclass(frozen=True)
class Label:
    """What class to draw: one name for all samples, "any" (drawn from the seed), or one name for each sample."""

    name: str
    title: str
    classes: tuple[str, ...]
    default: str = "any"
    help: str = ""

    def validate(self, value: Any) -> str | tuple[str, ...]:
        """ "any", a class name, or a tuple of class names. A class may be given as its number. Raises ControlError."""
        if not is_list(value):
            return self._one(value, ("any", *self.classes))
        if len(value) == 0:
            raise ControlError(f"{self.name} must be any or one of {listed(self.classes, value)}; got an empty list.")
        return tuple(self._one(item, self.classes) for item in value)

    def _one(self, value: Any, allowed: tuple[str, ...]) -> str:
        if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
            value = str(int(value))
        if not isinstance(value, str) or value not in allowed:
            raise ControlError(f"{self.name} must be one of {listed(allowed, value)}; got {shown(value)}.")
        return value


@dataclass(frozen=True)
class Prompt:
    """Words: one text for all samples, or one for each. presets: texts that show what it can do."""

    name: str
    title: str
    default: str = ""
    maximum: int = 300
    presets: tuple[str, ...] = ()
    help: str = ""

    def validate(self, value: Any) -> str | tuple[str, ...]:
        """The text with single spaces, or a tuple of such texts. Raises ControlError for anything else, and for more than `maximum` characters."""
        if not is_list(value):
            return self._one(value)
        if len(value) == 0:
            raise ControlError(f"{self.name} must be a text, or one for each sample; got an empty list.")
        return tuple(self._one(item) for item in value)

    def _one(self, value: Any) -> str:
        found = " ".join(checked_text(self.name, value).split())
        if len(found) > self.maximum:
            raise ControlError(f"{self.name} must have at most {self.maximum} characters, got {len(found)}.")
        return found


@dataclass(frozen=True)
class Text:
    """A text that is gone on from, kept as it is, line ends as \\n. alphabet: the characters that the model knows; empty: all."""

    name: str
    title: str
    default: str = ""
    maximum: int = 2000
    alphabet: tuple[str, ...] = ()
    presets: tuple[str, ...] = ()
    help: str = ""

    def validate(self, value: Any) -> str:
        """The text. Raises ControlError for anything else, for more than `maximum` characters, and for a text without a character that is known."""
        if len(checked_text(self.name, value)) > self.maximum:
            raise ControlError(f"{self.name} must have at most {self.maximum:,} characters, got {len(value):,}.")
        found = value.replace("\r\n", "\n").replace("\r", "\n")
        if found and self.alphabet and not set(found) & set(self.alphabet):
            raise ControlError(
                f"{self.name} must hold a character that the model knows (it knows {len(self.alphabet)}: English letters, marks, space), "
                f"or be empty; got {shown(found)}."
            )
        return found

    def unknown(self, text: str) -> tuple[str, ...]:
        """The characters of a text that the model does not know and leaves out, each once."""
        return tuple(dict.fromkeys(each for each in text if self.alphabet and each not in self.alphabet))


@dataclass(frozen=True)
class Tokens:
    """Tokens by their numbers, at most `maximum` of them."""

    name: str
    title: str
    maximum: int
    default: Any = ()
    help: str = ""

    def validate(self, value: Any) -> tuple[int, ...]:
        """A tuple of whole numbers of at least 0. Raises ControlError."""
        if value is None:
            return ()
        return wholes(self.name, value, 0, self.maximum, 0, 2**31 - 1)


@dataclass(frozen=True)
class Turns:
    """What was said before, turn by turn: what a person said, what the model answered, and so on; as JSON, too, as a link holds it.

    exchanges: at most so many of both. maximum: characters of all of them together.
    """

    name: str
    title: str
    exchanges: int = 8
    maximum: int = 8000
    default: Any = ()
    help: str = ""

    def validate(self, value: Any) -> tuple[str, ...]:
        """A tuple of an even number of texts, line ends as \\n. Raises ControlError."""
        if value is None or isinstance(value, str) and not value:
            return ()
        given = value
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                value = None
        if not is_list(value) or not all(isinstance(each, str) for each in value) or len(value) % 2:
            raise ControlError(f"{self.name} must be a list of texts, what was said and what was answered in turn; got {shown(given)}.")
        if len(value) > 2 * self.exchanges:
            raise ControlError(
                f"{self.name} must hold at most {self.exchanges} exchanges, got {len(value) // 2}: begin a new conversation."
            )
        if (length := sum(map(len, value))) > self.maximum:
            raise ControlError(f"{self.name} must have at most {self.maximum:,} characters, got {length:,}: begin a new conversation.")
        return tuple(checked_text(self.name, each).replace("\r\n", "\n").replace("\r", "\n") for each in value)


@dataclass(frozen=True)
class Given:
    """An input that is neither a number nor a word. kind "image": float32 (n, h, w, c) in [-1, 1], or uint8 of that shape.

    masks: of a mask, the name of the control whose picture it is laid over; above the middle of the range that is repainted.
    """

    name: str
    title: str
    kind: str
    shape: tuple[int, ...]
    required: bool = False
    default: Any = None
    help: str = ""
    masks: str = ""

    def validate(self, value: Any) -> np.ndarray | None:
        """A float32 array (n, *shape) in [-1, 1], or None where nothing is required. Raises ControlError."""
        if value is None:
            if self.required:
                raise ControlError(f"{self.name} is missing: give {self._allowed()}.")
            return None
        if not isinstance(value, np.ndarray) or value.shape[1:] != self.shape or len(value) == 0:
            raise ControlError(f"{self.name} must be {self._allowed()}, got {shown(value)}.")
        if value.dtype == np.uint8:
            value = value.astype(np.float32) / 127.5 - 1.0
        if value.dtype != np.float32 or not np.isfinite(value).all() or np.abs(value).max() > 1.0 + 1e-4:
            raise ControlError(f"{self.name} must hold uint8, or float32 in [-1, 1]; got {value.dtype} outside of it.")
        if self.masks:
            marked = (value.mean(-1) > 0).reshape(len(value), -1)
            if not marked.any(1).all():
                raise ControlError(
                    f"{self.name} selects nothing: paint white where {self.masks} is to be repainted, or leave {self.name} out."
                )
            if marked.all(1).any():
                raise ControlError(
                    f"{self.name} selects the whole picture: leave a part of it black, or leave {self.name} and {self.masks} out."
                )
        return value

    def _allowed(self) -> str:
        return f"{self.kind} data of shape (n, {', '.join(map(str, self.shape))})"


@dataclass(frozen=True)
class Numbers:
    """A short vector of numbers, each in [minimum, maximum]: a point of a latent space."""

    name: str
    title: str
    size: int
    minimum: float
    maximum: float
    default: Any = field(default=None)
    help: str = ""

    def validate(self, value: Any) -> tuple[float, ...] | None:
        """A tuple of `size` floats, or None if none was given. Raises ControlError."""
        if value is None:
            return None
        if not is_list(value) or len(value) != self.size:
            raise ControlError(f"{self.name} must be {self.size} numbers, got {shown(value)}.")
        one = Slider(self.name, self.title, 0.0, self.minimum, self.maximum)
        return tuple(float(one.validate(item)) for item in value)


@dataclass(frozen=True)
class Adjust:
    """A factor that is set to a value, or left as the model drew it (None, the default)."""

    factor: Slider | Choice
    default: Any = None

    @property
    def name(self) -> str:
        return self.factor.name

    @property
    def title(self) -> str:
        return self.factor.title

    @property
    def help(self) -> str:
        return self.factor.help

    def validate(self, value: Any) -> float | int | str | None:
        """The checked value, or None where the factor is left alone (None or "any"). Raises ControlError."""
        return None if value is None or isinstance(value, str) and value == ANY else self.factor.validate(value)


Control = Slider | Choice | Label | Prompt | Text | Tokens | Turns | Given | Numbers | Adjust


def adjustments(controls: Sequence[Control]) -> tuple[Slider | Choice, ...]:
    """The factors among the controls that may be set or left as drawn."""
    return tuple(control.factor for control in controls if isinstance(control, Adjust))


def prompt_of(controls: Sequence[Control]) -> Prompt | None:
    """The control that says in words what to draw, the first of them; None where nothing is said in words."""
    return next((control for control in controls if isinstance(control, Prompt)), None)


def text_of(controls: Sequence[Control]) -> Text | None:
    """The control that holds the text to go on from; None where there is none."""
    return next((control for control in controls if isinstance(control, Text)), None)


def turns_of(controls: Sequence[Control]) -> Turns | None:
    """The control that holds what was said before; None for a model that does not converse."""
    return next((control for control in controls if isinstance(control, Turns)), None)


def whole(name: str, value: Any, minimum: int, maximum: int) -> int:
    """A whole number such as n or a seed, held to its bounds by the same check as a slider."""
    return int(Slider(name, name, minimum, minimum, maximum, integer=True).validate(value))


def wholes(name: str, value: Any, fewest: int, most: int, minimum: int, maximum: int) -> tuple[int, ...]:
    """A list of whole numbers, each held to its bounds as by a slider. Raises ControlError for what is no list, and for too few or too many."""
    if not is_list(value) or not fewest <= len(value) <= most:
        count = f"at most {most:,}" if fewest == 0 else f"{fewest:,} to {most:,}"
        got = f"{len(value):,}" if is_list(value) else shown(value)
        raise ControlError(f"{name} must be a list of {count} numbers, each {number_in(minimum, maximum, True)}; got {got}.")
    return tuple(whole(name, each, minimum, maximum) for each in value)


def resolve(controls: Sequence[Control], given: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """Every control's value: what was given, checked, or else its default. Raises ControlError, also for unknown names."""
    names = [control.name for control in controls]
    for name in given:
        if name not in names:
            known = ", ".join(names) or "none"
            raise ControlError(f"{owner} has no control named {shown(name)}; it has {known}.")
    return {control.name: control.validate(given.get(control.name, control.default)) for control in controls}


def equal_shares(controls: Sequence[Control], n: int) -> dict[str, tuple[str, ...]]:
    """Each label control's classes in turn, sample i of class i % classes: what is drawn where nobody asked for a class."""
    return in_shares(controls, n, {})


def in_shares(controls: Sequence[Control], n: int, shares: Mapping[str, float]) -> dict[str, tuple[str, ...]]:
    """Each label control's classes as often as shares say of them, each sample of the class that is furthest behind its share.

    A class that shares do not name counts 1; so do all where they are empty, and the classes come in turn.
    """
    labels = [control for control in controls if isinstance(control, Label)]
    return {control.name: tuple(control.classes[k] for k in _furthest_behind(control.classes, n, shares)) for control in labels}


def _furthest_behind(classes: Sequence[str], n: int, shares: Mapping[str, float]) -> list[int]:
    wanted = np.array([shares.get(name, 1.0) for name in classes])
    wanted /= wanted.sum()
    given, found = np.zeros(len(classes)), []
    for i in range(1, n + 1):
        found.append(int(np.round(wanted * i - given, 9).argmax()))  # rounded: alike is alike, and the first one comes first
        given[found[-1]] += 1
    return found

"""The words of the faces' captions the other way round: what a prompt names, and what else could stand in a word's place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from playground.data import face_drawing

Named = str | tuple[float, float]
"""What a caption says of a factor: its word, or the range of a number."""

AGES: Mapping[str, tuple[float, float]] = {"a young": (20.0, 38.0), "a middle-aged": (38.0, 65.0), "an old": (65.0, 90.0)}
MOODS: Mapping[str, tuple[float, float]] = {
    "frowning": (-1.0, -0.3),
    "looking calm": (-0.3, 0.2),
    "smiling": (0.2, 0.6),
    "laughing": (0.6, 1.0),
}
NOSES: Mapping[str, str] = {"button": "a small nose", "long": "a long nose", "wide": "a wide nose"}


@dataclass(frozen=True)
class Slot:
    """A place of a caption that takes one of a few words, each of which names a value of a factor. after: what has to follow."""

    factor: str
    words: Mapping[str, Named]
    after: str = ""

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the place in a text, with the word as its match."""
        longest_first = "|".join(map(re.escape, sorted(self.words, key=len, reverse=True)))
        return re.compile(rf"\b(?:{longest_first})\b{self.after and f'(?= {self.after})'}", re.IGNORECASE)


def _same(words: Mapping[str, object]) -> dict[str, Named]:
    return {word: word for word in words}


ADJECTIVES = {"calm" if word == "looking calm" else word: span for word, span in MOODS.items()}
SLOTS = (
    Slot("age", AGES),
    Slot("smile", ADJECTIVES, r"(?:person|face)\b"),
    Slot("smile", MOODS),
    Slot("hairstyle", {"bald head": "bald"}),
    Slot("hairstyle", {"thin": "bald"} | {word: word for word in ("short", "spiky", "curly", "long")}, r"(?:[a-z]+ ){0,2}hair\b"),
    Slot("hairstyle", {"mohawk": "mohawk", "bob": "bob"}),
    Slot("hairstyle", {"pigtails": "pigtails", "hair in a bun": "bun"}),
    Slot("hairstyle", {"a bun": "bun"}),
    Slot("hair_colour", _same(face_drawing.HAIR), r"(?:hair|bob|mohawk|pigtails)\b"),
    Slot("skin_tone", _same(face_drawing.SKIN), r"skin\b"),
    Slot("eye_colour", _same(face_drawing.EYES), r"eyes\b"),
    Slot("nose", {words.split()[1]: value for value, words in NOSES.items()}, r"nose\b"),
    Slot("glasses", {"round": "round", "square": "square"}, r"glasses\b"),
    Slot("beard", {"a full beard": "full", "a beard": "full", "a moustache": "moustache"}),
    Slot("hat", {"beanie": "beanie", "cap": "cap"}),
    Slot("earrings", {"gold earrings": "gold", "earrings": "gold"}),
    Slot("background", _same(face_drawing.BACKGROUNDS), r"background\b"),
)


def named(text: str) -> dict[str, Named]:
    """What a text names in the captions' words, by factor; the first where it names one twice."""
    found: dict[str, tuple[int, Named]] = {}
    for slot in SLOTS:
        match = slot.pattern.search(text)
        if match and (slot.factor not in found or match.start() < found[slot.factor][0]):
            found[slot.factor] = match.start(), slot.words[match.group().lower()]
    return {factor: value for factor, (_, value) in found.items()}


def alternatives(text: str) -> tuple[tuple[int, int, tuple[str, ...]], ...]:
    """The places [start, end) of a text that hold a word of the captions for which others could stand, and those others; in order."""
    found: dict[int, tuple[int, int, tuple[str, ...]]] = {}
    for slot in SLOTS:
        for match in slot.pattern.finditer(text):
            now = slot.words[match.group().lower()]
            others = tuple(word for word, value in slot.words.items() if value != now)
            if others and not any(start < match.end() and match.start() < end for start, end, _ in found.values()):
                found[match.start()] = match.start(), match.end(), others
    return tuple(found[start] for start in sorted(found))

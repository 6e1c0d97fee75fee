"""MIDI files as a library reads them, a line of JSON each: python read_midi.py LIBRARY FILE... Runs in an environment that has that library and nothing of ours.

notes: [track's name, tick, ticks, pitch], sorted. names: of the tracks that have notes. metre: [numerator, denominator, tick], or null where the library keeps none.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Callable

RESOLUTION = 480  # ticks of a quarter


def main(library: str, *paths: str) -> None:
    """Prints what the library reads."""
    warnings.simplefilter("ignore", DeprecationWarning)
    for path in paths:
        tracks, metre = READ[library](path)
        notes = sorted([name, *map(int, note)] for name, found in tracks for note in found)
        print(json.dumps({"notes": notes, "names": [name for name, _ in tracks], "metre": metre}))


def pretty_midi(path: str) -> tuple[list, list | None]:
    """By pretty_midi, which counts in seconds."""
    import pretty_midi as library

    file = library.PrettyMIDI(path)
    tick = file.time_to_tick
    tracks = [
        (each.name, [(tick(note.start), tick(note.end) - tick(note.start), note.pitch) for note in each.notes]) for each in file.instruments
    ]
    return tracks, [[each.numerator, each.denominator, int(tick(each.time))] for each in file.time_signature_changes]


def symusic(path: str) -> tuple[list, list | None]:
    """By symusic."""
    import symusic as library

    score = library.Score(path)
    tracks = [(each.name, [(note.time, note.duration, note.pitch) for note in each.notes]) for each in score.tracks if len(each.notes)]
    return tracks, [[each.numerator, each.denominator, each.time] for each in score.time_signatures]


def partitura(path: str) -> tuple[list, list | None]:
    """By partitura, its performance and its score."""
    import partitura as library

    parts = library.load_performance_midi(path).performedparts
    score = library.load_score_midi(path, part_voice_assign_mode=0)
    signatures = score.parts[0].iter_all(library.score.TimeSignature)
    scale = RESOLUTION // int(score.parts[0].quarter_duration_map(0))
    notes = [
        [(note["note_on_tick"], note["note_off_tick"] - note["note_on_tick"], note["midi_pitch"]) for note in part.notes] for part in parts
    ]
    names = [part.part_name for part in score.parts]
    tracks = [(name, found) for name, found in zip(names, (each for each in notes if each), strict=True)]
    return tracks, [[each.beats, each.beat_type, scale * each.start.t] for each in signatures]


def pypianoroll(path: str) -> tuple[list, list | None]:
    """By pypianoroll, which keeps no metre, only where notes lie after the first beat that it finds."""
    import numpy as np
    import pypianoroll as library

    tracks = []
    for each in library.read(path, resolution=RESOLUTION).tracks:
        edges = np.diff(np.pad((each.pianoroll > 0).astype(int), ((1, 1), (0, 0))), axis=0)
        notes = []
        for pitch in np.nonzero(edges.any(0))[0]:
            begins, ends = np.nonzero(edges[:, pitch] == 1)[0], np.nonzero(edges[:, pitch] == -1)[0]
            notes += [(begin, end - begin, pitch) for begin, end in zip(begins, ends, strict=True)]
        tracks.append((each.name, notes))
    return [track for track in tracks if track[1]], None


READ: dict[str, Callable[[str], tuple[list, list | None]]] = {
    "pretty_midi": pretty_midi,
    "symusic": symusic,
    "partitura": partitura,
    "pypianoroll": pypianoroll,
}

if __name__ == "__main__":
    main(*sys.argv[1:])

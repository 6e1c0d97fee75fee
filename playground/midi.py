"""Music as a standard MIDI file, for any notation program or synthesizer: the one place that writes one."""

from __future__ import annotations

import io
from typing import Any

from playground.types import Notes

ORGAN = 19  # church organ, General MIDI, counted from 0
TICKS = 240  # of a moment
BEAT = 2  # moments of a beat: a moment is a quaver, a beat a crotchet
BAR = 4 * BEAT  # moments of a bar of 4/4
VELOCITY = 80


def upbeat(moments: int) -> int:
    """Moments before the first bar line of a piece of that length: one beat where whole bars leave one over, else none.

    The texts say nothing of bar lines, but Bach's pieces with an upbeat are written as one beat and then whole bars. The length alone decides,
    so that the same notes always give the same file; of a composed piece nothing else is known either, and one of another length, or that was cut off
    at such a length, is written by the same rule. Pieces in 3/4, about one in seven, are written in 4/4.
    """
    return BEAT if moments % BAR == BEAT else 0


def written(notes: Notes, voices: tuple[str, ...]) -> bytes:
    """A file of type 1 with a named track for each voice, a moment being a quaver; the first track has the tempo and the metre.

    4/4 from tick 0; after an upbeat() 1/4 from tick 0, and 4/4 from its end. Without a metre, readers guess where the first beat lies.
    Every track lasts as long as the piece, rests at its end included.
    """
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=BEAT * TICKS)
    first_bar = upbeat(len(notes))
    for voice, name in enumerate(voices):
        events = [(0, mido.MetaMessage("track_name", name=name))]  # (tick, message): sorted by tick, else in this order
        if voice == 0:
            events.append((0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60 / (BEAT * notes.seconds)))))
            if first_bar:
                events.append((0, mido.MetaMessage("time_signature", numerator=first_bar // BEAT, denominator=4)))
            events.append((TICKS * first_bar, mido.MetaMessage("time_signature", numerator=4, denominator=4)))
        events.append((0, mido.Message("program_change", channel=voice, program=ORGAN)))
        for _, first, moments, pitch in (note for note in notes.held if note[0] == voice):
            events.append((TICKS * first, mido.Message("note_on", channel=voice, note=pitch, velocity=VELOCITY)))
            events.append((TICKS * (first + moments), mido.Message("note_off", channel=voice, note=pitch)))
        events.append((TICKS * len(notes), mido.MetaMessage("end_of_track")))
        file.tracks.append(_track(events))
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()


def _track(events: list[tuple[int, Any]]) -> Any:
    """The messages by their ticks, each with the ticks since the one before it, as the format counts."""
    import mido

    track, now = mido.MidiTrack(), 0
    for tick, message in sorted(events, key=lambda event: event[0]):
        track.append(message.copy(time=tick - now))
        now = tick
    return track

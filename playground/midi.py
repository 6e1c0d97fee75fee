"""Music as a standard MIDI file, for any notation program or synthesizer."""

from __future__ import annotations

import io

from playground.types import Notes

ORGAN = 19  # church organ, General MIDI, counted from 0
TICKS = 240  # of a moment
VELOCITY = 80


def written(notes: Notes, voices: tuple[str, ...]) -> bytes:
    """A file of type 1 with a track for each voice, a moment being a quaver."""
    import mido

    file = mido.MidiFile(type=1, ticks_per_beat=2 * TICKS)
    for voice, name in enumerate(voices):
        track = mido.MidiTrack([mido.MetaMessage("track_name", name=name), mido.Message("program_change", channel=voice, program=ORGAN)])
        if voice == 0:
            track.insert(0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(60 / (2 * notes.seconds))))
        now = 0
        for _, first, moments, pitch in (note for note in notes.held if note[0] == voice):
            track.append(mido.Message("note_on", channel=voice, note=pitch, velocity=VELOCITY, time=TICKS * first - now))
            track.append(mido.Message("note_off", channel=voice, note=pitch, time=TICKS * moments))
            now = TICKS * (first + moments)
        file.tracks.append(track)
    out = io.BytesIO()
    file.save(file=out)
    return out.getvalue()

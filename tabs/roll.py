"""Music as the page shows it: a piano roll that can be played, by the browser alone (assets/music.js)."""

from __future__ import annotations

import html
import json

from playground import midi
from playground.types import Notes
from tabs import pictures

STEP, ROW = 8, 6  # points of a moment and of a semitone
PER_BAR = 8  # quavers
ROOM = 2  # semitones above the highest note and below the lowest
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def roll(notes: Notes, voices: tuple[str, ...], name: str, moments: int = 0) -> str:
    """The notes as bars, a colour and a place for each voice, and what plays them. moments: that it has room for, at least; name: what it says aloud."""
    wide = max(len(notes), moments, 1)
    sounding = notes.pitches[notes.pitches >= 0]
    low, high = (int(sounding.min()) - ROOM, int(sounding.max()) + ROOM) if len(sounding) else (48, 72)
    tall = high - low + 1
    lines = "".join(
        f'<line class="octave" x1="0" x2="{wide * STEP}" y1="{(high - pitch + 1) * ROW}" y2="{(high - pitch + 1) * ROW}"/>'
        for pitch in range(low, high + 1)
        if pitch % 12 == 0
    )
    bars = "".join(
        f'<rect class="v{voice}" x="{first * STEP + 0.5}" y="{(high - pitch) * ROW + 0.5}" width="{length * STEP - 1}" height="{ROW - 1}" rx="1.5">'
        f"<title>{html.escape(voices[voice])}: {NAMES[pitch % 12]}{pitch // 12 - 1}</title></rect>"
        for voice, first, length, pitch in notes.held
    )
    legend = "".join(f'<span><i class="v{voice}"></i>{html.escape(each)}</span>' for voice, each in enumerate(voices))
    seconds = len(notes) * notes.seconds
    held = html.escape(json.dumps(notes.held, separators=(",", ":")), quote=True)
    return (
        f'<figure class="roll" data-notes="{held}" data-step="{notes.seconds}" data-moments="{len(notes)}" data-wide="{wide}">'
        f'<svg viewBox="0 0 {wide * STEP} {tall * ROW}" preserveAspectRatio="none" role="img" aria-label="{html.escape(name, quote=True)}: '
        f'{len(notes.held)} notes of {len(voices)} voices, {seconds:.0f} seconds">{lines}{bars}<line class="now" x1="0" x2="0" y1="0" y2="{tall * ROW}"/></svg>'
        f'<div class="filmbar"><button class="roll-play" aria-label="Play {html.escape(name, quote=True)}">▶</button>'
        f'<input class="roll-scrub" type="range" min="0" max="{max(len(notes), 1)}" step="1" value="0" aria-label="Moment of {html.escape(name, quote=True)}">'
        f'<span class="film-caption">0 of {seconds:.0f} s</span></div><figcaption class="legend">{legend}</figcaption></figure>'
    )


def take(notes: Notes, voices: tuple[str, ...], name: str) -> str:
    """A link that saves the notes as a MIDI file."""
    return f'<div class="takes">Take it away: {pictures.download(midi.written(notes, voices), "audio/midi", f"{name}.mid", "MIDI")}</div>'

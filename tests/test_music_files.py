"""MIDI files as other programs read them: every note where it is written, four named voices, a metre, bar lines where they fall."""

from __future__ import annotations

import ast
import base64
import io
import json
import subprocess
import sys
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import data, excerpts, midi
from playground.types import Notes
from tests.conftest import ROOT

VOICES = data.get("chorales").voices
PIECES = [data.notes("chorales", piece) for piece in excerpts.read("chorales").split()]
REST = -1
QUARTER = 2 * midi.TICKS
READERS = ("pretty_midi==0.2.11.post0", "symusic==0.6.0", "partitura==1.9.0", "pypianoroll==1.0.4")


def piece(moments: int, seed: int = 0) -> Notes:
    """A piece of that length, of notes of one to four moments and rests."""
    rng = np.random.default_rng(seed)
    lines = [
        np.repeat(rng.choice([REST, *range(48 + 5 * k, 60 + 5 * k)], moments), rng.integers(1, 5, moments))[:moments] for k in range(4)
    ]
    return Notes(np.stack(lines, 1).astype(np.int64).reshape(moments, 4), 0.375)


def shapes() -> dict[str, Notes]:
    """The real pieces that are shipped, and pieces that readers stumble over: short ones, rests at either end, a voice that never sings."""
    real, silence = PIECES[0].pitches, np.full((5, 4), REST)
    found = {f"real piece {k}": each for k, each in enumerate(PIECES, 1)}
    made = {
        "rests first": np.concatenate([silence, real[:61]]),
        "rests last": np.concatenate([real[:61], silence]),
        "silent tenor": np.where(np.arange(4) == 2, REST, real[:40]),
        "ten moments": real[:10],
        "cut off in a bar": real[:45],
    }
    return found | {name: Notes(pitches, 0.375) for name, pitches in made.items()}


def has_upbeat(moments: int) -> bool:
    """True where whole bars of eight quavers leave one quarter over."""
    return moments % 8 == 2


def metre(found: mido.MidiFile) -> list[tuple[int, int, int, int]]:
    """Every time signature as (track, tick, numerator, denominator)."""
    signatures = []
    for place, track in enumerate(found.tracks):
        now = 0
        for message in track:
            now += message.time
            if message.type == "time_signature":
                signatures.append((place, now, message.numerator, message.denominator))
    return signatures


def held(found: mido.MidiFile) -> list[tuple[int, int, int, int]]:
    """Every note as Notes.held has it, in moments."""
    notes = []
    for voice, track in enumerate(found.tracks):
        now, begun = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on":
                assert message.note not in begun and message.channel == voice
                begun[message.note] = now
            elif message.type == "note_off":
                first = begun.pop(message.note)
                notes.append((voice, first / midi.TICKS, (now - first) / midi.TICKS, message.note))
        assert not begun
    return sorted(notes)


@pytest.mark.parametrize("moments", [0, 1, 2, 3, 8, 9, 10, 11, 12, 14, 48, 50, 64, 66, 74, 98, 104, 108, 128, 250])
def test_a_file_names_its_metre_and_an_upbeat_where_whole_bars_leave_one_beat_over(moments: int):
    file = mido.MidiFile(file=io.BytesIO(midi.written(piece(moments), VOICES)))
    assert file.ticks_per_beat == QUARTER == 480
    assert metre(file) == ([(0, 0, 1, 4), (0, 480, 4, 4)] if has_upbeat(moments) else [(0, 0, 4, 4)])
    assert midi.upbeat(moments) == (2 if has_upbeat(moments) else 0)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(moments=st.integers(0, 120), seed=st.integers(0, 10_000))
def test_every_note_and_rest_is_in_the_file_and_its_four_tracks_are_named_and_last_as_long(moments: int, seed: int):
    notes = piece(moments, seed)
    file = mido.MidiFile(file=io.BytesIO(midi.written(notes, VOICES)))
    assert file.type == 1 and [track.name for track in file.tracks] == list(VOICES)
    assert held(file) == sorted(notes.held)
    assert [sum(message.time for message in track) for track in file.tracks] == [moments * midi.TICKS] * 4
    assert file.length == pytest.approx(moments * notes.seconds)


def test_one_writer_makes_every_midi_file():
    """The page, the command line and what else saves music go through playground/midi.py: nothing else knows the format."""
    sources = [path for folder in ("playground", "tabs") for path in sorted((ROOT / folder).rglob("*.py"))] + [ROOT / "app.py"]
    importing, calling = [], []
    for path in sources:
        text = path.read_text(encoding="utf-8")
        if "mido" not in text and "midi" not in text:
            continue
        tree = ast.parse(text)
        names = [
            alias.name if isinstance(node, ast.Import) else node.module
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for alias in node.names
        ]
        importing += [path.relative_to(ROOT).as_posix()] * ("mido" in names)
        calling += [
            path.relative_to(ROOT).as_posix()
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and ast.unparse(node) == "midi.written"
        ]
    assert set(importing) == {"playground/midi.py"} and set(calling) == {"playground/__main__.py", "tabs/roll.py"}
    scripts = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "assets").glob("*.js")))
    assert "MThd" not in scripts and "audio/midi" not in scripts


def test_what_the_page_offers_is_the_writer_s_file():
    from tabs import roll

    link = roll.take(PIECES[0], VOICES, "piece")
    assert base64.b64encode(midi.written(PIECES[0], VOICES)).decode() in link


@pytest.fixture(scope="module")
def scores():
    """Every shape as music21 reads it, a Score by name."""
    from music21.midi import translate

    return {name: translate.midiStringToStream(midi.written(notes, VOICES)) for name, notes in shapes().items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", shapes())
def test_music21_reads_every_note_where_and_as_long_as_it_is_written(name: str, scores):
    notes, score = shapes()[name], scores[name]
    singing = [voice for voice in range(4) if (notes.pitches[:, voice] != REST).any()]
    assert [part.partName for part in score.parts] == [VOICES[voice] for voice in singing]
    found = [
        (voice, int(2 * note.getOffsetInHierarchy(part)), int(2 * note.quarterLength), note.pitch.midi)
        for voice, part in zip(singing, score.parts, strict=True)
        for note in part.stripTies().flatten().notes
    ]
    assert sorted(found) == sorted(notes.held)


@pytest.mark.slow
@pytest.mark.parametrize("name", shapes())
def test_music21_draws_the_bar_lines_where_they_fall(name: str, scores):
    """Of the first voice: music21 reads the metre of a track that has notes for that track alone."""
    notes, bars = shapes()[name], list(scores[name].parts[0].getElementsByClass("Measure"))
    first = has_upbeat(len(notes))
    assert [float(bar.offset) for bar in bars[:4]] == ([0, 1, 5, 9] if first else [0, 4, 8, 12])[: len(bars)]
    assert [bar.timeSignature.ratioString for bar in bars[:2] if bar.timeSignature] == (["1/4", "4/4"] if first else ["4/4"])


@pytest.mark.nightly
@pytest.mark.parametrize("reader", [each.split("==")[0] for each in READERS])
def test_other_libraries_read_every_note_where_and_as_long_as_it_is_written(reader: str, installed: Path, tmp_path: Path):
    files = [tmp_path / f"{k}.mid" for k in range(len(shapes()))]
    for path, notes in zip(files, shapes().values(), strict=True):
        path.write_bytes(midi.written(notes, VOICES))
    command = [installed, ROOT / "tests" / "read_midi.py", reader, *files]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    for (name, notes), line in zip(shapes().items(), done.stdout.splitlines(), strict=True):
        found = json.loads(line)
        expected = sorted([VOICES[voice], first * midi.TICKS, moments * midi.TICKS, pitch] for voice, first, moments, pitch in notes.held)
        assert found["notes"] == expected, name
        assert found["names"] == [VOICES[voice] for voice in sorted({note[0] for note in notes.held})], name
        signatures = [[1, 4, 0], [4, 4, QUARTER]] if has_upbeat(len(notes)) else [[4, 4, 0]]
        assert found["metre"] == (None if reader == "pypianoroll" else signatures), name


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python with the libraries that read MIDI files, in an environment of their own."""
    folder = tmp_path_factory.mktemp("readers")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=300)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", *READERS], check=True, timeout=900)
    return python

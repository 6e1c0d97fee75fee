"""Music written as text: letters to notes and back, the file that is taken away, the roll, and what the models learnt of it."""

from __future__ import annotations

import io
import json
import re

import gradio as gr
import mido
import numpy as np
import pytest

from playground import data, excerpts, midi, registry, run
from playground.__main__ import main
from playground.data import chorales
from playground.errors import ControlError
from playground.metrics import music
from playground.types import Notes
from tabs import autoregressive, launch, roll

CARDS = [card.id for card in registry.shipped() if data.is_music(card.dataset)]
VOICES = data.get("chorales").voices
PIECES = excerpts.read("chorales").split()


def test_a_piece_is_four_letters_a_quaver_and_comes_back_as_it_was():
    chords = [[72, 67, 64, 48], [72, 67, 64, 48], [-1, 69, 65, 53]]
    assert chorales._line(chords, 0) == "kfcMkfcM.hdR"
    assert np.array_equal(chorales.notes("kfcMkfcM.hdR").pitches, chords)
    assert chorales._line(chords, 9)[0] == chorales.PITCHES[-1] and chorales._line(chords, 9)[8] == "."
    assert chorales._line(chords, 10) == "", "A5 is the highest letter: a piece that would leave them is left out"


def test_half_a_quaver_a_further_piece_and_other_signs_are_left_out():
    assert len(chorales.notes("kfcMkf")) == 1 and len(chorales.notes("\nkfcM\nkfcMkfcM")) == 1
    assert np.array_equal(chorales.notes("k!f cM").pitches, [[72, 67, 64, 48]]) and len(chorales.notes("")) == 0
    with pytest.raises(ControlError, match="The texts of shakespeare are not music"):
        data.notes("shakespeare", "To be")
    assert not data.is_music("owner/name")


def test_moments_of_one_pitch_in_a_row_are_one_note():
    notes = Notes(np.array([[60, -1], [60, 40], [62, 40], [62, -1], [60, 41]]), 0.5)
    assert notes.held == ((0, 0, 2, 60), (1, 1, 2, 40), (0, 2, 2, 62), (0, 4, 1, 60), (1, 4, 1, 41))
    assert Notes(np.zeros((0, 4), np.int64), 0.5).held == ()


@pytest.mark.parametrize("piece", PIECES[:2])
def test_the_midi_file_sounds_each_note_when_and_as_long_as_it_is_written(piece: str):
    notes = data.notes("chorales", piece)
    file = mido.MidiFile(file=io.BytesIO(midi.written(notes, VOICES)))
    assert file.length == pytest.approx(len(notes) * notes.seconds, abs=0.01) and [track.name for track in file.tracks] == list(VOICES)
    found = []
    for voice, track in enumerate(file.tracks):
        now, begun = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on":
                begun[message.note] = now
            elif message.type == "note_off":
                first = begun.pop(message.note)
                found.append((voice, first // midi.TICKS, (now - first) // midi.TICKS, message.note))
        assert not begun
    assert sorted(found) == sorted(notes.held)


def test_a_roll_holds_every_note_once_and_has_room_for_what_is_to_come():
    notes = data.notes("chorales", PIECES[0])
    shown = roll.roll(notes, VOICES, "a <piece>", moments=200)
    assert shown.count("<rect") == len(notes.held) and 'data-wide="200"' in shown and "a &lt;piece&gt;" in shown
    held = re.search(r'data-notes="([^"]*)"', shown).group(1)
    assert tuple(map(tuple, json.loads(held))) == notes.held
    assert roll.roll(data.notes("chorales", ""), VOICES, "nothing yet").count("<rect") == 0


@pytest.mark.parametrize("card_id", CARDS)
def test_a_model_is_less_surprised_by_music_kept_out_of_training_than_by_the_same_chords_in_another_order(card_id: str):
    """Uniform dice are surprised by ln 48 = 3.87 nats a note."""
    rng = np.random.default_rng(0)
    for piece in PIECES[:3]:
        chords = [piece[k : k + 4] for k in range(0, len(piece), 4)]
        read = run.read(card_id, piece).surprise.mean()
        mixed = run.read(card_id, "".join(rng.permutation(chords))).surprise.mean()
        assert read < 1.6 and mixed > read + 0.3


@pytest.mark.slow
def test_the_transformer_keeps_its_four_voices_apart_and_ends_its_pieces():
    texts = run.sample("gpt-chorales", 8, 3, max_new_tokens=1000).samples
    assert sum(len(ids) < 1000 for ids in texts.ids) >= 5, "most pieces end by themselves"
    assert music.ordered([data.notes("chorales", text) for text in texts.texts]) >= 0.75
    assert music.ordered([data.notes("chorales", piece) for piece in PIECES]) == 1
    crossed = [data.notes("chorales", piece[2:-2]) for piece in PIECES]
    assert music.ordered(crossed) == 0, "a voice's line read as another's"


@pytest.mark.parametrize("card_id", CARDS)
def test_a_piece_goes_on_from_a_real_one(card_id: str):
    begun = PIECES[1][:64]
    found = run.sample(card_id, 1, 0, prompt=begun, max_new_tokens=32).samples
    notes = data.notes("chorales", found.prompt + found.texts[0])
    assert found.prompt == begun and np.array_equal(notes.pitches[:16], data.notes("chorales", begun).pitches) and len(notes) > 16
    with pytest.raises(ControlError, match="prompt must hold a character that the model knows"):
        run.sample(card_id, 1, 0, prompt="§§")


def test_parallel_fifths_and_octaves_are_found_and_nothing_else():
    def share(*chords: tuple[int, ...]) -> float:
        return music.parallels([Notes(np.array(chords), 0.5)])

    assert share((67, 60), (69, 62)) == 100, "fifths, both up"
    assert share((72, 60), (74, 62)) == 100 and share((60, 60), (62, 62)) == 100, "octaves and unisons, too"
    assert share((67, 60), (67, 60)) == 0, "nothing moves"
    assert share((67, 60), (65, 58), (67, 60)) == 100 and share((64, 60), (65, 62)) == 0, "thirds may"
    assert share((67, 60), (62, 67)) == 0, "one up, one down"
    assert share((67, 60, -1), (69, 62, 50), (67, 64, 49)) == 50
    assert share((67, 60)) == 0


def test_a_copy_is_as_long_as_what_stands_in_the_other_text_from_moment_to_moment():
    learnt = "abcdefgh\nijkl\n"
    assert music.longest_copy("abcdefgh", learnt, 4) == 2 and music.longest_copy("xxxxefghyyyy", learnt, 4) == 1
    assert music.longest_copy("efghijkl", learnt, 4) == 1, "not across the end of a piece"
    assert music.longest_copy("", learnt, 4) == 0 and music.longest_copy("zzzz", learnt, 4) == 0


def test_chords_are_compared_above_the_bass_and_however_often_they_are_doubled():
    major, moved, minor = ([Notes(np.array([chord]), 0.5)] for chord in ((72, 67, 64, 60), (67, 64, 60, 48), (72, 67, 63, 60)))
    assert music.apart(major, moved) == 0 and music.apart(major, minor) == 1 and music.apart(major, [*major, *minor]) == 0.5


@pytest.mark.slow
@pytest.mark.parametrize("card_id", CARDS)
def test_a_given_melody_is_sung_to_its_end_and_the_others_differ_by_seed(card_id: str):
    tune = PIECES[0][::4][:24]
    first, second = (run.sample(card_id, 1, seed, melody=tune).samples.texts[0] for seed in (0, 1))
    for text in (first, second):
        assert text[::4] == tune and len(text) == 4 * len(tune)
    assert first != second
    whole = PIECES[1][::4]
    assert all(len(text) == 4 * len(whole) for text in run.sample(card_id, 8, 1, melody=whole, max_new_tokens=1000).samples.texts)
    begun = run.sample(card_id, 1, 0, prompt=PIECES[1][:32], melody=tune, max_new_tokens=40).samples.texts[0]
    assert begun[::4] == tune[:10]
    begun = run.sample(card_id, 1, 0, prompt="kfc", melody=tune, max_new_tokens=40).samples.texts[0]
    assert begun[1::4][: len(tune)] == tune[:10], "the chord is completed before the melody begins"


def test_the_command_line_writes_one_piece_as_midi(tmp_path, capsys):
    out = tmp_path / "piece.mid"
    asked = ["--seed", "2", "--set", "max_new_tokens=64", "--out", str(out)]
    assert main(["sample", "markov-chorales", "-n", "1", *asked]) == 0
    notes = data.notes("chorales", run.sample("markov-chorales", 1, 2, max_new_tokens=64).samples.texts[0])
    assert out.read_bytes() == midi.written(notes, VOICES)
    assert main(["sample", "markov-chorales", "-n", "2", *asked]) == 2 and "n must be" in capsys.readouterr().err
    assert main(["sample", "gpt-shakespeare", "-n", "1", "--out", str(out)]) == 2
    assert "--out must end in .txt" in capsys.readouterr().err


def test_the_tab_offers_every_card_and_pieces_of_the_excerpt():
    with gr.Blocks():
        page = autoregressive.build()
    assert {value for _, value in page.linked["model"].choices} == set(CARDS) and set(page.linked) >= {"prompt", "seed", "temperature"}
    beginnings = [value for _, value in page.linked["prompt"].choices]
    assert launch._from_link("prompt", "kfcMkfcM", page.linked["prompt"]) == "kfcMkfcM", "any notes, as an answer of the API links them"
    assert beginnings[0] == "" and beginnings[1:] == [piece[:64] for piece in PIECES] and len(PIECES) >= 4

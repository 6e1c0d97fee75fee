"""What a model takes otherwise than it was given is said, on the page, in an answer and on the command line: characters left out, how a piece goes on."""

from __future__ import annotations

import numpy as np
import pytest

from playground import data, excerpts, registry, remarks, run
from playground.__main__ import main
from playground.controls import Text, text_of
from tabs import api

MUSIC = [card.id for card in registry.shipped() if data.is_music(card.dataset)]
READERS = [card.id for card in registry.shipped() if "read" in card.can]
TRANSLATORS = [card.id for card in registry.shipped() if "translate" in card.can]
WRITERS = [card.id for card in registry.shipped() if text_of(card.controls) and "sample" in card.can]
CHORD = "kfcM"
PIECE = excerpts.read("chorales").split()[0]
TUNE = PIECE[::4][:3]


def composed(card_id: str, prompt: str, melody: str = "", moments: int = 6) -> dict:
    """The answer of a card's endpoint."""
    found = run.sample(card_id, 1, 3, prompt=prompt, melody=melody, max_new_tokens=4 * moments, temperature=1.0)
    return api.answer(found)


@pytest.mark.slow
@pytest.mark.parametrize("card_id", MUSIC)
@pytest.mark.parametrize("prompt", [f"{CHORD}\n", f"{CHORD}\r\n", "\n", f"{CHORD}\n\n", f"{CHORD}\n{CHORD}\n", f"{CHORD} \n "])
def test_a_prompt_that_ends_in_a_line_break_gives_the_piece_that_is_written(card_id: str, prompt: str):
    for melody in ("", TUNE):
        found = composed(card_id, prompt, melody)
        written = data.notes("chorales", found["texts"][0])
        assert np.array_equal(found["notes"][0], written.pitches), "the new piece, not the one before"
        assert any("ends with a line break" in each for each in found["remarks"])
        if melody:
            assert [chord[0] for chord in found["notes"][0]] == data.notes("chorales", PIECE).pitches[:3, 0].tolist()


@pytest.mark.parametrize("card_id", MUSIC)
@pytest.mark.parametrize("before", ["", f"{CHORD}\n"])
def test_a_piece_that_was_begun_after_a_line_break_is_gone_on_with(card_id: str, before: str):
    found = composed(card_id, before + CHORD)
    assert found["notes"][0][0] == data.notes("chorales", CHORD).pitches[0].tolist() and 2 <= len(found["notes"][0]) <= 7
    assert found["remarks"] == []


@pytest.mark.parametrize("card_id", MUSIC)
@pytest.mark.parametrize(("prompt", "begun"), [("k", 1), ("kf", 2), ("kfc", 3), (f"{CHORD}k", 1), (f"{CHORD}\nkf", 2), ("k!f", 2)])
def test_a_part_of_a_chord_is_completed_with_and_without_a_melody_and_said(card_id: str, prompt: str, begun: int):
    said = f"prompt ends with {begun} of a chord's 4 notes: the model first writes the others"
    for melody in ("", TUNE):
        found = composed(card_id, prompt, melody)
        assert any(each.startswith(said) for each in found["remarks"])
        chords = found["notes"][0]
        start = "".join(each for each in prompt if each != "!").rpartition("\n")[2]
        given = start[: len(start) // 4 * 4 + begun]
        voices = np.ravel(chords)[: len(given)].tolist()
        padded = data.notes("chorales", given + "." * (-len(given) % 4)).pitches.ravel()[: len(given)].tolist()
        assert voices == padded
        if melody:
            whole = -(-len(start) // 4)
            tune = data.notes("chorales", PIECE).pitches[:3, 0].tolist()
            assert [chord[0] for chord in chords][whole : whole + 3] == tune and len(chords) == whole + 3


@pytest.mark.parametrize("card_id", READERS)
def test_reading_a_text_names_the_characters_that_are_left_out(card_id: str):
    control = text_of(registry.get(card_id).controls)
    known = control.alphabet[5] * 2
    found = api.read_text(card_id, f"é{known}😀é§{known}\x00")
    assert found["left_out"] == ["é", "😀", "§", "\x00"] and "".join(found["tokens"]) == known * 2
    assert api.read_text(card_id, known)["left_out"] == []


@pytest.mark.parametrize("card_id", TRANSLATORS)
def test_translating_a_text_names_the_characters_that_are_left_out(card_id: str):
    assert api.translate(card_id, "24.12.1990 😀🦊")["left_out"] == ["😀", "🦊"]
    assert api.translate(card_id, "24.12.1990")["left_out"] == []


@pytest.mark.parametrize("card_id", WRITERS)
def test_an_answer_names_what_was_left_out_of_any_text_of_a_card(card_id: str):
    card = registry.get(card_id)
    texts = {each.name: f"😀{each.alphabet[5] * 4}§" for each in card.controls if isinstance(each, Text)}
    found = api.answer(run.sample(card_id, 1, 1, max_new_tokens=8, **texts))
    assert found["left_out"] == ["😀", "§"]
    for name in texts:
        assert any(each.startswith(f"{name} is read without '😀' '§'") for each in found["remarks"])
    assert api.answer(run.sample(card_id, 1, 1, max_new_tokens=4))["left_out"] == []


def test_many_unknown_characters_are_one_short_sentence():
    control = Text("prompt", "Prompt", alphabet=("a",))
    said = remarks.left_out(control, "a" + "".join(map(chr, range(0x4E00, 0x4E00 + 500))))
    assert said.count("'") == 2 * remarks.NAMED and "and 480 more" in said


@pytest.mark.parametrize("card_id", MUSIC[-1:])
def test_the_command_line_says_the_same(card_id: str, tmp_path, capsys):
    out = tmp_path / "piece.mid"
    assert main(["sample", card_id, "-n", "1", "--out", str(out), "--set", f"prompt={CHORD}\né", "--set", "max_new_tokens=16"]) == 0
    said = capsys.readouterr().err
    assert "prompt is read without 'é'" in said and "ends with a line break" in said and out.stat().st_size > 50

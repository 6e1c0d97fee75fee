"""A written text with its choices: recorded as JSON, shown without a way into the page, and gone on from as it was."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from playground import language, previews, registry, run, transcript
from playground.errors import ControlError, PlaygroundError
from playground.transcript import Transcript
from playground.types import Choices, Step, Texts
from tabs import microscope, prompts
from tests.conftest import WRITERS, card_ids

EVIL = "<img src=x onerror=alert(1)>\"'&"


def written(card_id: str, **asked) -> tuple[run.Run, Transcript]:
    *_, last = transcript.follow(run.stream(card_id, 2, 3, views=("choices",), max_new_tokens=25, **asked))
    return last


@pytest.mark.parametrize("card_id", WRITERS)
def test_a_transcript_is_the_same_after_json(card_id: str):
    found, told = written(card_id, top_k=7)
    again = transcript.restore(json.loads(json.dumps(transcript.record(told))))
    assert again.texts == told.texts and len(again.choices) == len(told.choices) == 25
    for row in range(2):
        np.testing.assert_allclose(again.surprise(row), told.surprise(row), atol=0.05, rtol=0.01)
    for one, other in zip(again.choices, told.choices, strict=True):
        assert np.array_equal(one.ids, other.ids[:, : transcript.SHOWN]) and np.array_equal(one.rank, other.rank)
        np.testing.assert_allclose(one.after, other.after[:, : transcript.SHOWN], atol=1e-4)


def test_given_tokens_have_no_choices():
    _, whole = written(WRITERS[0])
    _, again = written(WRITERS[0], continued=whole.texts.ids[0][:10])
    assert np.isnan(again.surprise(0)[:10]).all() and np.isfinite(again.surprise(0)[10:]).all()
    assert again.as_json(0)["steps"][:10] == [None] * 10 and again.as_json(0)["steps"][10] is not None
    np.testing.assert_allclose(again.surprise(0)[10:], whole.surprise(0)[10:], atol=1e-3)


def test_a_text_that_ends_early_has_as_many_steps_as_tokens():
    def choices(*chosen: int) -> Choices:
        two = np.array([[1, 2], [1, 2]])
        return Choices(two, (("a", "b"),) * 2, two / 3, two / 3, np.array([2, 2]), np.array(chosen), np.array([1, 1]), np.array([0.5, 0.5]))

    told = Transcript(Texts(((1,), (1, 2)), (("a",), ("a", "b"))), (choices(1, 1), choices(-1, 2)))
    assert len(told.as_json(0)["steps"]) == len(told.surprise(0)) == 1 and len(told.as_json(1)["steps"]) == 2


def test_nothing_that_was_written_gets_into_the_page_as_markup():
    ids = np.array([[0, 1]])
    step = Choices(ids, ((EVIL, "b"),), ids / 2 + 0.25, ids / 2 + 0.25, np.array([2]), np.array([0]), np.array([1]), np.array([0.5]))
    texts = Texts(((0,),), ((EVIL,),), EVIL)
    found = run.Run(WRITERS[0], Step(texts, 1, 1, 1), 1, 0, {"prompt": EVIL, "continued": ()}, 1.0, "cpu", done=True)
    for shown in (microscope.result(found, Transcript(texts, (step,)), "transformer"), microscope.growing(found)):
        assert "<img" not in shown and html.escape(EVIL) in shown
        assert all("<" not in value for value in re.findall(r'"([^"]*)"', shown))


@pytest.mark.parametrize(
    "sent",
    [
        None,
        "x",
        {},
        {"asked": {}, "continued": 3, "row": 0},
        {"asked": {"n": 1}, "continued": [], "row": -1},
        {"asked": {"n": 1}, "continued": [], "row": 1},
        {"asked": {"n": 1}, "continued": [], "row": True},
        {"asked": {"n": 1}, "continued": [], "row": 10**9},
    ],
)
def test_a_choice_that_no_page_sends_is_refused(sent: object):
    with pytest.raises(ControlError):
        microscope.asked_of(sent)


def test_a_choice_that_names_what_is_not_there_is_refused_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr(registry, "load", lambda _: pytest.fail("a model was loaded"))
    good = {"model": WRITERS[0], "n": 1, "seed": 7, "prompt": "a"}
    for wrong in ({"model": "nothing"}, {"n": 10**6}, {"seed": "x"}, {"evil": 1}, {"prompt": "x" * 10**5}):
        asked, _ = microscope.asked_of({"asked": good | wrong, "continued": [1], "row": 0})
        model, n, seed = (asked.pop(name, None) for name in ("model", "n", "seed"))
        if wrong == {"n": 10**6}:
            assert n == 1, "one text is written, whatever else was asked for"
            continue
        with pytest.raises(PlaygroundError):
            run.stream(model, n, seed, limit=8, views=("choices",), **asked)


def test_a_text_under_way_is_shown_now_and_then(monkeypatch):
    monkeypatch.setattr(microscope, "EVERY", 1e9)
    shown = list(microscope.shown_runs(run.stream(WRITERS[0], 1, 0, views=("choices",), max_new_tokens=30), "transformer"))
    assert len(shown) == 3 and "caret" in shown[0] and "data-told" in shown[1]


@pytest.mark.parametrize("card_id", WRITERS)
def test_the_recorded_text_is_what_the_shipped_weights_write(card_id: str):
    found, told = previews.read_text(card_id)
    again, fresh = previews.draw_text(registry.get(card_id))
    assert told.texts == fresh.texts and found.controls == again.controls and found.seed == again.seed
    np.testing.assert_allclose(told.surprise(0), fresh.surprise(0), atol=0.05, rtol=0.02)


def test_the_ladder_goes_from_counting_to_attention():
    assert [card.id.split("-")[0] for card in language.cards()] == ["markov", "rnn", "lstm", "gpt"]
    climbed = dict(language.write("The king", 1, 3, max_new_tokens=8))
    assert list(climbed) == [card.id for card in language.ladder()] and all(found.done for found in climbed.values())
    with pytest.raises(PlaygroundError, match="at most 2,000"):
        language.write("x" * 5000, 1, 3)


def test_characters_that_a_model_does_not_know_are_struck_out():
    note = microscope.prompt_note(registry.get(WRITERS[0]), "a 😀 <b> 7")
    assert "<s>😀</s>" in note and "<s>&lt;</s>" in note and "<b> 7" not in note
    assert "Left out" not in microscope.prompt_note(registry.get(WRITERS[0]), "To be\n")


@pytest.mark.parametrize("card_id", card_ids("remember"))
def test_the_recorded_state_is_what_the_shipped_weights_hold(card_id: str):
    recorded, fresh = previews.read_state(card_id), previews.draw_state(registry.get(card_id))
    assert (recorded.pieces, recorded.feature, recorded.total) == (fresh.pieces, fresh.feature, fresh.total)
    assert [each.unit for each in recorded.found[:4]] == [each.unit for each in fresh.found[:4]]
    assert np.abs(recorded.values[:, :4].astype(int) - fresh.values[:, :4]).max() <= 1


def test_a_larger_model_is_named_only_where_it_is_offered_and_knows_what_is_asked(monkeypatch):
    gpt, faces = registry.get("gpt-shakespeare"), registry.get("stable-diffusion-faces")
    assert "DistilGPT-2 knows every character" in microscope.prompt_note(gpt, "😀")
    assert "known to <b>SDXS 512</b>" in prompts._larger(faces), "not a model that is asked for nothing"
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert "DistilGPT-2 knows every character" in microscope.prompt_note(gpt, "😀")
    assert prompts._larger(faces) == ""
    monkeypatch.setattr("playground.hub.is_offered", lambda card: card.hub is None)
    assert "knows every character" not in microscope.prompt_note(gpt, "😀")

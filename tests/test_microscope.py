"""What the microscope sends to the page: all of it, nothing that could be markup, and not too much."""

from __future__ import annotations

import html
import json
import re

import numpy as np
import pytest

from playground import registry, run, transcript
from playground.errors import ControlError
from playground.transcript import Transcript
from playground.types import Choices, Reading, Texts
from tabs import microscope
from tests.conftest import WRITERS

EVIL = "<img src=x onerror=alert(1)>\"'&"


def test_only_what_is_cut_off_is_written_as_nothing():
    ids = np.array([[0, 1, 2]])
    before, after = np.array([[0.9, 2e-5, 3e-7]], np.float32), np.array([[0.99, 4e-6, 0.0]], np.float32)
    step = Choices(ids, (("a", "b", "c"),), before, after, np.array([2]), np.array([1]), np.array([2]), np.array([2e-5], np.float32))
    told = Transcript(Texts(((1,),), (("b",),)), (step,))
    _, _, drawn, kept, _, probability = told.as_json(0)["steps"][0]
    assert drawn[1] > 0 and drawn[2] == 0 and kept == 2 and probability == pytest.approx(0.2)
    again = transcript.restore(json.loads(json.dumps(transcript.record(told))))
    np.testing.assert_allclose(again.surprise(0), told.surprise(0), rtol=0.01)


def test_a_text_that_is_gone_on_with_is_shown_alone_and_says_which_it_is():
    *_, (found, told) = transcript.follow(run.stream(WRITERS[0], 2, 3, views=("choices",), max_new_tokens=25))
    for shown in (microscope.result(found, told, "transformer", row=1), microscope.growing(found, 1)):
        assert (
            shown.count('class="scope-text"') == 1 and shown.startswith('<div class="scope"') and 'data-row="1"' in shown.partition(">")[0]
        )
    assert 'data-row="' not in microscope.result(found, told, "transformer").partition(">")[0]


def test_four_texts_with_their_choices_stay_light():
    *_, (found, told) = transcript.follow(run.stream("markov-shakespeare", 4, 7, views=("choices",), max_new_tokens=300))
    assert len(microscope.result(found, told, "transformer")) < 300_000


def test_a_text_that_is_read_is_shown_without_a_way_into_the_page():
    shown = microscope.reading(Reading((EVIL, "b\n"), np.array([0, 1]), np.array([0.5, 9.5], np.float32)))
    assert "<img" not in shown and html.escape(EVIL) in shown and all("<" not in value for value in re.findall(r'"([^"]*)"', shown))
    assert "s1" in shown and "s5" in shown


@pytest.mark.parametrize("text", ["", "😀", "שלום", "x" * 100_000, None, 3])
def test_a_text_that_cannot_be_read_is_one_sentence(text: object):
    with pytest.raises(ControlError, match="^text must .*[.]$"):
        microscope.text_for(registry.get(WRITERS[0]), text)

"""The Start tab: a digit read and a digit drawn, the map of families, and tables without empty words."""

from __future__ import annotations

import re

import gradio as gr
import numpy as np
import pytest

from playground import previews, two_ways
from playground.errors import PlaygroundError
from tabs import launch, overview, start


def test_the_classifier_reads_a_real_digit_of_the_kind_that_was_asked_for():
    for digit in ("0", "7"):
        found = two_ways.read(digit, 3)
        assert found.picture.labels.tolist() == [int(digit)] and found.probabilities.sum() == pytest.approx(1, abs=1e-4)
        assert np.array_equal(found.picture.pixels, two_ways.read(digit, 3).picture.pixels)
    right = [two_ways.read(str(digit), seed).probabilities.argmax() == digit for digit in range(10) for seed in range(5)]
    assert np.mean(right) > 0.9


def test_every_generator_draws_the_digit_that_was_asked_for_and_the_autoencoder_is_none():
    drawn = {family: found for family, found in two_ways.draw("4", 5) if found.done}
    assert set(drawn) == set(two_ways.generators()) and "autoencoder" not in drawn
    for found in drawn.values():
        assert len(found.samples) == two_ways.N and (found.samples.labels == 4).all() and found.seed == 5


@pytest.mark.parametrize(("digit", "seed"), [("10", 1), ("", 1), (None, 1), ("3", -1), ("3", 1.5), ("3", "x")])
def test_a_wrong_request_is_one_sentence(digit, seed):
    with pytest.raises(PlaygroundError):
        two_ways.read(digit, seed)


def test_the_first_paint_is_what_the_models_give():
    rows, about = previews.read_rows(start._recorder(), "ways")
    known, drawn = two_ways.restored(rows, about)
    again = two_ways.read(known.digit, known.seed)
    assert np.array_equal(known.picture.uint8(), again.picture.uint8()) and np.allclose(known.probabilities, again.probabilities, atol=0.01)
    live = {family: found.samples for family, found in two_ways.draw(known.digit, known.seed) if found.done}
    assert set(drawn) == set(live)
    for family, images in live.items():
        assert np.abs(drawn[family].pixels.astype(int) - images.uint8()).mean() < 1, family
    assert about["weights"] == previews._hashes(start._recorder())


def test_it_is_the_first_tab_and_each_of_its_links_leads_to_one():
    assert launch.TABS[0] == start.ID
    with gr.Blocks():
        assert set(start.build().linked) == {"digit", "seed"}
    said = overview.families() + start._steps()
    assert set(re.findall(r'data-tab="(\w+)"', said)) >= {
        "compare",
        "autoencoder",
        "vae",
        "gan",
        "diffusion",
        "transformer",
        "rnn",
        "feedback",
    }
    assert set(re.findall(r'data-tab="(\w+)"', said)) <= set(launch.TABS)
    assert start._steps().count("<img") == 4, "each step has pictures"


def test_tables_have_no_empty_words_and_what_is_not_published_says_so():
    assert all(len(row) == 2 + len(overview.NETWORKS) and all(row) for row in overview.FAMILIES)
    assert all(system and year.isdigit() and family for _, system, year, family in overview.MEDIA) and overview.MEDIA[0][0]
    assert {system for _, system, _, family in overview.MEDIA if family == "not published"} == {"Midjourney", "AIVA"}
    assert all(said and fact for said, fact in overview.MYTHS)

"""The Start tab: a digit read and a digit drawn, the map of families, and tables without empty words."""

from __future__ import annotations

import re

import gradio as gr
import numpy as np
import pytest

from playground import feedback, first_steps, previews, run, two_ways
from playground.errors import PlaygroundError
from playground.types import Images
from tabs import four_steps, launch, overview, start


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
    steps = four_steps.cells(four_steps.recorded(), "recorded", "")
    with gr.Blocks():
        assert set(start.build().linked) == {"digit", "seed"}
    said = overview.families() + steps
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
    assert steps.count("<img") == 4 and "awaited" not in steps, "each step has pictures"


@pytest.mark.slow
def test_the_four_steps_are_done_anew_one_after_the_other():
    found, order, trained = {}, [], []
    for name, images in first_steps.live(5):
        order += [name] if name not in order else []
        trained += [images.uint8()] if name == "training" else []
        found[name] = images
        said = four_steps.cells(found, "running", "")
        assert said.count("<img") == len(found) and said.count("awaited") == 4 - len(found)
    assert order == [name for name, *_ in four_steps.STEPS] and all(len(images) == first_steps.N for images in found.values())
    first, last = trained[-1][0].astype(int), trained[-1][-1].astype(int)
    assert len(trained) > 8 and len(trained[0]) == 1 and np.abs(first - last).mean() > 10, "it has learnt something"
    assert np.array_equal(found["generation"].uint8(), run.sample("diffusion-mnist", first_steps.N, 5).samples.uint8())
    half = first_steps.N // 2
    before, after = (feedback.readings(Images(found["feedback"].uint8()[part])) for part in (slice(0, half), slice(half, None)))
    smile = [name for name, *_ in feedback.AXES].index("smile")
    assert after[:, smile].mean() > before[:, smile].mean() + 0.3, "whoever likes laughing faces gets them"
    with pytest.raises(PlaygroundError):
        next(first_steps.live(-1))


def test_tables_have_no_empty_words_and_what_is_not_published_says_so():
    assert all(len(row) == 2 + len(overview.NETWORKS) and all(row) for row in overview.FAMILIES)
    assert all(system and year.isdigit() and family for _, system, year, family in overview.MEDIA) and overview.MEDIA[0][0]
    assert {system for _, system, _, family in overview.MEDIA if family == "not published"} == {"Midjourney", "AIVA"}
    assert all(said and fact for said, fact in overview.MYTHS)

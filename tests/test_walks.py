"""Walks in step: their ends are the two seeds' samples, what lies between is near its neighbours, and what cannot walk says so."""

from __future__ import annotations

import numpy as np
import pytest

from playground import comparison, previews, registry, run, walks
from playground.controls import Label
from playground.errors import PlaygroundError
from playground.types import Latents

WALKERS = [card.id for card in comparison.chosen().values()]


@pytest.mark.parametrize("card_id", WALKERS)
def test_a_walk_goes_from_the_sample_of_one_seed_to_that_of_another(card_id: str):
    label = {each.name: "5" for each in registry.get(card_id).controls if isinstance(each, Label)}
    found = walks.walk(card_id, 3, 4, "5").float32()
    ends = [run.sample(card_id, 1, seed, **label).samples.float32()[0] for seed in (3, 4)]
    assert len(found) == walks.STEPS
    for end, picture in zip(ends, (found[0], found[-1]), strict=True):
        assert np.abs(end - picture).max() < 1e-3
    steps = [float(np.square(b - a).mean()) for a, b in zip(found, found[1:], strict=False)]
    assert max(steps) < np.square(found[-1] - found[0]).mean(), "no step is as wide as the whole way"


@pytest.mark.parametrize("card_id", WALKERS)
def test_the_recorded_walk_is_what_the_shipped_model_walks(card_id: str):
    rows, about = previews.read_rows(card_id, "walk")
    live = walks.walk(card_id, about["first"], about["second"], about["label"])
    assert np.abs(rows[0].images.float32() - live.float32()).mean() < 0.02


def test_what_cannot_walk_and_what_is_no_seed_is_one_sentence():
    with pytest.raises(PlaygroundError, match="flow-faces cannot walk"):
        walks.walk("flow-faces", 1, 2)
    for wrong in (-1, 1.5, "x", None):
        with pytest.raises(PlaygroundError, match="second"):
            walks.walk(WALKERS[0], 1, wrong)
    with pytest.raises(PlaygroundError):
        walks.walk(WALKERS[0], 1, 2, "eleven")


def test_noise_of_another_size_is_refused():
    with pytest.raises(ValueError, match="784 numbers"):
        run.decode("diffusion-mnist", Latents(np.zeros((2, 10), np.float32)))

"""What a unit tracks, on made-up states where the answer is known; how far back is remembered, on made-up windows."""

from __future__ import annotations

import numpy as np
import pytest

from playground import data, excerpts, registry, units
from playground.errors import ControlError
from playground.metrics import distance
from tabs import states

TEXT = (
    "KING LEAR:\nBlow, winds, and crack your cheeks! rage! blow!\nYou cataracts and hurricanoes, spout.\n\nFool:\nO nuncle, court holy-water.\n"
    * 4
)


@pytest.mark.parametrize("name", list(units.features("a")))
def test_a_unit_that_follows_a_feature_is_found_among_noise(name: str):
    feature, rng = units.features(TEXT)[name], np.random.default_rng(0)
    held = rng.standard_normal((len(TEXT), 40))
    held[:, 17] = np.tanh(0.5 * (feature - feature.mean()) / feature.std()) + 0.1 * held[:, 17]
    first, *others = units.ranked(held, feature)
    assert first.unit == 17 and first.chosen_on > 0.7 and first.held_out > 0.7
    assert all(abs(each.held_out) < 0.3 for each in others), "the best of noise does not look good on what it was not chosen on"


def test_features_say_what_they_are_called():
    text = "AB:\nHi, Bob.\nx"
    found = units.features(text)
    assert all(len(value) == len(text) for value in found.values())
    assert found["in a speaker's name"].tolist() == [1, 1, 1] + [0] * 11
    assert found["position in the line"].tolist() == [1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 1]
    assert found["letters since the word began"].tolist() == [1, 2, 0, 0, 1, 2, 0, 0, 1, 2, 3, 0, 0, 1]
    assert found["capital letter"].sum() == 4 and found["new line"].sum() == 2 and found["punctuation"].sum() == 3


def test_the_half_that_a_unit_is_chosen_on_is_not_the_half_it_is_scored_on():
    feature, rng = units.features(TEXT)["vowel"], np.random.default_rng(0)
    held = 0.1 * rng.standard_normal((len(TEXT), 5))
    half = len(TEXT) // 2
    held[:half, 3] += feature[:half]
    held[half:, 1] += feature[half:]
    first, *_ = units.ranked(held, feature)
    assert first.unit == 3 and first.chosen_on > 0.9 and abs(first.held_out) < 0.2
    assert [len(part) for part in units.halves(feature)] == [half, len(TEXT) - half]


@pytest.mark.parametrize(
    "text", ["", "\U0001f600" * 80, "\U0001f600" * 80 + "hello", "x" * (units.LEAST - 1), "x" * 100_000, None, 7, ["a"] * 100]
)
def test_a_text_that_cannot_be_read_is_refused_in_a_sentence_before_a_model_is_asked(text: object):
    for card in (card for card in registry.shipped() if "remember" in card.can):
        with pytest.raises(ControlError, match="text must") as caught:
            states.checked(card, text)
        assert len(str(caught.value)) < 200


def test_a_text_is_read_with_line_ends_of_one_kind_and_what_is_unknown_does_not_count():
    card = next(card for card in registry.shipped() if "remember" in card.can)
    assert states.checked(card, "A word.\r\n" * 8) == "A word.\n" * 8
    assert len(states.checked(card, "x" * units.LEAST + "\U0001f600")) == units.LEAST + 1


@pytest.mark.parametrize(
    "changes_in, said",
    [((0, 100), ""), ((100,), "in the first half"), ((0,), "in the second half"), ((), "in the first and the second half")],
)
def test_a_feature_that_never_changes_in_a_half_is_said_to(changes_in: tuple[int, ...], said: str):
    text = list("x" * 200)
    for place in changes_in:
        text[place] = "X"
    shown = states.state(registry.get("rnn-shakespeare"), units.look(text, np.zeros((200, 40), np.float32), "capital letter"), "live")
    assert ("never changes" in shown) == bool(said) and said in shown


def test_what_does_not_vary_correlates_with_nothing():
    assert units.correlations(np.zeros((9, 2)), np.arange(9.0)).tolist() == [0, 0]


@pytest.mark.parametrize("far", [1, 8, 64, distance.CONTEXT])
def test_shuffling_keeps_what_is_near_and_loses_nothing(far: int):
    window = "".join(chr(97 + k % 26) for k in range(distance.CONTEXT + distance.SCORED))
    found = distance.shuffled(window, far, np.random.default_rng(0))
    kept = far + distance.SCORED
    assert found[-kept:] == window[-kept:] and sorted(found) == sorted(window)
    assert (found == window) == (far == distance.CONTEXT)


def test_n_grams_remember_no_further_than_their_order(monkeypatch):
    monkeypatch.setattr(data, "load", lambda name, split: type("Corpus", (), {"text": excerpts.read(name)})())
    card = registry.get("markov-shakespeare")
    line = distance.measure(card, 3, machine="", commit="", when="", command="")
    losses = {point.distance: point.loss for point in line.points}
    order = int(registry.load(card.id).counts.order)
    beyond = [losses[d] for d in losses if d >= order]
    assert max(beyond) - min(beyond) < 1e-6 and losses[1] > min(beyond)


@pytest.mark.parametrize("dataset", [name for name in data.names() if data.get(name).kind == "text"])
def test_recorded_distances_are_of_the_cards_that_are_shipped_and_say_how_they_were_made(dataset: str):
    lines = distance.read(dataset)
    assert [line.card for line in lines] == [card.id for card in distance.cards(dataset)]
    for line in lines:
        assert line.n >= 50 and line.machine and line.commit and line.command.startswith("python -m playground.metrics --distance")
        assert [point.distance for point in line.points] == list(distance.DISTANCES)
        assert line.points[0].loss > line.points[-1].loss + 2 * line.points[-1].error, "context helps"
    assert len({(line.n, line.seed, line.split) for line in lines}) <= 1


@pytest.mark.parametrize("dataset", [name for name in data.names() if data.get(name).kind == "text"])
def test_the_shipped_excerpt_holds_known_characters_alone(dataset: str):
    assert 600 < len(excerpts.read(dataset)) < 2000 and set(excerpts.read(dataset)) <= set(data.get(dataset).labels)

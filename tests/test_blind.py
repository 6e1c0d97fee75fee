"""The blind test: rounds that a seed fixes, every source equally often, pictures that their source gives, and a score that counts."""

from __future__ import annotations

import gradio as gr
import numpy as np
import pytest

from playground import blind, run
from playground.errors import PlaygroundError, WeightsUnavailable
from tabs import blind as panel
from tabs import export


def test_every_source_comes_equally_often_in_an_order_of_the_seed():
    orders = {seed: blind.order(seed) for seed in range(20)}
    for each in orders.values():
        assert len(each) == blind.ROUNDS and {each.count(source) for source in blind.sources()} == {3}
    assert orders[3] == blind.order(3) and len(set(orders.values())) == 20
    assert all(len({orders[seed][k] for seed in orders}) == 4 for k in range(blind.ROUNDS)), "no round gives itself away by its place"


def test_a_round_shows_what_its_source_gives_for_the_seed():
    first, again = blind.rounds(5), blind.rounds(5)
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first, again, strict=True))
    assert all(images.pixels.shape == (blind.SHOWN, 28, 28, 1) and images.pixels.dtype == np.uint8 for images in first)
    places = [k for k, source in enumerate(blind.order(5)) if source == "gan"]
    digits = np.random.default_rng(blind.seed_of(5, "digits")).integers(10, size=(blind.ROUNDS, blind.SHOWN))[places]
    drawn = run.sample(blind.generators()["gan"].id, 12, 5, label=tuple(map(str, digits.ravel()))).samples.uint8()
    assert np.array_equal(np.concatenate([first[k].pixels for k in places]), drawn)


def test_real_pictures_are_real_and_all_different():
    pixels = blind._real(("3", "3", "7", "3"), 2)
    assert len({picture.tobytes() for picture in pixels}) == 4
    scores = run.score("classifier-mnist", blind.Images(pixels)).probabilities.argmax(1)
    assert (scores == [3, 3, 7, 3]).sum() >= 3


def test_a_score_counts_what_was_taken_for_what():
    truth = blind.order(7)
    assert blind.told(7, truth).right == blind.ROUNDS
    found = blind.told(7, ["gan"] * blind.ROUNDS)
    assert found.right == 3 and all(counts[blind.sources().index("gan")] == 3 for counts in found.guessed.values())
    part = blind.told(7, truth[:5])
    assert (part.right, part.answered) == (5, 5)


@pytest.mark.parametrize(("seed", "guesses"), [(7, ["cat"]), (7, [None]), (7, ["gan"] * 13), (-1, []), (1.5, []), ("x", [])])
def test_what_is_no_guess_is_one_sentence(seed, guesses):
    with pytest.raises(PlaygroundError):
        blind.told(seed, guesses)


def test_the_panel_draws_nothing_before_it_is_started_and_its_end_links_to_the_same_twelve():
    with gr.Blocks():
        assert set(panel.build("compare")) == {"twelve"}
    drawn = tuple(images.pixels for images in blind.rounds(9))
    end = panel._end(9, drawn, "compare", ["real"] * blind.ROUNDS)
    assert "3 of 12 right" in end and "?tab=compare&amp;play=blind&amp;twelve=9" in end and "✓" in end and "✗" in end
    assert "data:image" not in panel._before()


@pytest.mark.slow
def test_the_detector_guesses_each_round_and_is_better_than_chance():
    seeds = (3, 9, 21)
    right = sum(blind.told(seed, blind.detected(blind.rounds(seed))).right for seed in seeds)
    assert right >= 2 * blind.ROUNDS, f"{right} of {3 * blind.ROUNDS}: chance is {3 * blind.ROUNDS // 4}"


def test_the_detector_is_measured_on_pictures_that_it_has_not_seen(monkeypatch):
    from playground.metrics import attribution

    asked = []
    monkeypatch.setattr(blind, "drawn", lambda source, n, seed, real=None: asked.append((source, n, seed)) or source)
    truth = {source: k for k, source in enumerate(blind.sources())}
    wrong = {"vae": "gan"}
    monkeypatch.setattr(run, "attribute", lambda _, source: np.eye(4)[[truth[wrong.get(source, source)]] * 40])
    monkeypatch.setattr(blind.data, "load", lambda *_: None)
    found = {m.metric: m for m in attribution.measure(blind.run.registry.get(blind.DETECTOR), 40, 5)}
    assert asked == [(source, 40, 5) for source in blind.sources()]
    assert found["accuracy"].value == 0.75 and found["accuracy_vae"].value == 0 and found["accuracy_rounds"].value == 0.75
    assert (found["accuracy"].n, found["accuracy_rounds"].n, found["accuracy"].floor) == (160, 40, 0.25)


def test_the_score_card_tells_who_was_right_but_not_what_was_what():
    drawn = tuple(images.pixels for images in blind.rounds(9))
    end = panel._end(9, drawn, "compare", list(blind.order(9)))
    assert "12 of 12 right" in end and "the detector" in end and 'download="blind-9.png"' in end
    card = export.score_card("I got 1 of 2", [drawn[0][0], drawn[1][0]], {"I": [True, False]}, "seed 9")
    filled, empty = (np.array(colour) for colour in ((0x5F, 0xD3, 0xB4), (0xFF, 0x8F, 0xAB)))
    assert card.dtype == np.uint8 and (card == filled).all(2).sum() > 2 * (card == empty).all(2).sum() > 0


def test_without_the_detector_s_weights_the_score_says_so(monkeypatch):
    def missing(*_: object) -> None:
        raise WeightsUnavailable("The weights of source-detector are missing.")

    monkeypatch.setattr(blind, "detected", missing)
    drawn = tuple(images.pixels for images in blind.rounds(9))
    end = panel._end(9, drawn, "compare", ["real"] * blind.ROUNDS)
    assert "3 of 12 right" in end and "weights of source-detector are missing" in end

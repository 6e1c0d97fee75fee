"""Learning from feedback: the Bradley-Terry fit against its own equations, the tuned generator against a brute-force one, tastes found again."""

from __future__ import annotations

import json
import re

import gradio as gr
import numpy as np
import pytest

from playground import feedback, previews, registry
from playground.errors import PlaygroundError
from playground.feedback import Person, Reward
from playground.types import Images
from tabs import feedback as tab

AXES = len(feedback.AXES)


def reward(*weights: float) -> Reward:
    return Reward(np.array(weights + (0.0,) * (AXES - len(weights))), np.ones(AXES), 0, 12)


def test_the_fit_is_where_the_log_posterior_has_no_slope():
    offered, chosen = feedback.pairs(3), [0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 1]
    found = feedback.fit(offered, chosen)
    gains = np.stack([pair[side] - pair[1 - side] for pair, side in zip(offered, chosen, strict=True)])
    slope = ((1 - 1 / (1 + np.exp(-gains @ found.weights)))[:, None] * gains).sum(0) - found.weights / feedback.PRIOR_DEVIATION**2
    assert np.abs(slope).max() < 1e-3
    other = feedback.fit(offered, [1 - side for side in chosen])
    assert np.allclose(found.weights, -other.weights, atol=1e-4), "choosing the other of each is the opposite taste"


def test_the_weights_that_made_many_choices_are_found_again():
    truth, rng = np.array([2.0, -1.0, 0.5, 0.0, 1.0, -2.0]), np.random.default_rng(0)
    offered = rng.normal(scale=feedback.SPREAD, size=(4000, 2, AXES))
    p = 1 / (1 + np.exp(-(offered[:, 1] - offered[:, 0]) @ truth))
    gains = np.where((rng.random(4000) < p)[:, None], offered[:, 1] - offered[:, 0], offered[:, 0] - offered[:, 1])
    assert np.abs(feedback._most_likely(gains) - truth).max() < 0.2


def test_twelve_choices_leave_open_less_than_none_do():
    few, many = (feedback.fit(feedback.pairs(5, n), [0, 1] * (n // 2)) for n in (2, 12))
    assert (many.deviations < few.deviations).mean() > 0.5 and (few.deviations <= feedback.PRIOR_DEVIATION + 1e-9).all()
    assert many.choices == 12 and 0 <= many.guessed <= 12


def test_pairs_are_of_the_seed_and_say_more_than_pairs_at_random():
    assert np.array_equal(feedback.pairs(1), feedback.pairs(1)) and not np.array_equal(feedback.pairs(1), feedback.pairs(2))
    assert np.array_equal(feedback.pairs(1, 3), feedback.pairs(1)[:3])

    def information(offered: np.ndarray) -> float:
        differences = offered[:, 0] - offered[:, 1]
        return float(np.linalg.slogdet(np.eye(AXES) / feedback.PRIOR_DEVIATION**2 + differences.T @ differences / 4)[1])

    at_random = [information(np.random.default_rng(k).normal(scale=feedback.SPREAD, size=(feedback.PAIRS, 2, AXES))) for k in range(50)]
    assert all(information(feedback.pairs(seed)) > max(at_random) for seed in range(5))


def test_the_tuned_generator_is_what_weighing_samples_by_their_reward_gives():
    found, strength = reward(1.0, -0.5), 0.7
    drawn = np.random.default_rng(0).normal(scale=feedback.SPREAD, size=(400_000, AXES))
    weights = np.exp(strength * found.of(drawn))
    mean = (weights[:, None] * drawn).sum(0) / weights.sum()
    assert np.abs(mean - strength * feedback.SPREAD**2 * found.weights).max() < 0.01
    divergence = (weights / weights.mean() * np.log(weights / weights.mean())).mean()
    assert found.divergence(strength) == pytest.approx(divergence, abs=0.01)


def test_best_of_16_has_the_largest_reward_of_its_group():
    found = reward(0.0, 1.0)
    first, best = feedback.best_of(found, 3, groups=50)
    drawn = feedback.prior(50 * feedback.BEST_OF, 3, "best of").reshape(50, feedback.BEST_OF, AXES)
    assert np.array_equal(first, drawn[:, 0]) and np.array_equal(found.of(best), found.of(drawn).max(1))
    assert found.of(best).mean() - found.of(first).mean() == pytest.approx(1.77 * feedback.SPREAD, rel=0.25)  # of 16 from a bell curve


def test_each_axis_shows_what_it_says_and_leaves_most_others_alone():
    ends = np.concatenate([sign * np.eye(AXES) for sign in (-1, 1)])
    moved = np.mean([np.subtract(*np.split(feedback.readings(feedback.pictures(seed, ends)), 2)[::-1]) for seed in range(4)], axis=0)
    own, others = np.diag(moved), moved - np.diag(np.diag(moved))
    assert (own > 0.5).all(), dict(zip([name for name, *_ in feedback.AXES], own.round(2), strict=True))
    assert np.abs(others).mean() < 0.25 * own.mean()


@pytest.mark.slow
@pytest.mark.parametrize("person", feedback.PEOPLE, ids=lambda person: person.name)
def test_a_taste_is_found_from_twelve_choices(person: Person):
    agreed, liked = [], []
    for seed in range(6):
        found = feedback.fit(feedback.pairs(seed), feedback.choices(person, seed))
        agreed.append(feedback.agreement(person, found, seed))
        steps = [feedback.tuned(found, strength, 16, seed, person) for strength in (0.0, 2.0)]
        liked.append(steps[1].liking - steps[0].liking)
    assert np.mean(agreed) > 0.65, agreed
    assert np.mean(liked) > 0.3 and min(liked) > 0, liked


@pytest.mark.slow
def test_followed_too_far_the_reward_grows_and_the_liking_does_not():
    lessons = [feedback.lesson(seed, feedback.choices(person, seed), person) for person in feedback.PEOPLE for seed in (3, 7)]
    for found in lessons:
        rewards = [step.reward for step in found.steps]
        assert rewards == sorted(rewards) and rewards[-1] > 2 * rewards[-3]
    gained = np.mean([[found.steps[k].liking for k in (0, 3, 5)] for found in lessons], axis=0)
    assert gained[1] - gained[0] > 4 * (gained[2] - gained[1]), f"liking goes on growing: {gained}"


def test_the_same_choices_give_the_same_lesson_and_a_wrong_one_is_one_sentence():
    first, again = (feedback.lesson(2, [0, 1] * 6) for _ in range(2))
    assert np.array_equal(first.steps[-1].images.pixels, again.steps[-1].images.pixels) and first.agreement is None
    for seed, chosen in ((2, []), (2, [0]), (2, [0, 2]), (2, [0, True, None]), (-1, [0, 1]), (2.5, [0, 1])):
        with pytest.raises(PlaygroundError):
            feedback.lesson(seed, chosen)
    with pytest.raises(PlaygroundError, match="who must be one of"):
        feedback.named("likes nobody")


def test_the_first_paint_is_what_the_recorded_choices_lead_to():
    rows, about = previews.read_rows(feedback.CARD, "feedback")
    pair, found = feedback.restored(rows, about)
    person = feedback.named(found.who)
    again = feedback.lesson(found.seed, feedback.choices(person, found.seed), person)
    assert np.allclose(found.reward.weights, again.reward.weights, atol=0.01) and found.reward.guessed == again.reward.guessed
    for old, new in ((found.best, again.best), (found.steps[-1].images, again.steps[-1].images)):
        assert np.abs(old.pixels.astype(int) - new.uint8()).mean() < 1
    assert len(pair) == 2 and about["weights"] == previews._hashes(feedback.CARD)


def test_the_panel_says_how_sure_it_is_and_what_a_visitor_cannot_know():
    with gr.Blocks():
        assert set(tab.build().linked) == {"who", "seed"}
    person = feedback.PEOPLE[1]
    lessons = (feedback.lesson(3, feedback.choices(person, 3), person), feedback.lesson(3, [0, 1] * 6))
    theirs, mine = (re.sub(r"base64,[^\"]*", "", tab._result(lesson, "live")) for lesson in lessons)  # a picture's bytes may spell any word
    assert "Of 200 fresh pairs" in theirs and "liked" in theirs and person.name in theirs
    assert "Of 200 fresh pairs" not in mine and "liked" not in mine.lower() and "by you" in mine
    assert "±" in theirs and "nats away" in theirs and set(tab.WORDS) == {name for name, *_ in feedback.AXES}


def test_a_card_that_is_not_the_faces_records_none():
    assert not list(feedback.recorded(registry.get("vae-mnist"), 7)) and json.dumps(
        next(feedback.recorded(registry.get(feedback.CARD), 7))[2]
    )
    assert isinstance(feedback.pictures(0, np.zeros((1, AXES))), Images)


@pytest.mark.parametrize("seed", [None, -1, 1.5, "x", 2**31])
def test_a_bad_seed_is_one_sentence_before_any_model_is_asked(seed):
    for ask in (feedback.pairs, feedback.face, lambda seed: feedback.pictures(seed, np.zeros((1, AXES)))):
        with pytest.raises(PlaygroundError, match="seed"):
            ask(seed)

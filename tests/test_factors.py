"""Known factors: codes moved along their directions, and what a reader's words say of coverage, bias, memory and control."""

from __future__ import annotations

import types

import numpy as np
import pytest

from playground import data, known, registry
from playground.controls import Slider, adjustments, prompt_of
from playground.data import faces
from playground.metrics import factors, keeping
from playground.sampling import latents
from playground.types import Images, Measurement, Scores

FACES = data.get("faces")
MOVED = latents.adjustable(FACES)


def make(**fields) -> Measurement:
    """A measurement with the fields that a test does not look at filled in."""
    return Measurement(**{"card": "a", "n": 1, "seed": 0, "split": "test", **fields})


def by_name(found: list[Measurement]) -> dict[str, Measurement]:
    """Measurements by their metric."""
    return {m.metric: m for m in found}


@pytest.fixture(scope="module")
def truth() -> dict[str, np.ndarray]:
    """The factors of 4,000 faces."""
    return faces.coded([faces.values_of(seed) for seed in range(4000)])


def sure(values: dict[str, np.ndarray], confidence: float = 1.0) -> Scores:
    """A reader that sees those factors, as sure as told."""
    read = {}
    for factor in FACES.factors:
        value = values[factor.name]
        if isinstance(factor, Slider):
            read[factor.name] = value
            continue
        k = len(factor.choices)
        others = (1 - confidence) / (k - 1)
        read[factor.name] = np.where(value[:, None] == np.arange(k), confidence, others).astype(np.float32)
    return Scores(read["hairstyle"], np.zeros((len(values["age"]), 1), np.float32), read)


def rows(values: dict[str, np.ndarray], chosen: np.ndarray | slice) -> dict[str, np.ndarray]:
    """Some of the faces."""
    return {name: value[chosen] for name, value in values.items()}


@pytest.fixture(scope="module")
def linear(truth) -> tuple[np.ndarray, ...]:
    """Codes that hold every factor in a straight line, with a little noise; their directions and readout."""
    rng = np.random.default_rng(0)
    design = latents.columns(MOVED, truth)
    codes = (design @ rng.standard_normal((design.shape[1], 48)) + 0.05 * rng.standard_normal((len(design), 48))).astype(np.float32)
    return codes, *latents.fit_directions(codes, design)


def test_directions_read_factors_that_lie_on_lines(linear):
    assert linear[3].min() > 0.98 and linear[1].shape == (latents.column_count(MOVED), 48)


def test_moving_one_factor_reads_as_asked_and_leaves_the_others(linear):
    codes, directions, readout, _ = linear
    moved = latents.steered(codes[:50], directions, readout, MOVED, {"age": 90.0, "glasses": "square"})
    change = (moved - codes[:50]) @ readout[:-1]
    read = moved @ readout[:-1] + readout[-1]
    names = [factor.name for factor in MOVED for _ in range(latents.column_count([factor]))]
    assert np.abs(read[:, names.index("age")] - 1).max() < 0.05
    square = [k for k, name in enumerate(names) if name == "glasses"]
    assert np.abs(read[:, square] - [0, 1]).max() < 0.05
    others = [k for k, name in enumerate(names) if name not in ("age", "glasses")]
    assert np.abs(change[:, others]).max() < 0.1
    assert np.array_equal(latents.steered(codes[:2], directions, readout, MOVED, {}), codes[:2])


def test_a_reading_that_shrinks_and_bends_is_aimed_at_where_real_samples_lie(linear):
    codes, directions, readout, _ = linear
    design = np.random.default_rng(1).uniform(-1, 1, (500, latents.column_count(MOVED))).astype(np.float32)
    read = design.copy()
    read[:, 0] = 0.1 + 0.7 * design[:, 0] - 0.2 * design[:, 0] ** 2
    fitted = latents.fit_calibration(MOVED, design, read)
    assert np.allclose(fitted[0], 0.1 + 0.7 * latents.KNOTS - 0.2 * latents.KNOTS**2, atol=1e-4)
    assert np.allclose(fitted[1:], latents.KNOTS)
    moved = latents.steered(codes[:20], directions, readout, MOVED, {MOVED[0].name: MOVED[0].maximum}, calibration=fitted)
    assert np.abs(moved @ readout[:-1, 0] + readout[-1, 0] - 0.6).max() < 0.05, "what is read of a real sample with the largest value"


def test_a_calibration_is_mended_by_what_another_reader_sees_and_stops_where_nothing_more_is_shown():
    real = 0.9 * latents.KNOTS
    shown = np.maximum(latents.KNOTS - 0.2, -0.5)  # a decoder that paints all a little too low, and nothing below -0.5
    found = latents.mended(latents.KNOTS, shown, real)
    seen = np.interp(found, latents.KNOTS, shown)
    reached = (real >= -0.5) & (real <= 0.77)
    assert np.abs(seen - real)[reached].max() < 0.03 and found.min() > -0.32 and found.max() <= 1.0
    assert np.allclose(latents.mended(latents.KNOTS, real, real)[2:-2], latents.KNOTS[2:-2], atol=1e-6), (
        "one that shows what it should stays"
    )


def test_the_label_is_not_moved_but_told():
    assert FACES.label_factor not in [factor.name for factor in MOVED] and len(MOVED) == len(FACES.factors) - 1
    assert latents.adjustable(data.get("mnist")) == () and latents.column_count(()) == 0


def test_real_samples_cover_every_kind_and_a_collapsed_model_few(truth):
    real = sure(truth)
    full = by_name(factors.modes(FACES, real, real, truth, make))
    assert full["mode_coverage"].value == full["mode_coverage"].floor == 1.0 and full["mode_distance"].value == 0.0
    one = by_name(factors.modes(FACES, sure(rows(truth, np.zeros(4000, int))), real, truth, make))
    assert one["mode_coverage"].value < 0.02 and one["mode_distance"].value > 0.9
    kinds = len(np.unique(factors.combinations(FACES, truth)))
    assert 150 < kinds <= 9 * 3 * 3 * 3


def test_what_cannot_be_read_surely_does_not_count(truth):
    blurred = by_name(factors.modes(FACES, sure(truth, 0.5), sure(truth, 0.99), truth, make))
    assert blurred["mode_coverage"].value == 0.0 and blurred["legible"].value == 0.0 and blurred["legible"].floor == 1.0


def test_a_model_that_leaves_out_hats_is_caught_by_its_shares(truth):
    bare = {**truth, "hat": np.zeros_like(truth["hat"])}
    found = by_name(factors.proportions(FACES, sure(bare), sure(truth), make))
    assert found["bias_hat"].value == pytest.approx((truth["hat"] > 0).mean(), abs=1e-3) and found["bias_hat"].floor < 0.05
    assert found["bias_beard"].value == found["bias_age"].value == 0.0
    assert found["share_hat_none"].value == 1.0 and found["share_hat_none"].floor == pytest.approx((truth["hat"] == 0).mean(), abs=1e-3)


def test_the_shares_of_a_factor_cover_all_of_it(truth):
    for factor in FACES.factors:
        found = factors.proportions(FACES, sure(truth), sure(truth), make)
        named = [m for m in found if m.metric in {factors.share_name(factor, part) for part in factors.parts(factor)}]
        assert len(named) == len(factors.parts(factor)) and sum(m.value for m in named) == pytest.approx(1.0, abs=1e-4)
    beyond = np.asarray([-5.0, 20.0, 54.0, 90.0, 300.0])  # a reader may read a number that is out of its bounds
    assert factors.shares(FACES.factors[0], beyond).tolist() == [0.4, 0.2, 0.0, 0.4]


def test_a_model_that_only_draws_the_young_is_caught(truth):
    young = {**truth, "age": np.full_like(truth["age"], 25.0)}
    found = by_name(factors.proportions(FACES, sure(young), sure(truth), make))
    assert found["bias_age"].value == pytest.approx(0.75, abs=0.03) and found["share_age_20_to_37.5"].value == 1.0


def test_a_copied_sample_is_nearer_than_real_ones_are():
    rng = np.random.default_rng(0)
    train, test = rng.standard_normal((500, 8)).astype(np.float32), rng.standard_normal((100, 8)).astype(np.float32)
    copied = factors.nearest(train[:100] + np.float32(1e-3), test, train, make)
    assert copied.value < 0.01 < 0.5 < copied.floor
    assert factors.nearest(test, test, train, make).value == pytest.approx(copied.floor)


def test_r2_is_one_for_obedience_and_zero_for_none():
    wanted = np.linspace(20, 90, 50)
    assert factors.r2(wanted, wanted) == 1.0 and factors.r2(wanted, np.full(50, 55.0)) == pytest.approx(0.0, abs=1e-9)
    assert factors.r2(wanted, wanted[::-1]) < 0


def test_a_reader_is_measured_on_every_factor(truth):
    found = by_name(factors.reader(FACES, sure(truth), truth, make))
    assert found["accuracy_hairstyle"].value == 1.0 and found["r2_age"].value == pytest.approx(1.0, abs=1e-6)
    assert len(found) == len(FACES.factors)


def test_cards_offer_every_factor_but_the_label():
    for card in registry.shipped():
        known = {factor.name for factor in adjustments(card.controls)}
        about = data.get(card.dataset)
        assert not known or known == {factor.name for factor in latents.adjustable(about)}


def test_proportions_stand_beside_the_real_ones_for_every_model_that_is_measured(truth):
    card = next(card for card in known.cards() if data.get(card.dataset).factors)
    found = factors.proportions(FACES, sure(truth), sure(truth), lambda **fields: make(card=card.id, **fields))
    lines = known.proportions(card.dataset, found)
    assert len(lines) == sum(len(factors.parts(factor)) for factor in FACES.factors)
    hats = [line for line in lines if line.factor == "Hat"]
    assert [line.part for line in hats] == ["none", "beanie", "cap"] and sum(line.real for line in hats) == pytest.approx(100, abs=0.1)
    assert all(line.drawn == {card.id: pytest.approx(line.real)} for line in hats)
    assert known.proportions(card.dataset, []) == []


def test_words_are_obeyed_where_every_named_feature_is_read_as_named(truth):
    named = [{"glasses": "round", "age": (65.0, 90.0)}, {"glasses": "none"}, {"age": (20.0, 38.0)}]
    glasses = next(factor for factor in FACES.factors if factor.name == "glasses").choices
    read = {"glasses": np.eye(len(glasses))[[glasses.index("round"), glasses.index("square"), 0]], "age": np.asarray([70.0, 30.0, 12.0])}
    found = factors.rights(FACES, named, read)
    assert [each["glasses"] for each in found if "glasses" in each] == [True, False]
    assert [each["age"] for each in found if "age" in each] == [True, True], "a reading below the range counts as its end"


def test_what_is_kept_and_what_is_followed_lie_between_the_given_face_and_the_described_one(monkeypatch):
    card = next(card for card in registry.shipped() if prompt_of(card.controls))
    given = faces.make(range(40))
    texts, named, described = data.trials("faces", 20)
    monkeypatch.setattr(data, "load", lambda name, split: given)
    drawn = {strength: described if strength == 1.0 else Images(given.pixels[:20]) for strength in keeping.STRENGTHS}
    monkeypatch.setattr(keeping.run, "sample", lambda card_id, n, seed, strength, **_: types.SimpleNamespace(samples=drawn[strength]))
    found = by_name(keeping.image_to_image(card, 20, 0, make))
    assert found["keeps_20"].value == 1.0 and found["follows_20"].value == found["follows_20"].floor < 0.6
    assert found["follows_100"].value > 0.9 and found["keeps_100"].value < 0.7 and found["keeps_100"].n == 20
    assert keeping.image_to_image(registry.get("gan-faces"), 20, 0, make) == []

"""Claims: how each is measured, that the outcome follows the numbers, and that the page shows where they come from."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from playground import breaks, claims, comparison, data, exhibits, registry, run
from playground.errors import PlaygroundError
from playground.metrics import __main__ as command
from playground.metrics import evidence, measurements
from playground.types import Latents, Measurement
from tabs import evidence as page

IDS = {family: card.id for family, card in comparison.chosen("mnist").items()}


def number(family: str, metric: str, value: float, **known: object) -> Measurement:
    about = {"n": 2000, "seed": 0, "split": "test", "extractor": "classifier-mnist", "spread": 0.01, "machine": "m"} | known
    return Measurement(card=IDS[family], metric=metric, value=value, **about)


def real_samples(dataset: str, n: int) -> np.ndarray:
    """As many shipped or newly drawn real pictures, 16 of each seed."""
    return np.concatenate([exhibits.real_samples(dataset, 16, seed).uint8() for seed in range(-(-n // 16))])[:n]


def outcome(claim: str, *numbers: Measurement) -> claims.Claim:
    return getattr(claims, claim)(claims.Found(comparison.chosen("mnist"), numbers))


def test_a_grating_lies_in_the_band_of_its_frequency_and_the_mean_in_none():
    x = np.arange(64)
    for cycles in (0.1, 0.3, 0.45):
        grating = np.broadcast_to(127.5 + 100 * np.sin(2 * np.pi * cycles * x), (1, 64, 64))[..., None]
        assert evidence.spectrum(grating)[0].argmax() == math.floor(cycles / 0.5 * evidence.BANDS)
    assert evidence.spectrum(np.full((2, 64, 64, 3), 200)).max() < 1e-12


def test_a_blurred_digit_has_less_fine_detail_and_noise_more():
    real = real_samples("mnist", 64)
    padded = np.pad(real.astype(float), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    blurred = sum(padded[:, i : i + 28, j : j + 28] for i in range(3) for j in range(3)) / 9
    noisy = np.clip(real + np.random.default_rng(0).normal(0, 60, real.shape), 0, 255)
    power = evidence.spectrum(real)
    assert evidence.detail(power, power) == 1.0
    assert evidence.detail(evidence.spectrum(blurred), power) < 0.5
    assert evidence.detail(evidence.spectrum(noisy), power) > 1.1


def test_where_features_follow_the_code_evenly_the_path_has_length_one_and_a_jump_makes_it_long(monkeypatch):
    """A decoder whose features are the code's own angle: slerp moves along it evenly."""
    card = registry.get("gan-mnist")
    rng = np.random.default_rng(0)
    turns = rng.uniform(0, np.pi / 2, 80)
    codes = Latents(np.stack([np.cos(turns), np.sin(turns)], 1).astype(np.float32))

    def length(of_angle) -> Measurement:
        monkeypatch.setattr(run, "decode", lambda _, latents: latents)
        monkeypatch.setattr(
            evidence.features,
            "extract",
            lambda latents, _: type("S", (), {"features": of_angle(np.arctan2(latents.values[:, 1], latents.values[:, 0]))[:, None]}),
        )
        return evidence.path_length(card, codes, lambda **known: Measurement(card=card.id, seed=0, split="test", **known))

    assert length(lambda angle: angle).value == pytest.approx(1.0, abs=1e-3)
    assert length(lambda angle: np.round(angle * 4)).value > 3


def test_a_linear_probe_finds_what_is_linear_in_the_code_and_nothing_in_noise(monkeypatch):
    card, rng = registry.get("gan-faces"), np.random.default_rng(0)
    codes = Latents(rng.normal(size=(400, 5)).astype(np.float32), np.zeros(400, np.int64))
    read = {"age": 55 + 10 * codes.values[:, 0], "smile": rng.normal(size=400).astype(np.float32)}
    monkeypatch.setattr(run, "decode", lambda _, latents: latents)
    monkeypatch.setattr(evidence.features, "extract", lambda *_: type("S", (), {"factors": read}))
    found = {m.metric: m for m in evidence.probe(card, codes, lambda **known: Measurement(card=card.id, seed=0, split="test", **known))}
    assert found["evidence_probe_age"].value > 0.999 and found["evidence_probe_smile"].value < 0.1
    assert found["evidence_probe"].value == pytest.approx(np.mean([found[f"evidence_probe_{name}"].value for name in ("age", "smile")]))


@pytest.mark.parametrize(("vae", "others", "said"), [(0.7, 0.95, claims.HOLDS), (0.95, 0.7, claims.FAILS), (0.949, 0.95, claims.FAILS)])
def test_blur_holds_where_the_vae_keeps_less_than_all_others_by_more_than_the_error(vae, others, said):
    found = outcome("blur", number("gan", claims.FINE, others), number("vae", claims.FINE, vae), number("diffusion", claims.FINE, others))
    assert found.outcome == said and f"{100 * vae:.0f} % in what the VAE draws" in found.finding


def test_modes_follow_who_covers_least():
    recalls = {"gan": 0.3, "vae": 0.6, "diffusion": 0.9}
    assert outcome("modes", *(number(f, "recall", v) for f, v in recalls.items())).outcome == claims.HOLDS
    recalls["vae"] = 0.1
    told = outcome("modes", *(number(f, "recall", v) for f, v in recalls.items()))
    assert told.outcome == claims.FAILS and "the VAE covers least" in told.finding


def test_an_autoencoder_that_draws_as_well_as_the_vae_makes_its_claim_hold_in_part():
    ways = {"n_0_i": 300.0, "own_gaussian": 50.0, "mixture": 3.0, "given_back": 0.1}
    numbers = [number("autoencoder", f"evidence_kid_{name}", value) for name, value in ways.items()]
    assert outcome("prior", *numbers, number("vae", "kid", 0.5)).outcome == claims.HOLDS
    assert outcome("prior", *numbers, number("vae", "kid", 2.0)).outcome == claims.PARTLY
    assert outcome("prior", *numbers[1:], number("vae", "kid", 2.0)).outcome == claims.OPEN


def test_diffusion_is_slow_only_by_the_clock():
    fast = [number(f, "seconds", 1.0, extractor=None) for f in ("gan", "vae", "diffusion")]
    assert outcome("speed", *fast).outcome == claims.FAILS
    assert outcome("speed", *fast[:2], replace(fast[2], value=50.0)).outcome in (claims.HOLDS, claims.PARTLY)
    assert "not measured on one machine" in outcome("speed", *fast[:2], replace(fast[2], value=50.0, machine="other")).finding


def test_gans_are_unstable_where_they_differ_most_from_seed_to_seed_and_collapse_without_their_penalty(monkeypatch):
    known = claims.steadiness.read()
    steady = {who: [0.1, 0.11, 0.1, 0.11] for who in known.sliced}
    covered = {who: [8, 8, 8, 8] for who in known.covered}

    monkeypatch.setattr(claims.trainings, "read", lambda: ())

    def said(sliced: dict, modes: dict) -> str:
        monkeypatch.setattr(claims.steadiness, "read", lambda: replace(known, sliced=sliced, covered=modes))
        return outcome("stability").outcome

    fragile = {**covered, claims.steadiness.FRAGILE: [2, 3, 2, 3]}
    assert said({**steady, "gan": [0.1, 0.9, 0.2, 0.5]}, fragile) == claims.HOLDS
    assert said({**steady, "vae": [0.1, 0.9, 0.2, 0.5]}, fragile) == claims.PARTLY
    assert said({**steady, "vae": [0.1, 0.9, 0.2, 0.5]}, covered) == claims.FAILS


def test_many_trainings_are_told_where_all_generators_had_the_same_share_of_their_steps(monkeypatch):
    def again(family: str, share: float, kids: tuple[float, ...]) -> claims.trainings.Trainings:
        values, floors = {"kid": kids, "fid": kids}, {"kid": 0.0, "fid": 0.1}
        return claims.trainings.Trainings(
            IDS[family],
            int(1000 * share),
            1000,
            (0, 1, 2),
            values,
            floors,
            (1.0,) * 3,
            2000,
            "test",
            "classifier-mnist",
            "m",
            "c",
            "2026",
            "x",
        )

    race = claims.steadiness.read()
    known = [again("gan", 0.1, (2.0, 4.0, 6.0)), again("vae", 0.1, (4.0, 4.0, 4.0)), again("gan", 1.0, (1.0, 2.0, 3.0))]
    monkeypatch.setattr(claims.trainings, "read", lambda: tuple(known))
    assert "were each trained once" in outcome("stability").finding and len(outcome("stability").groups) == 1
    known.append(again("diffusion", 0.1, (9.0, 10.0, 11.0)))
    claim = outcome("stability")
    assert "3 trainings from scratch, each of 10 % of the steps" in claim.finding
    assert "KID differs by 50 % (GAN), 0 % (VAE) and 10 % (diffusion)" in claim.finding and "FID: " in claim.finding
    assert "ends alike" not in claim.finding
    monkeypatch.setattr(
        claims.trainings, "read", lambda: (*known[:2], again("gan", 1.0, (2.0, 2.0, 2.1)), again("vae", 1.0, (2.0, 3.0, 4.0)), known[3])
    )
    assert "ends alike with every seed" in outcome("stability").finding
    monkeypatch.setattr(claims.trainings, "read", lambda: tuple(known))
    assert [bar.measured.value for bar in claim.groups[1].bars] == [4.0, 4.0, 10.0]
    monkeypatch.setattr(claims.steadiness, "read", lambda: replace(race, sliced={**race.sliced, "gan": [0.1, 0.9, 0.2, 0.5] * 2}))
    assert outcome("stability").outcome == claims.HOLDS
    known[0] = again("gan", 0.1, (4.0, 4.0, 4.0))
    assert outcome("stability").outcome == claims.PARTLY
    note = comparison.over_trainings(number("gan", "fid", 2.2))
    assert note == "3 trainings: 2.00 ± 1.0" and comparison.over_trainings(number("gan", "fid", 2.2, n=10_000)) == ""


def test_the_recorded_seeds_are_those_that_the_command_measures(monkeypatch):
    known = claims.steadiness.read()
    fragile = breaks.BREAKS[claims.steadiness.FRAGILE]
    monkeypatch.setitem(breaks.BREAKS, fragile.name, replace(fragile, steps=2))  # who is measured is the subject, not how they do
    again = claims.steadiness.measure((known.seeds[0],), 2, machine="", commit="", when="", command="")
    assert set(again.sliced) == set(known.sliced) and len(known.seeds) >= 3 and known.command == "python -m playground.metrics --race"
    assert all(len(values) == len(known.seeds) for values in (*known.sliced.values(), *known.covered.values()))


def test_nothing_is_claimed_of_what_is_not_measured(monkeypatch):
    monkeypatch.setattr(claims.steadiness, "read", lambda: None)
    assert {claim.outcome for claim in claims.of("mnist", [])} == {claims.OPEN}
    assert "not measured yet" in page._fold(claims.of("mnist", [])[0], "mnist")


@pytest.mark.parametrize("dataset", comparison.datasets())
def test_every_shipped_claim_has_its_evidence_with_n_date_and_command(dataset: str):
    for claim in claims.of(dataset):
        assert claim.outcome != claims.OPEN and claim.finding and claim.groups
        for m in (bar.measured for group in claim.groups for bar in group.bars):
            assert m.n > 0 and m.when and m.command.startswith("python -m playground.metrics")
        told = page._fold(claim, dataset)
        assert "recorded" in told and "see it live" in told and "python -m playground.metrics" in told


@pytest.mark.parametrize("card_id", ["gan-mnist", "vae-mnist", "gan-faces", "vae-faces"])
def test_a_small_run_gives_the_recorded_sharpness_again(card_id: str):
    """Real pictures of the shipped subset in place of the whole test split, so both sides are rough: within a tenth."""
    card, n = registry.get(card_id), 200
    drawn = run.sample(card_id, n, 0, **command.quality.asked_for(card, n)).samples.uint8()
    real = real_samples(card.dataset, n)
    recorded = measurements.find(measurements.read(), card_id, claims.FINE)
    assert evidence.detail(evidence.spectrum(drawn), evidence.spectrum(real)) == pytest.approx(recorded.value, rel=0.1)


def test_a_card_that_draws_no_pictures_has_no_such_evidence():
    with pytest.raises(PlaygroundError, match="gpt-shakespeare draws no pictures"):
        command.measure_evidence(registry.get("gpt-shakespeare"), 20, 0, "test")
    assert data.get("mnist").noun == "digits"

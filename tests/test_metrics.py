"""Published numbers: what continuous integration draws again must be what was recorded; and how records are kept."""

from __future__ import annotations

import numpy as np
import pytest

from playground import data, exhibits, registry
from playground.errors import PlaygroundError
from playground.metrics import __main__ as command
from playground.metrics import features, kernel, measurements, quality
from playground.metrics.live import live
from playground.types import Images, Measurement
from tests.conftest import CONDITIONAL, SAMPLERS

SIGMAS = 3.0  # how far a published value may lie from that of the first 500 samples, in standard errors of those
PICTURES = 3 / quality.BLOCK  # as many may be seen differently on another processor
KID_SLACK = 0.1  # of the spread: float16 features, another processor

DATASETS = sorted({registry.get(card_id).dataset for card_id in SAMPLERS if registry.get(card_id).kind == "image"})


def is_dear(card_id: str) -> bool:
    """Whether a card takes several network calls a sample."""
    return measurements.find(measurements.read(), card_id, "nfe").value > 1


def again() -> list:
    """Each card with the number of its first samples that are drawn again: of dear ones few, and the others at night."""
    few = [(card_id, quality.FEW if is_dear(card_id) else quality.BLOCK) for card_id in SAMPLERS]
    return [
        *(pytest.param(card_id, n, marks=[pytest.mark.slow] if n == quality.FEW else []) for card_id, n in few),
        *(pytest.param(card_id, quality.BLOCK, marks=pytest.mark.nightly) for card_id, n in few if n == quality.FEW),
    ]


def recorded(card_id: str, metric: str, n: int = quality.BLOCK) -> Measurement:
    """What was recorded of a card's first n samples; fails where nothing was."""
    name = f"{quality.FIRST}{metric}" if n == quality.FEW else f"{metric}_{n}"
    found = measurements.find(measurements.read(), card_id, name, data.get(registry.get(card_id).dataset).extractor)
    if found is None:
        more = " --first" if n == quality.FEW else ""
        pytest.fail(
            f"{card_id} has no recorded {name}: run python -m playground.metrics {card_id}{more} and commit assets/measurements.json."
        )
    return found


@pytest.mark.parametrize(("card_id", "n"), again())
def test_the_first_samples_have_the_recorded_kid_and_classes(card_id: str, n: int):
    first, dataset = recorded(card_id, "kid", n), data.get(registry.get(card_id).dataset)
    samples = quality.draw(registry.get(card_id), n, first.seed)
    seen = features.extract(samples, dataset.extractor)
    value = kernel.kid(features.reference(dataset.name)["test_features"], seen.features, samples.labels).value
    allowed = KID_SLACK * first.spread + 0.005 * abs(first.value)
    assert abs(value - first.value) <= allowed, f"kid {value:.4g}, recorded {first.value:.4g} ± {first.spread:.3g}"
    if samples.labels is not None:
        right, known = features.class_right(seen, samples.labels), recorded(card_id, "class_right", n)
        assert abs(right - known.value) <= max(PICTURES, 1 / n), f"class_right {right:.4f}, recorded {known.value:.4f}"


@pytest.mark.parametrize(("card_id", "metric"), [*((i, "kid") for i in SAMPLERS), *((i, "class_right") for i in CONDITIONAL)])
def test_published_numbers_are_those_of_the_samples(card_id: str, metric: str):
    first = recorded(card_id, metric)
    published = measurements.find(measurements.read(), card_id, metric, first.extractor)
    assert published.n >= 2 * first.n and published.seed == first.seed
    slack = PICTURES if metric == "class_right" else 0.01 * abs(first.value)
    allowed = SIGMAS * first.spread + slack
    assert abs(published.value - first.value) <= allowed, f"{published.value:.4g}, but the first {first.n} give {first.value:.4g}"


@pytest.mark.parametrize("card", [card for card in registry.cards() if command.can_measure(card)], ids=lambda card: card.id)
def test_every_recorded_number_says_how_it_was_made(card):
    found = [entry for entry in measurements.read() if entry.card == card.id]
    assert found, f"{card.id} is not measured: run python -m playground.metrics {card.id} and commit assets/measurements.json."
    for entry in found:
        assert entry.command and entry.when and entry.machine and np.isfinite(entry.value), entry
        published = (
            ("test", "train", "") if card.kind == "image" else ("valid", "test", "unseen", "train", "")
        )  # the corpus has two parts alone
        assert entry.split in published, "numbers of a split on which settings were chosen are not published"
        assert (entry.extractor is None) == (
            card.kind != "image" or entry.metric in COST or entry.metric.startswith(("accuracy", "r2_"))
        ), entry
        assert entry.metric not in QUALITY or entry.floor is not None, entry
        assert entry.metric not in ("parameters", "size_bytes") or entry.value > 0, entry


COST = ("parameters", "size_bytes", "training_seconds", "samples_seen", "seconds", "nfe")
QUALITY = ("fid", "kid", "precision", "recall", "density", "coverage", "class_right")


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_shipped_reference_holds_what_the_page_needs(dataset: str):
    about, found = data.get(dataset), features.reference(dataset)
    n = about.sizes["test"]
    assert found["test_features"].shape[0] == len(found["test_labels"]) == n
    assert found["train_features"].shape == (2000, found["test_features"].shape[1])
    assert found["pictures"].shape == (20 * len(about.labels), *about.shape) and found["pictures"].dtype == np.uint8
    assert np.bincount(found["picture_labels"]).tolist() == [20] * len(about.labels)
    planes = [name for name in found if name.endswith("_codes")]
    flat = [card for card in registry.cards() if card.dataset == dataset and exhibits.has_map(card)]
    assert {f"{card.id}_codes" for card in flat} == set(planes) and all(
        found[name].shape == (2000, 2) and np.isfinite(found[name]).all() for name in planes
    )


@pytest.mark.parametrize("dataset", DATASETS)
def test_reference_codes_and_features_are_those_of_the_shipped_weights(dataset: str):
    found = features.reference(dataset)
    fresh = features.extract(Images(found["pictures"]), data.get(dataset).extractor)
    assert features.class_right(fresh, found["picture_labels"]) > 0.97
    nearest = np.linalg.norm(found["test_features"][None] - fresh.features[:20, None], axis=-1).min(1)
    assert nearest.max() < 0.05, "the pictures' features are among the test features"


def test_live_numbers_of_real_pictures_are_at_the_floor():
    found = features.reference("mnist")
    real = live(Images(found["pictures"]), found["picture_labels"], "mnist")
    assert real["n"] == 200 and real["class_right"] > 0.97 and "fid" not in real
    assert abs(real["kid"] - real["kid_floor"]) < 5 * real["kid_error"]
    noise = live(Images(np.random.default_rng(0).integers(0, 256, (200, 28, 28, 1), dtype=np.uint8)), None, "mnist")
    assert noise["class_right"] is None and noise["kid"] > 10 * real["kid_error"]


@pytest.mark.parametrize("n", [8, 9, 64])
def test_live_numbers_come_with_an_error_at_any_n(n: int):
    found = features.reference("mnist")
    small = live(Images(found["pictures"][:n]), found["picture_labels"][:n], "mnist")
    assert all(np.isfinite(value) for value in small.values()) and small["kid_error"] > 0


def test_too_few_pictures_for_a_comparison_are_refused():
    with pytest.raises(PlaygroundError, match="n must be at least 8"):
        live(Images(np.zeros((7, 28, 28, 1), np.uint8)), None, "mnist")


def entry(card: str, value: float, **more) -> Measurement:
    """A measurement with the fields that a test does not look at filled in."""
    return Measurement(card=card, metric="kid", value=value, n=10, seed=0, split="test", **more)


def test_measuring_a_card_replaces_its_entries_and_keeps_the_others(tmp_path):
    path = tmp_path / "deep" / "measurements.json"
    assert measurements.read(path) == ()
    measurements.write((entry("a", 1.0), entry("b", 2.0, extractor="x"), entry("b", 3.0, extractor="y")), path)
    merged = measurements.merge(measurements.read(path), [entry("a", 4.0)])
    measurements.write(merged, path)
    found = measurements.read(path)
    assert {(m.card, m.value) for m in found} == {("b", 2.0), ("b", 3.0), ("a", 4.0)}
    assert measurements.find(found, "b", "kid", "y").value == 3.0 and measurements.find(found, "c", "kid") is None


def test_seconds_alone_replace_those_that_were_recorded_and_nothing_else(tmp_path, capsys):
    path = tmp_path / "measurements.json"
    measurements.write((entry("gan-mnist", 1.0), entry("gan-mnist", 9.0, extractor="x")), path)
    assert command.main(["gan-mnist", "vae-mnist", "--cost", "--out", str(path)]) == 0
    found = measurements.read(path)
    assert [(m.card, m.metric) for m in found] == [
        *[("gan-mnist", "kid")] * 2,
        *((card_id, metric) for card_id in ("gan-mnist", "vae-mnist") for metric in ("seconds", "nfe")),
    ]
    again = {m.metric: m for m in found if m.card == "vae-mnist"}
    assert again["nfe"].value == 1 and 0 < again["seconds"].value < 60 and again["seconds"].n == 64
    assert command.main(["vae-mnist", "--cost", "--out", str(path)]) == 0 and len(measurements.read(path)) == len(found)
    capsys.readouterr()
    assert command.main(["gan-mnist", "gpt-shakespeare", "--cost", "--out", str(path)]) == 2
    told = capsys.readouterr()
    assert "gpt-shakespeare draws no pictures" in told.err and not told.out, "nothing is measured before all are checked"


def test_evidence_is_of_the_first_samples_of_all_that_were_drawn():
    card = registry.get("vae-mnist")
    whole = quality.draw(card, 60, 0)
    assert np.array_equal(quality.draw(card, 24, 0).pixels, whole.pixels[:24])


def test_bands_need_enough_blocks_and_find_the_first_and_the_spread():
    rng = np.random.default_rng(0)
    real = rng.standard_normal((3000, 4)).astype(np.float32)
    scores = features.Scores(np.eye(10, dtype=np.float32)[np.arange(2000) % 10], rng.standard_normal((2000, 4)).astype(np.float32))
    asked = np.where(np.arange(2000) < 500, 0, np.arange(2000) % 10)  # the first block asks for zeros and gets one in ten

    def make(**fields: object) -> Measurement:
        return Measurement(**{**vars(entry("a", 0.0)), **fields})

    found = {m.metric: m for m in (*quality.bands(scores, asked, make), *quality.band(real, scores.features, None, make))}
    assert found["class_right_500"].value == pytest.approx(0.1) and found["class_right_500"].spread == pytest.approx(0.45)
    assert abs(found["kid_500"].value) < 3 * found["kid_500"].spread < 0.1
    assert quality.bands(features.Scores(scores.probabilities[:1999], scores.features[:1999]), asked, make) == []
    assert quality.band(real, scores.features[:499], None, make) == []


def test_the_command_names_what_it_cannot_do(capsys):
    assert command.main(["nonesuch"]) == 2
    assert "model must be one of" in capsys.readouterr().err
    assert command.main(["gan-mnist", "--n", "3"]) == 2
    assert "n must be a whole number in [20, 60000], got 3" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        command.main([])

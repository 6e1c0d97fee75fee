"""Many trainings of one card: trained once and kept, measured from the weights that were trained, nothing shipped touched."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from playground import registry, run, weights
from playground.metrics import __main__ as command
from playground.metrics import features, quality, trainings
from tests.conftest import tiny_mnist_only

ABOUT = {"machine": "m", "commit": "c", "when": "2026-01-01T00:00:00+00:00", "command": "x"}


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("trainings")


@pytest.fixture(scope="module")
def found(work, tiny_mnist) -> trainings.Trainings:
    """Three trainings of two steps, measured on 400 samples against 200 real ones."""
    with tiny_mnist_only(tiny_mnist), pytest.MonkeyPatch.context() as patch:
        patch.setattr("playground.data.mnist.VALID", 200)  # the made-up pictures are ten, again and again: more of them say no more
        patch.setattr(
            quality, "train_features", lambda dataset, by, n: features.extract(quality.shuffled(dataset, "train", n), by).features
        )
        return trainings.measure(registry.get("vae2d-mnist"), 2, 400, seeds=(0, 1, 2), work=work, **ABOUT)


@pytest.mark.slow
def test_seeds_differ_and_what_is_measured_is_what_was_trained(found, work):
    assert found.seeds == (0, 1, 2) and found.steps == 2 < found.whole and not found.is_whole
    assert len(set(found.values["kid"])) == 3 and min(found.values["kid"]) > 2 * abs(found.floors["kid"])
    pictures = []
    for folder in (weights.WEIGHTS / "vae2d-mnist", work / "vae2d-mnist-2-1" / "weights"):
        with weights.elsewhere("vae2d-mnist", folder):
            registry.unload()
            pictures.append(run.sample("vae2d-mnist", 4, 0).samples.pixels)
    registry.unload()
    again = run.sample("vae2d-mnist", 4, 0).samples.pixels
    assert np.array_equal(pictures[0], again) and np.abs(pictures[1] - again).max() > 0.2


@pytest.mark.slow
def test_what_is_trained_is_kept_and_what_was_trained_otherwise_is_not(found, work, tiny_mnist):
    card = registry.get("vae2d-mnist")
    place = work / "vae2d-mnist-2-0" / "weights" / "card.json"
    before = place.stat().st_mtime_ns
    assert trainings.train(card, 2, 0, work) == place.parent and place.stat().st_mtime_ns == before
    other = json.loads(place.read_text())
    other["config"]["beta"] = 7.0
    place.write_text(json.dumps(other))
    (place.parent.parent / "checkpoint.safetensors").unlink()
    with tiny_mnist_only(tiny_mnist):
        trainings.train(card, 2, 0, work)
    assert json.loads(place.read_text())["config"]["beta"] == 1.0


@pytest.mark.parametrize("card_id", ["gan-mnist", "vae-mnist", "autoencoder-mnist"])
def test_the_shipped_weights_are_one_of_the_trainings_in_full(card_id: str, tmp_path):
    about = weights.record(card_id)
    assert trainings.train(registry.get(card_id), about["steps"], about["seed"], tmp_path) == weights.folder(card_id)


def test_it_is_recorded_once_for_each_card_and_number_of_steps(found, tmp_path):
    path = tmp_path / "trainings.json"
    assert trainings.read(path) == ()
    longer = dataclasses.replace(found, steps=found.whole)
    for each in (longer, found, dataclasses.replace(found, card="gan-mnist"), dataclasses.replace(found, n=20)):
        trainings.write(each, path)
    known = trainings.read(path)
    assert [(each.card, each.steps, each.n) for each in known] == [
        ("vae2d-mnist", 2, 20),
        ("vae2d-mnist", found.whole, 400),
        ("gan-mnist", 2, 400),
    ]
    assert known[1] == longer and longer.is_whole
    over = found.over_seeds("kid")
    assert over.value == pytest.approx(np.mean(found.values["kid"]), rel=1e-3) and over.spread_over == "3 trainings of 2 steps"
    assert over.spread == pytest.approx(np.std(found.values["kid"], ddof=1), rel=1e-3)


def test_a_request_that_cannot_be_met_costs_a_sentence(capsys):
    assert command.main(["classifier-mnist", "--trainings"]) == 2
    assert "classifier-mnist draws no pictures" in capsys.readouterr().err
    assert command.main(["gan-mnist", "--trainings", "--steps", "0"]) == 2
    assert "steps must be" in capsys.readouterr().err


def test_what_is_recorded_says_how_it_was_made_and_that_seeds_matter():
    known = trainings.read()
    assert {each.card for each in known if each.is_whole} >= {"vae-mnist", "autoencoder-mnist"}
    for each in known:
        assert len(each.seeds) >= 3 and each.n >= 2000 and each.when and each.machine
        assert each.command.startswith("python -m playground.metrics") and "--trainings" in each.command
        for metric, values in each.values.items():
            assert len(values) == len(each.seeds) and len(set(values)) > 1 and each.floors[metric] is not None

"""KID alone is measured again by command; what is drawn for it is kept, so a stopped measurement goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from playground import data, registry
from playground.errors import PlaygroundError
from playground.metrics import __main__ as command
from playground.metrics import features, kept, measurements, quality
from playground.types import Images, Measurement


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch):
    """Files of 20 samples."""
    monkeypatch.setattr(kept, "BLOCK", 20)


def test_kept_features_are_those_of_the_samples_and_are_drawn_once(tmp_path, monkeypatch: pytest.MonkeyPatch):
    card = registry.get("gan-mnist")
    found = kept.drawn(card, 50, 3, tmp_path)
    drawn = quality.draw(card, 50, 3)
    assert np.array_equal(found["labels"], drawn.labels)
    for extractor in quality.extractors(card.dataset):
        assert found[extractor] == pytest.approx(features.extract(drawn, extractor).features, abs=1e-3)
    kept.path(card, 20, 3, tmp_path).unlink()  # a measurement that was stopped
    calls, draw = [], kept._draw
    monkeypatch.setattr(kept, "_draw", lambda card, first, seed: calls.append(first) or draw(card, first, seed))
    again = kept.drawn(card, 50, 3, tmp_path)
    assert calls == [20], "only what is missing"
    assert again["classifier-mnist"] == pytest.approx(found["classifier-mnist"], abs=1e-3)
    assert kept.drawn(card, 30, 3, tmp_path)["labels"].tolist() == found["labels"][:30].tolist()


def test_other_weights_seeds_and_controls_are_kept_apart(tmp_path):
    card = registry.get("gan-mnist")
    places = {
        kept.path(each, 0, seed, tmp_path)
        for each, seed in ((card, 0), (card, 1), (registry.get("vae-mnist"), 0), (replace(card, controls=()), 0))
    }
    assert len(places) == 4


def test_the_command_replaces_kid_and_nothing_else(tmp_path, monkeypatch: pytest.MonkeyPatch, capsys):
    shipped = features.reference("mnist")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        quality, "real_features", lambda dataset, split, extractor: features.extract(Images(shipped["pictures"]), extractor).features
    )
    monkeypatch.setattr(
        quality, "train_features", lambda dataset, extractor, n: features.extract(Images(shipped["train_pictures"][:n]), extractor).features
    )
    path = tmp_path / "measurements.json"
    old = [
        Measurement("gan-mnist", metric, 9.0, 10, 0, "test", extractor="classifier-mnist")
        for metric in ("kid", "fid", "kid_500", "evidence_kid_mixture")
    ]
    measurements.write([*old, replace(old[0], card="vae-mnist")], path)
    assert command.main(["gan-mnist", "--kid", "--n", "40", "--out", str(path)]) == 0
    found = measurements.read(path)
    assert [(m.card, m.metric) for m in found] == [("gan-mnist", "fid"), ("vae-mnist", "kid"), *[("gan-mnist", "kid")] * 2]
    for m in found[2:]:
        assert m.n == 40 and m.spread > 0 and 0 < m.p <= 1 and m.p_by == "499 permutations of 40 drawn and 200 real samples"
        assert m.command == f"python -m playground.metrics gan-mnist --kid --n 40 --out {path}" and m.floor is not None
    assert "p 0." in capsys.readouterr().out
    assert command.main(["classifier-mnist", "--kid"]) == 2 and "draws no pictures" in capsys.readouterr().err


def test_several_processes_are_refused(tmp_path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(PlaygroundError, match="kept by one process"):
        kept.drawn(registry.get("gan-mnist"), 20, 0, tmp_path)


def test_a_few_training_faces_are_drawn_without_the_whole_split(monkeypatch: pytest.MonkeyPatch):
    def never(*_: object) -> None:
        raise AssertionError("the whole split takes minutes")

    shipped = features.reference("faces")
    monkeypatch.setattr(data, "load", never)
    few = quality.shuffled("faces", "train", 8)
    assert features.extract(few, "factors-faces").features == pytest.approx(shipped["train_features"][:8], abs=0.05)
    assert np.array_equal(quality.train_features("faces", "factors-faces", 2000), shipped["train_features"])
    assert np.array_equal(quality.real_features("faces", "test", "factors-faces"), shipped["test_features"])

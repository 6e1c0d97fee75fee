"""Is it a copy? The nearest training samples, their distances, and the bytes in which features are shipped."""

from __future__ import annotations

import numpy as np
import pytest

from playground import data, exhibits, registry
from playground.data import faces
from playground.errors import ControlError, DataUnavailable
from playground.metrics import features, memory
from playground.types import Images

DRAWN_BY_RULE = [name for name in data.names() if data.get(name).factors]
GANS = [card.id for card in registry.shipped() if card.family == "gan"]


def test_the_nearest_of_many_is_found_across_chunks():
    rng = np.random.default_rng(0)
    among = rng.standard_normal((3000, 8)).astype(np.float32)
    wanted = rng.permutation(3000)[: memory.CHUNK + 7]
    found = memory.nearest(among[wanted] + np.float32(1e-4), among)
    assert np.array_equal(found.index, wanted) and found.distance.max() < 1e-2


@pytest.mark.parametrize("dataset", DRAWN_BY_RULE)
def test_training_samples_find_themselves_and_held_out_ones_do_not(dataset: str):
    rows = [0, 17, 4_321, data.get(dataset).sizes["train"] - 1]
    found, made = memory.look_up(dataset, data.again(dataset, rows))
    assert found.index.tolist() == rows
    assert np.array_equal(made.pixels, data.again(dataset, rows).pixels)
    limit = memory.real(dataset)[0.01]
    assert found.distance.max() < limit, "a copy is nearer than 99 in 100 held-out samples"
    held_out, _ = memory.look_up(dataset, Images(features.reference(dataset)["pictures"][:40]))
    assert np.median(held_out.distance) > limit


@pytest.mark.parametrize("dataset", DRAWN_BY_RULE)
def test_the_shipped_memory_holds_every_training_sample(dataset: str):
    assert memory.train(dataset).shape == (data.get(dataset).sizes["train"], features.reference(dataset)["test_features"].shape[1])
    values = [memory.real(dataset)[q] for q in memory.QUANTILES]
    assert values == sorted(values) and values[0] > 0


@pytest.mark.parametrize("dataset", [name for name in data.names() if data.get(name).kind == "image" and name not in DRAWN_BY_RULE])
def test_of_samples_that_no_rule_draws_some_are_shipped_and_find_themselves(dataset: str):
    shipped = features.reference(dataset)["train_pictures"]
    assert shipped.shape == (len(memory.train(dataset)), *data.get(dataset).shape) and len(shipped) >= 1000
    found, seen = memory.look_up(dataset, Images(shipped[[5, 900]]))
    assert found.index.tolist() == [5, 900] and np.array_equal(seen.pixels, shipped[[5, 900]])
    assert found.distance.max() < memory.real(dataset)[0.01], "a copy is nearer than 99 in 100 held-out samples"
    held_out, _ = memory.look_up(dataset, Images(features.reference(dataset)["pictures"][:40]))
    assert np.median(held_out.distance) > memory.real(dataset)[0.01]


def test_a_data_set_without_a_memory_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(features, "reference", lambda _: {})
    memory.clear()
    with pytest.raises(DataUnavailable, match="reference of mnist has no training samples"):
        memory.train("mnist")
    with pytest.raises(ControlError, match="mnist cannot be drawn again"):
        data.again("mnist", [0])


@pytest.mark.parametrize("row", [-1, 50_000])
def test_a_row_outside_the_training_set_is_refused(row: int):
    with pytest.raises(ControlError, match="rows must be from 0 to 49,999"):
        faces.again([row])


@pytest.mark.parametrize("card_id", GANS)
def test_a_mix_begins_and_ends_with_the_two_samples(card_id: str):
    from playground import run

    upper, lower = exhibits.mix(card_id, 3, 4)
    first, second = (run.sample(card_id, 1, seed).samples for seed in (3, 4))
    assert len(upper.images) == len(lower.images) == exhibits.MIXED
    assert np.abs(upper.images.pixels[0] - first.pixels[0]).max() < 0.02
    assert np.abs(lower.images.pixels[-1] - second.pixels[0]).max() < 0.02
    with pytest.raises(ControlError, match="second must be"):
        list(exhibits.mix(card_id, 3, -1))


@pytest.mark.parametrize("card_id", GANS)
def test_copies_are_looked_for_among_the_training_samples(card_id: str):
    (drawn, nearest), distances = exhibits.copies(card_id, 3, 5)
    assert len(drawn.images) == len(nearest.images) == len(distances) == 3 and min(distances) > 0

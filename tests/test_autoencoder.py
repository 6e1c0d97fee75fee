"""What the autoencoders show: parts hidden and filled in, planes as maps, and what is recorded of both."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from playground import data, exhibits, previews, registry, weights
from playground.cards import autoencoder as cards
from playground.data import faces
from playground.errors import ControlError, PlaygroundError
from playground.sampling.masks import rectangles
from playground.types import Images, Latents, ModelCard
from tests.lazy import lazy

autoencoder = lazy("playground.models.autoencoder")

CARDS = [card for card in registry.cards() if card.family == "autoencoder"]
MAPPED = [card for card in previews.drawn() if exhibits.has_map(card)]


@functools.cache
def small_config():
    """The settings of the card, as small as its shapes allow."""
    return dataclasses.replace(autoencoder.LARGE, channels=8, deep=8, deepest=8, batch_size=8)


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch) -> Iterator[ModelCard]:
    """A card for large pictures whose weights, at a tiny size, were fitted to forty of them and not trained."""
    card = dataclasses.replace(CARDS[0], id="autoencoder-tiny", dataset="faces")
    monkeypatch.setattr(cards, "CARDS", (*cards.CARDS, card))
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    monkeypatch.setattr(data, "load", lambda name, split: faces.make(range(40)))
    trainee = autoencoder.AutoencoderTrainee(small_config(), "faces")
    facts = trainee.finish(trainee.modules)
    weights.save(trainee.modules, {"id": card.id, "config": dataclasses.asdict(small_config()), "facts": facts}, tmp_path / card.id)
    yield card
    registry.unload()


def test_a_rectangle_is_a_quarter_to_a_half_of_the_side_and_lies_within():
    hidden = rectangles(np.random.default_rng(0).random((500, 4)), 64)
    heights, widths = hidden.any(2).sum(1), hidden.any(1).sum(1)
    assert (hidden.sum((1, 2)) == heights * widths).all(), "each is one whole rectangle"
    for lengths in (heights, widths):
        assert lengths.min() == 16 and lengths.max() == 32
    assert hidden.any((0, 1)).all() and hidden.any((0, 2)).all(), "no row and no column is safe"
    ends = rectangles(np.asarray([[0.0] * 4, [np.nextafter(1.0, 0.0)] * 4]), 28)
    assert ends[0, :7, :7].all() and ends[0].sum() == 49 and ends[1, 14:, 14:].all() and ends[1].sum() == 196


def test_what_is_hidden_follows_the_seed_or_the_place():
    anywhere = exhibits.hidden_parts(6, 64, "anywhere", 3)
    assert np.array_equal(anywhere, exhibits.hidden_parts(6, 64, "anywhere", 3))
    assert np.array_equal(anywhere[:2], exhibits.hidden_parts(2, 64, "anywhere", 3)), "a picture's part does not depend on n"
    assert not np.array_equal(anywhere, exhibits.hidden_parts(6, 64, "anywhere", 4))
    middle = exhibits.hidden_parts(2, 64, "middle", 3)
    assert middle[:, 16:48, 16:48].all() and middle.sum() == 2 * 32 * 32
    assert exhibits.hidden_parts(1, 64, "bottom left", 3)[0, 32:, :32].all()
    with pytest.raises(ControlError, match="hidden must be one of"):
        exhibits.hidden_parts(1, 64, "the nose", 3)


def test_half_of_a_batch_is_masked_and_the_other_half_is_noisy():
    trainee = autoencoder.AutoencoderTrainee(small_config(), "faces")
    x = torch.from_numpy(faces.make(range(8)).pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    given = trainee.spoilt(x, torch.Generator().manual_seed(0))
    same = (given == x).all(1)
    for picture, kept in zip(given[:4], same[:4], strict=True):
        assert 0.7 < float(kept.float().mean()) < 1 and (picture[:, ~kept] == 0).all()
    assert not same[4:].any(), "every point of the others is noisy"
    digits = autoencoder.AutoencoderTrainee(autoencoder.Config(channels=8, deep=8), "mnist")
    y = torch.zeros(4, 1, 28, 28)
    drawn = torch.Generator().manual_seed(0)
    sigma = torch.rand(4, 1, 1, 1, generator=drawn) * digits.config.noise
    assert torch.equal(digits.spoilt(y, torch.Generator().manual_seed(0)), sigma * torch.randn(y.shape, generator=drawn))


def test_the_denoising_variant_learns_to_fill_in():
    config = dataclasses.replace(small_config(), masked=1.0, learning_rate=5e-3)
    trainee = autoencoder.AutoencoderTrainee(config, "faces")
    x = torch.from_numpy(faces.make(range(8)).pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    net, optimizer, generator = trainee.modules["denoiser"], trainee.optimizers["denoiser"], torch.Generator().manual_seed(0)
    losses = []
    for _ in range(30):
        loss = (net(trainee.spoilt(x, generator))[0] - x).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


def test_the_networks_for_large_pictures_stay_small():
    trainee = autoencoder.AutoencoderTrainee(autoencoder.LARGE, "faces")
    floats = {name: sum(value.numel() for value in net.state_dict().values()) for name, net in trainee.modules.items()}
    assert sum(floats.values()) < 1_700_000
    with torch.no_grad():
        picture, code = trainee.modules["denoiser"](torch.zeros(2, 3, 64, 64))
    assert picture.shape == (2, 3, 64, 64) and code.shape == (2, autoencoder.LARGE.mapped)
    assert not list(trainee.modules["denoiser"].buffers()) and list(trainee.modules["code32"].buffers())
    assert autoencoder.recipe(dataclasses.replace(CARDS[0], dataset="faces")).config == autoencoder.LARGE
    assert autoencoder.recipe(CARDS[0]).config == autoencoder.Config()


@pytest.mark.slow
def test_what_is_hidden_is_filled_in_and_nothing_else(tiny: ModelCard):
    facts = weights.record(tiny.id)["facts"]["denoiser"]
    assert 0 < facts["mean_squared_error"] < facts["repaired_squared_error"], "it was not trained, so the mean fills better"
    real = exhibits.real_samples(tiny.dataset, 3, 1)
    rows = list(exhibits.repairing(tiny.id, real, "top left", 1))
    assert [row.name for row in rows] == list(exhibits.REPAIRED) and rows[0].error is None
    x = real.float32()
    part = (slice(None), slice(0, 32), slice(0, 32))
    for row in rows[1:]:
        shown = row.images.float32().copy()
        assert row.error == pytest.approx(np.square(shown - x)[part].mean(), rel=1e-4)
        shown[part] = x[part]
        assert np.array_equal(shown, x)
    assert (rows[1].images.pixels[part] == 0).all()
    mean = rows[2].images.pixels[part]
    assert np.array_equal(mean[0], mean[1]), "the mean is the same for all"
    assert not np.allclose(rows[3].images.pixels[part][0], mean[0], atol=0.05)


@pytest.mark.parametrize("card", [card for card in CARDS if not exhibits.can_repair(card)], ids=lambda card: card.id)
def test_a_card_that_was_not_trained_to_repair_says_so(card: ModelCard):
    with pytest.raises(PlaygroundError, match=f"{card.id} was not trained to fill in"):
        list(exhibits.repairing(card.id, exhibits.real_samples(card.dataset, 1, 0), "middle", 0))


@pytest.mark.slow
def test_a_map_of_large_pictures_stays_light(tiny: ModelCard, tmp_path: Path):
    paths = previews.write_more((tiny.id,), tmp_path / "previews")
    names = ["plane", "map", "bottleneck", "denoising", "repairing", "guesses"]
    assert [path.name for path in paths] == [f"{tiny.id}-{name}.png" for name in names]
    about, shown, fine = previews.map_files(tiny.id, tmp_path / "previews")
    assert about["count"] == previews.MAP_FINE_LARGE
    assert previews.read_png(shown).shape == (previews.MAP_SHOWN * 32, previews.MAP_SHOWN * 32, 3)
    found = previews.read_map(tiny.id, tmp_path / "previews")[0]
    assert found.pixels.shape == (previews.MAP_FINE_LARGE**2, 64, 64, 3)
    assert len(previews.read_rows(tiny.id, "repairing", tmp_path / "previews")[0]) == 4


@pytest.mark.parametrize("card", MAPPED, ids=lambda card: card.id)
def test_the_recorded_map_is_what_the_shipped_weights_paint(card: ModelCard):
    recorded, about = previews.read_map(card.id)
    centre, limit = tuple(about.get("centre", (0.0, 0.0))), about["limit"]
    assert about["weights"] == {name: entry["sha256"] for name, entry in weights.record(card.id)["files"].items()}
    assert np.allclose([*centre, limit], [*exhibits.window(card)[0], exhibits.window(card)[1]], atol=0.011)
    fresh = exhibits.plane(card.id, about["count"], centre, limit).uint8()
    assert np.abs(fresh.astype(int) - recorded.pixels).max() <= 2


@pytest.mark.parametrize("card", MAPPED, ids=lambda card: card.id)
def test_nearly_all_real_codes_lie_on_the_map(card: ModelCard):
    codes = exhibits.plane_codes(card)
    if codes is None:
        pytest.skip("the reference holds no codes of this card")
    centre, limit = exhibits.window(card)
    assert (np.abs(codes[0].astype(float) - centre).max(1) <= limit).mean() > 0.93


@pytest.mark.parametrize("card", [card for card in CARDS if card in previews.drawn()], ids=lambda card: card.id)
def test_the_recorded_exhibits_are_what_the_shipped_weights_give(card: ModelCard):
    for name, rows, settings in exhibits.recorded(card, previews.SEED):
        found, about = previews.read_rows(card.id, name)
        assert settings.items() <= about.items()
        for fresh, row in zip(rows, found, strict=True):
            assert fresh.name == row.name and np.abs(fresh.images.uint8().astype(int) - row.images.pixels).max() <= 2
            assert (fresh.error is None) == (row.error is None) and (row.error is None or row.error == pytest.approx(fresh.error, abs=2e-4))


def test_a_longer_code_is_cut_along_the_two_dimensions_that_say_most():
    from playground import run

    card = registry.get("vae-faces")
    axes = exhibits.cut(card)
    order = exhibits.kl_order(card)
    assert axes == (order[0][0], order[1][0]) and order[0][1] >= order[1][1] >= order[2][1]
    assert exhibits.cut(registry.get("vae-mnist")) is None, "its data set has a VAE whose whole code is a plane"
    corner = np.zeros((1, len(order)), dtype=np.float32)
    corner[0, list(axes)] = (-exhibits.LIMIT, exhibits.LIMIT)  # the top left
    assert np.abs(exhibits.plane(card.id, 3).pixels[0] - run.decode(card.id, Latents(corner)).pixels[0]).max() < 1e-4
    codes = run.encode(card.id, Images(faces.make(range(3)).pixels)).values
    assert np.array_equal(exhibits.placed(card, codes), codes[:, list(axes)])


def test_bare_places_are_those_without_a_code_near():
    codes = np.asarray([[0.75, 0.75], [-0.5, 0.1]])
    bare = exhibits.bare_places(codes + 5, (5.0, 5.0), 1.0, 8)
    assert not bare[1, 6] and not bare[1, 7], "up and to the right"
    assert bare[7].all() and bare[0, 0]


@pytest.mark.slow
def test_the_mean_picture_is_given_whatever_is_asked(tiny: ModelCard):
    from playground import run

    few = Images(faces.make(range(2)).pixels)
    found = run.reconstruct(tiny.id, few, variant="mean").pixels
    expected = faces.make(range(40)).pixels.astype(np.float32).mean(0) / 127.5 - 1
    assert np.array_equal(found[0], found[1]) and np.abs(found[0] - expected).max() < 2e-3

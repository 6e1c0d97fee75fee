"""A diffusion model that is told factors: what is told counts, what is hidden does not, in training and in drawing."""

from __future__ import annotations

import dataclasses
import functools
import math

import numpy as np
import pytest
import torch

from playground import data, registry
from playground.controls import Slider
from playground.data import faces
from playground.errors import PlaygroundError
from playground.sampling import latents
from playground.training.recipe import Batch
from tests.lazy import lazy

diffusion = lazy("playground.models.diffusion")
denoiser = lazy("playground.models.nets.denoiser")
emphasised = lazy("playground.models.nets.emphasis")

FACES = data.get("faces")


@functools.cache
def small_config():
    """The settings of the card, as small as its shapes allow."""
    return dataclasses.replace(diffusion.LARGE, channels=16, deep_channels=32, label_alone=0.4)


@pytest.fixture(scope="module")
def batch() -> Batch:
    """Four hundred faces' factors, with no picture to speak of."""
    known = faces.coded([faces.values_of(seed) for seed in range(400)])
    factors = {name: torch.from_numpy(value) for name, value in known.items()}
    return Batch(torch.zeros(400, 3, 64, 64), factors["hairstyle"], factors)


@pytest.fixture(scope="module")
def trainee() -> diffusion.DiffusionTrainee:
    """A small untrained one."""
    return diffusion.DiffusionTrainee(small_config(), "faces")


class Told(torch.nn.Module):
    """Stands for a Condition and remembers what it was told."""

    def forward(self, columns: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
        self.columns, self.told = columns, told
        return columns


def told_by(trainee: diffusion.DiffusionTrainee, batch: Batch, **config) -> Told:
    """What a trainee with that config tells the network of a batch."""
    spy = Told()
    known = diffusion.DiffusionTrainee(dataclasses.replace(small_config(), **config), "faces")
    known.modules["condition"] = spy
    known._told(batch, torch.Generator().manual_seed(0))
    return spy


def test_training_tells_the_factors_at_the_shares_of_its_config(trainee, batch):
    spy = told_by(trainee, batch)
    widths = [latents.column_count([factor]) for factor in FACES.factors]
    first = np.cumsum([0, *widths[:-1]])
    told = spy.told.numpy()[:, first] > 0  # one column for each factor
    for k, width in enumerate(widths):
        assert (spy.told.numpy()[:, first[k] : first[k] + width] == told[:, k : k + 1]).all(), "a factor is told whole or not at all"
    nothing = (~told).all(1)
    label = [factor.name for factor in FACES.factors].index(FACES.label_factor)
    alone = told[:, label] & (told.sum(1) == 1)
    assert 0.05 < nothing.mean() < 0.25 and 0.25 < alone.mean() < 0.55
    assert 0.15 < told[:, 0].mean() < 0.45, "the others are told in about half of what is left"
    assert (spy.columns.numpy() == latents.columns(FACES.factors, {n: v.numpy() for n, v in batch.factors.items()})).all()


def test_training_can_tell_nothing_or_the_label_alone(trainee, batch):
    assert not told_by(trainee, batch, unlabelled=1.0).told.any()
    spy = told_by(trainee, batch, unlabelled=0.0, label_alone=1.0)
    assert spy.told.sum(1).unique().tolist() == [len(FACES.labels) - 1]


def test_what_is_hidden_does_not_count(trainee):
    condition = trainee.modules["condition"]
    one, other = ({"age": np.full(2, age), "smile": np.full(2, 0.5)} for age in (20.0, 90.0))
    with torch.no_grad():
        columns, told = denoiser.wanted_columns(FACES.factors, {"smile": one["smile"]}, 2)
        hidden = [condition(denoiser.wanted_columns(FACES.factors, values, 2)[0], told) for values in (one, other)]
        shown = [condition(*denoiser.wanted_columns(FACES.factors, values, 2)) for values in (one, other)]
    assert torch.equal(*hidden) and not torch.allclose(*shown)
    assert columns.shape == told.shape == (2, latents.column_count(FACES.factors))


def test_what_is_told_is_seen_beside_the_picture_and_everywhere(trainee):
    unet, condition = trainee.modules["unet"], trainee.modules["condition"]
    x, t = torch.zeros(2, 3, 64, 64), torch.tensor([500, 500])
    with torch.no_grad():
        told = condition(*denoiser.wanted_columns(FACES.factors, {"glasses": np.array([1, 1])}, 2))
        size = 4 * small_config().channels
        assert told.shape == (2, size + 12 * 16 * 16)
        vector, sketch = told.clone(), told.clone()
        vector[0, :size], sketch[0, size:] = 0.0, 0.0
        for changed in (vector, sketch):
            one, other = denoiser.predict(unet, x, t, changed, small_config().patch)
            assert one.shape == (3, 64, 64) and not torch.allclose(one, other)


def test_nearly_pure_noise_counts_where_the_loss_is_even():
    """The loss over v's error, at times when nearly all is noise: about 1, and about SNR otherwise."""
    x = torch.zeros(4, 3, 64, 64)
    known = faces.coded([faces.values_of(seed) for seed in range(4)])
    factors = {name: torch.from_numpy(value) for name, value in known.items()}
    late = Batch(x, factors["hairstyle"], factors)
    for even, least, most in ((True, 0.99, 1.01), (False, 0.0, 0.02)):
        small = diffusion.DiffusionTrainee(dataclasses.replace(small_config(), even=even), "faces")
        small.alphas_cumprod = torch.full((1000,), 0.01)
        found = small.step(late, 0, torch.Generator().manual_seed(0), lambda name, loss: None)
        assert least <= float(found["loss"] / found["error"]) <= most


def test_training_times_lie_where_their_power_says():
    generator = torch.Generator().manual_seed(0)
    for power in (1.0, 2.0, 2.5):
        t = torch.cat([denoiser.training_times(32, power, generator) for _ in range(200)])
        assert 0 <= t.min() and t.max() <= 1
        for least in (0.1, 0.5, 0.9, 0.99):
            assert float((t > least).float().mean()) == pytest.approx((1 - least) ** (1 / power), abs=0.01)


def test_training_times_of_power_one_are_those_of_the_shipped_runs():
    first = denoiser.training_times(32, 1.0, torch.Generator().manual_seed(3))
    assert torch.equal(first, (torch.arange(32) + torch.rand(32, generator=torch.Generator().manual_seed(3))) / 32)


def test_an_error_counts_more_in_the_ellipse_of_the_data_set():
    weight = emphasised.focused((0.75, 0.5, 0.125, 0.25), 5.0, 64, 32)[0, 0]
    assert weight.shape == (64, 32) and float(weight.mean()) == pytest.approx(1)
    rim = float(weight[0, 0])
    assert float(weight.max()) == pytest.approx(5 * rim, rel=1e-3) and weight[47:50, 15:18].min() > 4.99 * rim, "in the middle"
    assert float(weight[48, 8]) == pytest.approx((1 + 4 / math.e) * rim, rel=1e-3), "on the rim, across"
    assert float(weight[40, 16]) == pytest.approx((1 + 4 / math.e) * rim, rel=1e-3), "on the rim, along"
    assert emphasised.focused((0.5, 0.5, 0.1, 0.1), 1.0, 8, 8).allclose(torch.ones(()))


def test_the_loss_counts_by_place_only_where_the_recipe_says_so(batch):
    few = Batch(batch.x[:8], batch.label[:8], {name: value[:8] for name, value in batch.factors.items()})
    found = {}
    for focus in (1.0, 6.0):
        learner = diffusion.DiffusionTrainee(dataclasses.replace(small_config(), focus=focus, min_snr=1e9), "faces")
        found[focus] = learner.step(few, 0, torch.Generator().manual_seed(0), lambda name, loss: None)
    assert found[1.0]["loss"] == found[1.0]["error"] and found[6.0]["loss"] == found[6.0]["error"]
    assert abs(float(found[6.0]["loss"] / found[1.0]["loss"]) - 1) > 1e-4, "another sum of the same errors"
    with pytest.raises(PlaygroundError, match="focus must be 1 for mnist"):
        diffusion.DiffusionTrainee(diffusion.Config(focus=6.0), "mnist")


def test_a_deeper_network_begins_with_what_the_shipped_one_says():
    deeper = diffusion.DiffusionTrainee(dataclasses.replace(diffusion.LARGE, layers_per_block=2), "faces")
    for name, state in deeper.earlier("diffusion-faces").items():
        deeper.modules[name].load_state_dict(state)
    shipped = registry.load("diffusion-faces")
    x, t = torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)), torch.tensor([900, 300])
    told, _ = shipped.told(np.array([1, 2]), {})
    with torch.no_grad():
        one, other = (denoiser.predict(unet.eval(), x, t, told, 4) for unet in (deeper.modules["unet"], shipped.unet))
    assert torch.allclose(one, other, atol=1e-4)
    assert sum(p.numel() for p in deeper.modules["unet"].parameters()) > 1.3 * sum(p.numel() for p in shipped.unet.parameters())


@pytest.mark.slow
def test_a_sketch_becomes_the_mean_of_the_faces_that_are_as_told():
    learner = diffusion.DiffusionTrainee(dataclasses.replace(small_config(), unlabelled=0.0, label_alone=1.0), "faces")
    known = faces.coded([faces.values_of(seed) | {"hairstyle": FACES.labels[seed % 2 + 1]} for seed in range(32)])
    x = torch.where(torch.arange(32) % 2 == 0, 0.8, -0.8).view(-1, 1, 1, 1).expand(-1, 3, 64, 64).contiguous()  # one style bright, one dark
    batch = Batch(x, torch.from_numpy(known["hairstyle"]), {name: torch.from_numpy(value) for name, value in known.items()})
    optimizer = learner.optimizers["unet"]

    def update(name, loss):
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    found = [learner.step(batch, i, torch.Generator().manual_seed(i), update) for i in range(25)]
    assert float(found[0]["sketch"]) == pytest.approx(0.64, abs=0.05), "grey at first"
    assert float(found[-1]["sketch"]) < 0.05
    model = diffusion.FactorDiffusionModel.__new__(diffusion.FactorDiffusionModel)
    model.factors, model.label_factor, model.patch = FACES.factors, FACES.label_factor, small_config().patch
    model.unet, model.condition = learner.modules["unet"], learner.modules["condition"]
    with torch.no_grad():
        bright, dark = (model.sketch(label=np.array([k])) for k in (1, 2))
        assert np.array_equal(model.sketch(label=np.array([1]), age=None).pixels, bright.pixels), "what is open is not told"
        assert not np.array_equal(model.sketch(label=np.array([1]), age=90.0).pixels, bright.pixels)
    assert bright.pixels.shape == (1, 64, 64, 3) and bright.float32().mean() > 0.4 and dark.float32().mean() < -0.4


def test_a_loaded_model_tells_what_is_wanted_and_guides_away_from_nothing(trainee):
    model = diffusion.DiffusionModel.__new__(diffusion.DiffusionModel)
    model.factors, model.label_factor, model.condition = FACES.factors, FACES.label_factor, Told()
    model.unet, model.classes = trainee.modules["unet"], len(FACES.labels)
    told = []
    model.condition.register_forward_hook(lambda module, given, _: told.append([part.numpy() for part in given]))
    model.told(np.array([2, 5]), {"age": 90.0, "glasses": "square"})
    (columns, known), (_, nothing) = told
    assert not nothing.any()
    at = 0
    for factor in FACES.factors:
        width = latents.column_count([factor])
        part, is_known = columns[:, at : at + width], known[:, at : at + width]
        assert is_known.all() == (factor.name in ("age", "glasses", FACES.label_factor)) == is_known.any()
        if factor.name == "age":
            assert isinstance(factor, Slider) and (part == 1.0).all(), "the oldest there is"
        if factor.name == "glasses":
            assert part.tolist() == [[0.0, 1.0]] * 2
        if factor.name == FACES.label_factor:
            assert part.argmax(1).tolist() == [1, 4], "the first choice has no column"
        at += width


def test_one_recipe_serves_small_and_large_pictures():
    card = registry.get("diffusion-mnist")
    small, large = diffusion.recipe(card), diffusion.recipe(dataclasses.replace(card, dataset="faces"))
    assert small.config == diffusion.Config() and large.config == diffusion.LARGE
    assert set(small.make().modules) == {"unet"} and set(large.make().modules) == {"unet", "condition"}

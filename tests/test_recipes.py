"""Every picture recipe takes a step on every data set whose pictures its network fits, with every draw from the step's generator."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from playground import data, registry
from playground.data import faces
from playground.training.recipe import Batch
from playground.types import Images

SMALL = {
    "channels": 16,
    "deep": 16,
    "deep_channels": 32,
    "deepest": 16,
    "features": 8,
    "batch_size": 4,
    "vae_channels": 8,
    "words": 16,
    "pool": 4,
}
OWN = [card.id for card in registry.cards() if card.recipe and card.kind == "image"]
CROSS = ["autoencoder-mnist", "vae-mnist", "gan-mnist", "diffusion-mnist"]  # the others' networks fit one size


def some(dataset: str) -> Images:
    """Sixteen samples of a data set, made without its files."""
    if data.get(dataset).factors:
        return faces.make(range(16))
    rng = np.random.default_rng(0)
    return Images(rng.integers(0, 256, (16, *data.get(dataset).shape), dtype=np.uint8), np.arange(16) % 4)


def batch_of(found: Images) -> Batch:
    """Samples as the loop hands them to a trainee."""
    x = torch.from_numpy(found.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    factors = {name: torch.from_numpy(value) for name, value in (found.factors or {}).items()}
    return Batch(x, torch.from_numpy(found.labels), factors, found.captions or ())


@pytest.mark.slow
@pytest.mark.parametrize(("card_id", "dataset"), [*((i, registry.get(i).dataset) for i in OWN), *((i, "faces") for i in CROSS)])
def test_a_recipe_takes_a_step(card_id: str, dataset: str, monkeypatch):
    samples = some(dataset)
    monkeypatch.setattr(data, "load", lambda name, split: samples)
    card = dataclasses.replace(registry.get(card_id), dataset=dataset)
    make = registry.resolve(card.recipe)
    whole = make(card)
    config = whole.config
    divides = not data.get(dataset).shape[0] % 8
    small = {name: value for name, value in SMALL.items() if hasattr(config, name) and (name != "deepest" or divides)}
    recipe = make(card, dataclasses.replace(config, **small))
    losses = []
    for _ in range(2):
        trainee, taken = recipe.make(), []

        def update(name: str, loss: torch.Tensor, trainee=trainee, taken=taken) -> None:
            trainee.optimizers[name].zero_grad()
            loss.backward()
            trainee.optimizers[name].step()
            taken.append(name)

        found: dict[str, float | torch.Tensor] = {}
        for first in sorted({first for first, _ in recipe.spans.values()} or {0}):  # a step of every stage
            found |= trainee.step(batch_of(samples), first, torch.Generator().manual_seed(1), update)
        assert set(taken) == set(trainee.optimizers)
        losses.append({name: float(value) for name, value in found.items()})
        picture = trainee.preview(trainee.modules)
        assert picture is None or picture.pixels.shape[1:] == data.get(dataset).shape
    assert losses[0].keys() == losses[1].keys() and all(np.isfinite(list(losses[0].values())))
    if not any(isinstance(m, torch.nn.Dropout) for module in trainee.modules.values() for m in module.modules()):
        assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_a_vae_s_code_learns_to_be_read_when_it_is_asked_to(monkeypatch):
    from playground.models import vae

    samples = some("faces")
    monkeypatch.setattr(data, "load", lambda name, split: samples)
    config = dataclasses.replace(vae.LARGE, channels=16, deep=16, deepest=16, learning_rate=5e-3)
    errors = {}
    for known in (0.0, 500.0):
        trainee = vae.VAETrainee(dataclasses.replace(config, known=known), "faces")

        def update(name: str, loss: torch.Tensor, trainee=trainee) -> None:
            trainee.optimizers[name].zero_grad()
            loss.backward()
            trainee.optimizers[name].step()

        batch, generator = batch_of(samples), torch.Generator().manual_seed(1)
        errors[known] = [float(trainee.step(batch, i, generator, update)["read"]) for i in range(25)]
    assert errors[0.0][-1] == pytest.approx(errors[0.0][0], rel=1e-3), "nothing is asked of the code, so nothing is read"
    assert errors[500.0][-1] < 0.9 * errors[500.0][0]

"""The recorded GAN that collapsed: its pictures are near copies of each other, its settings are the recipe's, and the loss of 2014 is what it says."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from playground import registry, stories
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.training.recipe import Batch
from playground.training.settings import with_settings
from tabs import gan as tab
from tests.lazy import lazy

gan = lazy("playground.models.gan")

CARD = registry.get("gan-mnist")


def test_two_pictures_of_one_digit_are_nearer_to_each_other_than_in_the_shipped_run():
    told, (broken, about) = stories.read(CARD.id), stories.failed("gan-mnist-collapsed")
    assert len(told.steps) == len(broken.steps) and broken.steps[-1] == about["steps"]
    assert stories.alike(broken, 10)[-1] < 0.55 * stories.alike(told, 10)[-1]
    shown = tab._collapse(CARD)
    share = round(100 * stories.alike(broken, 10)[-1] / stories.alike(told, 10)[-1])
    assert f"are {share} % as far apart" in shown and about["command"] in shown


def test_the_recorded_settings_are_the_recipe_s_with_the_command_s_changes():
    _, about = stories.failed("gan-mnist-collapsed")
    words = about["command"].split()
    changes = [words[k + 1] for k, word in enumerate(words) if word == "--set"]
    config = with_settings(CARD, registry.resolve(CARD.recipe)(CARD), changes).config
    assert dataclasses.asdict(config) == about["config"]


def test_a_run_that_was_never_recorded_is_one_sentence_and_shows_nothing():
    with pytest.raises(WeightsUnavailable, match="no readable training story"):
        stories.failed("nonesuch")
    assert tab._collapse(registry.get("gan-faces")) == ""


@pytest.mark.parametrize("critic_steps", [1, 3])
def test_the_critic_learns_as_often_as_it_is_told_and_is_not_held_without_a_penalty(critic_steps: int):
    config = gan.Config(channels=4, deep=8, z_size=4, loss="2014", penalty_first=0.0, critic_steps=critic_steps)
    trainee = gan.GANTrainee(config, "mnist")
    batch = Batch(torch.rand(4, 1, 28, 28) * 2 - 1, torch.arange(4))
    updates: list[str] = []
    logged = trainee.step(batch, 0, torch.Generator().manual_seed(0), lambda name, loss: updates.append(name))
    assert updates == ["critic"] * critic_steps + ["generator"]
    with torch.no_grad():
        z = torch.randn(critic_steps + 1, 4, 4, generator=torch.Generator().manual_seed(0))
        score = trainee.modules["critic"](trainee.modules["generator"](z[-1], batch.label), batch.label)
    assert float(logged["generator_loss"]) == pytest.approx(float(torch.log1p(torch.exp(-score)).mean()), rel=1e-4), "-log D(G(z))"
    assert not batch.x.requires_grad


def test_an_unknown_loss_is_refused_before_anything_is_trained():
    with pytest.raises(PlaygroundError, match="loss must be one of pairs, 2014; got 'hinge'"):
        gan.recipe(CARD, gan.Config(loss="hinge"))
    assert gan.recipe(registry.get("gan-faces")).config.loss == "pairs"

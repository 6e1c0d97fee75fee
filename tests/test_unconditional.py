"""Diffusion models of the Hub that are asked for nothing: parity with the library's pipelines, both layouts, the same seed the same picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from playground import hub, registry, run
from playground.cards import hub as cards
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.sampling.noise import generators
from playground.types import ModelCard
from tests import hub_layout

CARDS = (cards.DDPM_MNIST, cards.DDPM_CIFAR10)


@pytest.fixture(params=CARDS, ids=lambda card: card.id)
def card(request, tmp_path: Path, monkeypatch) -> ModelCard:
    """Each card, its tiny repository in the cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    registry.unload()
    hub_layout.lay_out(request.param, tmp_path / "cache")
    yield request.param
    registry.unload()


@pytest.mark.parametrize("scheduler", ["DDIM", "DDPM"])
def test_it_draws_what_a_bare_pipeline_draws(card: ModelCard, scheduler: str):
    import diffusers

    kind, pipeline = getattr(diffusers, f"{scheduler}Scheduler"), getattr(diffusers, f"{scheduler}Pipeline")
    drawn = run.sample(card.id, 2, 3, scheduler=scheduler, num_inference_steps=5)
    bare = diffusers.DDPMPipeline.from_pretrained(hub.folder(card))
    bare = pipeline(bare.unet, kind.from_config(bare.scheduler.config))
    bare.set_progress_bar_config(disable=True)
    expected = bare(batch_size=2, num_inference_steps=5, generator=generators(3, 0, 2), output_type="np").images
    assert drawn.samples.pixels.shape == (2, *card.hub.shape) and drawn.nfe == 5
    np.testing.assert_allclose(drawn.samples.float32() / 2 + 0.5, expected.reshape(drawn.samples.pixels.shape), atol=2e-3)


def test_every_step_is_seen_and_any_n_gives_the_same(card: ModelCard):
    steps = [found.step for found in run.stream(card.id, 9, 5, views=card.views, num_inference_steps=2)]
    assert steps[-1].i == 2 and all(set(step.views) == {"x_t", "x_0"} for step in steps[:-1])
    one = run.sample(card.id, 1, 5, num_inference_steps=2)
    assert np.abs(steps[-1].samples.uint8()[:1].astype(int) - one.samples.uint8()).max() <= 2


def test_the_public_may_use_it(card: ModelCard, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert hub.is_offered(card) and run.sample(card.id, 1, 0, num_inference_steps=1).done
    with pytest.raises(PlaygroundError, match=f"n must be a whole number in \\[1, {card.hub.visitor_n}\\]"):
        run.check(card.id, card.hub.visitor_n + 1, 0, limit=run.visitor_n(card.id))


def test_without_its_weights_it_is_one_sentence(card: ModelCard):
    next(hub.folder(card).rglob("*.safetensors")).unlink()
    with pytest.raises(WeightsUnavailable, match=f"The files of {card.hub.repo_id} could not be read") as caught:
        run.sample(card.id, 1, 0)
    assert not hub_layout.mark(hub.folder(card)).exists() and "/tmp" not in str(caught.value), "the pickle beside it stays closed"

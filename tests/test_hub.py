"""Models of the Hugging Face Hub: nothing but safetensors, nothing unasked, one sentence when it cannot be, and nothing of it in public."""

from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from playground import device, download, hub, registry, run
from playground.cards import hub as cards
from playground.controls import Prompt
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.sampling.noise import generators
from playground.types import HubRepo, ModelCard
from tests import hub_layout

CARDS = cards.STABLE
SIZES = ("square", "tall", "wide", "small")
PROMPTS = ("a red fox", "a teapot of glass")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    """An empty cache of the Hub in place of the person's own, and the cards with tiny needs."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setattr(cards, "CARDS", tuple(map(hub_layout.tiny, cards.CARDS)))
    monkeypatch.setenv("PLAYGROUND_DTYPE", "float32")  # pictures are compared to the last bit
    registry.unload()
    yield tmp_path / "cache"
    registry.unload()


@pytest.fixture(params=CARDS, ids=lambda card: card.id)
def card(request, cache: Path) -> ModelCard:
    """Each card of the Hub, its tiny repository in the cache."""
    hub_layout.lay_out(request.param, cache)
    return registry.get(request.param.id)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_card_says_what_a_person_wants_to_know_before(card: ModelCard):
    assert card.source == "hub" and card.hub.size_bytes > 1e9 and card.hub.memory_bytes > card.hub.size_bytes
    assert card.hub.repo_id.count("/") == 1 and card.hub.licence_url.startswith("https://") and card.licence != "Apache-2.0"
    assert not card.recipe and card not in registry.shipped() and card in registry.cards()
    assert "given" not in {control.name for control in card.controls}, "no photograph goes in"


def test_a_card_cannot_name_a_file_that_could_run_code():
    for name in ("unet/model.bin", "model.ckpt", "*.pt", "*", "pipeline.py"):
        with pytest.raises(ValueError, match="only safetensors, JSON and text"):
            HubRepo("a/b", ("model_index.json", name), "https://x", 1, 1, (1, 1), (8, 8, 3))


@pytest.mark.slow
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("scheduler", ["DDIM", "DPM-Solver++"])
def test_it_draws_what_a_bare_call_of_diffusers_draws(card: ModelCard, scheduler: str, guidance: float):
    import diffusers

    asked = {"guidance_scale": guidance, "decoder": "full"}
    asked = {name: value for name, value in asked.items() if name in {control.name for control in card.controls}}
    if "guidance_scale" not in asked and guidance != 1:
        pytest.skip(f"{card.id} knows no guidance")
    *_, last = run.stream(card.id, 2, 3, prompt=PROMPTS, scheduler=scheduler, num_inference_steps=3, **asked)
    bare = diffusers.StableDiffusionPipeline.from_pretrained(
        hub.folder(card), variant=card.hub.variant, dtype=torch.float32, safety_checker=None
    )
    bare.set_progress_bar_config(disable=True)
    cls = {"DDIM": diffusers.DDIMScheduler, "DPM-Solver++": diffusers.DPMSolverMultistepScheduler}[scheduler]
    clipping = {"clip_sample": False} if scheduler == "DDIM" else {}
    ends = {} if card.id == cards.STABLE_DIFFUSION_1_5.id or scheduler != "DDIM" else {"set_alpha_to_one": True}
    bare.scheduler = cls.from_config(bare.scheduler.config, timestep_spacing="trailing", **clipping, **ends)
    called = bare(list(PROMPTS), num_inference_steps=3, guidance_scale=guidance, generator=generators(3, 0, 2), output_type="np").images
    assert last.samples.pixels.shape == (2, hub_layout.SIDE, hub_layout.SIDE, 3) and last.nfe == (3 if guidance == 1 else 6)
    np.testing.assert_allclose(last.samples.float32() / 2 + 0.5, called, atol=2e-3)


def test_no_pickle_beside_the_weights_is_ever_opened(card: ModelCard, monkeypatch):
    for name in ("torch.load", "pickle.Unpickler", "pickle.load", "pickle.loads"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("a pickle was opened"))
    folder = hub.folder(card)
    assert len(list(folder.rglob("*.bin"))) >= 3
    assert run.sample(card.id, 1, 0, num_inference_steps=1).done
    registry.unload()
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    assert hub.folder(card) is None
    with pytest.raises(WeightsUnavailable, match="is not on this machine"):
        run.sample(card.id, 1, 0)
    assert not hub_layout.mark(folder).exists()


def test_a_poisoned_file_would_have_been_seen(card: ModelCard):
    folder = hub.folder(card)
    pickle.loads(next(folder.rglob("*.bin")).read_bytes())
    assert hub_layout.mark(folder).exists()


def test_the_tiny_decoder_paints_the_guesses_and_if_asked_the_last_step(card: ModelCard):
    import diffusers

    from playground.models import stable_diffusion

    asked = {"views": ("x_0",), "num_inference_steps": 2}
    full, tiny = (
        run.sample(card.id, 1, 0, decoder=name, **asked) if "decoder" in {c.name for c in card.controls} else None
        for name in ("full", "tiny")
    )
    model = registry.load(card.id) if full else None
    if full is None:
        assert isinstance(stable_diffusion.load(card).tiny, diffusers.AutoencoderTiny), "its own decoder is the tiny one"
        return
    assert isinstance(model.tiny, diffusers.AutoencoderTiny) and not isinstance(model.pipeline.vae, diffusers.AutoencoderTiny)
    assert np.abs(full.samples.float32() - tiny.samples.float32()).max() > 0.05
    np.testing.assert_array_equal(full.step.views["x_0"].pixels, tiny.step.views["x_0"].pixels)
    assert np.abs(full.step.views["x_0"].float32() - tiny.samples.float32()).max() < 1.0, "of the same code"


@pytest.mark.parametrize("size", SIZES)
def test_another_size_is_what_a_bare_call_of_that_height_and_width_draws(card: ModelCard, size: str):
    import diffusers

    from playground.models import stable_diffusion

    assert tuple(stable_diffusion.SIZES) == SIZES
    height, width = (int(hub_layout.SIDE * part) for part in stable_diffusion.SIZES[size])
    given = {"decoder": "full"} if "decoder" in {control.name for control in card.controls} else {}
    *_, last = run.stream(
        card.id, 1, 3, prompt=PROMPTS[0], size=size, scheduler="DPM-Solver++", num_inference_steps=2, views=("x_t", "x_0"), **given
    )
    assert last.samples.pixels.shape == (1, height, width, 3) and last.step.views["x_t"].pixels.shape == (1, height, width, 3)
    bare = diffusers.StableDiffusionPipeline.from_pretrained(
        hub.folder(card), variant=card.hub.variant, dtype=torch.float32, safety_checker=None
    )
    bare.set_progress_bar_config(disable=True)
    bare.scheduler = diffusers.DPMSolverMultistepScheduler.from_config(bare.scheduler.config, timestep_spacing="trailing")
    guidance = next((control.default for control in card.controls if control.name == "guidance_scale"), 1.0)
    called = bare(
        PROMPTS[0],
        height=height,
        width=width,
        num_inference_steps=2,
        guidance_scale=guidance,
        generator=generators(3, 0, 1),
        output_type="np",
    )
    np.testing.assert_allclose(last.samples.float32() / 2 + 0.5, called.images, atol=2e-3)


def test_half_precision_draws_nearly_the_same_where_it_is_asked_for(card: ModelCard, monkeypatch):
    whole = run.sample(card.id, 1, 0, num_inference_steps=2).samples.float32()
    registry.unload()
    monkeypatch.setenv("PLAYGROUND_DTYPE", "bfloat16")
    half = run.sample(card.id, 1, 0, num_inference_steps=2).samples.float32()
    assert registry.load(card.id).pipeline.unet.dtype == torch.bfloat16 and 0 < np.abs(half - whole).mean() < 0.05
    monkeypatch.setenv("PLAYGROUND_DTYPE", "float8")
    with pytest.raises(PlaygroundError, match="PLAYGROUND_DTYPE must be one of float32, bfloat16, float16, got 'float8'"):
        device.half_dtype()


def test_steps_on_the_way_are_shown_by_a_line_and_the_last_by_the_decoder(card: ModelCard):
    steps = [found.step for found in run.stream(card.id, 1, 0, views=card.views, num_inference_steps=3)]
    assert [step.i for step in steps] == [1, 2, 3]
    for step in steps:
        for images in (step.samples, *step.views.values()):
            assert images.pixels.shape == (1, hub_layout.SIDE, hub_layout.SIDE, 3) and np.abs(images.pixels).max() <= 1
    places = steps[0].samples.pixels.reshape(1, 16, 2, 16, 2, 3)
    assert np.ptp(places, axis=(2, 4)).max() == 0, "one colour for each place of the code"
    assert np.ptp(steps[-1].samples.pixels.reshape(1, 16, 2, 16, 2, 3), axis=(2, 4)).max() > 0


def test_same_seed_gives_the_same_picture_at_any_n(card: ModelCard):
    many, one = run.sample(card.id, 2, 5, num_inference_steps=2), run.sample(card.id, 1, 5, num_inference_steps=2)
    assert np.abs(many.samples.pixels[:1] - one.samples.pixels).max() <= 2 / 127.5


@pytest.mark.parametrize("card", [card for card in CARDS if card.id != "sdxs-512"], ids=lambda card: card.id)  # its shape is not known here
def test_the_size_that_is_said_is_that_of_the_weights(card: ModelCard):
    from tests import hub_parts

    parameters = sum(weight.numel() for part in hub_parts.real_parts(card) for weight in part.parameters())
    assert abs(2 * parameters / card.hub.size_bytes - 1) < 0.01, "two bytes a parameter"
    assert 4 * parameters < card.hub.memory_bytes < 7 * parameters


@pytest.mark.slow
def test_in_its_real_depth_it_is_loaded_and_draws(cache: Path):
    """Every level and layer of Stable Diffusion 1.5, narrow."""
    card = registry.get(cards.STABLE_DIFFUSION_1_5.id)
    hub_layout.lay_out(card, cache, "deep")
    found = run.sample(card.id, 1, 0, num_inference_steps=1, guidance_scale=1.0)
    assert found.samples.pixels.shape == (1, 256, 256, 3) and np.isfinite(found.samples.pixels).all()


@pytest.mark.nightly
def test_in_its_real_shape_it_is_loaded_and_draws(cache: Path):
    """Every layer of Stable Diffusion 1.5 at its real size, random weights; on a quarter of the picture, which only costs less."""
    card = registry.get(cards.STABLE_DIFFUSION_1_5.id)
    free, disk = device.free_bytes(), shutil.disk_usage(cache.parent).free
    if free is None or free < 7e9 or disk < 3e9:
        pytest.skip(f"it takes 7 GB of memory and 3 GB of disk; free are {(free or 0) / 1e9:.1f} and {disk / 1e9:.1f}")
    try:
        snapshot = hub_layout.lay_out(card, cache, "whole")
        path = snapshot / "unet" / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "sample_size": 32}))
        found = run.sample(card.id, 1, 0, num_inference_steps=1, guidance_scale=1.0)
        assert found.samples.pixels.shape == (1, 256, 256, 3) and np.isfinite(found.samples.pixels).all()
        assert registry.load(card.id).size_bytes == pytest.approx(2 * cards.STABLE_DIFFUSION_1_5.hub.size_bytes, rel=0.02)
    finally:
        registry.unload()
        shutil.rmtree(cache, ignore_errors=True)


@pytest.mark.parametrize("wrong", ["torn", "another shape", "no JSON"])
def test_a_damaged_repository_is_one_sentence(card: ModelCard, wrong: str):
    unet, other = (next((hub.folder(card) / part).glob("*.safetensors")) for part in ("unet", "vae"))
    path = unet.with_name("config.json") if wrong == "no JSON" else unet
    path.write_bytes({"torn": path.read_bytes()[:5000], "another shape": other.read_bytes(), "no JSON": b"{"}[wrong])
    with pytest.raises(WeightsUnavailable, match=f"The files of {card.hub.repo_id} could not be read") as caught:
        run.sample(card.id, 1, 0)
    assert "\n" not in str(caught.value) and "/tmp" not in str(caught.value)
    assert run.sample("gan-mnist", 1, 0).done


@pytest.mark.parametrize("card_id", [card.id for card in CARDS])
def test_offline_it_is_one_sentence_and_nothing_is_loaded(cache: Path, card_id: str):
    card = registry.get(card_id)
    for refused in (lambda: run.stream(card_id, 1, 0), lambda: next(download.fetch(card)), lambda: hub.require(card)):
        with pytest.raises(
            WeightsUnavailable, match=r"is not on this machine and the Hub may not be asked \(--offline or HF_HUB_OFFLINE\)"
        ) as e:
            refused()
        assert card.hub.repo_id in str(e.value) and "\n" not in str(e.value) and len(str(e.value)) < 300
    assert registry.loaded() == () and not cache.exists()


@pytest.mark.parametrize("public", ["SPACE_ID", "PLAYGROUND_PUBLIC"])
def test_in_public_no_door_opens(card: ModelCard, monkeypatch, public: str):
    monkeypatch.setenv(public, "someone/space")
    for refused in (lambda: run.stream(card.id, 1, 0), lambda: run.check(card.id, 1, 0), lambda: next(download.fetch(card))):
        with pytest.raises(PlaygroundError, match=f"{card.id} is not offered on a public page"):
            refused()
    assert all(map(hub.is_offered, registry.shipped())) and not hub.is_offered(card)
    assert run.sample("gan-mnist", 1, 0).done


def test_too_little_memory_is_said_after_other_models_left(card: ModelCard, monkeypatch):
    run.sample("gan-mnist", 1, 0)
    monkeypatch.setattr(device, "free_bytes", lambda: 500_000)
    with pytest.raises(
        PlaygroundError, match=f"{card.title} needs about 0.0 GB of memory, 0.0 GB are free: close other programs, or choose "
    ):
        run.sample(card.id, 1, 0)
    assert registry.loaded() == ()
    monkeypatch.setattr(device, "free_bytes", lambda: None)
    assert run.sample(card.id, 1, 0, num_inference_steps=1).done
    assert device.free_bytes() is None or device.free_bytes() >= 0


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_visitor_may_ask_for_a_few_only(card: ModelCard):
    assert run.visitor_n(card.id) == card.hub.visitor_n < run.VISITOR_N == run.visitor_n("gan-mnist")


def test_presets_hold_no_capital_and_so_no_name():
    for card in CARDS:
        for control in card.controls:
            if isinstance(control, Prompt):
                assert all(text == text.lower() and " by " not in text for text in (control.default, *control.presets))


def test_a_shipped_model_s_noise_is_the_one_that_it_was_trained_on():
    from playground.models import stable_diffusion

    model = stable_diffusion.load(registry.get("stable-diffusion-faces"))
    plain = stable_diffusion.loop.make_scheduler("DPM-Solver++").config
    said = stable_diffusion.loop.make_scheduler("DPM-Solver++", **model.noise).config
    assert {key: value for key, value in said.items() if key not in ("steps_offset", "_use_default_values")} == {
        key: value for key, value in plain.items() if key not in ("steps_offset", "_use_default_values")
    }

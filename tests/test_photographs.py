"""Photographs through an autoencoder: the Hub's classes at tiny size, parity with a bare call, what is lost, and the way between two."""

from __future__ import annotations

import json
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch

from playground import data, hub, previews, registry, repaint, run
from playground.cards import hub_vae
from playground.data import photographs
from playground.errors import ControlError, PlaygroundError, WeightsUnavailable
from playground.types import Images, Latents, ModelCard
from tabs import photographs as panel
from tests import hub_layout

SHIPPED = "vae-faces"
CLASSES = {hub_vae.SD_VAE.id: "AutoencoderKL", hub_vae.TAESD.id: "AutoencoderTiny"}


def flower() -> np.ndarray:
    """The first of the photographs that come with the page."""
    return list(photographs.examples().values())[0]


def roof() -> np.ndarray:
    """The second."""
    return list(photographs.examples().values())[1]


@pytest.fixture(params=hub_vae.CARDS, ids=lambda card: card.id)
def card(request, tmp_path: Path, monkeypatch) -> ModelCard:
    """Each autoencoder of the Hub, its tiny repository in the cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    registry.unload()
    hub_layout.lay_out(request.param, tmp_path / "cache")
    yield request.param
    registry.unload()


def test_a_photograph_comes_back_as_a_bare_call_of_diffusers_gives_it(card: ModelCard):
    import diffusers

    found = repaint.repaint(card.id, flower(), "128")
    bare = getattr(diffusers, CLASSES[card.id]).from_pretrained(hub.folder(card)).eval()
    x = torch.from_numpy(found.seen.float32()).permute(0, 3, 1, 2)
    with torch.no_grad():
        encoded = bare.encode(x)
        back = bare.decode(encoded.latents if card.id == "taesd" else encoded.latent_dist.mode()).sample.clamp(-1, 1)
    expected = (back.permute(0, 2, 3, 1).numpy() + 1) * 127.5
    assert found.seen.pixels.shape == found.back.pixels.shape == (1, 128, 128, 3)
    assert np.abs(found.back.pixels - expected).max() <= 1


def test_what_is_lost_is_measured(card: ModelCard):
    found = repaint.repaint(card.id, flower(), "128")
    apart = found.back.pixels.astype(float) - found.seen.pixels
    assert found.error == pytest.approx(np.abs(apart).mean()) and found.psnr == pytest.approx(
        10 * np.log10(255**2 / np.square(apart).mean())
    )
    shown = found.difference.pixels.astype(float)
    inside = (shown > 0) & (shown < 255)
    assert np.allclose(shown[inside], (128 + found.amplified * apart)[inside])


def test_the_code_is_a_map_whose_channels_are_pictures(card: ModelCard):
    code = run.encode(card.id, photographs.square(flower(), 128))
    channels = repaint.channels(code)
    assert code.shape == (4, 64, 64) and code.values.shape == (1, 4 * 64 * 64), "the tiny one halves each side"
    assert channels.pixels.shape == (4, 64, 64, 1) and channels.pixels.min() == 0 and channels.pixels.max() == 255
    assert repaint.repaint(card.id, flower(), "128").ratio == 128 * 128 * 3 / (4 * 64 * 64)
    constant = repaint.channels(Latents(np.ones((1, 8), np.float32), shape=(2, 2, 2)))
    assert constant.pixels.max() == 0, "a channel that says nothing is black"


def test_the_way_begins_and_ends_with_the_two_and_the_middle_is_between_their_codes(card: ModelCard):
    frames = list(repaint.between(card.id, flower(), roof(), "128", frames=3))
    for frame, picture in ((frames[0], flower()), (frames[-1], roof())):
        assert np.abs(frame.pixels.astype(int) - repaint.repaint(card.id, picture, "128").back.pixels).max() <= 1
    ends = [run.encode(card.id, photographs.square(picture, 128)) for picture in (flower(), roof())]
    middle = run.decode(card.id, Latents((ends[0].values + ends[1].values) / 2, shape=ends[0].shape)).uint8()
    assert np.abs(frames[1].pixels.astype(int) - middle).max() <= 1


def test_many_pictures_are_given_to_it_one_a_turn(card: ModelCard):
    two = Images(np.concatenate([photographs.square(picture, 64).pixels for picture in (flower(), roof())]))
    codes = run.encode(card.id, two)
    assert codes.shape == (4, 32, 32) and np.allclose(codes.values[1:], run.encode(card.id, Images(two.pixels[1:])).values, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 60, 64, 3), (1, 64, 1024, 3), (1, 64, 64, 1), (1, 32, 32, 3), (64, 64, 3)])
def test_a_picture_that_it_does_not_take_costs_nothing(card: ModelCard, shape: tuple[int, ...]):
    with pytest.raises(PlaygroundError, match="h and w multiples of 8 in"):
        run.encode(card.id, Images(np.zeros(shape, np.uint8)))
    assert card.id not in registry.loaded()


def test_a_small_difference_is_enlarged_and_a_large_one_is_not():
    assert (repaint._times(3.0), repaint._times(70.0)) == (repaint.AMPLIFIED, 1)


def test_another_class_in_its_repository_is_one_sentence(card: ModelCard):
    path = hub.folder(card) / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_class_name": "VQModel"}))
    with pytest.raises(WeightsUnavailable, match=f"{card.hub.repo_id} must hold one of AutoencoderKL, AutoencoderTiny, not VQModel"):
        repaint.repaint(card.id, flower(), "128")


def test_it_is_not_offered_in_public(card: ModelCard, monkeypatch):
    monkeypatch.setenv("SPACE_ID", "someone/space")
    with pytest.raises(PlaygroundError, match="not offered on a public page"):
        repaint.repaint(card.id, flower(), "128")


def test_a_shipped_one_answers_with_what_it_knows_at_its_own_size():
    found = repaint.repaint(SHIPPED, flower(), "512")
    assert found.seen.pixels.shape == (1, *data.get("faces").shape) and found.channels is None
    assert found.error > 20 and found.amplified == 1, "it knows faces, not flowers"
    face = data.again("faces", [5]).pixels[0]
    assert repaint.repaint(SHIPPED, face).psnr > found.psnr + 5


def test_what_is_recorded_for_the_first_paint_is_what_the_model_makes():
    ((name, rows, settings),) = repaint.recorded(registry.get(SHIPPED), 7)
    kept, about = previews.read_rows(SHIPPED, name)
    for fresh, was in zip(rows, kept, strict=True):
        limit = 2 * repaint.AMPLIFIED if fresh.name == "difference" else 2
        assert np.abs(fresh.images.uint8().astype(int) - was.images.uint8()).max() <= limit
    found = repaint.restored(kept, about)
    assert found.error == pytest.approx(settings["error"], abs=0.1) and found.psnr == pytest.approx(settings["psnr"], abs=0.1)


@pytest.mark.parametrize("picture", [np.zeros((1, 1, 3), np.uint8), np.zeros((8, 8, 3)), np.zeros(5, np.uint8)])
def test_what_is_no_picture_is_refused(picture: np.ndarray):
    with pytest.raises(ControlError, match="A picture of at least 2 x 2 points"):
        repaint.repaint(SHIPPED, picture)


def test_a_size_that_is_not_offered_is_refused(card: ModelCard):
    with pytest.raises(ControlError, match="size must be one of 128, 256, 512"):
        repaint.repaint(card.id, flower(), "4096")


def test_the_panel_repaints_walks_and_asks_for_a_picture_of_ones_own(card: ModelCard):
    with gr.Blocks() as demo:
        panel.build([registry.get(SHIPPED), *hub_vae.CARDS], "vae")
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    names = list(photographs.EXAMPLES.values())
    shown = handlers["repainted"](card.id, names[0], "128", None)
    assert "PSNR" in shown and "channels" in shown and "3 to 1" in shown
    *_, last = handlers["walked"](card.id, names[0], panel.OWN, "128", flower())
    assert f'data-frames="{repaint.FRAMES}"' in last
    for name, words in ((panel.OWN, "no picture of your own yet"), ("a cat", "photograph must be one of")):
        with pytest.raises(gr.Error, match=words):
            handlers["repainted"](card.id, name, "128", None)

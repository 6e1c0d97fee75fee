"""Cross-attention as it is recorded: complete, of the right shape, in the right words, and without a trace in the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from playground import registry, run
from playground.controls import prompt_of
from playground.sampling import attention
from playground.types import Attention
from tests.lazy import lazy

diffusers = lazy("diffusers")

CARDS = [card.id for card in registry.cards() if "attention" in card.views]
TEXT = "a middle-aged person with a zebra mohawk, laughing"


@pytest.fixture(scope="module")
def unet() -> diffusers.UNet2DConditionModel:
    """Three levels with words at two of them, untrained, for latents with sides that do not halve evenly."""
    torch.manual_seed(0)
    return diffusers.UNet2DConditionModel(
        in_channels=5,
        out_channels=5,
        down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        block_out_channels=(8, 16, 16),
        layers_per_block=1,
        norm_num_groups=4,
        cross_attention_dim=6,
        attention_head_dim=2,
    ).eval()


def test_any_denoiser_told_words_is_watched_and_left_as_it_was(unet: diffusers.UNet2DConditionModel):
    x, words, before = torch.randn(2, 5, 12, 10), torch.randn(2, 7, 6), unet.attn_processors
    watched = attention.Watched(unet)
    with torch.no_grad():
        plain, seen = unet(x, 500, words).sample, watched(x, 500, words).sample
    assert torch.equal(plain, seen), "bit for bit"
    assert all(unet.attn_processors[name] is before[name] for name in before), "the processors are put back"
    assert watched.weights.shape == (2, 7, 12, 10) and watched.weights.min() >= 0
    torch.testing.assert_close(watched.weights.sum(1), torch.ones(2, 12, 10))


def test_the_processors_are_put_back_after_a_fault(unet: diffusers.UNet2DConditionModel):
    before = unet.attn_processors
    with pytest.raises(RuntimeError):
        attention.Watched(unet)(torch.randn(1, 5, 12, 10), 500, torch.randn(1, 7, 99))
    assert all(unet.attn_processors[name] is before[name] for name in before)


def test_the_weights_are_those_by_which_the_layer_reads(unet: diffusers.UNet2DConditionModel):
    layer = next(module for name, module in unet.named_modules() if name.endswith("attn2"))
    places, words = torch.randn(2, 20, layer.to_q.in_features), torch.randn(2, 7, 6)
    with torch.no_grad():
        weights = attention.read_words(layer, places, words)
        one_head = torch.softmax(layer.to_q(places) @ layer.to_k(words).transpose(1, 2) / layer.to_q.out_features**0.5, -1)
        assert weights.shape == (2, 20, 7)
        if layer.heads == 1:
            torch.testing.assert_close(weights, one_head)
        same = layer.to_v(words[:, :1].expand(2, 7, 6))  # where all tokens say the same, any weights that sum to one give that back
        read = weights @ same
        torch.testing.assert_close(layer.to_out[0](read), layer(places, words[:, :1].expand(2, 7, 6)))


def test_a_layer_s_places_lie_where_the_latent_s_do():
    weights = torch.zeros(1, 4, 2)
    weights[0, 1, 0] = 1.0  # the first token is read at the top right alone
    maps = attention.on_grid(weights, (8, 8))
    assert maps.shape == (1, 2, 8, 8) and maps[0, 0, 0, 7] == 1 and maps[0, 0, 7, 0] == 0 and maps[0, 1].abs().max() == 0
    assert attention.on_grid(torch.zeros(1, 15, 2), (9, 6)).shape == (1, 2, 9, 6), "5 by 3 places"


@pytest.mark.slow
@pytest.mark.parametrize("card_id", CARDS)
def test_recording_leaves_no_trace_in_the_picture(card_id: str):
    prompt = prompt_of(registry.get(card_id).controls).name
    for guidance in (1.0, 3.0):
        asked = {prompt: TEXT, "num_inference_steps": 3, "guidance_scale": guidance}
        plain = run.sample(card_id, 2, 4, **asked)
        seen = run.sample(card_id, 2, 4, views=("attention",), **asked)
        assert np.array_equal(plain.samples.pixels, seen.samples.pixels)


@pytest.mark.parametrize("card_id", CARDS)
def test_every_place_shares_its_attention_among_the_words(card_id: str):
    texts = (TEXT, "a face")
    steps = list(run.stream(card_id, 2, 4, views=("attention",), prompt=texts, num_inference_steps=3))
    assert len(steps) == 3
    for found in steps:
        seen = found.step.views["attention"]
        assert isinstance(seen, Attention) and seen.weights.dtype == np.float32 and len(seen) == 2
        assert np.allclose(seen.weights.sum(1), 1, atol=1e-4)
        for row, text in enumerate(texts):
            words = seen.words[row]
            assert [word.text for word in words if word.spoken] == text.replace(",", " ,").replace("-", " - ").split()
            assert [word.text for word in words if not word.spoken] == [attention.START, attention.END, attention.PADDING]
            maps = seen.by_word(row)
            assert maps.shape == (len(words), *seen.weights.shape[2:]) and np.allclose(maps.sum(0), 1, atol=1e-4)
    assert not np.allclose(steps[0].step.views["attention"].weights, steps[-1].step.views["attention"].weights, atol=1e-3)


@pytest.mark.parametrize("card_id", CARDS)
def test_the_words_of_a_prompt_take_up_all_tokens(card_id: str):
    for text in ("", "zebras é, moonlit " * 3, "𝄞 music", TEXT):
        (found,) = run.stream(card_id, 1, 0, views=("attention",), prompt=text, num_inference_steps=1)
        seen = found.step.views["attention"]
        words = seen.words[0]
        assert words[0].first == 0 and words[-1].end == seen.weights.shape[1]
        assert all(word.end == after.first for word, after in zip(words[:-1], words[1:], strict=True))
        assert all(word.end > word.first for word in words)

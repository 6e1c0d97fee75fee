"""The small Stable Diffusion: its vocabulary, its stages, and that its folder is diffusers' own pipeline."""

from __future__ import annotations

import dataclasses
import functools
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from playground import data, registry, run, weights
from playground.cards.diffusion import STABLE_DIFFUSION
from playground.data import faces
from playground.errors import ControlError, PlaygroundError
from playground.metrics import factors
from playground.sampling.noise import generators
from playground.training.recipe import Batch
from playground.types import Images, Measurement
from tests.lazy import lazy

diffusers = lazy("diffusers")
stable_diffusion = lazy("playground.models.stable_diffusion")
emphasised = lazy("playground.models.nets.emphasis")

CARD = dataclasses.replace(STABLE_DIFFUSION, id="tiny")


@functools.cache
def small_config():
    """The settings of the card, as small as its shapes allow."""
    return stable_diffusion.Config(
        vae_channels=8,
        latent_channels=4,  # what diffusers' inpainting pipeline takes
        words=16,
        text_layers=1,
        channels=16,
        deep_channels=32,
        vae_steps=1,
        detail_steps=1,
        detail=4.0,
        vae_batch=2,
        decoder_steps=1,
        num_steps=4,
        batch_size=4,
    )


@pytest.fixture(scope="module")
def trainee() -> stable_diffusion.StableDiffusionTrainee:
    return stable_diffusion.StableDiffusionTrainee(small_config(), "faces")


@pytest.fixture
def folder(trainee, tmp_path: Path, monkeypatch) -> Path:
    """A folder as training writes it."""
    monkeypatch.setattr("playground.models.stable_diffusion.SCALED_ON", 8)
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    weights.save(trainee.whole(trainee.modules), {"id": CARD.id}, tmp_path / CARD.id)
    return tmp_path / CARD.id


def batch_of(found: Images) -> Batch:
    x = torch.from_numpy(found.pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
    return Batch(
        x, torch.from_numpy(found.labels), {name: torch.from_numpy(value) for name, value in found.factors.items()}, found.captions
    )


def test_every_word_of_a_caption_is_one_token_and_any_other_falls_apart(trainee):
    tokenizer = trainee.tokenizer
    for caption in faces.captions()[:300]:
        words = caption.replace(",", " ,").replace(":", " :").replace("-", " - ").split()
        assert tokenizer.tokenize(caption) == [f"{word}</w>" for word in words]
    assert len(tokenizer.tokenize("moon")) > 1
    longest = max(len(tokenizer(caption).input_ids) for caption in faces.captions())
    assert longest <= stable_diffusion.MAX_TOKENS


def test_each_stage_moves_its_own_part(trainee, monkeypatch):
    monkeypatch.setattr("playground.models.stable_diffusion.SCALED_ON", 8)
    batch = batch_of(faces.make(range(4)))
    codec = trainee.modules["codec"].vae
    parts = {
        "codec": trainee.modules["codec"],
        "detail": trainee.modules["codec"],
        "worded": trainee.modules["worded"],
        "decoder": torch.nn.ModuleList([codec.decoder, codec.post_quant_conv]),
    }
    every = {id(p) for module in trainee.modules.values() for p in module.parameters()}
    for i, moved in enumerate(("codec", "detail", "worded", "decoder")):
        taken = []

        def update(name: str, loss: torch.Tensor, taken=taken) -> None:
            loss.backward()
            taken.append(name)

        trainee.step(batch, i, torch.Generator().manual_seed(0), update)
        assert taken == [moved]
        reached = {id(p) for module in trainee.modules.values() for p in module.parameters() if p.grad is not None}
        assert reached == {id(p) for p in parts[moved].parameters()} and reached < every
        assert {id(p) for group in trainee.optimizers[moved].param_groups for p in group["params"]} >= reached
        for module in trainee.modules.values():
            module.zero_grad(set_to_none=True)


def test_a_face_with_a_pair_that_is_held_out_teaches_nothing(trainee, monkeypatch):
    monkeypatch.setattr("playground.models.stable_diffusion.SCALED_ON", 8)
    (first, word), (second, other) = faces.HELD_OUT[0]
    found = faces.drawn(4, 0, {first: word, second: other})
    found = dataclasses.replace(found, captions=("a face",) * 4)
    assert data.held_out("faces", found.factors).all()
    losses = []
    trainee.step(batch_of(found), 2, torch.Generator().manual_seed(0), lambda name, loss: losses.append(float(loss)))
    assert losses == [0.0]


def test_the_training_set_holds_each_pair_and_no_pair_is_most_of_it():
    factors = faces.coded([faces.values_of(seed) for seed in range(4000)])
    assert 0.01 < data.held_out("faces", factors).mean() < 0.25
    for pair in faces.HELD_OUT:
        names = {factor.name: factor.choices for factor in faces.FACTORS if hasattr(factor, "choices")}
        assert np.logical_and(*(factors[name] == names[name].index(word) for name, word in pair)).any()


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_it_draws_what_a_bare_call_of_diffusers_draws(folder: Path, guidance: float):
    prompts = ["an old person with a red mohawk", "a young face in a cap, smiling"]
    model = stable_diffusion.load(CARD)
    with torch.no_grad():
        *_, last = model.stream(
            2, generators(3, 0, 2), prompt=prompts, negative_prompt=["", "glasses"], num_inference_steps=4, guidance_scale=guidance
        )
    bare = diffusers.StableDiffusionPipeline.from_pretrained(folder)
    bare.set_progress_bar_config(disable=True)
    called = bare(
        prompts,
        negative_prompt=["", "glasses"],
        num_inference_steps=4,
        guidance_scale=guidance,
        generator=generators(3, 0, 2),
        output_type="np",
    )
    assert last.samples.pixels.shape == (2, 64, 64, 3) and last.nfe == (4 if guidance == 1 else 8)
    np.testing.assert_allclose(last.samples.float32() / 2 + 0.5, called.images, atol=2e-3)


@pytest.mark.parametrize("strength", [0.3, 0.75])
def test_it_changes_a_picture_as_a_bare_call_of_diffusers_changes_it(folder: Path, strength: float):
    given = faces.make(range(2)).float32()
    asked = {"num_inference_steps": 8, "guidance_scale": 2.0, "strength": strength}
    model = stable_diffusion.load(CARD)
    with torch.no_grad():
        *_, last = model.stream(2, generators(5, 0, 2), prompt=["a face"] * 2, negative_prompt=[""] * 2, given=given, **asked)
    bare = diffusers.StableDiffusionImg2ImgPipeline.from_pretrained(folder)
    bare.set_progress_bar_config(disable=True)
    image = torch.from_numpy(given).permute(0, 3, 1, 2) / 2 + 0.5
    called = bare(["a face"] * 2, image=image, negative_prompt=[""] * 2, generator=generators(5, 0, 2), output_type="np", **asked)
    assert last.total == int(8 * strength)
    np.testing.assert_allclose(last.samples.float32() / 2 + 0.5, called.images, atol=2e-3)


def mouths(n: int) -> np.ndarray:
    """Masks that are white over the lower middle of a face: uint8 (n, 64, 64, 3)."""
    found = np.zeros((n, 64, 64, 3), dtype=np.uint8)
    found[:, 36:52, 20:44] = 255
    return found


@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_it_repaints_as_a_bare_call_of_diffusers_does_and_leaves_the_rest_alone(folder: Path, strength: float):
    given, mask = faces.make(range(2)).float32(), mouths(2)
    asked = {"num_inference_steps": 6, "guidance_scale": 2.0, "strength": strength}
    model = stable_diffusion.load(CARD)
    with torch.no_grad():
        steps = list(
            model.stream(
                2,
                generators(5, 0, 2),
                prompt=["a face"] * 2,
                negative_prompt=[""] * 2,
                given=given,
                mask=mask.astype(np.float32) / 127.5 - 1,
                **asked,
            )
        )
    bare = diffusers.StableDiffusionInpaintPipeline.from_pretrained(folder)
    bare.set_progress_bar_config(disable=True)
    called = bare(
        ["a face"] * 2,
        image=torch.from_numpy(given).permute(0, 3, 1, 2),
        mask_image=torch.from_numpy(mask[..., :1]).permute(0, 3, 1, 2) / 255,
        height=64,
        width=64,
        negative_prompt=[""] * 2,
        generator=generators(5, 0, 2),
        output_type="np",
        **asked,
    )
    white = mask[..., 0] > 0
    np.testing.assert_allclose((steps[-1].samples.float32() / 2 + 0.5)[white], called.images[white], atol=2e-3)
    for step in steps:
        assert np.abs(step.samples.float32() - given)[~white].max() < 1e-6, "what is not white is the given picture, at every step"
    assert np.abs(steps[-1].samples.float32() - given)[white].mean() > 0.05


def test_a_mask_without_a_picture_is_refused(folder: Path):
    with pytest.raises(ControlError, match="mask needs a picture to repaint"):
        next(stable_diffusion.load(CARD).stream(1, generators(0, 0, 1), prompt=["a face"], negative_prompt=[""], mask=mouths(1)))


def test_each_step_can_be_seen(folder: Path):
    model = stable_diffusion.load(CARD)
    with torch.no_grad():
        steps = list(
            model.stream(1, generators(0, 0, 1), prompt=["a face"], negative_prompt=[""], num_inference_steps=3, views=("x_t", "x_0"))
        )
    assert [step.i for step in steps] == [1, 2, 3] and all(set(step.views) == {"x_t", "x_0"} for step in steps)


@pytest.mark.slow
def test_every_run_of_it_goes_through_the_same_doors(folder: Path, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda card_id: CARD)
    registry.unload()
    texts = ("a young face with a red bob", "an old person in a cap, frowning")
    found = run.sample(CARD.id, 2, 0, prompt=texts, num_inference_steps=2)
    again = run.sample(CARD.id, 2, 0, prompt=texts[0], negative_prompt=" a  cap ", num_inference_steps=2)
    assert found.controls["prompt"] == texts and again.controls["negative_prompt"] == "a cap"
    assert np.abs(found.samples.pixels[1] - again.samples.pixels[1]).max() > 0, "each sample has its own text"
    with pytest.raises(PlaygroundError, match="prompt must be one text, or 3 of them"):
        run.sample(CARD.id, 3, 0, prompt=texts)
    registry.unload()


def test_a_model_that_is_asked_in_words_is_measured_by_them(monkeypatch):
    make = partial(Measurement, card=CARD.id, seed=0, split="test")
    faces_asked = data.trials("faces", 40)[2].pixels

    def measured(pixels: np.ndarray) -> dict[str, Measurement]:
        monkeypatch.setattr(factors.run, "sample", lambda card_id, n, seed, prompt: SimpleNamespace(samples=Images(pixels)))
        return {m.metric: m for m in factors.adherence(CARD, 40, 0, make)}

    obedient, deaf = measured(faces_asked), measured(np.roll(faces_asked, 2, axis=0))
    assert obedient["adherence"].value == obedient["adherence"].floor == deaf["adherence"].floor > 0.9
    assert obedient["adherence_age"].n == 40 and deaf["adherence"].value < 0.6
    assert factors.adherence(registry.get("gan-faces"), 40, 0, make) == []


def test_no_file_of_the_folder_is_a_pickle_and_none_is_large(folder: Path):
    names = [path for path in folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in names} <= {".json", ".safetensors"} and max(path.stat().st_size for path in names) < 10_000_000


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["reading", "seeing"])
def test_text_model_and_denoiser_learn_what_a_caption_names_and_a_code_shows(trainee, monkeypatch, asked):
    monkeypatch.setattr("playground.models.stable_diffusion.SCALED_ON", 8)
    settings = {"unlabelled": 0.0, "reading": 0.0, "seeing": 0.0, "learning_rate": 3e-3, asked: 10.0}
    learner = stable_diffusion.StableDiffusionTrainee(dataclasses.replace(small_config(), **settings), "faces")
    batch, optimizer = batch_of(faces.make(range(8))), learner.optimizers["worded"]

    def update(name: str, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    found = [float(learner.step(batch, 2, torch.Generator().manual_seed(i), update)[asked]) for i in range(25)]
    assert found[-1] < 0.5 * found[0]


def test_an_error_in_a_small_thing_counts_more_and_all_together_as_much():
    x = torch.full((2, 3, 32, 32), -0.5)
    x[:, :, 14:18, 14:18] = 0.8  # an eye in a cheek
    counts = emphasised.emphasis(x, 4.0)
    assert counts.shape == (2, 1, 32, 32) and float(counts.mean()) == pytest.approx(1.0, rel=1e-5)
    assert float(counts[0, 0, 15, 15]) > 10 * float(counts[0, 0, 2, 2]) == pytest.approx(2.0, rel=1e-4)
    assert torch.equal(emphasised.emphasis(x, 0.0), torch.ones(2, 1, 32, 32))


def test_the_same_captions_give_the_same_numbers_whatever_the_trainer_s_hash():
    vocab = stable_diffusion.make_tokenizer(data.captions("faces")).get_vocab()
    order = sorted(vocab, key=vocab.__getitem__)
    single = [token for token in order[2:] if len(token.removesuffix("</w>")) == 1]
    assert order[: 2 + len(single)] == ["<|startoftext|>", "<|endoftext|>", *sorted(single)] and len(single) > 20
    assert sorted(vocab.values()) == list(range(len(vocab)))


def test_a_warm_start_keeps_what_each_word_means():
    trained = weights.record(STABLE_DIFFUSION.id)["config"]
    config = stable_diffusion.Config(latent_channels=trained["latent_channels"], layers=trained.get("layers", 1))
    trainee = stable_diffusion.StableDiffusionTrainee(config, "faces")
    found = trainee.earlier(STABLE_DIFFUSION.id)["worded"]
    (name,) = [name for name in found if name.endswith("token_embedding.weight")]
    shipped = stable_diffusion.read_pipeline(STABLE_DIFFUSION)
    before, after = shipped.tokenizer.get_vocab(), trainee.tokenizer.get_vocab()
    rows = shipped.text_encoder.get_input_embeddings().weight
    assert set(before) == set(after)
    assert all(torch.equal(found[name][after[word]], rows[before[word]]) for word in before)


def test_places_weigh_the_code_where_all_pictures_have_contrast():
    x = torch.full((2, 3, 32, 32), -0.5)
    x[0, :, 8:12, 8:12] = 0.8
    x[1, :, 8:12, 20:24] = 0.8
    weight = emphasised.places(x, 2.0, 8)
    assert weight.shape == (1, 1, 8, 8) and float(weight.mean()) == pytest.approx(1.0)
    assert float(weight[0, 0, 2, 2]) == pytest.approx(float(weight[0, 0, 2, 5]))
    assert float(weight[0, 0, 2, 2]) > 5 * float(weight[0, 0, 7, 7])
    assert torch.allclose(emphasised.places(x, 0.0, 8), torch.ones(1, 1, 8, 8))


def test_the_stages_follow_each_other_without_a_gap():
    stages = list(stable_diffusion.spans(small_config()).values())
    assert stages == [(0, 1), (1, 2), (2, 3), (3, 4)] and stages[-1][1] == small_config().num_steps
    stages = list(stable_diffusion.spans(stable_diffusion.Config()).values())
    assert stages[0][0] == 0 and stages[-1][1] == stable_diffusion.Config().num_steps
    assert all(end == first for (_, end), (first, _) in zip(stages[:-1], stages[1:], strict=True))


@pytest.mark.parametrize("layers", [1, 3])
def test_a_run_of_a_larger_network_begins_with_what_the_shipped_one_knows(trainee, folder: Path, monkeypatch, layers: int):
    monkeypatch.setattr(registry, "get", lambda _: CARD)
    larger = dataclasses.replace(small_config(), latent_channels=6, layers=layers, keeping=1.0, seed=1)
    more = stable_diffusion.StableDiffusionTrainee(larger, "faces")
    for name, state in more.earlier(CARD.id).items():
        more.modules[name].load_state_dict(state)
    batch, t = batch_of(data.again("faces", range(4))), torch.tensor([10, 700, 3, 500])
    tokens = stable_diffusion.tokens_of(trainee.tokenizer, batch.captions)
    old, new = (each.modules["codec"].vae for each in (trainee, more))
    with torch.no_grad():
        known, code = old.encode(batch.x).latent_dist, new.encode(batch.x).latent_dist
        assert torch.allclose(code.mean[:, :4], known.mean, atol=1e-4) and torch.allclose(code.logvar[:, :4], known.logvar, atol=1e-4)
        assert code.mean[:, 4:].std() > 0.001
        assert torch.allclose(new.decode(code.mean).sample, old.decode(known.mean).sample, atol=1e-4)
        drawn, before = more.modules["worded"](code.mean, t, tokens)[0], trainee.modules["worded"](known.mean, t, tokens)[0]
        assert torch.allclose(drawn[:, :4], before, atol=1e-4)
    told = more.step(batch, 0, torch.Generator().manual_seed(0), lambda *_: None)
    assert told["change"] < 1e-6
    with torch.no_grad():
        new.quant_conv.bias += 0.5
    assert more.step(batch, 0, torch.Generator().manual_seed(0), lambda *_: None)["change"] > 0.1

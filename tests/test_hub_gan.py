"""GANs of the Hub: our readable generators against the published code, safetensors made of a pickle by a command alone, the tab as before."""

from __future__ import annotations

import pickle
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
import torch
from pytorch_pretrained_biggan import BigGAN as Published
from pytorch_pretrained_biggan import BigGANConfig

from playground import convert, hub, registry, run, weights
from playground.__main__ import main
from playground.cards import hub_gan as cards
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.models import biggan, dcgan
from playground.types import Latents, ModelCard
from tabs import gan
from tests import hub_layout, hub_server

TINY = {"channel_width": 8, "z_dim": 12, "num_classes": 1000}
EXACT = (0.02, 0.5, 1.0)  # values of truncation at which the published code mixes nothing


def published(**changes) -> Published:
    """The published generator with random weights and statistics."""
    torch.manual_seed(0)
    network = Published(BigGANConfig(**changes)).eval()
    for name, buffer in network.named_buffers():
        if name.endswith("running_means"):
            buffer.normal_(0, 0.1)
        if name.endswith("running_vars"):
            buffer.uniform_(0.5, 1.5)
    for name, weight in network.named_parameters():
        if name.endswith((".bn.weight", "gamma")):
            torch.nn.init.normal_(weight, 1.0, 0.1)
        if name.endswith(".bn.bias"):
            torch.nn.init.normal_(weight, 0.0, 0.1)
    z, label = torch.randn(1, network.config.z_dim), torch.nn.functional.one_hot(torch.tensor([7]), 1000).float()
    with torch.no_grad():
        for _ in range(5):  # a spectral norm finds its vectors while training alone
            network.train()(z, label, 1.0)
    return network.eval()


def state_of(card: ModelCard) -> dict[str, torch.Tensor]:
    """Weights as a card's repository holds them, tiny."""
    if card.id == cards.BIGGAN.id:
        return published(**TINY).state_dict()
    torch.manual_seed(0)
    return dcgan.Generator(z_size=10, width=4, channels=3).state_dict()


@pytest.fixture(params=cards.CARDS, ids=lambda card: card.id)
def pickled(request, tmp_path: Path, monkeypatch) -> tuple[ModelCard, Path]:
    """Each card, and its weights as a pickle; the Hub's assets are empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    registry.unload()
    path = tmp_path / request.param.hub.pickled
    torch.save(state_of(request.param), path)
    yield request.param, path
    registry.unload()


@pytest.fixture
def card(pickled: tuple[ModelCard, Path]) -> ModelCard:
    """Each card, converted."""
    convert.convert(pickled[0], weights.sha256(pickled[1]), pickled[1])
    return pickled[0]


@pytest.mark.parametrize("truncation", EXACT)
def test_biggan_is_the_published_one_name_by_name_and_point_by_point(truncation: float):
    theirs = published(**TINY)
    ours = biggan.of_state(theirs.state_dict())
    assert {name: value.shape for name, value in ours.state_dict().items()} == {
        name: value.shape for name, value in theirs.state_dict().items()
    }
    z, label = biggan.truncated(12, [torch.Generator().manual_seed(k) for k in range(3)]) * truncation, torch.tensor([1, 207, 999])
    with torch.no_grad():
        expected = theirs(z, torch.nn.functional.one_hot(label, 1000).float(), truncation)
        np.testing.assert_allclose(ours(z, label, truncation), expected, atol=1e-5)
        np.testing.assert_allclose(ours.folded()(z, label, truncation), expected, atol=1e-5)
    assert expected.isfinite().all()
    assert expected.shape == (3, 3, 128, 128) and expected.std() > 0.01


def test_biggan_of_the_real_size_is_the_published_one():
    theirs = published()
    ours = biggan.of_state(theirs.state_dict())
    assert abs(4 * sum(each.numel() for each in ours.state_dict().values()) / cards.BIGGAN.hub.size_bytes - 1) < 0.02, (
        "the size that is said"
    )
    z = biggan.truncated(128, [torch.Generator().manual_seed(0)]) * 0.5
    with torch.no_grad():
        expected = theirs(z, torch.nn.functional.one_hot(torch.tensor([292]), 1000).float(), 0.5)
        np.testing.assert_allclose(ours.folded()(z, torch.tensor([292]), 0.5), expected, atol=1e-4)
    assert expected.isfinite().all() and expected.std() > 0.01


def test_dcgan_holds_what_its_card_says():
    assert abs(4 * sum(each.numel() for each in dcgan.Generator().state_dict().values()) / cards.DCGAN.hub.size_bytes - 1) < 0.01


def test_every_class_is_one_of_imagenets_and_once():
    assert len(set(cards.IMAGENET.values())) == len(cards.IMAGENET) and all(0 <= index < 1000 for index in cards.IMAGENET.values())


def test_z_is_cut_off_at_two_and_each_row_is_its_own_generators():
    rows = [torch.Generator().manual_seed(k) for k in range(500)]
    z = biggan.truncated(64, rows)
    assert z.abs().max() <= biggan.CUT and abs(float(z.std()) - biggan.SPREAD) < 0.01


def test_the_same_seed_gives_the_same_picture_at_any_n_and_truncation_narrows(card: ModelCard):
    many, one = (run.sample(card.id, n, 5, truncation=1.0) for n in (5, 1))
    height, width, channels = many.samples.pixels.shape[1:]
    assert channels == 3 and height == width and np.abs(many.samples.pixels[:1] - one.samples.pixels).max() <= 2 / 127.5
    narrow = run.sample(card.id, 5, 5, truncation=0.02)
    assert narrow.step.nfe == 1 and many.origin.commit.startswith("sha256:") and card.hub.pickled in many.origin.files


def test_a_walk_begins_where_the_sample_is(card: ModelCard):
    drawn = run.sample(card.id, 2, 3, views=("z",), truncation=0.5)
    z = drawn.step.views["z"]
    again = run.decode(card.id, Latents(z.values, z.labels))
    apart = np.abs(again.pixels - drawn.samples.pixels)
    assert apart.max() < (0.01 if z.labels is None else 1.0) and apart.mean() < 0.1, "its statistics are looked up by the spread of z"


def test_the_page_never_opens_the_pickle_and_says_the_command(pickled: tuple[ModelCard, Path], monkeypatch):
    card, _ = pickled
    monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("a pickle was opened"))
    with pytest.raises(WeightsUnavailable, match=f"python -m playground convert {card.id} --sha256"):
        run.sample(card.id, 1, 0)
    with gr.Blocks() as demo:
        gan.build()
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    said, row, *_ = handlers["chosen"](card.id, 16, "gan-mnist")
    assert f"convert {card.id}" in said["value"] and not row["visible"], "no button"


def test_the_command_makes_safetensors_and_the_tab_draws_and_walks(pickled: tuple[ModelCard, Path], capsys):
    card, path = pickled
    assert main(["convert", card.id, "--file", str(path), "--sha256", weights.sha256(path)]) == 0
    assert [each.name for each in sorted(hub.folder(card).iterdir())] == ["model.safetensors", "record.json"]
    with gr.Blocks() as demo:
        gan.build()
    drawing = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "draw")
    walking = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "walk_through")
    label = cards.BIGGAN.controls[0].classes[3]
    values = [
        {"Model": card.id, "n (samples)": 2, "Digit": label}.get(getattr(block, "label", ""), block.value) for block in drawing.inputs
    ]
    values = [min(value, 1.0) if isinstance(value, float) else value for value in values]
    *_, last = drawing.fn(*values)
    assert "badge live" in last and card.id in last and "commit sha256:" in last
    assert 'data-frames="24"' in walking.fn(*values[:1], *values[2:])


WRONG = {
    "another hash": "is not the file that is meant",
    "no hash": "must be the 64 hex digits",
    "poison": "something other than plain tensors",
    "torn": "something other than plain tensors",
    "other shapes": "does not hold the weights",
    "no names": "does not hold the weights",
    "nothing": "there is none of the name",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_the_file_that_is_meant_is_one_sentence_and_writes_nothing(pickled: tuple[ModelCard, Path], wrong: str, capsys):
    card, path = pickled
    if wrong == "poison":
        path.write_bytes(pickle.dumps(hub_layout.Poison(path.with_name("poisoned"))))
    elif wrong == "torn":
        path.write_bytes(path.read_bytes()[:2000])
    elif wrong == "other shapes":
        torch.save({name: torch.zeros(3, 3) for name in state_of(card)}, path)
    elif wrong == "no names":
        torch.save([torch.zeros(3)], path)
    digest = {"another hash": "0" * 64, "no hash": "yes"}.get(wrong) or weights.sha256(path)
    if wrong == "nothing":
        path.unlink()
    assert main(["convert", card.id, "--file", str(path), "--sha256", digest]) == 2
    said = capsys.readouterr().err.strip()
    assert WRONG[wrong] in said and "\n" not in said and str(path.parent) not in said
    assert hub.folder(card) is None and not path.with_name("poisoned").exists()


def test_a_shipped_model_needs_none_of_it():
    with pytest.raises(PlaygroundError, match="gan-mnist needs no conversion"):
        convert.convert(registry.get("gan-mnist"), "0" * 64)


def test_the_command_fetches_the_file_itself_and_checks_it_before_it_is_opened(
    pickled: tuple[ModelCard, Path], tmp_path: Path, monkeypatch
):
    card, path = pickled
    (tmp_path / "remote").mkdir()
    (tmp_path / "remote" / path.name).write_bytes(path.read_bytes())
    with hub_server.serving({card.hub.repo_id: tmp_path / "remote"}) as served:
        hub_server.use(served, monkeypatch, tmp_path)
        monkeypatch.setattr("torch.load", lambda *_, **__: pytest.fail("a pickle was opened"))
        with pytest.raises(WeightsUnavailable, match="is not the file that is meant"):
            convert.convert(card, "0" * 64)
        monkeypatch.undo()
    assert not hub.converted(card).exists()

"""Repositories that the operator names: asked once what they are, offered beside the catalogue, refused in one sentence, and never in public."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from playground import download, hub, named, registry, run
from playground.__main__ import main
from playground.cards.hub import DDPM_MNIST, STABLE_DIFFUSION_1_5
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import Images
from tabs import diffusion, fetch, transformer
from tests import hub_layout, hub_server
from tests.lazy import lazy

pytestmark = pytest.mark.slow

app = lazy("app")  # it sets the environment when it is imported

PAINTER, DIGITS, TALKER, CODEC = "somebody/painter", "somebody/Digits_v2.1", "somebody/talker", "somebody/codec"
IDS = {PAINTER: "somebody--painter", DIGITS: "somebody--digits-v2-1", TALKER: "somebody--talker", CODEC: "somebody--codec"}


@pytest.fixture
def served(tmp_path: Path, monkeypatch) -> Iterator[SimpleNamespace]:
    """Four repositories of four classes behind a Hub of this machine; nothing is named, and the cache is empty."""
    from tests import hub_parts

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setenv("PLAYGROUND_DTYPE", "float32")
    monkeypatch.setattr(named, "_names", ())
    registry.unload()
    repos = {repo_id: tmp_path / f"remote-{card_id}" for repo_id, card_id in IDS.items()}
    hub_layout.write(STABLE_DIFFUSION_1_5, repos[PAINTER])
    hub_layout.write(DDPM_MNIST, repos[DIGITS])
    for repo_id, maker in ((TALKER, "write_talker"), (CODEC, "write_narrow_codec")):
        hub_layout.copied(maker, getattr(hub_parts, maker), repos[repo_id])
        hub_layout.poison(repos[repo_id])
    with hub_server.serving(repos) as found:
        hub_server.use(found, monkeypatch, tmp_path)
        yield SimpleNamespace(hub=found, repos=repos)
    registry.unload()


def fetched(repo_id: str):
    """The card of a repository, named and downloaded."""
    named.allow([repo_id])
    card = registry.get(IDS[repo_id])
    assert not hub.is_here(card)
    list(download.fetch(card))
    return card


@pytest.mark.slow
def test_each_class_is_offered_in_its_tab_and_works_as_the_catalogue_does(served):
    named.allow(IDS)
    offered = {card.id: card for card in registry.cards() if card.id in IDS.values()}
    assert [card.family for card in offered.values()] == ["diffusion", "diffusion", "transformer", "vae"]
    assert not any(".bin" in path or "safetensors" in path for path in served.hub.paths()), "naming one downloads no weights"
    for card in offered.values():
        list(download.fetch(card))
    assert run.sample(IDS[PAINTER], 1, 3, num_inference_steps=2).samples.pixels.shape == (1, 32, 32, 3)
    assert run.sample(IDS[DIGITS], 2, 3, num_inference_steps=2).samples.pixels.shape == (2, 28, 28, 1)
    assert "chat" in offered[IDS[TALKER]].can and len(run.sample(IDS[TALKER], 1, 3, prompt="the cat", max_new_tokens=4).samples.ids[0]) <= 4
    assert run.reconstruct(IDS[CODEC], Images(np.zeros((1, 64, 64, 3), np.uint8))).pixels.shape == (1, 64, 64, 3)
    assert not any(hub_layout.mark(folder).exists() for folder in served.repos.values()), "no pickle was opened"
    assert not [path for path in served.hub.paths() if path.endswith((".bin", ".ckpt", ".py"))]


def test_a_named_model_is_in_the_choice_of_its_tab_with_what_it_needs(served):
    named.allow([PAINTER, TALKER])
    for tab, repo_id in ((diffusion, PAINTER), (transformer, TALKER)):
        with gr.Blocks():
            assert IDS[repo_id] in {value for _, value in tab.build().linked["model"].choices}
    said = fetch.offer(registry.get(IDS[PAINTER]))
    assert PAINTER in said and "nobody here has tried or timed it" in said and "two cores" not in said and "not stated" in said


def test_what_it_stood_for_is_kept_to_without_asking_again(served, monkeypatch):
    card = fetched(DIGITS)
    asked, served.hub.commit = len(served.hub.asked), "f" * 40
    named.allow([DIGITS])
    assert registry.get(card.id).hub.revision == hub_layout.COMMIT and len(served.hub.asked) == asked
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    named.allow([DIGITS])
    assert run.sample(card.id, 1, 0, num_inference_steps=1).origin.commit == hub_layout.COMMIT
    with pytest.raises(WeightsUnavailable, match="not known here yet and the Hub may not be asked"):
        named.allow([TALKER])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    named.allow([DIGITS], renew=True)
    assert registry.get(card.id).hub.revision == "f" * 40


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


@pytest.mark.parametrize(
    ("repo_id", "name", "values", "said"),
    [
        (PAINTER, "model_index.json", {"_class_name": "StableDiffusionXLPipeline"}, "is a StableDiffusionXLPipeline; what works here is"),
        (PAINTER, "model_index.json", {"unet": ["my_unet", "MyUNet"]}, "has MyUNet as unet, where UNet2DConditionModel is known here"),
        (PAINTER, "unet/config.json", {"in_channels": 9}, "a U-Net that takes 9 numbers at each place, where its codes have 4"),
        (PAINTER, "unet/config.json", {"sample_size": 100_000}, "draws pictures of 200000 points a side"),
        (PAINTER, "vae/config.json", {"block_out_channels": 7}, "do not say what a StableDiffusionPipeline needs"),
        (DIGITS, "unet/config.json", {"out_channels": 6}, "is no U-Net that turns a picture into one like it"),
        (CODEC, "config.json", {"in_channels": 1}, "does not turn colour pictures into codes"),
        (TALKER, "config.json", {"auto_map": {"AutoModel": "code.Model"}}, "brings code of its own, which is never run here"),
        (TALKER, "config.json", {"max_position_embeddings": None}, "does not say how many tokens it can look at"),
        (TALKER, "config.json", {"architectures": ["BertModel"]}, "is a BertModel; what works here is"),
        (TALKER, "config.json", {"architectures": None}, "is a repository without a known class"),
    ],
)
def test_a_repository_of_another_kind_is_refused_in_one_sentence(served, repo_id, name, values, said):
    change(served.repos[repo_id] / name, **values)
    with pytest.raises(WeightsUnavailable, match=said) as caught:
        named.allow([repo_id])
    assert repo_id in str(caught.value) and "\n" not in str(caught.value)
    assert not named.allowed() and not any("safetensors" in path for path in served.hub.paths())


def test_one_that_holds_a_pickle_alone_or_no_json_is_refused(served):
    for path in served.repos[DIGITS].rglob("*.safetensors"):
        path.unlink()
    with pytest.raises(WeightsUnavailable, match="has no safetensors of unet/diffusion_pytorch_model, and nothing else is ever read"):
        named.allow([DIGITS])
    (served.repos[CODEC] / "config.json").write_text("<html>")
    with pytest.raises(WeightsUnavailable, match="could not be read as JSON"):
        named.allow([CODEC])


@pytest.mark.parametrize("status", [401, 404, 429, 503])
def test_a_hub_that_does_not_answer_is_one_sentence(served, status):
    served.hub.status = status
    with pytest.raises(WeightsUnavailable, match=PAINTER):
        named.allow([PAINTER])


@pytest.mark.parametrize(
    "name", ["gpt2", "a/b/c", "../x/y", "a/..", "-a/b", "https://huggingface.co/a/b", "", "a/b c", "a" * 200 + "/b", None]
)
def test_what_is_no_name_is_said_before_anything_is_asked(served, name):
    with pytest.raises(PlaygroundError, match="is named owner/name"):
        named.allow([name])
    assert not served.hub.asked


def test_one_of_the_catalogue_is_left_to_it(served):
    named.allow(["openai-community/gpt2"])
    assert not served.hub.asked and [card.id for card in registry.cards() if card.title == "GPT-2"] == ["gpt2"]


def test_a_public_page_offers_the_catalogue_alone(served, monkeypatch):
    card = fetched(TALKER)
    monkeypatch.setenv("PLAYGROUND_PUBLIC", "1")
    assert card.id not in {each.id for each in registry.cards()}
    with pytest.raises(PlaygroundError, match="catalogue alone"):
        named.allow([TALKER])
    with pytest.raises(PlaygroundError, match="model must be one of"):
        run.sample(card.id, 1, 0)


def test_a_named_model_would_not_be_offered_in_public_even_if_it_were_there(served):
    assert not fetched(TALKER).hub.public


def test_the_command_line_takes_a_name_in_place_of_a_card(served, tmp_path, capsys):
    assert main(["download", DIGITS]) == 0
    assert f"{IDS[DIGITS]} is here, commit {hub_layout.COMMIT}" in capsys.readouterr().out
    assert main(["sample", DIGITS, "-n", "2", "--set", "num_inference_steps=1", "--out", str(tmp_path / "two.png")]) == 0
    assert (tmp_path / "two.png").stat().st_size > 100
    assert main(["sample", "somebody/nothing", "--out", str(tmp_path / "x.png")]) == 2
    assert "somebody/nothing" in capsys.readouterr().err


@pytest.mark.parametrize("more", [["--share"], []])
def test_app_ends_in_one_sentence_where_it_may_not_or_cannot(more, tmp_path, monkeypatch, capsys):
    for name in ("HF_HUB_OFFLINE", "PLAYGROUND_PUBLIC"):  # the app sets them: they are put back afterwards
        monkeypatch.setenv(name, "")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # as --offline has it in a process of its own
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setattr(named, "_names", ())
    monkeypatch.setattr(sys, "argv", ["app.py", "--offline", "--allow-any-model", "somebody/nothing", *more])
    monkeypatch.setattr("tabs.launch.build", lambda: pytest.fail("the page was built"))
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = capsys.readouterr().err
    assert ended.value.code == 2 and ("catalogue alone" if more else "is not known here yet") in told
    assert "Traceback" not in told and os.environ["HF_HUB_OFFLINE"] == "1"

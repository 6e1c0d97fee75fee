"""Language models of the Hub: transformers' own classes from safetensors, the same text as its generate, any tokenizer, one sentence when it cannot be."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
import urllib.parse
from pathlib import Path

import numpy as np
import pytest
import torch

from playground import hub, language, registry, run, settings, transcript
from playground.cards import hub_text as cards
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import ModelCard
from tabs import microscope, talking
from tests import hub_layout
from tests.conftest import DATA
from tests.hub_layout import COMMIT, mark


def lay_out(card: ModelCard, cache: Path) -> Path:
    """Writes a tiny repository of a card into a cache, a poisoned pickle beside its weights; returns its snapshot."""
    folder = hub_layout.snapshot_of(card, cache)
    hub_layout.write_writer(card, folder)
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    """An empty cache of the Hub in place of the person's own."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    small = {"size_bytes": 1_000_000, "memory_bytes": 1_000_000}
    monkeypatch.setattr(
        cards, "CARDS", tuple(dataclasses.replace(card, hub=dataclasses.replace(card.hub, **small)) for card in cards.CARDS)
    )
    registry.unload()
    yield tmp_path / "cache"
    registry.unload()


@pytest.fixture(params=cards.WRITERS, ids=lambda card: card.id)
def card(request, cache: Path) -> ModelCard:
    """Each language model of the Hub, its tiny repository in the cache."""
    lay_out(request.param, cache)
    return registry.get(request.param.id)


def bare(card: ModelCard):
    """The network and the tokenizer as a bare call of transformers loads them."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = hub.folder(card).as_posix()
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(folder)


def test_it_writes_greedily_what_transformers_generate_writes(card: ModelCard):
    network, words = bare(card)
    prompt = "The capital of England is"
    said = (
        words.apply_chat_template([{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True)
        if "chat" in card.can
        else prompt
    )
    ids = words(said, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        theirs = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False, pad_token_id=0)[
            0, ids.shape[1] :
        ].tolist()
    own = run.sample(card.id, 2, 0, prompt=prompt, temperature=0, max_new_tokens=20).samples
    ended = [network.generation_config.eos_token_id]
    assert list(own.ids[0]) == list(own.ids[1]) == [token for token in theirs if token not in ended]
    assert own.prompt == said


def test_no_pickle_is_opened_and_nothing_runs_from_a_repository(card: ModelCard):
    assert run.sample(card.id, 1, 0, max_new_tokens=3).done and not mark(hub.folder(card)).exists()
    config = hub.folder(card) / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "auto_map": {"AutoModelForCausalLM": "evil.Model"}}))
    (config.parent / "evil.py").write_text(f"import os; os.mkdir({mark(config.parent).as_posix()!r})")
    registry.unload()
    run.sample(card.id, 1, 0, max_new_tokens=1)
    assert not mark(config.parent).exists()


@pytest.mark.parametrize("prompt", ["", "😀😀 café", "שלום עולם", "a\n\n  b", "<|endoftext|>", "x" * 4000])
def test_any_prompt_gives_a_text(card: ModelCard, prompt: str):
    found = run.sample(card.id, 2, 1, prompt=prompt, max_new_tokens=6).samples
    assert len(found) == 2 and all(len(ids) <= 6 for ids in found.ids) and prompt in found.prompt
    with pytest.raises(PlaygroundError, match="at most 4,000 characters"):
        run.sample(card.id, 1, 1, prompt="x" * 100_000)


def test_tokens_of_half_a_character_are_shown_when_it_is_whole(card: ModelCard):
    reading = run.read(card.id, "é 😀 the capital")
    assert "".join(reading.pieces) == "é 😀 the capital" and np.isfinite(reading.surprise).all() and "" in reading.pieces


def test_a_choice_changes_only_what_follows(card: ModelCard):
    asked = {"prompt": "The", "max_new_tokens": 12}
    whole = run.sample(card.id, 1, 4, **asked).samples.ids[0]
    other = (whole[3] + 5) % 300 + 3
    changed = run.sample(card.id, 1, 4, **asked, continued=(*whole[:3], other)).samples.ids[0]
    assert changed[:3] == whole[:3] and changed[3] == other


def test_attention_of_every_layer_and_head_looks_back_only(card: ModelCard):
    pieces, seen = run.attend(card.id, "The capital of England")
    assert seen.shape[:2] == (2, 4) and seen.shape[2] == len(pieces) and np.triu(seen, 1).max() == 0
    np.testing.assert_allclose(seen.sum(-1), 1, atol=1e-4)


def test_it_stands_on_the_ladder_while_it_is_here_in_public_as_well(card: ModelCard, monkeypatch):
    assert card in language.ladder()
    monkeypatch.setenv("SPACE_ID", "someone/space")
    assert card in language.ladder() and "nothing checks it" in card.hub.warning


@pytest.mark.parametrize("card", cards.WRITERS, ids=lambda card: card.id)
def test_without_its_files_one_sentence_says_what_to_do(card: ModelCard, cache: Path, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda _: pytest.fail("a model was loaded"))
    for ask in (lambda: run.stream(card.id, 1, 0), lambda: run.read(card.id, "a")):
        with pytest.raises(WeightsUnavailable, match="is not on this machine") as error:
            ask()
        assert "\n" not in str(error.value)
    assert (
        card.hub.warning
        and card.licence
        and all(name.endswith((".safetensors", ".json", ".txt", "chat_template*.jinja")) for name in card.hub.files)
    )


@pytest.mark.skipif(
    not DATA or not Path(DATA, "gpt2_tokenizer").is_dir(), reason="GPT-2's own vocabulary is not shipped: PLAYGROUND_DATA names it"
)
def test_gpt2_of_the_real_size_with_its_own_tokenizer(cache: Path):
    from transformers import GPT2Config, GPT2LMHeadModel, GPT2Tokenizer

    card = registry.get(cards.GPT2.id)
    folder = cache / "models--openai-community--gpt2" / "snapshots" / COMMIT
    torch.manual_seed(0)
    network = GPT2LMHeadModel(GPT2Config())
    network.save_pretrained(folder)
    GPT2Tokenizer.from_pretrained(Path(DATA, "gpt2_tokenizer").as_posix()).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt"):
        (folder / name).write_bytes(Path(DATA, "gpt2_tokenizer", name).read_bytes())
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text(COMMIT)
    size = (folder / "model.safetensors").stat().st_size
    assert abs(size / cards.GPT2.hub.size_bytes - 1) < 0.12 and sum(p.numel() for p in network.parameters()) == 124_439_808
    found = run.sample(card.id, 2, 0, prompt="The capital of England is 😀", max_new_tokens=8).samples
    assert all(len(ids) == 8 for ids in found.ids) and found.prompt == "The capital of England is 😀"
    assert run.read(card.id, "Hello world").pieces == ("Hello", " world")
    assert run.attend(card.id, "Hello world")[1].shape == (12, 12, 2, 2)


@pytest.fixture
def talker(cache: Path) -> ModelCard:
    """The model that converses, its tiny repository in the cache."""
    lay_out(cards.SMOLLM2, cache)
    return registry.get(cards.SMOLLM2.id)


def test_it_answers_within_a_conversation_as_transformers_does_and_shows_what_is_new(talker: ModelCard):
    network, words = bare(talker)
    said = ("What is the capital of England?", "It is London.")
    turns = [{"role": ("user", "assistant")[k % 2], "content": each} for k, each in enumerate((*said, "and again?"))]
    template = words.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    ids = words(template, return_tensors="pt", add_special_tokens=False)["input_ids"]
    with torch.no_grad():
        theirs = network.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, pad_token_id=0)
    own = run.sample(talker.id, 1, 0, prompt="and again?", said=said, temperature=0, max_new_tokens=12).samples
    end = network.generation_config.eos_token_id
    assert list(own.ids[0]) == [token for token in theirs[0, ids.shape[1] :].tolist() if token != end]
    assert own.prompt == "<|im_start|>user\nand again?<|im_end|>\n<|im_start|>assistant\n" and template.endswith(own.prompt)
    alone = run.sample(talker.id, 1, 0, prompt="and again?", temperature=0, max_new_tokens=12).samples
    assert alone.ids != own.ids, "what was said before matters"
    assert run.sample(talker.id, 1, 0, prompt="x", said=json.dumps(said), max_new_tokens=1).controls["said"] == said, "as a link holds it"


@pytest.mark.parametrize(
    "said", [["one"], [1, 2], "no JSON", "[" * 15_000, '{"a": 1}', ["a", "b"] * 9, ["x" * 5000, "y" * 5000], [["a"], ["b"]], 7, True]
)
def test_a_conversation_that_is_none_costs_a_sentence(talker: ModelCard, said: object):
    with pytest.raises(PlaygroundError, match="^said must ") as error:
        run.sample(talker.id, 1, 0, said=said, max_new_tokens=1)
    assert "None" not in str(error.value), "what was given is what is named"
    assert talker.id not in registry.loaded()


def test_a_base_model_has_no_conversation():
    with pytest.raises(PlaygroundError, match="no control named 'said'"):
        run.sample("gpt-shakespeare", 1, 0, said=("a", "b"))


def test_what_was_said_stands_on_the_page_in_the_link_and_in_the_file(talker: ModelCard):
    said = ("<b>hi</b>, you", "hello")
    found = run.sample(talker.id, 1, 4, said=said, prompt="again", max_new_tokens=3)
    shown = talking.turns(said, talker.title)
    assert "&lt;b&gt;hi&lt;/b&gt;" in shown and talker.title in shown and talking.turns((), "x") == ""
    query = dict(urllib.parse.parse_qsl(settings.link_of_run(found, "transformer")))
    assert json.loads(query["said"]) == list(said) and query["prompt"] == "again"
    page = microscope.result(found, transcript.Transcript(found.samples, ()), "transformer")
    assert "1 exchanges before" not in page and "after 1 exchange" in page
    file = base64.b64decode(re.search(r"data:text/plain;base64,([^\"]+)", page).group(1)).decode()
    assert file.startswith(f"You: <b>hi</b>, you\n\n{talker.id}: hello\n\n") and "again" in file

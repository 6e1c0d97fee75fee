"""One text into another by a model of the Hub: parity with transformers' generate, tasks, faults in one sentence, the small panels."""

from __future__ import annotations

from pathlib import Path

import gradio as gr
import pytest
import torch

from playground import hub, registry, run
from playground.cards import hub_text as cards
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import ModelCard
from tabs import rewriting
from tests import hub_layout


def write_t5(folder: Path) -> None:
    """Writes a tiny T5."""
    from tests import hub_parts

    torch.manual_seed(0)
    hub_parts.write_t5(folder, hub_parts.tokenizer())


@pytest.fixture(params=cards.REWRITERS, ids=lambda card: card.id)
def card(request, tmp_path: Path, monkeypatch) -> ModelCard:
    """Each card, a tiny T5 in its place."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    registry.unload()
    hub_layout.copied("t5", write_t5, hub_layout.snapshot_of(request.param, tmp_path / "cache"))
    yield request.param
    registry.unload()


def test_it_writes_greedily_what_transformers_generate_writes(card: ModelCard):
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    from playground.models.seq2seq import TASKS

    folder = hub.folder(card).as_posix()
    network, words = AutoModelForSeq2SeqLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    tasks = {} if "into" not in {control.name for control in card.controls} else {"into": "French"}
    text = TASKS[tasks.get("into", "a summary")] + "The capital of England"
    ids = torch.tensor([[*words(text, add_special_tokens=False)["input_ids"], words.eos_token_id]])
    with torch.no_grad():
        theirs = network.generate(ids, max_new_tokens=12, do_sample=False, num_beams=1)[0, 1:].tolist()
    own = run.sample(card.id, 2, 0, prompt="The capital of England", max_new_tokens=12, **tasks).samples
    assert list(own.ids[0]) == list(own.ids[1]) == [token for token in theirs if token != network.generation_config.eos_token_id]


def test_the_text_and_the_task_are_looked_at(card: ModelCard):
    asked = {"max_new_tokens": 8, "temperature": 0}
    first = run.sample(card.id, 1, 0, prompt="The capital of England", **asked).samples.ids
    assert first != run.sample(card.id, 1, 0, prompt="an old town, again and again", **asked).samples.ids
    if "into" in {control.name for control in card.controls}:
        with pytest.raises(PlaygroundError, match="into must be one of German, French, Romanian"):
            run.sample(card.id, 1, 0, prompt="a", into="Klingon")


def test_the_same_seed_gives_the_same_text_at_any_n(card: ModelCard):
    asked = {"prompt": "The capital", "temperature": 1.0, "max_new_tokens": 6}
    assert run.sample(card.id, 3, 7, **asked).samples.ids[0] == run.sample(card.id, 1, 7, **asked).samples.ids[0]


@pytest.mark.parametrize("prompt", ["", "😀 café", "שלום", "a" * 1000])
def test_any_text_gives_a_text(card: ModelCard, prompt: str):
    assert run.sample(card.id, 1, 0, prompt=prompt, max_new_tokens=3).done
    with pytest.raises(PlaygroundError, match="at most"):
        run.sample(card.id, 1, 0, prompt="x" * 100_000)


def test_without_its_files_one_sentence_and_no_pickle(card: ModelCard):
    (hub.folder(card) / "model.safetensors").unlink()
    with pytest.raises(WeightsUnavailable, match="google-t5/t5-small .* is not on this machine"):
        run.sample(card.id, 1, 0)


def test_the_small_panels_write_and_say_what_they_need(card: ModelCard):
    with gr.Blocks() as demo:
        rewriting.build([card], "transformer")
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    values = ["The capital", "German"][: 1 + ("into" in {control.name for control in card.controls})]
    *_, last = handlers["rewrite"](*values)
    assert "badge live" in last and hub_layout.COMMIT[:12] in last
    assert "Write a text first" in next(iter(handlers["rewrite"](*["  ", "German"][: len(values)])))
    said = next(block for block in demo.blocks.values() if isinstance(block, gr.HTML) and block.elem_id and block.elem_id.endswith("-hub"))
    assert card.licence in said.value and "tokens a second" in said.value

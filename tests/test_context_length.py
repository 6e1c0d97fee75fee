"""A prompt longer than its model reads is refused or said to be, for every prompt of every model with a limit, and counted as the model counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground import context_length, data, inside, registry, remarks, run
from playground.controls import Prompt, prompt_of, text_of
from playground.errors import ControlError
from tests.conftest import ROOT

WORDED = [card.id for card in registry.shipped() if prompt_of(card.controls)]
PROMPTS = [(card_id, each.name) for card_id in WORDED for each in registry.get(card_id).controls if isinstance(each, Prompt)]
WRITERS = [card.id for card in registry.shipped() if text_of(card.controls) and "sample" in card.can]
LOOKING_BACK = [card_id for card_id in WRITERS if card_id.startswith("gpt-")]
LIMIT = 46
LONG = " ".join(["red"] * (LIMIT + 1))


@pytest.mark.parametrize(("card_id", "name"), PROMPTS)
def test_a_prompt_that_would_be_cut_is_refused_before_a_model_is_loaded(card_id: str, name: str):
    before = registry.loaded()
    for value in (LONG, ("red", LONG)):
        with pytest.raises(ControlError) as refused:
            run.stream(card_id, 2, 0, **{name: value})
        said = str(refused.value)
        assert said.startswith(f"{name} must have at most {LIMIT} tokens") and f"got {LIMIT + 1}" in said and "'red'" in said
    assert run.check(card_id, 1, 0, **{name: " ".join(["red"] * LIMIT)}) and registry.loaded() == before


@pytest.mark.parametrize("card_id", WORDED)
def test_a_word_that_is_not_read_cannot_be_changed_or_looked_at(card_id: str):
    unread = f"{LONG} nose"
    for ask in (
        lambda: inside.swap(card_id, 0, "nose", "hat", prompt=unread),
        lambda: inside.swap(
            card_id, 0, "nose", " ".join(["long"] * 11), prompt=" ".join(["red"] * 40) + " nose"
        ),  # long once it is changed
        lambda: inside.look(card_id, 0, prompt=unread),
        lambda: inside.guide(card_id, 2, 0, prompt=unread),
    ):
        with pytest.raises(ControlError, match=f"at most {LIMIT} tokens"):
            ask()


@pytest.mark.parametrize("card_id", WORDED)
def test_every_preset_and_caption_is_read_whole(card_id: str):
    card = registry.get(card_id)
    control = prompt_of(card.controls)
    for text in (control.default, *control.presets, *data.captions(card.dataset)[::50], *data.trials(card.dataset, 50)[0]):
        assert not context_length.counted(card, text).is_cut, text


def same_as_the_tokenizer(examples: int) -> None:
    """Any text is counted as the model's own tokenizer counts it, and what is marked as unread changes no token."""
    from transformers import CLIPTokenizer

    card = registry.get(WORDED[0])
    theirs = CLIPTokenizer.from_pretrained(ROOT / "assets" / "weights" / card.id / "tokenizer", local_files_only=True)
    words = sorted(data.words(card.dataset))

    @settings(max_examples=examples, deadline=None, derandomize=True, database=None)
    @given(
        st.text(max_size=300).filter(lambda text: not any(0xD800 <= ord(each) < 0xE000 for each in text)),
        st.lists(st.sampled_from(words), max_size=80),
    )
    def once(anything: str, said: list[str]) -> None:
        assert context_length.counted(card, anything).tokens == len(theirs(anything, add_special_tokens=False).input_ids)
        text = " ".join(said)
        found = context_length.counted(card, text)
        read = theirs(text, truncation=True, max_length=LIMIT + 2).input_ids
        assert read == theirs(text[found.start : found.end], truncation=True, max_length=LIMIT + 2).input_ids
        assert found.is_cut == (len(read) == LIMIT + 2 and found.end < len(text))

    once()


@pytest.mark.slow
def test_tokens_are_counted_as_the_model_counts_them():
    same_as_the_tokenizer(50)


@pytest.mark.nightly
def test_tokens_of_many_texts_are_counted_as_the_model_counts_them():
    same_as_the_tokenizer(5000)


@pytest.mark.parametrize("card_id", LOOKING_BACK)
def test_a_text_longer_than_the_context_says_which_beginning_is_not_read(card_id: str):
    card = registry.get(card_id)
    limit = json.loads((ROOT / "assets" / "weights" / card_id / "config.json").read_text())["n_positions"]
    letter = next(each for each in text_of(card.controls).alphabet if each.isalpha())
    found = context_length.counted(card, "§" * 10 + letter * (limit + 5))
    assert (found.tokens, found.limit, found.start) == (limit + 5, limit, 15)
    assert "does not read the first 5." in context_length.unread(card, letter * (limit + 5))
    assert "does not read the first 8." in context_length.unread(card, letter * (limit + 5), (1, 2, 3))
    assert context_length.unread(card, letter * limit) == ""


def test_what_has_no_limit_has_no_count():
    for card in registry.shipped():
        if "sample" in card.can and card.id not in (*WORDED, *LOOKING_BACK):
            assert context_length.counted(card, "a text") is None


@pytest.mark.parametrize("where", ["a T5 folder", "an empty folder", "a folder with a broken file"])
def test_a_folder_that_names_no_limit_has_none(where: str, tmp_path: Path):
    if where != "an empty folder":
        about = {"is_encoder_decoder": True, "n_positions": 512}
        (tmp_path / "config.json").write_text(json.dumps(about) if where == "a T5 folder" else "[")
    assert context_length._limit(tmp_path.as_posix()) is None


@pytest.mark.slow
@pytest.mark.parametrize("card_id", ["sdxs-512", "sd-turbo", "stable-diffusion-1-5", "gpt2", "distilgpt2", "smollm2-135m-instruct"])
def test_a_model_of_the_hub_is_counted_by_its_own_tokenizer(card_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from playground.cards import hub_text
    from tests import hub_layout, test_hub_text

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    card = registry.get(card_id)
    (test_hub_text.lay_out if card in hub_text.CARDS else hub_layout.lay_out)(card, tmp_path)
    if card.hub.comes_with:
        monkeypatch.setattr(context_length.hub, "parts", lambda card: (card,))
    few = context_length.counted(card, "a red bob")
    assert few is not None and few.tokens >= 3 and not few.is_cut
    long = context_length.counted(card, "red " * few.limit * 2)
    assert long.is_cut and (long.start > 0) == (card.kind == "text") and (long.end < 8 * few.limit) == (card.kind == "image")
    for control in card.controls:
        if isinstance(control, Prompt):
            with pytest.raises(ControlError, match=f"{control.name} must have at most {few.limit} tokens"):
                context_length.check(card, {each.name: "" for each in card.controls} | {control.name: "red " * 2 * few.limit})


@pytest.mark.slow
def test_a_conversation_longer_than_the_context_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from tests import test_hub_text

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    card = registry.get("smollm2-135m-instruct")
    folder = test_hub_text.lay_out(card, tmp_path)
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(about | {"max_position_embeddings": 300}))
    assert remarks.remarks(card, {"prompt": "Hello", "said": ()}) == ()
    said = ("tell me a story " * 40, "once upon a time " * 40)
    assert "looks back 300 tokens: of the conversation's" in remarks.remarks(card, {"prompt": "Hello", "said": said})[0]


def test_the_page_counts_tokens_and_marks_what_is_not_read():
    from tabs import microscope, prompts

    card = registry.get(WORDED[0])
    assert "Prompt: 3 of 46 tokens." in prompts.noted(card, "a red bob") and "Negative prompt: 2 of 46 tokens." in prompts.noted(
        card, "a", "a cap"
    )
    cut = prompts.noted(card, f"{LONG} <b>", f"{LONG} hat")
    assert "it does not read <s> red &lt;b&gt;</s>" in cut and "<s> red hat</s>" in cut and cut.count("Shorten the text by") == 2
    writer = registry.get(LOOKING_BACK[0])
    assert "3 of 256 tokens" in microscope.prompt_note(writer, "abc")
    assert "does not read the beginning, <s>bb</s>" in microscope.prompt_note(writer, "bb" + "a" * 256)

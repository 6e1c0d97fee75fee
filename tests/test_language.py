"""Models of text: the filters and the choice against transformers' own, a cache against none, and what a changed token changes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from playground import data, registry, run, weights
from playground.controls import Text, Tokens
from playground.errors import ControlError, PlaygroundError
from playground.sampling.noise import generators
from playground.sampling.tokens import Filters, choose, uniforms
from tests.conftest import known_to
from tests.lazy import lazy

transformers = lazy("transformers")
gpt = lazy("playground.models.gpt")
markov = lazy("playground.models.markov")
words = lazy("playground.models.nets.language")

CARDS = [card.id for card in registry.shipped() if card.kind == "text" and "sample" in card.can]
ALPHABET = data.get("shakespeare").labels


@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7])
@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (5, 1.0), (0, 0.6), (9, 0.8), (1, 1.0), (0, 0.05)])
@pytest.mark.parametrize("penalty", [1.0, 1.5])
def test_filters_give_what_transformers_processors_give(temperature: float, top_k: int, top_p: float, penalty: float):
    generator = torch.Generator().manual_seed(0)
    logits = 3 * torch.randn(4, 40, generator=generator)
    seen = torch.randint(40, (4, 12), generator=generator)
    expected = transformers.RepetitionPenaltyLogitsProcessor(penalty)(seen, logits.clone()) if penalty != 1 else logits
    expected = transformers.TemperatureLogitsWarper(temperature)(seen, expected)
    expected = transformers.TopKLogitsWarper(top_k)(seen, expected) if top_k else expected
    expected = transformers.TopPLogitsWarper(top_p)(seen, expected) if top_p < 1 else expected
    found = Filters(temperature, top_k, top_p, penalty).apply(logits, seen)
    torch.testing.assert_close(found, expected.softmax(-1))


def test_temperature_zero_takes_the_likeliest():
    logits = torch.tensor([[0.0, 3.0, 1.0]])
    assert Filters(temperature=0).apply(logits, torch.zeros(1, 0, dtype=torch.long)).tolist() == [[0.0, 1.0, 0.0]]


def test_tokens_are_chosen_as_often_as_their_probability_says():
    p = torch.tensor([0.1, 0.6, 0.0, 0.3]).expand(20000, -1)
    chosen = choose(p, torch.rand(20000, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    assert np.allclose(np.bincount(chosen, minlength=4) / 20000, [0.1, 0.6, 0.0, 0.3], atol=0.012)
    edges = choose(p[:2], torch.tensor([0.0, 1.0 - 1e-16], dtype=torch.float64))
    assert edges.tolist() == [1, 0], "u from the first to the last never falls on what cannot be"


def test_a_position_has_the_same_number_however_long_the_text_gets():
    numbers = uniforms(generators(3, 0, 2))
    assert (numbers == uniforms(generators(3, 0, 3))[:2]).all() and 0 <= numbers.min() and numbers.max() < 1


@pytest.mark.parametrize("card_id", CARDS)
def test_an_unchanged_beginning_gives_the_same_text_and_a_changed_token_changes_only_what_follows(card_id: str):
    asked = {"prompt": "ROMEO:\n", "max_new_tokens": 30, "temperature": 1.0}
    whole = run.sample(card_id, 1, 5, **asked).samples
    again = run.sample(card_id, 1, 5, **asked, continued=whole.ids[0][:12]).samples
    assert again.ids == whole.ids and again.pieces == whole.pieces
    other = (whole.ids[0][12] + 1) % len(data.get(registry.get(card_id).dataset).labels)
    changed = run.sample(card_id, 1, 5, **asked, continued=(*whole.ids[0][:12], other)).samples
    assert changed.ids[0][:12] == whole.ids[0][:12] and changed.ids[0][12] == other and len(changed.ids[0]) == 30
    assert run.sample(card_id, 1, 5, **asked, continued=whole.ids[0]).samples.ids == whole.ids, "nothing is left to write"


@pytest.mark.parametrize("card_id", CARDS)
def test_choices_say_what_stood_to_choose_from(card_id: str):
    for found in run.stream(card_id, 2, 1, views=("choices",), max_new_tokens=6, temperature=0.7, top_k=4):
        seen, written = found.step.views["choices"], found.samples
        assert [row[-1] for row in written.ids] == seen.chosen.tolist()
        assert (np.diff(seen.before, axis=1) <= 1e-7).all() and (seen.kept <= 4).all() and (seen.after[:, 4:] == 0).all()
        np.testing.assert_allclose(seen.after.sum(1), 1, atol=1e-5)
        for row in range(2):
            place = seen.ids[row].tolist().index(seen.chosen[row])
            assert seen.rank[row] == place + 1 and seen.probability[row] == seen.before[row, place]
            assert seen.pieces[row][place] == written.pieces[row][-1]


@pytest.mark.parametrize("card_id", CARDS)
def test_reading_a_text_is_as_surprising_as_writing_it(card_id: str):
    """The same product of guesses, token by token with a memory and all at once without."""
    steps = []
    for found in run.stream(card_id, 1, 2, views=("choices",), prompt="", max_new_tokens=40):
        steps.append(-np.log(found.step.views["choices"].probability[0]))
    reading = run.read(card_id, found.samples.texts[0])
    assert "".join(reading.pieces) == found.samples.texts[0]
    np.testing.assert_allclose(reading.surprise, steps, atol=2e-3)


def test_greedy_text_is_that_of_transformers_generate_and_the_folder_is_a_pipeline_s():
    folder = weights.folder("gpt-shakespeare").as_posix()
    own = run.sample("gpt-shakespeare", 1, 0, prompt="ROMEO:\n", max_new_tokens=60, temperature=0).samples.texts[0]
    pipe = transformers.pipeline("text-generation", model=folder)
    theirs = pipe("ROMEO:\n", max_new_tokens=60, do_sample=False, return_full_text=False)[0]["generated_text"]
    assert own == theirs


def test_writing_goes_on_when_the_positions_run_out():
    torch.manual_seed(0)
    network = transformers.GPT2LMHeadModel(
        transformers.GPT2Config(vocab_size=len(ALPHABET), n_positions=16, n_embd=8, n_layer=1, n_head=1)
    ).eval()
    model = gpt.GPT(network, words.Characters(ALPHABET))
    with torch.no_grad():
        *_, last = model.stream(2, generators(0, 0, 2), prompt="a prompt that is longer than that", max_new_tokens=50)
        assert all(len(text) == 50 for text in last.samples.texts)
        reader, long = model.reader(1), torch.tensor([model.tokens.ids("thirty characters, give or take")])
        after = reader.read(long)
        bare = network(long[:, -16:]).logits[:, -1]
    torch.testing.assert_close(after, bare)


def test_windows_score_each_token_once_from_half_a_context_at_least():
    for length in (1, 7, 8, 9, 40, 41):
        found = list(words.windows(length, 8))
        assert [place for _, scored, end in found for place in range(scored, end)] == list(range(length))
        assert all(end - first <= 8 and (first == 0 or scored - first >= 4) for first, scored, end in found)


def test_pieces_wait_for_the_bytes_of_a_character():
    class Bytes:
        """One token a byte."""

        @staticmethod
        def text(ids: list[int]) -> str:
            """The text of some bytes."""
            return bytes(ids).decode("utf-8", "replace")

    ids = list("aé😀b".encode())
    assert words.pieces(Bytes, ids) == ("a", "", "é", "", "", "", "😀", "b")
    assert "".join(words.pieces(Bytes, ids[:5])) == "aé", "half a character is not shown"


def test_probabilities_of_n_grams_sum_to_one_and_follow_the_counts():
    symbols = np.array([0, 1, 0, 1, 0, 2, 0, 1] * 30)
    counts = markov.Counts(symbols, 3, 2)
    contexts = np.zeros((2, markov.LONGEST), np.int64)
    contexts[:, -2:] = [[1, 0], [2, 0]]
    p = counts.probabilities(contexts, np.array([2, 2]), np.tile(np.arange(3), (2, 1)))
    np.testing.assert_allclose(p.sum(1), 1)
    assert p[1, 1] > 0.95, "after 2 0 always came 1"
    assert p[0].argmax() in (1, 2) and markov.surprises(counts, symbols[:2], symbols[2:]).mean() < np.log(3)


ODD = [
    ("😀🙈", "must hold a character"),
    ("שלום", "must hold a character"),
    ("x" * 100_000, "at most 2,000 characters, got 100,000"),
    (7, "must be a text"),
]


@pytest.mark.parametrize(("prompt", "message"), ODD)
@pytest.mark.parametrize("card_id", CARDS)
def test_a_prompt_that_cannot_be_is_refused_in_one_sentence_before_a_model_is_loaded(
    card_id: str, prompt: object, message: str, monkeypatch
):
    monkeypatch.setattr(registry, "load", lambda _: pytest.fail("a model was loaded"))
    with pytest.raises(ControlError, match=message) as error:
        run.stream(card_id, 1, 0, prompt=prompt)
    assert len(str(error.value)) < 250 and "\n" not in str(error.value)


@pytest.mark.parametrize("prompt", ["", "a 😀 b", "Wörter\r\n", "אב and more", "\t \n"])
@pytest.mark.parametrize("card_id", CARDS)
def test_a_prompt_with_unknown_characters_is_gone_on_from_without_them(card_id: str, prompt: str):
    found = run.sample(card_id, 1, 0, prompt=prompt, max_new_tokens=3).samples
    assert found.prompt == known_to(card_id, prompt.replace("\r\n", "\n")) and len(found.texts[0]) == 3


@pytest.mark.parametrize("tokens", [[-1], [1.5], ["a"], "abc", [0] * 1001, [True]])
def test_tokens_that_cannot_be_are_refused(tokens: object):
    with pytest.raises(ControlError, match="continued must be"):
        Tokens("continued", "Continued", 1000).validate(tokens)


@pytest.mark.parametrize("card_id", CARDS)
def test_a_token_that_the_model_does_not_have_is_refused(card_id: str):
    with pytest.raises(PlaygroundError, match="continued must hold tokens below"):
        run.sample(card_id, 1, 0, continued=(10_000,), max_new_tokens=4)


def test_a_text_keeps_its_lines_and_names_what_it_does_not_know():
    control = Text("prompt", "Prompt", alphabet=ALPHABET)
    assert control.validate("a\r\n\r b  c") == "a\n\n b  c" and control.unknown("a é b é 7") == ("é", "7")


@pytest.mark.parametrize("card_id", [card.id for card in registry.shipped() if "attend" in card.can])
def test_attention_looks_back_only_and_sums_to_one(card_id: str):
    found, seen = run.attend(card_id, "To be, or not")
    assert "".join(found) == known_to(card_id, "To be, or not") and seen.shape[2:] == (len(found), len(found)) and len(found) >= 9
    np.testing.assert_allclose(seen.sum(-1), 1, atol=1e-4)
    assert np.triu(seen, 1).max() == 0


@pytest.mark.parametrize("card_id", [card.id for card in registry.shipped() if "remember" in card.can])
def test_a_state_follows_from_what_was_read_before_alone(card_id: str):
    found, states = run.remember(card_id, "To be, or not")
    assert len(found) == len(states) == 13 and np.abs(states).max() <= 1
    np.testing.assert_allclose(run.remember(card_id, "To be")[1], states[:5], atol=1e-5)

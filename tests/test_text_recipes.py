"""How texts and pairs are cut into batches, and that their recipes take a step, on what needs no file."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from playground import data, excerpts, previews, registry, run
from playground.data import dates
from playground.errors import PlaygroundError
from playground.training import batches
from playground.training.recipe import TextBatch
from playground.types import Corpus
from tests.conftest import card_ids
from tests.lazy import lazy

translated = lazy("playground.models.translation")

SMALL = {"width": 16, "layers": 1, "heads": 2, "context": 12, "hidden": 8, "embedding": 4, "length": 12, "batch_size": 2}
ALPHABET = data.get("shakespeare").labels


def samples(card):
    """A small training set of a card's kind."""
    if card.kind == "pairs":
        return dates.drawn(8, np.random.default_rng(0), dates.SEEN, False)
    return Corpus(excerpts.read(card.dataset))


@pytest.mark.parametrize(
    "card", [card for card in registry.shipped() if card.kind != "image" and "markov" not in card.id], ids=lambda card: card.id
)
def test_a_recipe_of_texts_takes_a_step_and_repeats_it(card):
    make = registry.resolve(card.recipe)
    config = make(card).config
    small = {name: value for name, value in SMALL.items() if hasattr(config, name)}
    recipe = make(card, dataclasses.replace(config, **small, dropout=0.0))
    cut, losses = recipe.batches(samples(card)), []
    for _ in range(2):
        trainee, taken = recipe.make(), []
        batch = cut.take(cut.rows(recipe.batch_size, 0, 0), torch.device("cpu"))
        found = trainee.step(batch, 0, torch.Generator().manual_seed(0), lambda *step, taken=taken: taken.append(step))
        assert {name for each in taken for name in (each[0], *each[2:])} == set(trainee.optimizers)
        losses.append(float(found["loss"]))
        taken[0][1].backward()
    assert losses[0] == losses[1] and np.isfinite(losses[0])


@pytest.mark.parametrize("card_id", ["gpt-shakespeare", "gpt-chorales"])
def test_a_gpt_goes_on_from_its_shipped_weights(card_id: str):
    trainee = registry.resolve(registry.get(card_id).recipe)(registry.get(card_id)).make()
    trainee.modules["gpt"].load_state_dict(trainee.earlier(card_id)["gpt"])
    found, shipped = trainee.modules["gpt"].eval(), registry.load(card_id).network
    ids = torch.arange(12)[None]
    with torch.no_grad():
        torch.testing.assert_close(found(ids).logits, shipped(ids).logits, atol=1e-3, rtol=1e-3)


def test_windows_cover_an_epoch_without_overlap_and_the_next_on_another_grid():
    tokens = torch.arange(1000)
    cut = batches.Windows(tokens, 9)
    per_epoch = ((1000 - 1 - 9) // 9) // 4
    first = torch.cat([cut.rows(4, 0, step) for step in range(per_epoch)])
    second = torch.cat([cut.rows(4, 0, step) for step in range(per_epoch, 2 * per_epoch)])
    assert len(set((first % 9).tolist())) == 1 and len(set(first.tolist())) == len(first) and first.max() + 10 <= 1000
    assert len(set((second % 9).tolist())) == 1 and first[0] % 9 != second[0] % 9
    batch = cut.take(first[:2], torch.device("cpu"))
    assert isinstance(batch, TextBatch) and batch.starts and (batch.x.diff() == 1).all() and batch.x.shape == (2, 10)


def test_lanes_go_on_where_they_were_and_begin_anew_with_an_epoch():
    tokens = torch.arange(400)
    cut = batches.Lanes(tokens, 10)
    read = [cut.take(cut.rows(4, 0, step), torch.device("cpu")) for step in range(2 * ((399 // 4 - 10) // 10) + 1)]
    per_epoch = (399 // 4 - 10) // 10
    assert [k for k, batch in enumerate(read) if batch.starts] == [0, per_epoch, 2 * per_epoch]
    for before, after in zip(read, read[1:], strict=False):
        if not after.starts:
            assert (after.x[:, 0] == before.x[:, -1]).all(), "the last character of a piece is the first of the next"


def test_dates_that_are_held_out_and_ways_that_are_unseen_are_never_shown():
    train, test, unseen = (data.load("dates", split) for split in ("train", "test", "unseen"))
    assert not set(train.targets) & (set(test.targets) | set(unseen.targets)) and not set(train.sources) & set(unseen.sources)
    assert all(map(dates.iso, [*train.targets[:500], *unseen.targets]))
    assert max(map(len, [*train.sources, *unseen.sources])) <= dates.LONGEST
    assert {each for text in (*train.sources, *test.sources, *unseen.sources, *train.targets) for each in text} <= set(
        data.get("dates").labels
    )
    assert len(set(test.targets)) > 1000


def test_the_lstm_that_looks_across_writes_in_steps_what_it_guesses_all_at_once():
    torch.manual_seed(0)
    tokens = translated.PairTokens(data.get("dates").labels)
    network = translated.Attending(tokens.size, 16).eval()
    source = tokens.rows(["24.12.1990", "1 May 1886"])
    with torch.no_grad():
        written, looked = translated.Translator(network, tokens)._attending(source)
        again = network(source, written).argmax(-1)
    assert (again == written).all()
    np.testing.assert_allclose(looked.sum(-1), 1, atol=1e-5)
    assert float(looked[1, :, len("1 May 1886") :].sum()) == 0, "padding is not looked at"


@pytest.mark.parametrize("card_id", card_ids("translate"))
def test_dates_are_translated_alone_or_in_a_batch_and_every_character_looks_somewhere(card_id: str):
    texts = ["Monday, 24 December 1990", "le 14 juillet 1989", "12/31/1999"]
    found = run.translate(card_id, texts)
    assert found.texts == ("1990-12-24", "1989-07-14", "1999-12-31")
    for text, source, target, looked in zip(texts, found.sources, found.targets, found.attention, strict=True):
        assert "".join(source) == text and looked.shape == (len(target), len(source))
        np.testing.assert_allclose(looked.sum(1), 1, atol=1e-3)
    assert run.translate(card_id, texts[1:2]).texts == found.texts[1:2]
    recorded = previews.read_translation(card_id)
    fresh = run.translate(card_id, [previews.TRANSLATED])
    assert recorded.texts == fresh.texts
    np.testing.assert_allclose(recorded.attention[0], fresh.attention[0], atol=1e-3)


@pytest.mark.parametrize("wrong", [["x" * 100_000], ["😀"], [""], [], "24.12.1990", [7], [None]])
@pytest.mark.parametrize("card_id", card_ids("translate"))
def test_what_is_no_text_to_translate_is_refused_before_a_model_is_loaded(card_id: str, wrong: object, monkeypatch):
    monkeypatch.setattr(registry, "load", lambda _: pytest.fail("a model was loaded"))
    with pytest.raises(PlaygroundError) as error:
        run.translate(card_id, wrong)
    assert len(str(error.value)) < 250

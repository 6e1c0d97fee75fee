"""What the page shows of a model that is told words: words looked at, one word changed, guidance from 0 up."""

from __future__ import annotations

import dataclasses
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from playground import data, inside, known, previews, registry
from playground.controls import prompt_of
from playground.data import face_words, faces
from playground.errors import PlaygroundError
from playground.gate import GATE
from playground.metrics import features, guidance, measurements
from playground.types import Images, Measurement
from tabs import inside_views as views
from tabs import launch

CARDS = [card for card in previews.drawn() if prompt_of(card.controls)]
GUIDED = [card for card in CARDS if guidance.scales(card)]
TEXT = "a young person with curly red hair and round glasses, laughing"
by_id = partial(pytest.mark.parametrize, ids=lambda card: card.id)


def test_what_a_caption_names_is_read_off_its_words():
    for seed in (*range(400), *range(faces.TRIAL_SEED, faces.TRIAL_SEED + 400)):
        for unseen in (False, True):
            text, said = faces.described(faces.values_of(seed), seed, unseen)
            assert data.named("faces", text) == said, text
    assert data.named("faces", "a cat on the moon") == {} == data.named("faces", "")
    assert data.named("faces", "RED hair, then black hair")["hair_colour"] == "red"


def test_every_alternative_is_another_value_of_the_same_factor():
    for seed in range(100):
        text = faces.caption(faces.values_of(seed), seed)
        for start, end, others in face_words.alternatives(text):
            assert text[start:end] not in others
            for other in others:
                before, after = data.named("faces", text), data.named("faces", text[:start] + other + text[end:])
                assert len({name for name in before | after if before.get(name) != after.get(name)}) == 1, (text, other)


@by_id("card", CARDS)
def test_the_words_of_a_prompt_have_names_of_their_own(card):
    found = inside.places(card, "a brown cat with brown hair and a middle-aged smile, brown eyes")
    assert [place.name for place in found if place.name.startswith("brown")] == ["brown", "brown (2)", "brown (3)"]
    assert found[1].others == () and "black" in found[4].others and "a middle-aged" in [place.name for place in found]
    assert inside.changed(card, TEXT, "red", "black") == TEXT.replace("red", "black")
    word, other = inside.suggested(card, TEXT)
    assert inside.changed(card, TEXT, word, other) != TEXT and inside.suggested(card, "") == ("", "")


@by_id("card", CARDS)
@pytest.mark.parametrize(
    ("word", "other", "message"),
    [
        ("green", "black", "word must be one of the prompt's"),
        (None, "black", "word must be one of the prompt's"),
        ("red", "", "other must be a word"),
        ("red", "x" * 61, "at most 60 characters"),
        ("red", ["black"], "one text|a word"),
    ],
)
def test_a_bad_change_is_refused_in_one_sentence_and_costs_nothing(card, word: object, other: object, message: str):
    before = registry.loaded()
    with pytest.raises(PlaygroundError, match=message):
        inside.swap(card.id, 0, word, other, prompt=TEXT)
    with pytest.raises(PlaygroundError, match="seed must be"):
        inside.swap(card.id, -1, "red", "black", prompt=TEXT)
    assert registry.loaded() == before and GATE.is_free


@by_id("card", CARDS)
def test_a_word_changed_to_itself_changes_nothing_and_another_does(card):
    for other, differs in (("red", False), ("black", True)):
        pairs = list(inside.swap(card.id, 3, "red", other, prompt=TEXT, num_inference_steps=2))
        assert [pair[0].step.i for pair in pairs] == [1, 2] and all(a.step.i == b.step.i for a, b in pairs)
        first, second = (found.step.views["x_0"] for found in pairs[-1])
        coloured = inside.difference(first, second).pixels
        assert (np.ptp(coloured, axis=-1).max() > 60) == differs == (inside.changed_share(first, second) > 0)
        changes = inside.read_changes(card, *(found.samples for found in pairs[-1]))
        assert differs or changes == []


@by_id("card", CARDS)
def test_stopping_a_change_frees_the_gate(card):
    steps = inside.swap(card.id, 3, "red", "black", prompt=TEXT, num_inference_steps=4)
    next(steps)
    steps.close()
    assert GATE.is_free


def test_only_what_differs_is_coloured():
    first = faces.make(range(2))
    second = Images(first.pixels.copy())
    second.pixels[:, 10:20, 30:40] = 255 - second.pixels[:, 10:20, 30:40]
    found = inside.difference(first, second).pixels
    grey = np.ptp(found, axis=-1) == 0
    assert grey[:, :10].all() and grey[:, 20:].all() and not grey[:, 10:20, 30:40].any()
    assert 0 < inside.changed_share(first, second) <= 100 / 64**2


def test_a_map_is_brightest_where_its_weight_is_largest():
    picture, maps = Images(np.full((1, 64, 64, 3), 128, np.uint8)), np.full((2, 8, 8), 0.001)
    maps[0, 2, 5] = 0.01
    lit = inside.lit(picture, maps).pixels
    assert lit.shape == (2, 64, 64, 3)
    row, column = divmod(int(np.ptp(lit[0], axis=-1).argmax()), 64)
    assert row // 8 == 2 and column // 8 == 5 and np.ptp(lit[0, 60, 5]) < np.ptp(lit[0, 20, 44])
    assert np.ptp(lit[1], axis=-1).max() == 0, "a word that is read everywhere alike has no bright place"
    assert inside.lit(Images(np.zeros((1, 300, 200, 3), np.uint8)), maps, 96).pixels.shape == (2, 96, 64, 3)


def test_diversity_is_the_distance_of_two_samples_in_units_of_real_ones():
    assert guidance.distance(np.ones((5, 3))) == 0 == guidance.distance(np.ones((1, 3)))
    assert guidance.distance(np.float32([[0, 0], [3, 4]])) == pytest.approx(5)
    real = features.reference("faces")["test_features"][500:700]
    assert guidance.diversity("faces", SimpleNamespace(features=real)) == pytest.approx(1, abs=0.05)


@by_id("card", GUIDED)
def test_real_samples_that_a_prompt_describes_are_judged_right(card):
    about, said = data.get(card.dataset), data.named(card.dataset, TEXT)
    real = guidance.described(about, said, 12, 0)
    found = inside.judge(card, TEXT, real)
    assert found.named == len(said) == 5 and found.adherence > 0.9 and 0.3 < found.diversity < 1
    assert inside.judge(card, "a cat", real).adherence is None
    wrong = inside.judge(card, TEXT.replace("red", "black"), real)
    assert found.adherence - wrong.adherence == pytest.approx(1 / 5, abs=0.05)


@by_id("card", GUIDED)
def test_every_guidance_draws_from_the_same_noise(card):
    found = [(scale, run) for scale, run in inside.guide(card.id, 2, 5, prompt=TEXT, num_inference_steps=1) if run.done]
    assert [scale for scale, _ in found] == list(guidance.scales(card)) and guidance.scales(card)[0] == 0
    assert all(run.controls["guidance_scale"] == scale for scale, run in found)
    two, eight = (np.abs(run.samples.pixels - found[1][1].samples.pixels).mean() for _, run in (found[3], found[-1]))
    assert 0 < two < eight


@by_id("card", GUIDED)
def test_too_many_samples_or_a_list_of_prompts_are_refused_before_anything_is_drawn(card):
    before = registry.loaded()
    for asked in ({"n": inside.MAX_N + 1}, {"n": 2, "prompt": ("a face", "a face")}, {"n": 2, "guidance_scale": "much"}):
        with pytest.raises(PlaygroundError):
            inside.guide(card.id, seed=0, **asked)
    with pytest.raises(PlaygroundError, match="no guidance towards a prompt"):
        inside.guide("gan-mnist", 2, 0)
    assert registry.loaded() == before


@by_id("card", GUIDED)
def test_guidance_is_measured_beside_real_samples_and_only_its_numbers_are_replaced(card, monkeypatch):
    real = data.trials(card.dataset, 5)[2]
    monkeypatch.setattr(guidance, "SCALES", (0.0, 2.0))
    asked = []

    def sample(card_id: str, n: int, seed: int, guidance_scale: float, prompt: tuple[str, ...]) -> SimpleNamespace:
        asked.append((guidance_scale, prompt))
        pixels = np.repeat(real.pixels, guidance.EACH, axis=0)  # obedient, and all of one prompt the same
        return SimpleNamespace(samples=Images(pixels if guidance_scale else np.roll(pixels, 4, axis=0)))

    monkeypatch.setattr(guidance.run, "sample", sample)
    make = partial(Measurement, card=card.id, seed=0, split="test")
    found = {m.metric: m for m in guidance.measure(card, 20, 0, make)}
    assert set(found) == {f"guidance_{name}_{scale}" for name in ("adherence", "diversity") for scale in (0, 2)}
    assert [scale for scale, _ in asked] == [0, 2] and asked[0][1] == asked[1][1] and len(asked[0][1]) == 20
    assert found["guidance_adherence_2"].value > 0.85 > found["guidance_adherence_0"].value
    assert found["guidance_adherence_2"].floor > 0.85 and 0.3 < found["guidance_diversity_2"].floor < 1.2
    assert found["guidance_diversity_2"].value < 1e-6 and found["guidance_adherence_0"].n == 20
    old = (make(metric="fid", value=1.0, n=1), make(metric="guidance_adherence_0", value=0.0, n=1))
    merged = measurements.merge(old, tuple(found.values()), guidance.PREFIX)
    assert merged[0] is old[0] and old[1] not in merged and len(merged) == 1 + len(found)


@by_id("card", GUIDED)
def test_what_guidance_does_is_recorded(card):
    assert "not measured" in views.measured_chart([]).lower()
    steps = known.guided(card)
    assert [step.scale for step in steps] == list(guidance.scales(card)), f"run python -m playground.metrics --guidance {card.id}"
    for step in steps:
        assert step.adherence.floor > 0.85 and step.diversity.floor > 0 and step.adherence.command
    assert views.measured_chart(steps).count("<circle") == len(steps) == views.measured_chart(steps).count("<rect")


@by_id("card", CARDS)
def test_the_recorded_insides_are_those_of_the_shipped_weights(card):
    for name in ("look", "swap", "guidance"):
        rows, about = previews.read_rows(card.id, name)
        assert about["seed"] == previews.SEED and about["prompt"] == prompt_of(card.controls).default
        assert about["weights"] == previews._hashes(card.id), f"run python -m playground previews {card.id}"
        assert len({len(row.images) for row in rows}) == 1
    shares = np.asarray(previews.read_rows(card.id, "look")[1]["shares"])
    assert np.allclose(shares.sum(1), 1, atol=0.01)


def test_words_of_a_person_are_escaped():
    picture = faces.make(range(1))
    found = views.Looked(picture, picture, ["<img src=x>", "end of text"], [True, False], np.ones((2, 4, 4)), [0.3, 0.7])
    shown = views.look_begin(1, views.telling(found)) + views.look_moment(found, 1, 1, 0) + views.swapped_text("a <i>", 2, 5, "<b>")
    assert "<img src=x>" not in shown and "<i>" not in shown.replace("<i></i>", "") and "<s>&lt;i&gt;</s>" in shown


def test_a_card_without_words_has_no_insides():
    card = registry.get("gan-mnist")
    assert not list(inside.recorded(card, 0)) and not inside.can_look(card)
    with pytest.raises(PlaygroundError, match="is not told words"):
        inside.swap(card.id, 0, "a", "b")
    assert guidance.scales(dataclasses.replace(card, controls=())) == ()


def test_the_page_offers_it():
    assert any(getattr(block, "label", "") == "How it works inside" for block in launch.build().blocks.values())

"""What every card promises by `can`, held against the loaded model: the same for all families, no card named."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from playground import data, registry, run
from playground.controls import Slider, adjustments, equal_shares
from playground.errors import PlaygroundError
from playground.gate import GATE
from playground.types import Images, Latents, Samples, Texts
from tests.conftest import CONDITIONAL, DRAWING, SAMPLERS, card_ids
from tests.draws import brief, by_card, drawn, moments

N = 5
TOLERANCE = 2 / 127.5  # two grey levels of 255, on the scale of [-1, 1]


def in_chunks(card_id: str, chunk: int, n: int, seed: int, **controls) -> Samples:
    """The samples of a run whose forward batches hold `chunk` samples."""
    card, n, seed, values = run.check(card_id, n, seed, **controls)
    *_, last = run._stream(dataclasses.replace(card, chunk=chunk), n, seed, (), values)
    return last.samples


def difference(a: Images | Texts, b: Images | Texts) -> float:
    """The largest difference of two batches of pictures on the scale of [-1, 1]; of texts, the share that differs."""
    if isinstance(a, Texts):
        assert len(a) == len(b)
        return float(np.mean([one != other for one, other in zip(a.ids, b.ids, strict=True)]))
    return float(np.abs(a.float32() - b.float32()).max())


def count_calls(card_id: str) -> tuple[list[int], Callable[[], None]]:
    """A list that grows by one at every forward call of the loaded model's modules, and what ends the counting."""
    found = [value for value in vars(registry.load(card_id)).values() if isinstance(value, torch.nn.Module)]
    calls: list[int] = []
    hooks = [module.register_forward_hook(lambda *_: calls.append(1)) for module in found]
    return calls, lambda: [hook.remove() for hook in hooks]


@pytest.mark.parametrize("card_id", by_card(card.id for card in registry.shipped()))
def test_a_card_can_what_its_model_offers(card_id: str):
    card, model = registry.get(card_id), registry.load(card_id)
    offered = {
        name
        for name in ("encode", "decode", "reconstruct", "score", "sketch", "read", "attend", "remember", "translate", "attribute")
        if hasattr(model, name)
    }
    assert card.can == offered | ({"sample"} if hasattr(model, "stream") else set())
    assert card.facts and card.paper and card.title and registry.get(card.id) is card


@pytest.mark.parametrize("card_id", by_card(SAMPLERS))
def test_samples_have_the_data_set_s_shape_and_range(card_id: str):
    found = drawn(card_id, N, 0, **brief(card_id))
    pixels = found.samples.pixels
    assert pixels.shape == (N, *data.get(registry.get(card_id).dataset).shape)
    assert np.isfinite(pixels).all() and pixels.min() >= -1 and pixels.max() <= 1
    assert found.done and found.n == N and found.seconds > 0 and found.nfe >= 1
    assert found.samples.uint8().dtype == np.uint8
    assert all(control.name in found.controls for control in registry.get(card_id).controls)


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_same_seed_gives_same_samples_at_any_batch_split(card_id: str):
    whole = in_chunks(card_id, 64, N, 3, **brief(card_id))
    for chunk in (1, 3):
        split = in_chunks(card_id, chunk, N, 3, **brief(card_id))
        assert difference(whole, split) <= TOLERANCE
        assert np.array_equal(getattr(whole, "labels", None), getattr(split, "labels", None))


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_the_first_samples_do_not_depend_on_n(card_id: str):
    controls = equal_shares(registry.get(card_id).controls, N)
    few = run.sample(card_id, 2, 3, **{name: values[:2] for name, values in controls.items()}, **brief(card_id)).samples
    many = run.sample(card_id, N, 3, **controls, **brief(card_id)).samples
    first = Texts(many.ids[:2], many.pieces[:2]) if isinstance(many, Texts) else Images(many.pixels[:2])
    assert difference(few, first) <= TOLERANCE


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_another_seed_gives_other_samples(card_id: str):
    a, b = drawn(card_id, N, 0, **brief(card_id)).samples, run.sample(card_id, N, 1, **brief(card_id)).samples
    assert difference(a, b) > 0.05
    assert difference(a, run.sample(card_id, N, 0, **brief(card_id)).samples) <= TOLERANCE


@pytest.mark.parametrize("card_id", by_card(CONDITIONAL))
def test_the_labels_asked_for_are_returned_and_matter(card_id: str):
    label = next(control for control in registry.get(card_id).controls if control.name == "label")
    asked = tuple(label.classes[i] for i in (3, 1, 0, 1))
    found = run.sample(card_id, 4, 0, label=asked, **brief(card_id)).samples
    assert found.labels.tolist() == [3, 1, 0, 1]
    assert run.sample(card_id, 2, 0, label=label.classes[2], **brief(card_id)).samples.labels.tolist() == [2, 2]
    assert difference(found, run.sample(card_id, 4, 0, label=label.classes[5], **brief(card_id)).samples) > 0.01


def test_any_label_means_the_same_labels_in_every_family():
    found: dict[str, list] = {}
    for card_id in CONDITIONAL:
        found.setdefault(registry.get(card_id).dataset, []).append(run.sample(card_id, 9, 4, **brief(card_id)).samples.labels.tolist())
    assert max(map(len, found.values())) >= 3
    for labels in found.values():
        assert all(each == labels[0] for each in labels) and len(set(labels[0])) > 1


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_steps_count_up_and_the_last_one_is_the_answer(card_id: str):
    *before, last = (moment.run for moment in moments(card_id, 2, 0, **brief(card_id)))
    assert last.done and not any(found.done for found in before)
    total = last.step.total
    assert [found.step.i for found in before] == list(range(1, total))
    assert last.step.i == total and last.nfe >= total
    assert all(len(found.samples) == 2 for found in before)


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_views_come_only_when_asked_for(card_id: str):
    card = registry.get(card_id)
    assert all(not moment.run.step.views for moment in moments(card_id, 2, 0, **brief(card_id)))
    for found in run.stream(card_id, 2, 0, views=card.views, **brief(card_id)):
        assert set(found.step.views) == set(card.views)
        assert all(len(view) == 2 for view in found.step.views.values())
    with pytest.raises(PlaygroundError, match="views of"):
        run.stream(card_id, 2, 0, views=("nonesuch",))


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_closing_the_generator_stops_the_work_and_frees_the_gate(card_id: str):
    chunk = registry.get(card_id).chunk
    runs = run.stream(card_id, 2 * chunk if drawn(card_id, 2, 0, **brief(card_id)).step.total == 1 else 2, 0)
    next(runs)
    calls, stop_counting = count_calls(card_id)
    try:
        runs.close()
        assert GATE.is_free and calls == []
        assert run.sample(card_id, 2, 0, **brief(card_id)).done, "the next run is clean"
    finally:
        stop_counting()
    assert GATE.is_free


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_the_gate_is_free_between_steps_and_gradients_are_off(card_id: str):
    for moment in moments(card_id, 2, 0, **brief(card_id)):
        assert moment.gate_is_free
        assert moment.has_gradients, "the consumer's own grad mode is left alone"


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_a_generator_may_be_resumed_on_any_thread(card_id: str):
    runs, found = run.stream(card_id, 2, 0, **brief(card_id)), []

    def advance():
        found.append(next(runs, None))

    while not found or found[-1] is not None:
        thread = threading.Thread(target=advance)
        thread.start()
        thread.join()
    assert difference(found[-2].samples, drawn(card_id, 2, 0, **brief(card_id)).samples) <= TOLERANCE


@pytest.mark.parametrize("card_id", by_card(DRAWING))
def test_two_at_once_take_turns_and_get_what_each_gets_alone(card_id: str):
    alone = [drawn(card_id, 2, seed, **brief(card_id)).samples for seed in (0, 1)]
    together: dict[int, Images] = {}
    order: list[int] = []
    start = threading.Barrier(2)

    def draw(seed: int):
        start.wait()
        for found in run.stream(card_id, 2, seed, **brief(card_id)):
            order.append(seed)
            together[seed] = found.samples

    threads = [threading.Thread(target=draw, args=(seed,)) for seed in (0, 1)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert all(difference(alone[seed], together[seed]) <= TOLERANCE for seed in (0, 1))
    overlap = order[order.index(1 - order[0]) : len(order) - 1 - order[::-1].index(1 - order[-1])]
    streaks = [len(streak) for streak in "".join(map(str, overlap)).replace("01", "0 1").replace("10", "1 0").split()]
    assert max(streaks, default=1) <= 3, order


@pytest.mark.parametrize("card_id", by_card(card_ids("encode")))
def test_encode_gives_finite_codes_one_a_picture(card_id: str, some: dict[str, Images]):
    pictures = some[registry.get(card_id).dataset]
    codes = run.encode(card_id, pictures)
    assert isinstance(codes, Latents) and len(codes) == len(pictures) and codes.values.ndim == 2
    assert codes.values.dtype == np.float32 and np.isfinite(codes.values).all()
    assert np.abs(run.encode(card_id, Images(pictures.float32())).values - codes.values).max() < 1e-4, (
        "uint8 and float32 are the same picture"
    )


@pytest.mark.parametrize("card_id", by_card(card_ids("decode")))
def test_decode_turns_codes_into_pictures(card_id: str, some: dict[str, Images]):
    card = registry.get(card_id)
    codes = (
        run.encode(card_id, some[card.dataset])
        if "encode" in card.can
        else drawn(card_id, 6, 0, views=("z",), **brief(card_id)).step.views["z"]
    )
    pictures = run.decode(card_id, codes)
    assert pictures.pixels.shape == (6, *data.get(card.dataset).shape) and np.abs(pictures.pixels).max() <= 1
    for values in (np.full_like(codes.values, np.nan), codes.values[:0]):
        with pytest.raises(PlaygroundError, match="finite"):
            run.decode(card_id, Latents(values))


@pytest.mark.parametrize("card_id", by_card(card_id for card_id in card_ids("decode") if card_id in SAMPLERS))
def test_decoding_a_sample_s_z_gives_the_sample(card_id: str):
    found = drawn(card_id, N, 0, views=("z",))  # decode takes the default settings
    assert difference(found.samples, run.decode(card_id, found.step.views["z"])) <= TOLERANCE


@pytest.mark.parametrize("card_id", by_card(card_ids("reconstruct")))
def test_reconstruct_gives_as_many_pictures_of_the_same_shape(card_id: str, some: dict[str, Images]):
    pictures = some[registry.get(card_id).dataset]
    found = run.reconstruct(card_id, pictures)
    assert found.pixels.shape == pictures.pixels.shape and np.abs(found.pixels).max() <= 1


@pytest.mark.parametrize("card_id", by_card(card_ids("score")))
def test_score_gives_probabilities_and_features(card_id: str, some: dict[str, Images]):
    about = data.get(registry.get(card_id).dataset)
    pictures, classes = some[about.name], len(about.labels)
    scores = run.score(card_id, pictures)
    assert scores.probabilities.shape == (len(pictures), classes) and len(scores.features) == len(pictures)
    assert not scores.factors or set(scores.factors) == {factor.name for factor in about.factors}
    assert all(len(value) == len(pictures) and np.isfinite(value).all() for value in scores.factors.values())
    assert np.allclose(scores.probabilities.sum(1), 1, atol=1e-4) and np.isfinite(scores.features).all()


@pytest.mark.parametrize("card_id", by_card(card_ids("sketch")))
def test_a_sketch_follows_what_is_told(card_id: str):
    card = registry.get(card_id)
    nothing = run.sketch(card_id).pixels
    assert nothing.shape == (1, *data.get(card.dataset).shape) and np.abs(nothing).max() <= 1
    assert np.array_equal(run.sketch(card_id, label="any").pixels, nothing)
    for factor in adjustments(card.controls):
        extreme = factor.maximum if isinstance(factor, Slider) else factor.choices[-1]
        assert not np.array_equal(run.sketch(card_id, **{factor.name: extreme}).pixels, nothing), factor.name
    for wrong in ({"label": ("bald", "bald")}, {"label": "nobody"}, {"age": 1e9}, {"scheduler": "DDIM"}):
        with pytest.raises(PlaygroundError):
            run.sketch(card_id, **wrong)
    assert GATE.is_free


def test_what_cannot_sketch_says_so():
    with pytest.raises(PlaygroundError, match="gan-mnist cannot sketch: it can"):
        run.sketch("gan-mnist")


@pytest.mark.parametrize("what", ["encode", "decode", "reconstruct", "score", "attribute"])
def test_a_card_that_cannot_says_what_it_can(what: str, some: dict[str, Images]):
    for card_id in {card.id for card in registry.cards() if what not in card.can}:
        given = Latents(np.zeros((1, 2), np.float32)) if what == "decode" else some.get(registry.get(card_id).dataset, some["mnist"])
        with pytest.raises(PlaygroundError, match=f"{card_id} cannot {what}: it can"):
            getattr(run, what)(card_id, given)


@pytest.mark.parametrize("what", ["encode", "reconstruct", "score", "attribute"])
def test_pictures_of_another_shape_are_refused(what: str):
    for card_id in card_ids(what):
        for pixels in (np.zeros((1, 32, 32, 1), np.uint8), np.zeros((28, 28), np.uint8), np.zeros((0, 28, 28, 1), np.uint8)):
            with pytest.raises(PlaygroundError):
                getattr(run, what)(card_id, Images(pixels))
    assert GATE.is_free


@pytest.mark.parametrize("card_id", by_card(card.id for card in registry.cards() if adjustments(card.controls)))
def test_a_factor_that_is_set_moves_the_picture_and_one_left_alone_does_not(card_id: str):
    card = registry.get(card_id)
    moves_codes = "decode" in card.can
    plain = drawn(card_id, 2, 5, views=("z",) if moves_codes else (), **brief(card_id))
    for factor in adjustments(card.controls):
        ends = (factor.minimum, factor.maximum) if isinstance(factor, Slider) else (factor.choices[0], factor.choices[-1])
        low, high = (run.sample(card_id, 2, 5, **{factor.name: value}, **brief(card_id)).samples for value in ends)
        assert difference(low, high) > 0.02, factor.name
        if moves_codes:
            again = run.decode(card_id, plain.step.views["z"], **{factor.name: ends[1]})
            assert difference(again, high) <= TOLERANCE, "moving the code afterwards is the same"
    for left in (None, "any"):
        assert difference(run.sample(card_id, 2, 5, **{factor.name: left}, **brief(card_id)).samples, plain.samples) == 0
    with pytest.raises(PlaygroundError, match="no control named 'mood'"):
        run.decode(card_id, plain.step.views["z"], mood=1) if moves_codes else run.sample(card_id, 2, 5, mood=1)

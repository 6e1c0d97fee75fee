"""Hostile values at the core's one check: a clear sentence, and no model is loaded."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from playground import registry, run
from playground.controls import Choice, Given, Label, Numbers, Prompt, Slider, Text, Tokens, Turns, equal_shares, in_shares
from playground.errors import ControlError, PlaygroundError

LONG = "9" * 300_000
NOT_NUMBERS = [
    math.nan,
    math.inf,
    -math.inf,
    True,
    np.True_,
    "7",
    LONG,
    None,
    [1],
    {"a": 1},
    b"7",
    1j,
    np.array(3),
    np.array([3]),
    object(),
]
TOO_LARGE = [10**400, -(10**400), 10**5000, 1e308, np.float32(3e38)]

CONTROLS = [(card.id, control) for card in registry.cards() for control in card.controls]
SLIDERS = [pair for pair in CONTROLS if isinstance(pair[1], Slider)]


def names(pairs: list) -> list[str]:
    """Test ids of (card, control) pairs."""
    return [f"{card_id}-{control.name}" for card_id, control in pairs]


def refused(card_id: str, **request) -> str:
    """The message that a request is refused with; loads nothing and stays short."""
    before = registry.loaded()
    with pytest.raises(PlaygroundError) as caught:
        run.stream(card_id, **{"n": 2, "seed": 0, **request})
    assert registry.loaded() == before
    message = str(caught.value)
    assert len(message) < 400 and "\n" not in message
    return message


@pytest.mark.parametrize(
    "value",
    [*NOT_NUMBERS, *TOO_LARGE, 2.5, 0, -1],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) or value < 100 else "huge",
)
def test_n_and_seed_take_whole_numbers_within_their_bounds_only(value: object):
    message = refused("gan-mnist", n=value)
    assert message.startswith("n must be a whole number in [1, 1000000]")
    if value != 0 or isinstance(value, bool):
        message = refused("gan-mnist", seed=value)
        assert message.startswith(f"seed must be a whole number in [0, {run.MAX_SEED}]")


@pytest.mark.parametrize(("card_id", "slider"), SLIDERS, ids=names(SLIDERS))
def test_a_slider_refuses_everything_outside_of_its_bounds(card_id: str, slider: Slider):
    if "sample" not in registry.get(card_id).can:
        return
    below, above = math.nextafter(slider.minimum, -math.inf), slider.maximum + 1e-9
    for value in [*NOT_NUMBERS, *TOO_LARGE, below, above, *([slider.minimum + 0.5] if slider.integer else [])]:
        message = refused(card_id, **{slider.name: value})
        assert message.startswith(f"{slider.name} must be")
        assert f"[{slider.minimum:.10g}, {slider.maximum:.10g}]" in message and ", got " in message


@pytest.mark.parametrize(("card_id", "control"), CONTROLS, ids=names(CONTROLS))
def test_every_control_names_itself_and_what_it_allows(card_id: str, control):
    wrong = [
        LONG,
        -1_000_000,
        object(),
        [],
        {},
        np.zeros((3, 3)),
        np.array(3),
        np.zeros((2, 2, 2), object),
        [[1, 2], [3]],
        [math.nan] * 6,
        True,
    ]
    texts = [
        each
        for each, good in (("no such thing", Prompt | Text), (["2", "x"], Prompt | Turns))  # of which controls it is a good value
        if not isinstance(control, good)
    ]
    for value in [*wrong, *texts]:
        if isinstance(control, Tokens | Turns) and isinstance(value, list) and not value:
            continue  # none at all is what a text begins with
        assert refused(card_id, **{control.name: value}).startswith(f"{control.name} must ")


@pytest.mark.parametrize(("card_id", "control"), CONTROLS, ids=names(CONTROLS))
def test_every_default_passes_its_own_check(card_id: str, control):
    control.validate(control.default)


@pytest.mark.parametrize("value", [2, 2.0, np.int64(2), np.float32(2), Fraction(2)])
def test_whole_numbers_of_any_type_become_int(value: object):
    found = Slider("steps", "Steps", 1, 1, 5, integer=True).validate(value)
    assert type(found) is int and found == 2


def test_a_label_may_be_a_name_a_number_a_list_or_an_array():
    label = Label("label", "Digit", tuple("0123456789"))
    assert label.validate("any") == "any" and label.validate(7) == "7"
    assert label.validate("2026"[0]) == "2"
    assert label.validate([2, "0", np.int64(2)]) == ("2", "0", "2") == label.validate(np.array([2, 0, 2]))
    for value in (10, 1.0, True, None, ["any"], "10", "", [None]):
        with pytest.raises(ControlError, match="label must be one of"):
            label.validate(value)


def test_as_many_labels_as_samples_or_one():
    assert refused("gan-mnist", n=3, label=["1", "2"]) == "label must be one class, or 3 of them for n = 3; got 2."


def test_a_given_picture_must_have_the_shape_the_range_and_the_count():
    given = Given("given", "Start from", "image", (28, 28, 1))
    assert given.validate(np.full((1, 28, 28, 1), 255, np.uint8)).max() == 1.0
    hostile = [
        np.zeros((28, 28, 1), np.uint8),
        np.zeros((0, 28, 28, 1), np.uint8),
        np.full((1, 28, 28, 1), np.nan, np.float32),
        np.full((1, 28, 28, 1), 2, np.float32),
        "a.png",
        [[1]],
    ]
    for value in [*hostile, np.zeros((1, 28, 28, 1)), np.zeros((1, 28, 28, 1), object), np.zeros((1, 28, 28, 3), np.uint8)]:
        with pytest.raises(ControlError, match="given must"):
            given.validate(value)
    for card_id, control in CONTROLS:
        if isinstance(control, Given):
            value = np.zeros((3, *control.shape), np.uint8)
            value[:, :9] = 255  # a mask selects a part
            assert "got 3" in refused(card_id, n=2, **{control.name: value})


def test_numbers_must_be_as_many_as_the_control_has():
    numbers = Numbers("top", "Top", 3, -3.0, 3.0)
    assert numbers.validate([1, 2.5, -3]) == (1.0, 2.5, -3.0) == numbers.validate(np.array([1, 2.5, -3]))
    for value in ("123", [1, 2], [1, 2, 4], [1, 2, math.nan], [1, 2, "3"], np.zeros((3, 2)), np.array(1.0), 5):
        with pytest.raises(ControlError, match="top must be"):
            numbers.validate(value)


def test_unknown_controls_cards_and_views_are_named_with_the_known_ones():
    assert "truncation" in refused("gan-mnist", nonesuch=1)
    assert len(refused("gan-mnist", **{"x" * 300_000: 1})) < 400
    for card_id in ("nonesuch", "../gan-mnist", LONG, None, 7, ["gan-mnist"], "http://evil"):
        assert any(card.id in refused(card_id) for card in registry.cards())
    assert "such as gan-mnist" in refused("gan_mnist"), "the nearest first"
    assert refused("classifier-mnist") == "classifier-mnist does not generate: it can score."
    assert "views of gan-mnist must be among z" in refused("gan-mnist", views=("x_0",))


def test_a_visitor_s_limit_is_part_of_the_check():
    assert refused("gan-mnist", n=65, limit=run.VISITOR_N).startswith("n must be a whole number in [1, 64], got 65")


def test_equal_shares_gives_every_class_in_turn():
    controls = (Label("label", "Digit", ("a", "b", "c")), Choice("other", "Other", "x", ("x",)))
    assert equal_shares(controls, 5) == {"label": ("a", "b", "c", "a", "b")}


def test_shares_are_kept_by_every_number_of_samples():
    controls = (Label("label", "Digit", ("a", "b", "c")),)
    asked = in_shares(controls, 40, {"a": 0.6, "b": 0.3, "c": 0.1})["label"]
    assert asked[:4] == ("a", "b", "a", "a") and [asked.count(name) for name in "abc"] == [24, 12, 4]
    for n in range(1, 41):
        assert all(abs(asked[:n].count(name) - share * n) < 1 for name, share in (("a", 0.6), ("b", 0.3), ("c", 0.1)))


PROMPT = Prompt("prompt", "Prompt", maximum=20)


def test_a_prompt_is_a_text_with_single_spaces_or_one_for_each_sample():
    assert PROMPT.validate("  a red\n hat ") == "a red hat" and PROMPT.validate("") == ""
    assert PROMPT.validate(["a", " b "]) == ("a", "b")


@pytest.mark.parametrize("value", [*(value for value in NOT_NUMBERS if not isinstance(value, str)), "x" * 21, [], ["a", 3], LONG])
def test_a_prompt_refuses_what_is_no_text_or_too_long(value: object):
    with pytest.raises(ControlError, match="prompt must") as caught:
        PROMPT.validate(value)
    assert len(str(caught.value)) < 200

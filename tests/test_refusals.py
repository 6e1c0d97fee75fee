"""What a field of the page says of a value that it does not take: its name, what it takes, and what it was given, cut short."""

from __future__ import annotations

import gradio as gr
import pytest

from tabs import launch, refusals


@pytest.fixture(scope="module")
def fields() -> list[gr.components.Component]:
    return [block for block in launch.build().blocks.values() if isinstance(block, (*refusals.NUMBERS, *refusals.CHOICES))]


def refused(field: gr.components.Component, value: object) -> str:
    with pytest.raises(gr.Error) as error:
        field.preprocess(value)
    return str(error.value.message)


@pytest.mark.slow
def test_every_field_with_bounds_names_itself_what_it_takes_and_what_it_was_given(fields):
    bounded = [field for field in fields if isinstance(field, refusals.NUMBERS) and field.minimum is not None and field.label]
    assert len(bounded) > 50
    for field in bounded:
        for value in (field.minimum - 5, field.maximum + 5, "many", None if isinstance(field, gr.Slider) else [1]):
            told = refused(field, value)
            assert told.startswith(f"{field.label} must be a ") and told.endswith(f", got {value!r}."), told
            assert f"[{field.minimum:.10g}, {field.maximum:.10g}]" in told


def test_every_field_with_choices_names_some_of_them_and_repeats_no_long_value(fields):
    chosen = [
        field for field in fields if isinstance(field, refusals.CHOICES) and field.choices and not getattr(field, "allow_custom_value", 0)
    ]
    assert len(chosen) > 20
    for field in chosen:
        value = "x" * 100_000
        told = refused(field, [value] if isinstance(field, gr.CheckboxGroup) or getattr(field, "multiselect", False) else value)
        assert told.startswith(f"{field.label} must be ") and str(field.choices[0][0]) in told and "characters)" in told
        assert len(told) < 1500


def test_what_a_field_takes_it_still_takes(fields):
    for field in fields:
        if isinstance(field, refusals.NUMBERS) and field.minimum is not None:
            assert field.preprocess(field.minimum) == field.minimum
    assert gr.Number(precision=0).preprocess(None) is None
    assert refused(gr.Number(precision=0, visible=False), "many") == "A number must be a whole number, got 'many'."


@pytest.mark.slow
def test_a_field_that_gradio_makes_anew_refuses_alike():
    launch.build()  # a second time, too
    again = gr.Slider(1, 4, 2, step=1, precision=0, label="Steps")
    assert refused(again, 9) == "Steps must be a whole number in [1, 4], got 9."
    assert refused(gr.Dropdown(["a", "b"], label="Kind"), "c") == "Kind must be one of a, b; got 'c'."

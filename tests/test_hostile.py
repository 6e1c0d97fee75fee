"""Hostile calls, built from the API description: every value of every endpoint, and requests that are none. Each gets one sentence."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import gradio as gr
import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from playground import feedback, run
from playground.controls import Prompt, Text, Turns
from playground.errors import PlaygroundError
from tabs import launch
from tests import serving
from tests.conftest import ROOT

SURROGATE = "a \ud800 bob"
NEVER = ["\ud800", SURROGATE, {"a": 1}, [[1]], [None], True, float("nan"), "", 10**400, -1.5, "x" * 100_000, [SURROGATE], [0] * 100_000]
CHEAP = {"n": 1, "num_inference_steps": 1, "max_new_tokens": 1, "steps": 1, "number": "1", "first": 1, "second": 2, "seed": 1}
ASKED = {"prompt": "a red bob", "word": "red", "other": "black", "text": "a 1", "choices": [0, 1], "target": "moons", "given": ""}
MODELS = {
    "reconstruct": "autoencoder-mnist",
    "classify": "classifier-mnist",
    "mix": "gan-mnist",
    "walk": "gan-mnist",
    "copies": "gan-mnist",
    "read_text": "markov-shakespeare",
    "translate": "translate-dates-lstm",
}
FORBIDDEN = ("Traceback", str(ROOT), "/tmp/", "site-packages", "internal error", "Something went wrong")


@cache
def page() -> gr.Blocks:
    """The page, built and not served: most calls here need no server."""
    return launch.build()


@cache
def events() -> dict[str, Any]:
    """The endpoints of the page by name."""
    return {event.api_name: event for event in page().fns.values() if event.api_visibility == "public"}


def usual(name: str) -> dict[str, Any]:
    """A call that is right, or nearly, and quick."""
    found = {}
    for each in inspect.signature(events()[name].fn).parameters.values():
        default = None if each.default is inspect.Parameter.empty else each.default
        found[each.name] = CHEAP.get(each.name, ASKED.get(each.name, default) if default is None else default)
    return found | ({"model": MODELS.get(name, "stable-diffusion-faces")} if "model" in found else {})


def refused(name: str, values: dict[str, Any]) -> str | None:
    """What the endpoint says where it refuses; None where it answers."""
    try:
        events()[name].fn(*values.values())
    except gr.Error as error:
        said = str(error.message)
        assert said and len(said) < 600 and not any(word in said for word in FORBIDDEN), (name, values, said)
        said.encode()
        return said
    return None


def described() -> Iterator[tuple[str, str]]:
    """Every parameter of every endpoint, as the API description has them."""
    for name, about in page().get_api_info()["named_endpoints"].items():
        yield from ((name.lstrip("/"), each["parameter_name"]) for each in about["parameters"])


@pytest.mark.slow
def test_every_hostile_value_of_every_parameter_is_refused_in_one_sentence_or_answered() -> None:
    count = 0
    for name, parameter in described():
        for value in NEVER:
            if not (name.startswith("sample_") and "given" in parameter and value == ""):
                refused(name, usual(name) | {parameter: value})
                count += 1
    assert count > 1500


@pytest.mark.slow
def test_a_lone_surrogate_is_refused_in_every_text_of_every_endpoint() -> None:
    words = {"prompt", "negative_prompt", "melody", "text", "word", "other", "said", "number", "target", "label", "model", "given"}
    for name, parameter in described():
        if parameter in words and not (parameter == "said"):
            assert refused(name, usual(name) | {parameter: SURROGATE}), (name, parameter)


@pytest.mark.parametrize("control", [Prompt("p", "P"), Text("p", "P"), Text("p", "P", alphabet=("a", "b")), Turns("p", "P")])
def test_every_control_of_words_refuses_half_a_character(control: Prompt | Text | Turns) -> None:
    for value in (SURROGATE, "ab\udfff", [SURROGATE, "b"], json.dumps([SURROGATE, "b"])):
        if isinstance(control, Turns) and value in (SURROGATE, "ab\udfff") or isinstance(value, str) and value.startswith("["):
            continue
        with pytest.raises(PlaygroundError, match="^p must be a text"):
            control.validate(value)
    if isinstance(control, Turns):
        with pytest.raises(PlaygroundError, match="^p must be a text of whole characters"):
            control.validate(json.dumps([SURROGATE, "b"]))


@pytest.mark.parametrize("choices", [None, 3, 0.5, True, "01", {"a": 1}, [], [0], [0] * 13, [0, None], [0, [1]], [0, 2], ["left", 1]])
def test_choices_that_are_no_list_of_choices_are_one_sentence(choices: object) -> None:
    with pytest.raises(PlaygroundError, match="^choices must be "):
        feedback.fit(feedback.pairs(7), choices)


def test_too_few_and_too_many_values_are_counted_of_every_endpoint() -> None:
    demo = page()
    for name, event in events().items():
        names = list(usual(name))
        for values in ([], [1] * (len(names) - 1), [1] * (len(names) + 1)):
            if len(values) != len(names):
                with pytest.raises(gr.Error) as error:
                    demo.validate_inputs(event, values)
                assert error.value.message.startswith(f"{name} takes ") and error.value.message.endswith(f", got {len(values)}.")
                assert all(each in error.value.message for each in names)
    for event in demo.fns.values():
        if event.inputs:
            with pytest.raises(gr.Error, match="got 0"):
                demo.validate_inputs(event, [])


def post(path: str, body: str) -> httpx.Response:
    return httpx.post(f"{serving.url()}gradio_api/{path}", content=body, headers={"Content-Type": "application/json"}, timeout=60)


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        *((f"{way}/nope", '{"data": []}', 404, "must be one of") for way in ("call", "call/v2", "run", "api")),
        ("call/", '{"data": []}', 404, ""),
        ("call/mix", "nonsense", 422, "must be a JSON object"),
        ("call/mix", "[]", 422, "must be a JSON object"),
        ("call/mix", "[" * 100_000, 422, "must be a JSON object"),
        ("call/mix", "{}", 422, "must hold its values as a list"),
        ("call/mix", '{"data": NaN}', 422, "must hold its values as a list"),
        ("call/mix", '{"data": "\\ud800"}', 422, "must hold its values as a list"),
        ("call/mix", '{"data": [], "session_hash": "\\ud800"}', 422, "session_hash must be a text"),
        ("call/v2/mix", "{}", 422, "mix takes model, first, second; model missing."),
        ("call/v2/mix", '{"model": "gan-mnist", "evil": 1}', 422, "got 'evil'"),
        ("queue/join", '{"data": [], "fn_index": 99999, "session_hash": "a"}', 404, "fn_index must be"),
        ("queue/join", '{"data": [], "fn_index": -1, "session_hash": "a"}', 404, "fn_index must be"),
        ("queue/join", '{"data": [], "session_hash": "a"}', 404, "fn_index must be"),
        ("component_server", '{"data": 1, "component_id": 10000000, "session_hash": "a", "fn_name": "x"}', 400, "could not be answered"),
    ],
)
def test_a_request_that_is_none_is_no_error_of_the_server(path: str, body: str, status: int, words: str) -> None:
    sent = post(path, body)
    assert sent.status_code == status and words in sent.text and len(sent.text) < 700, sent.text
    assert not any(word in sent.text for word in FORBIDDEN)


def test_an_answer_that_nobody_asked_for_is_said_to_be_none() -> None:
    sent = httpx.get(f"{serving.url()}gradio_api/call/mix/nope")
    assert sent.status_code == 404 and sent.json()["detail"] == "There is no call 'nope', or its answer has been fetched."
    assert httpx.get(f"{serving.url()}gradio_api/queue/data?session_hash=nobody").status_code == 200  # the page's own way of asking anew


def test_no_fault_that_gradio_keeps_to_itself_is_sent_as_null() -> None:
    from gradio import queueing, utils

    for module in (queueing, utils):
        said = module.error_payload(ValueError("/secret/path"), False)["error"]
        assert "could not be answered" in said and "/secret" not in said
        assert module.error_payload(gr.Error("n must be 1."), False)["error"] == "n must be 1."


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=30) | st.sampled_from(NEVER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def fuzzed(examples: int) -> None:
    """Hostile values at any parameters of any endpoints."""
    places = sorted(set(described()))

    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(st.sampled_from(places), JSON, st.data())
    def once(place: tuple[str, str], value: object, more: st.DataObject) -> None:
        name, parameter = place
        asked = usual(name) | {parameter: value}
        if more.draw(st.booleans()):
            asked |= {more.draw(st.sampled_from(sorted(asked))): more.draw(JSON)}
        if isinstance(asked.get("n"), int) and asked["n"] > 2:
            asked["n"] = run.MAX_N  # refused, where many samples would only take time
        refused(name, asked)

    once()


@pytest.mark.slow
def test_calls_of_any_shape_get_an_answer_or_one_sentence() -> None:
    fuzzed(50)


@pytest.mark.nightly
def test_many_calls_of_any_shape_get_an_answer_or_one_sentence() -> None:
    fuzzed(5000)

"""Links hold what their tab takes, with all digits of every number, and name what they cannot hold."""

from __future__ import annotations

import base64
import importlib
import re
import urllib.parse
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

from playground import registry, settings
from playground.controls import Adjust, Choice, Given, Label, Numbers, Slider, Text, Tokens, Turns
from playground.types import Images, ModelCard, Run, Step
from tests.conftest import ROOT


@trials(max_examples=50, deadline=None, derandomize=True)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_in_links_keep_all_their_digits(number: float) -> None:
    for link in (
        settings.query("gan", truncation=number),
        settings.link_of("gan", {"model": "gan-mnist", "truncation": number}),
        settings.query("vae", top=[number, 1.0]),
        settings.query("gan", truncation=np.float64(number)),
    ):
        found = dict(urllib.parse.parse_qsl(link[1:]))
        text = found.get("truncation", found.get("top", repr(number)).split(",")[0])
        assert float(text) == number and len(text) <= len(repr(number))


def test_a_whole_number_has_no_point_in_a_link() -> None:
    assert settings.query("gan", a=7.0, b=7, c=0.1 + 0.2) == "?tab=gan&a=7&b=7&c=0.30000000000000004"


def test_every_link_of_the_page_is_written_in_one_place() -> None:
    for path in [*(ROOT / "tabs").rglob("*.py"), *(ROOT / "playground").rglob("*.py")]:
        source = path.read_text(encoding="utf-8")
        assert path.name == "settings.py" or not re.search(r'"\?" \+ urllib|\?tab=[^"\']*\{[^}]*:g\}', source), path.name


def of(card: ModelCard, **controls: Any) -> Run:
    """A finished run of a card with these controls, without a model."""
    return Run(card.id, Step(Images(np.zeros((1, 4, 4, 1), np.uint8)), 1, 1, 1), 1, 7, controls, 0.1, "cpu", done=True)


def other(control: Any) -> Any:
    """A value of a control that is not its default."""
    if isinstance(control, Adjust):
        return other(control.factor)
    if isinstance(control, Given):
        return np.zeros((1, 4, 4, 1), np.float32)
    if isinstance(control, Slider):
        value = next(each for each in (control.maximum, control.minimum) if each != control.default)
        return value if not control.integer else int(value)
    if isinstance(control, Label):
        return (control.classes[1],) * 2
    if isinstance(control, Choice):
        return next(each for each in control.choices if each != control.default)
    if isinstance(control, Numbers):
        return (0.123456789,) * control.size
    if isinstance(control, Tokens):
        return (1, 2)
    return ("a", "b") if isinstance(control, Turns) else "other words" if isinstance(control, Text) else "another prompt"


@pytest.fixture(scope="module")
def pages() -> dict[str, dict[str, Any]]:
    """What each tab takes from a link, by its id."""
    import gradio as gr

    from tabs import launch

    with gr.Blocks(), gr.Tabs():
        found = {}
        for name in launch.TABS:
            module = importlib.import_module(f"tabs.{name}")
            with gr.Tab(module.TITLE, id=name):
                page = module.build()
            found[page.id] = page.linked
    return found


@pytest.mark.slow
def test_a_link_holds_what_its_tab_takes_and_names_the_rest(pages: dict[str, dict[str, Any]]) -> None:
    for card in (card for card in registry.cards() if "sample" in card.can):
        controls = {control.name: other(control) for control in card.controls}
        link = settings.link_of_run(of(card, **controls))
        query = dict(urllib.parse.parse_qsl(link[1:]))
        linked, missing = pages[query.pop("tab")], settings.missing_of(link)
        query.pop("missing", None)
        assert set(query) <= set(linked), (card.id, set(query) - set(linked))
        offered = [value for _, value in linked["model"].choices]
        assert (card.id in offered) == (query.get("model") == card.id) == ("model" not in missing), card.id
        assert set(missing) | set(query) >= set(controls) and not set(missing) & set(query), card.id
        untaken = {name for name in controls if name not in linked} | {c.name for c in card.controls if isinstance(c, Label | Given)}
        assert set(missing) - {"model"} == untaken, card.id


@pytest.mark.parametrize("card_id", [card.id for card in registry.cards() if any(isinstance(c, Given) for c in card.controls)])
def test_the_link_of_a_run_with_a_given_picture_says_that_it_is_missing(card_id: str) -> None:
    from tabs import api

    card = registry.get(card_id)
    named = {control.name: other(control) for control in card.controls if isinstance(control, Given)}
    found = api.answer(of(card, strength=0.123456789, **named))
    assert set(found["missing"]) == set(named) and f"missing={','.join(named)}" in found["link"] and "strength=0.123456789" in found["link"]
    assert settings.read(base64.b64decode(found["image"].split(",")[1]))["link"] == found["link"]
    plain = api.answer(of(card, **dict.fromkeys(named)))
    assert plain["missing"] == [] and "missing" not in plain["link"]


def test_a_link_that_leaves_something_out_says_so_as_it_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    import gradio as gr

    from tabs import launch

    told: list[str] = []
    monkeypatch.setattr(gr, "Warning", told.append)
    launch._say_missing({"tab": "diffusion", "missing": "given,mask"})
    assert len(told) == 1 and "'given, mask'" in told[0] and told[0].endswith(".")
    launch._say_missing({"tab": "diffusion", "missing": "<img src=x>" * 500})
    assert len(told[1]) < 400
    launch._say_missing({"tab": "diffusion"})
    launch._say_missing({"missing": ",,"})
    assert len(told) == 2


def test_a_race_of_ones_own_points_or_one_that_hands_touched_says_so_in_its_link() -> None:
    from playground import race
    from tabs import raced

    plain = race.plan("ring", 7, 2.123456789)
    assert "seconds=2.123456789" in raced.link_of(plain) and "missing" not in raced.link_of(plain)
    assert settings.missing_of(raced.link_of(plain, False)) == ("hands",)
    own = race.plan(np.random.default_rng(0).normal(size=(200, 2)).astype(np.float32), 7)
    assert settings.missing_of(raced.link_of(own)) == ("points",)

"""No card stops the page: one of a family that no list names is shown where it was measured, and of one without files the page says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from playground import claims, comparison, race, registry, verdict
from playground.metrics import measurements
from playground.types import ModelCard

NEW = "energy"  # a family that nothing lists
DRAWING = [card for card in registry.shipped() if card.kind == "image" and "sample" in card.can]


def twin(card: ModelCard, family: str) -> ModelCard:
    """The card under another id, of a family, with none of its files."""
    return replace(card, id=f"twin-{card.id}", family=family, title=f"Twin of {card.title}")


@pytest.fixture
def twins(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[ModelCard]]:
    """A twin of every shipped card, offered and measured as the card itself; of a new family where asked for."""
    ours, known = registry.cards(), measurements.read()
    made = [twin(card, NEW if request.param else card.family) for card in registry.shipped()]
    theirs = [replace(each, card=f"twin-{each.card}") for each in known]
    monkeypatch.setattr(registry, "cards", lambda: (*ours, *made))
    monkeypatch.setattr(measurements, "read", lambda: [*known, *theirs])
    yield made


new_family = pytest.mark.parametrize("twins", [True], indirect=True, ids=["new family"])


@new_family
@pytest.mark.parametrize("dataset", comparison.datasets())
def test_a_measured_card_of_a_family_that_no_list_names_is_a_mark_of_its_own(twins: list[ModelCard], dataset: str):
    from tabs import costs

    shown = costs.build(dataset)
    measured = [card for card in DRAWING if card.dataset == dataset and verdict.measured(measurements.read(), card.id, "kid")]
    assert measured and all(shown.count(f"<title>Twin of {card.title}: KID ") == len(costs.COSTS) for card in measured)
    assert "var(--energy)" not in shown, "no colour that the style sheet does not have"


@pytest.mark.slow
@pytest.mark.parametrize("twins", [True, False], indirect=True, ids=["new family", "known family"])
def test_the_page_opens_whatever_cards_there_are(twins: list[ModelCard]):
    from tabs import launch

    launch.build()


def test_a_card_of_a_known_family_and_a_new_method_has_a_story():
    from tabs import diffusion

    card = next(card for card in DRAWING if card.family == "diffusion")
    told = diffusion._story(replace(card, recipe="playground.models.energy:recipe", facts={"training": "By <b>energy</b>"}))
    assert told.startswith("<p>By &lt;b&gt;energy&lt;/b&gt;</p>")


def test_every_list_of_families_answers_for_a_new_one():
    from tabs import table

    assert verdict.called(NEW) == NEW and table.mark(NEW) == "circle" and table.colour(NEW) == "currentColor"
    assert table.sign(NEW) and table.css_class(NEW) == NEW
    assert "Twin" in table.who(NEW, twin(DRAWING[0], NEW))


@pytest.mark.parametrize("dataset", comparison.datasets())
def test_what_is_said_of_families_is_said_of_a_new_one_too(dataset: str, monkeypatch: pytest.MonkeyPatch):
    from tabs import evidence, remeasure, table, wipe

    monkeypatch.setattr(table, "SIGNS", {})
    monkeypatch.setattr(table, "CLASSES", {})
    monkeypatch.setattr(table, "MARKS", {})
    monkeypatch.setattr(comparison, "WAYS", {})
    monkeypatch.setattr(verdict, "NAMES", {})
    cards = comparison.chosen(dataset)
    assert evidence.build(dataset) and claims.called("gan") == "gan"
    assert remeasure._shown(cards, {}, 7, "live") and wipe.build(cards, *list(cards)[:2])
    assert all(table.who(family, card) for family, card in cards.items())
    ids = {family: card.id for family, card in cards.items()}
    assert "vae" in verdict.verdict(measurements.read(), ids)


def test_a_racer_without_a_sign_of_its_own_races(monkeypatch: pytest.MonkeyPatch):
    from tabs import race as tab

    for name in ("SIGNS", "CLASSES", "INNER", "SHELVES"):
        monkeypatch.setattr(tab, name, {})
    monkeypatch.setattr(race, "TITLES", {})
    assert tab._stage().count("<figure") == len(race.LEARNERS)

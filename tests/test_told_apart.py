"""Where the page says that KID cannot tell samples from real ones, a test at the table's n says so; its p is one press away."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from playground import claims, comparison, data, known, registry, tables, verdict
from playground.metrics import curve, kernel, measurements, quality
from playground.metrics.kernel import ALPHA
from playground.types import Measurement
from tabs import behind, costs, export, fewer_steps, table

PICTURES = comparison.datasets()
CARDS = [card for card in registry.shipped() if card.kind == "image" and "sample" in card.can]
SAID = "cannot tell"


def kids() -> list[Measurement]:
    """Every recorded KID at the n of a table."""
    return [m for m in measurements.read() if m.metric == "kid"]


def changed(card_id: str, metric: str = "kid", **fields: object) -> list[Measurement]:
    """The recorded numbers, but for the fields of one."""
    return [replace(m, **fields) if (m.card, m.metric) == (card_id, metric) else m for m in measurements.read()]


def beneath(found: list[Measurement], card_id: str) -> str:
    """What stands below a card's precision in the first rows of its table."""
    rows = comparison.rows(found, registry.get(card_id).dataset)
    columns = [card.id for card in comparison.chosen(registry.get(card_id).dataset).values()]
    return next(row for row in rows if row.title == "Looks real").cells[columns.index(card_id)].note


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_every_recorded_kid_has_its_own_error_and_a_test_at_its_n(card):
    seen = {m.extractor: m for m in kids() if m.card == card.id}
    assert set(seen) == set(quality.extractors(card.dataset))
    for m in seen.values():
        if m.p is None:
            assert m.spread is None, "what was not tested has no error either, and is in no table"
            assert card.id not in {each.id for dataset in PICTURES for each in comparison.chosen(dataset).values()}
            continue
        assert m.spread_over == quality.JACKKNIFE and m.spread > 0
        assert 1 / (kernel.PERMUTATIONS + 1) <= m.p <= 1
        assert f"{m.n:,} drawn" in m.p_by, "the test is made at the n of the number"


@pytest.mark.parametrize("card", [card for each in PICTURES for card in comparison.chosen(each).values()], ids=lambda card: card.id)
def test_the_table_says_cannot_tell_exactly_where_the_test_says_so(card):
    m = verdict.measured(measurements.read(), card.id, "kid")
    noun = data.get(card.dataset).noun
    assert (f"KID {SAID} it from real {noun}" in beneath(measurements.read(), card.id)) == (m.p > ALPHA)
    for p, is_said in ((ALPHA, False), (0.002, False), (0.051, True), (1.0, True), (None, False)):
        said = beneath(changed(card.id, p=p, value=0.0, spread=100.0), card.id)
        assert (SAID in said) == is_said, "neither a small value nor a wide spread says so, the test alone does"
        assert p is None or f"p {p:.2g}" in said


@pytest.mark.parametrize("dataset", PICTURES)
def test_the_p_of_every_kid_is_one_press_away(dataset: str):
    found = tables.of(dataset)
    pressed = table.table(found)
    for row in (row for row in found.rows if row.title.startswith("KID")):
        for card, cell in zip(found.columns.values(), row.cells, strict=True):
            m = cell.measured
            one = behind.row(replace(row, cells=(cell,)), [card], [""])
            assert (
                f"permutation test: p {m.p:.2g} ({m.p_by})" in one
                and one[one.index('<span class="behind-place') : one.index("</td>")] in pressed
            )
            assert (f"KID {SAID} it from real" in one) == (m.p > ALPHA) and ("KID can tell it from real" in one) == (m.p <= ALPHA)
    without = [replace(m, p=None) if m.metric == "kid" else m for m in measurements.read()]
    assert "permutation test" not in table.table(tables.of(dataset, without)), "no test, no word of one"


@pytest.mark.parametrize("dataset", PICTURES)
def test_a_table_that_is_taken_away_holds_p(dataset: str):
    lines = list(csv.DictReader(io.StringIO(export.as_csv(tables.of(dataset)))))
    kid = [line for line in lines if line["metric"] == "kid"]
    assert kid and all(float(line["p"]) > 0 and "permutations" in line["p_by"] for line in kid)


def test_stars_and_ties_of_kid_go_by_its_error_whatever_the_n():
    kid = {
        family: Measurement(family, "kid", value, 10_000, 0, "test", 0.05, p=0.5) for family, value in (("a", 0.1), ("b", 0.2), ("c", 0.5))
    }
    assert verdict.leaders(kid, most=False) == ("a", "b")
    assert verdict.leaders({**kid, "b": replace(kid["b"], n=2000)}, most=False) == ("a", "b"), "unbiased: n changes the error alone"
    assert verdict.leaders({**kid, "b": replace(kid["b"], p=None)}, most=False) == (), "nothing is said of one without a test"
    assert verdict.leaders({family: replace(m, p=None) for family, m in kid.items()}, most=False) == ()
    assert verdict.leaders({**kid, "b": replace(kid["b"], split="valid")}, most=False) == ()
    fid = {family: replace(m, metric="fid", n=n) for (family, m), n in zip(kid.items(), (1, 2, 3), strict=True)}
    assert verdict.leaders(fid, most=False) == (), "of biased numbers n must be the same"


def test_a_kid_of_another_n_than_its_row_says_its_n():
    card = comparison.chosen(PICTURES[0])["diffusion"]
    found = changed(card.id, n=1234)
    assert "n 1,234" in beneath(found, card.id)
    row = next(row for row in comparison.rows(found, PICTURES[0]) if row.title == "KID")
    assert any("n 1,234" in cell.note for cell in row.cells) and not row.conditions


def test_the_multiple_of_a_floor_around_nothing_is_never_shown():
    for floor in (0.5, 0.0001, -0.3):
        m = Measurement("gan-mnist", "kid", 1.0, 10_000, 0, "test", 0.01, floor=floor)
        assert "×" not in comparison.beside_floor(m)


def test_models_of_known_factors_say_the_n_of_a_kid_that_differs():
    card = known.cards()[0]
    lines = {line.title: line.value for line in known.quality(card, changed(card.id, n=1234))}
    assert lines["KID"].endswith("(n 1,234)") and "(n" not in lines["FID"]


def test_no_sentence_of_the_tree_speaks_of_subsets_as_an_error():
    assert not any("subset" in (m.spread_over or "") for m in measurements.read())
    for dataset in PICTURES:
        found = tables.of(dataset)
        shown = [found.sentence, table.table(found), costs.build(dataset), *(claim.finding for claim in claims.of(dataset))]
        assert not any("not to be told" in each for each in shown)


def test_trainings_whose_kid_was_averaged_over_subsets_say_so():
    m = next(m for m in kids() if m.card == "vae-mnist")
    told = comparison.over_trainings(m)
    assert told == "" or "subsets" in told
    assert "subsets" not in comparison.over_trainings(replace(m, metric="fid"))


def test_curves_whose_kid_was_averaged_over_subsets_say_so():
    for dataset in data.names():
        for line in curve.read(dataset):
            assert line.kid_over in fewer_steps.measured()

"""Numbers measured again on few samples: they agree where the recorded ones are right, and do not where they are wrong."""

from __future__ import annotations

import dataclasses

import pytest

from playground import again, comparison, run
from playground.metrics import measurements
from playground.types import Run
from tabs import remeasure


@pytest.fixture(scope="module")
def found() -> Run:
    return run.sample(comparison.chosen()["gan"].id, again.N, 2026, label="any")


def test_the_shipped_numbers_hold_on_few_samples(found: Run):
    numbers = {each.metric: each for each in again.compare(found)}
    assert set(numbers) == {"kid", "class_right", "seconds"}
    assert numbers["kid"].agrees and numbers["class_right"].agrees and numbers["seconds"].agrees is None
    assert numbers["kid"].error > 0 and 0 < numbers["class_right"].error < 0.1


def test_a_wrong_record_is_found_out(found: Run):
    wrong = [dataclasses.replace(m, value=m.value + {"kid": 5000.0, "class_right": -0.5}.get(m.metric, 0.0)) for m in measurements.read()]
    numbers = {each.metric: each for each in again.compare(found, wrong)}
    assert numbers["kid"].agrees is False and numbers["class_right"].agrees is False


def test_what_was_not_recorded_is_left_out(found: Run):
    assert again.compare(found, []) == ()
    kid = [m for m in measurements.read() if m.metric == "kid"]
    assert [each.metric for each in again.compare(found, kid)] == ["kid"]


def test_each_cell_says_whether_it_agrees_and_with_what(found: Run):
    cells = remeasure._cells(again.compare(found))
    assert cells.count("<td>") == 3 and cells.count("✓") == 2 and cells.count("recorded") == 3

"""Quality against cost: every measured model is a mark at its numbers, named, and nothing is drawn of what was not measured."""

from __future__ import annotations

import html
import re

import pytest

from playground import comparison, registry
from playground.metrics import measurements
from playground.verdict import measured
from tabs import charts, costs, nearest
from tabs.charts import Axis, Curve


@pytest.mark.parametrize("dataset", comparison.datasets())
def test_every_measured_model_stands_in_every_plot_with_its_numbers(dataset: str):
    shown, found = costs.build(dataset), measurements.read()
    cards = [c for c in registry.shipped() if c.dataset == dataset and c.kind == "image" and measured(found, c.id, "kid")]
    assert len(cards) >= len(comparison.ORDER) and shown.count("<figure") == len(costs.COSTS)
    for card in cards:
        kid = comparison.formatted(measured(found, card.id, "kid"))
        assert shown.count(f"<title>{html.escape(card.title)}: KID {kid},") == len(costs.COSTS), card.id


def test_without_measurements_the_command_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(measurements, "read", lambda: [])
    assert costs.build(comparison.datasets()[0]) == costs.NONE


def test_names_at_marks_do_not_lie_on_each_other():
    axis = Axis(1.0, 100.0, [(1.0, "1")], True)
    curves = [Curve(name, [(10.0, 10.0 + k, 0.0)], mark="circle", beside=name) for k, name in enumerate(("one", "two", "three"))]
    drawn = charts.chart("All at once", curves, axis, axis)
    heights = sorted(float(y) for y in re.findall(r'<text x="[\d.]+" y="([\d.]+)" text-anchor="start">(?:one|two|three)<', drawn))
    assert len(heights) == 3 and all(b - a >= 12 for a, b in zip(heights, heights[1:], strict=False))
    assert 'legend"></span>' in drawn, "a name beside its mark is not said again"


def test_a_distance_is_told_beside_that_of_real_samples():
    near, far = nearest.sentences([0.0, 1e6], comparison.datasets()[0])
    assert "look closely" in near and "look closely" not in far
    assert all("Held-out real digits" in each and "2,000 of 55,000 training digits" in each for each in (near, far))

"""Few steps against many: what is measured, how it is recorded, and the ways that the steps follow."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from playground import data, registry, run, ways
from playground.errors import PlaygroundError
from playground.metrics import __main__ as command
from playground.metrics import curve
from playground.types import Images
from tabs import fewer_steps

pytestmark = pytest.mark.slow

ABOUT = {"machine": "m", "commit": "c", "when": "2026-01-01T00:00:00+00:00", "command": "x"}


@pytest.fixture(scope="module")
def lines() -> list[curve.Line]:
    """Two solvers with few samples, measured."""
    return list(curve.measure(registry.get("flow-faces"), 20, (0, 1), (1, 3), **ABOUT))


@pytest.mark.slow
def test_each_solver_is_a_line_with_calls_as_they_are_made(lines):
    assert [line.settings for line in lines] == [{"solver": "Euler"}, {"solver": "Heun"}]
    for line in lines:
        assert [point.steps for point in line.points] == [1, 3] and line.n == 20 and line.seeds == (0, 1)
        for point in line.points:
            run_ = run.sample("flow-faces", 1, 0, num_inference_steps=point.steps, **line.settings)
            assert point.calls == run_.nfe and point.seconds > 0 and point.spread >= 0
        assert line.points[0].kid > 2 * line.points[1].kid, "one step draws the mean of all, and that is seen"


def test_lines_are_recorded_in_the_order_of_the_cards_and_replaced_by_newer_ones(lines, tmp_path, monkeypatch):
    monkeypatch.setattr(curve, "path", lambda dataset: tmp_path / f"{dataset}.json")
    assert curve.read("faces") == ()
    for line in reversed(lines):
        curve.write("faces", line)
    newer = dataclasses.replace(lines[0], command="again")
    curve.write("faces", newer)
    curve.write("faces", dataclasses.replace(lines[0], card="diffusion-faces", settings={}))
    found = curve.read("faces")
    assert [line.card for line in found] == ["diffusion-faces", "flow-faces", "flow-faces"] and newer in found and lines[1] in found


def test_what_is_shipped_covers_every_card_that_takes_steps():
    recorded = [name for name in data.names() if curve.read(name)]
    assert recorded
    for dataset in recorded:
        measured = {line.card for line in curve.read(dataset)}
        assert measured == {card.id for card in curve.cards(dataset)}, f"run python -m playground.metrics --curve {dataset}"
        for line in curve.read(dataset):
            assert len(line.seeds) >= 3 and all(point.kid > line.floor for point in line.points)


def test_a_card_without_steps_has_no_curve(capsys):
    with pytest.raises(PlaygroundError, match="gan-mnist' has no curve"):
        list(curve.measure(registry.get("gan-mnist"), 24, **ABOUT))
    assert command.main(["--curve", "mnist", "flow-faces"]) == 2
    assert capsys.readouterr().err.strip() == "flow-faces is of faces, not of mnist."
    assert command.main(["--curve", "nonesuch"]) == 2


def test_the_chart_names_every_line_and_holds_every_point(lines):
    svg = fewer_steps.chart(lines)
    assert all(fewer_steps.name(line) in svg for line in lines) and svg.count("<title>") == 4
    assert "NaN" not in svg and "nan" not in svg and fewer_steps.chart([]) == ""


def test_ways_begin_at_noise_and_end_at_the_samples():
    found = ways.follow("diffusion-mnist", 3, 5)
    assert found.points.shape == (ways.STEPS + 1, 3, 784) and len(found.times) == ways.STEPS + 1
    assert abs(found.points[0].std() - 1) < 0.05 and np.array_equal(found.points[-1], found.samples.float32().reshape(3, -1))
    assert np.abs(found.points[-2] - found.points[-1]).mean() < 0.2


def test_a_straight_way_is_straight_and_a_quarter_of_a_circle_is_not():
    t = np.linspace(0, 1, 2000)
    line = np.stack([3 * t, 4 * t], 1)[:, None]
    circle = np.stack([np.cos(t * np.pi / 2), np.sin(t * np.pi / 2)], 1)[:, None]
    both = ways.Ways(np.concatenate([line, circle], 1), t, Images(np.zeros((2, 1, 1, 1), np.float32)))
    assert both.straightness == pytest.approx([1.0, 0.9003], abs=1e-3)


def test_flows_go_straighter_than_diffusion_does():
    straight = {method: ways.follow(f"{method}-faces", 4, 0).straightness for method in ("diffusion", "flow")}
    assert straight["flow"].min() > straight["diffusion"].max()


def test_a_card_of_few_steps_has_no_ways_to_follow():
    with pytest.raises(PlaygroundError, match="flowmap-faces has no ways"):
        ways.follow("flowmap-faces", 1, 0)

"""The race: targets, metrics against closed forms, learners that learn, a race that keeps its budget, what the page is sent."""

from __future__ import annotations

import ast
import concurrent.futures
import html
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from playground import breaks, race, race_script, registry
from playground.data import points
from playground.errors import ControlError
from playground.gate import GATE
from playground.metrics import points as metrics
from tabs import race as panel
from tests.lazy import lazy

learners = lazy("playground.models.points.learner")


@pytest.fixture
def few_looks(monkeypatch) -> None:
    """A race in steps is looked at when it begins and when it ends: looks on the way change nothing of it."""
    monkeypatch.setattr(race, "SLICE", 600.0)


@pytest.mark.parametrize("name", points.TARGETS)
def test_a_target_lies_on_the_sheet_and_follows_its_seed(name: str):
    target = points.get(name)
    drawn = target.sample(2000, 3)
    assert drawn.shape == (2000, 2) and drawn.dtype == np.float32 and np.abs(drawn).max() < 1.1 * points.REACH
    assert np.array_equal(drawn, target.sample(2000, 3)) and not np.array_equal(drawn, target.sample(2000, 4))
    assert drawn.std(0).min() > 0.3


def test_own_points_are_moved_onto_the_sheet_and_what_is_none_is_refused():
    rng = np.random.default_rng(0)
    target = points.own(1000 + 50 * rng.random((40, 2)))
    drawn = target.sample(500, 0)
    assert np.abs(drawn).max() < points.REACH and np.abs(drawn.mean(0)).max() < 0.6
    for wrong in ([[1, 2]] * 5, [[1, 2, 3]] * 30, [[1, float("nan")]] * 30, "points", [["a", "b"]] * 30, np.zeros((3000, 2))):
        with pytest.raises(ControlError, match="points must be"):
            points.own(wrong)
    assert points.own([[1, 1]] * 30).sample(10, 0).shape == (10, 2)


def test_sliced_wasserstein_is_the_closed_form_of_a_shift_and_of_a_scaling():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(4000, 2))
    assert metrics.sliced_wasserstein(a, a) == 0
    shift = np.array([0.3, -0.4])  # W2 of a shift along a direction is its part along it; over all directions, half the square
    assert metrics.sliced_wasserstein(a, a + shift) == pytest.approx(np.sqrt(0.5 * (shift**2).sum()), rel=1e-6)
    assert metrics.sliced_wasserstein(a, 2 * a) == pytest.approx(np.sqrt((np.square(a).sum(1) / 2).mean()), rel=1e-2)


def test_mmd_of_two_gaussians_is_the_closed_form():
    """Of N(m, s^2 I) and N(0, s^2 I) under a Gaussian kernel of width w in d = 2: 2 w^2 / (w^2 + 2 s^2) (1 - exp(-|m|^2 / (2 (w^2 + 2 s^2))))."""
    rng, s, m = np.random.default_rng(0), 0.5, np.array([0.6, 0.0])
    a, b = s * rng.normal(size=(1500, 2)), m + s * rng.normal(size=(1500, 2))
    expected = sum(2 * w**2 / (w**2 + 2 * s**2) * (1 - np.exp(-(m @ m) / (2 * (w**2 + 2 * s**2)))) for w in metrics.WIDTHS)
    assert metrics.mmd(a, b) == pytest.approx(expected, rel=0.1)
    assert abs(metrics.mmd(a, s * rng.normal(size=(1500, 2)))) < 0.02 * expected


def test_modes_count_what_lies_on_them():
    target = points.get("ring")
    real = metrics.modes(target.sample(2000, 0), target)
    assert real["covered"] == 8 and real["on_mode"] == pytest.approx(1 - np.exp(-(points.NEAR**2) / 2), abs=0.01)
    half = np.repeat(points.RING[:4], 100, 0)
    assert metrics.modes(half, target) == {"covered": 4, "on_mode": 1.0}
    assert metrics.modes(half + 5, target) == {"covered": 0, "on_mode": 0.0}
    assert metrics.modes(half, points.get("moons")) == {}


@pytest.mark.slow
@pytest.mark.parametrize("family", race.LEARNERS)
def test_a_learner_gets_nearer_and_draws_the_same_from_the_same_noise(family: str):
    target, settings = points.get("ring"), learners.Settings(0)
    learner = registry.resolve(race.LEARNERS[family])(settings)
    real = target.sample(500, 99)

    def drawn() -> np.ndarray:
        return learner.sample(500, torch.Generator().manual_seed(1)).numpy()

    before = metrics.mmd(drawn(), real)
    for k in range(300):
        losses = learner.step(torch.from_numpy(target.sample(128, k)), torch.Generator().manual_seed(k))
    assert losses and all(np.isfinite(value) for value in losses.values())
    assert np.array_equal(drawn(), drawn()) and np.isfinite(drawn()).all()
    assert metrics.mmd(drawn(), real) < 0.8 * before
    assert learner.parameters == sum({id(p): p.numel() for value in vars(learner).values() for p in _parameters(value)}.values()), (
        "it says how many numbers it trains"
    )
    inside = learner.inside(torch.Generator().manual_seed(2))
    assert inside and all(torch.isfinite(value).all() for value in inside.values())


def _parameters(value: object) -> list[torch.nn.Parameter]:
    if isinstance(value, torch.nn.Module):
        return list(value.parameters())
    return [value] if isinstance(value, torch.nn.Parameter) else []


def test_the_autoregressive_density_sums_to_one_and_is_where_its_points_are():
    learner = registry.resolve(race.LEARNERS["autoregressive"])(learners.Settings(0))
    joint = learner.first.softmax(0)[:, None] * learner.second(torch.arange(80)).softmax(1)
    assert float(joint.sum()) == pytest.approx(1.0, abs=1e-5)
    for k in range(300):
        learner.step(torch.from_numpy(points.get("ring").sample(128, k)), torch.Generator())
    density = learner.inside(torch.Generator())["density"].numpy()
    row, column = np.unravel_index(density.argmax(), density.shape)
    place = np.array([column, density.shape[0] - 1 - row]) / density.shape[0] * 4.4 - 2.2
    assert np.linalg.norm(points.RING - place, axis=1).min() < 0.3


def test_the_same_race_in_steps_gives_the_same_points_and_leaves_the_gate_open():
    wanted = race.plan("moons", 5, steps=12, families=("vae", "flow"))
    first, again = ([frame for frame in race.run(wanted) if frame.done] for _ in range(2))
    assert [frame.family for frame in first] == ["vae", "flow"] and all(frame.step == 12 for frame in first)
    assert all(np.array_equal(a.points, b.points) for a, b in zip(first, again, strict=True))
    assert all(frame.points.shape == (race.JUDGED, 2) and "mmd" in frame.metrics for frame in first)
    assert GATE.is_free


@pytest.mark.slow
def test_a_race_in_seconds_gives_each_family_its_seconds_in_turns_and_can_be_left_at_any_look():
    wanted = race.plan("ring", 1, seconds=1.0, families=("diffusion", "autoencoder"))
    order, last = [], {}
    for frame in race.run(wanted):
        order.append(frame.family)
        last[frame.family] = frame
    assert all(1.0 <= frame.seconds < 1.5 and frame.done and frame.part == 1.0 for frame in last.values())
    assert order[:6] == ["diffusion", "autoencoder"] * 3
    frames = race.run(race.plan("ring", 1))
    next(frames)
    frames.close()
    assert GATE.is_free


@pytest.mark.parametrize(
    "asked",
    [{"target": "cat"}, {"seed": -1}, {"seconds": 100}, {"seconds": "x"}, {"steps": 10**9}, {"families": ("gan", "cat")}, {"families": ()}],
)
def test_what_cannot_be_raced_is_one_sentence_before_anything_is_trained(asked: dict):
    with pytest.raises(ControlError) as found:
        race.plan(**asked)
    assert str(found.value).endswith(".") and "\n" not in str(found.value)


def sent(text: str) -> dict:
    return json.loads(html.unescape(re.search(r'data-sent="([^"]*)"', text)[1]))


def test_the_browser_is_sent_whole_numbers_and_shades_and_little():
    wanted = race.plan("ring", 0, steps=2)
    frames = [frame for frame in race.run(wanted) if frame.done]
    text = panel.message(frames, wanted, race.floor(wanted.target, 0), live=True)
    told = sent(text)
    assert len(told["frames"]) == 6 and len(told["real"]) == 2 * race.SHOWN
    assert told["line"] > 1.2 * told["floor"]["sliced"], "fewer points are further from each other"
    assert all(isinstance(value, int) for frame in told["frames"] for value in frame["points"])
    assert np.allclose(np.array(told["frames"][0]["points"]).reshape(-1, 2) / race.UNIT, frames[0].points[: race.SHOWN], atol=1e-3)
    assert len(text) < 160_000
    assert race.ints(np.array([np.nan, 1e9])) == [0, 4 * points.REACH * race.UNIT]


def test_the_recorded_race_is_what_its_command_records(tmp_path):
    wanted, floor, frames = race.read()
    assert {frame["family"] for frame in frames} == set(race.LEARNERS) and all(frame["step"] == wanted.steps for frame in frames)
    assert floor == pytest.approx(race.floor(wanted.target, wanted.seed))
    few = race.plan(wanted.target.name, wanted.seed, steps=wanted.steps, families=("autoregressive",))
    again = [race.encoded(frame) for frame in race.run(few) if frame.done][0]
    recorded = next(frame for frame in frames if frame["family"] == "autoregressive")
    assert again["metrics"]["on_mode"] == pytest.approx(recorded["metrics"]["on_mode"], abs=0.02)
    first, table = panel._recorded()
    assert len(sent(first)["frames"]) == 6 and "recorded" in table and "Real against real" in table


def test_without_a_recorded_race_the_tab_says_how_to_make_it(monkeypatch, tmp_path):
    monkeypatch.setattr(race, "read", lambda: (_ for _ in ()).throw(panel.PlaygroundError("No race is recorded.")))
    assert panel._recorded()[0] == "" and "No race is recorded" in panel._recorded()[1]


@pytest.mark.slow
def test_three_seeds_agree_on_what_the_text_claims(few_looks):
    """On the default target: the autoregressive model stays on the modes more than any other, and the autoencoder is farthest."""
    for seed in range(3):
        last = {frame.family: frame.metrics for frame in race.run(race.plan("ring", seed, steps=200)) if frame.done}
        assert max(last, key=lambda family: last[family]["on_mode"]) == "autoregressive"
        assert max(last, key=lambda family: last[family]["sliced"]) == "autoencoder"


@pytest.mark.slow
@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.xdist_group(f"race {name}")) for name in breaks.BREAKS])
def test_what_is_broken_lights_its_lamp_and_what_mends_it_puts_it_out(name: str, few_looks):
    known = breaks.get(name)
    key, bad, good = known.changed()
    assert bad != good and known.told and known.remedy
    said = {}
    for mended in (False, True):
        wanted = breaks.plan(name, mended)
        *_, last = breaks.run(name, mended)
        assert last.done and last.step == known.steps
        said[mended], words = breaks.lamp(name, last, wanted)
        shown = panel._lamp(name, mended, {known.family: last}, wanted, race.floor(wanted.target, wanted.seed), 1.0)
        assert html.escape(words) in shown and key in shown and f"play={'mend' if mended else 'break'}" in shown
    assert said == {False: True, True: False}


def test_what_cannot_be_broken_is_one_sentence():
    with pytest.raises(ControlError, match="what must be one of mode-collapse, .*; got 'cat'"):
        breaks.plan("cat", False)


@pytest.mark.slow
def test_two_visitors_race_at_once_and_neither_disturbs_the_other():
    wanted = {seed: race.plan("ring", seed, steps=40, families=("vae", "gan")) for seed in (1, 2)}

    def ends(plan: race.Plan) -> list[np.ndarray]:
        return [frame.points for frame in race.run(plan) if frame.done]

    alone = {seed: ends(plan) for seed, plan in wanted.items()}
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        together = dict(zip(wanted, pool.map(ends, wanted.values()), strict=True))
    assert all(np.array_equal(a, b) for seed in wanted for a, b in zip(alone[seed], together[seed], strict=True))
    assert GATE.is_free


def test_own_points_are_raced_to_and_are_in_no_link():
    rng = np.random.default_rng(0)
    given, _ = points.from_text("\n".join(f"{x:.3f} {y:.3f}" for x, y in rng.normal(size=(60, 2))))
    wanted = race.plan(given, 3, steps=5, families=("flow",))
    *_, last = race.run(wanted)
    shown = panel.result({"flow": last}, wanted, race.floor(wanted.target, 3), 1.0)
    assert last.step == 5 and "covered" not in last.metrics and "permalink" not in shown and "in no link" in shown


SCRIPTS = {
    "gan": ("grid", {"penalty": 0.1}),
    "vae": ("moons", {"points": 30}),
    "diffusion": ("letter", {}),
    "flow": ("own", {}),
    "autoregressive": ("ring", {}),
    "autoencoder": ("spirals", {"spread": 0.1}),
}


def printed_alone(wanted: dict, folder: Path, *words: str) -> dict:
    """What the scripts of races print, each run as __main__ by one fresh interpreter that knows nothing of this project; key: (plan, family, steps)."""
    for key, (plan, family, steps) in wanted.items():
        text = race_script.script(plan, family, steps)
        assert "playground" not in text
        (folder / f"{key}.py").write_text(text)
    told = f"import runpy, sys; sys.argv[1:] = {list(words)!r}\nfor name in {list(wanted)!r}:\n    runpy.run_path(name + '.py', run_name='__main__'); print('END')"
    ran = subprocess.run([sys.executable, "-I", "-c", told], cwd=folder, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    *printed, _ = re.sub(r"np\.float64\(([^)]*)\)", r"\1", ran.stdout).split("END\n")
    return {key: ast.literal_eval(text.strip()) for key, text in zip(wanted, printed, strict=True)}


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> dict[str, tuple[dict, dict]]:
    """For each family: the metrics of a run here, and what its script prints."""
    wanted, here = {}, {}
    for family, (target, changes) in SCRIPTS.items():
        given = np.random.default_rng(5).normal(size=(40, 2)) if target == "own" else target
        plan = race.plan(given, 11, steps=25, families=(family,), changes={family: changes})
        *_, last = race.run(plan)
        wanted[family], here[family] = (plan, family, last.step), last.metrics
    printed = printed_alone(wanted, tmp_path_factory.mktemp("scripts"))
    return {family: (here[family], printed[family]) for family in SCRIPTS}


@pytest.mark.slow
@pytest.mark.parametrize("family", SCRIPTS)
def test_the_script_alone_trains_the_same_run_and_prints_the_same_numbers(family: str, trained):
    here, printed = trained[family]
    assert printed == pytest.approx(here, rel=1e-4, abs=1e-5)


def test_an_option_reaches_the_families_that_have_it_and_the_usual_value_changes_nothing():
    usual = race.plan("ring", 0, options={name: slider.default for name, (slider, _) in race.OPTIONS.items()})
    assert usual.changes == {}
    set_ = race.plan("ring", 0, steps=3, options={"width": 16, "beta": 4.0, "steps": 5})
    assert set_.changes["vae"] == {"width": 16, "beta": 4.0} and set_.changes["flow"] == {"width": 16, "steps": 5}
    last = {frame.family: frame for frame in race.run(set_) if frame.done}
    assert all(frame.parameters < 10_000 for frame in last.values())
    assert last["flow"].inside["ways"].shape[0] == 6
    assert "units a layer 16" in panel.result(last, set_, race.floor(set_.target, 0), 1.0)
    assert "beta=4" in panel.result(last, set_, race.floor(set_.target, 0), 1.0)
    for wrong in ({"width": 1000}, {"cat": 1}, {"beta": "x"}):
        with pytest.raises(ControlError):
            race.plan("ring", 0, options=wrong)


def test_a_budget_in_parameters_gives_each_family_the_width_that_it_takes():
    wanted = race.plan("ring", 3, steps=2, options={"layers": 2}, numbers=20_000)
    last = {frame.family: frame for frame in race.run(wanted) if frame.done}
    assert len({wanted.changes[family]["width"] for family in last}) > 2, "they differ by how many networks they have"
    for family, frame in last.items():
        assert abs(frame.parameters - 20_000) < 1000, family
        narrower = dict(wanted.changes[family], width=wanted.changes[family]["width"] - 1)
        *_, other = race.run(race.plan("ring", 3, steps=1, families=(family,), changes={family: narrower}))
        assert abs(frame.parameters - 20_000) <= abs(other.parameters - 20_000), "no width is nearer"
    shown = panel.result(last, wanted, race.floor(wanted.target, 3), 1.0)
    assert "2 steps each, about 20,000 parameters each" in shown and "units a layer" not in shown
    assert "updates=2" in shown and "numbers=20000" in shown and "layers=2" in shown and "width" not in shown
    with pytest.raises(ControlError, match="numbers must be|Budget in parameters"):
        race.plan("ring", 0, numbers=-1)


@pytest.mark.parametrize("target", ["ring", "moons"])
def test_a_race_does_not_depend_on_how_many_threads_there_are_and_leaves_them_alone(target: str):
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 4):
            torch.set_num_threads(threads)
            *_, last = race.run(race.plan(target, 1, steps=40, families=("gan",)))
            found.append(last.points)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert np.array_equal(*found)

"""The race on small digits: what is learnt and what is held out, drawings of one's own, metrics against closed forms, learners that learn."""

from __future__ import annotations

import base64

import numpy as np
import pytest
import torch

from playground import race, registry
from playground.data import digits
from playground.errors import ControlError, DataUnavailable
from playground.gate import GATE
from playground.hands import Hands
from playground.metrics import digits as metrics
from tabs import race as panel
from tests.lazy import lazy
from tests.test_race import printed_alone, sent

learners = lazy("playground.models.points.learner")

SIDES = (8, 14)


def drawing(*strokes: tuple[slice, slice]) -> str:
    """A sheet with straight strokes, as the browser sends it."""
    sheet = np.zeros((digits.SHEET, digits.SHEET), np.uint8)
    for rows, columns in strokes:
        sheet[rows, columns] = 255
    return base64.b64encode(sheet.tobytes()).decode()


CROSS = drawing((slice(25, 31), slice(8, 48)), (slice(8, 48), slice(25, 31)))


@pytest.mark.parametrize("name", digits.TITLES)
def test_what_is_learnt_and_what_is_held_out_are_two_parts_and_follow_their_seed(name: str):
    target = race.target_of(name)
    assert len(target.learnt) == digits.LEARNT and len(target.held) == 500 and set(target.labels) == set(range(digits.KINDS))
    assert not {row.tobytes() for row in target.learnt} & {row.tobytes() for row in target.held}
    x = target.sample(300, 3)
    assert x.shape == (300, target.side**2) and x.dtype == np.float32 and -1 <= x.min() < -0.9 and 0.8 < x.max() <= 1
    assert np.array_equal(x, target.sample(300, 3)) and not np.array_equal(x, target.sample(300, 4))
    assert len(np.unique(target.held_out(500, 1), axis=0)) == 500, "each at most once"


def test_a_smaller_digit_holds_the_means_of_what_it_covers_and_a_larger_one_looks_like_it():
    pixels = np.zeros((1, 28, 28), np.uint8)
    pixels[0, 2:5, 2:5] = 255  # the first 3 x 3 points of the middle 24 x 24
    assert np.array_equal(digits.smaller(pixels, 8)[0].nonzero()[0], np.arange(64)) and digits.smaller(pixels, 8)[0, 0] == 1
    assert digits.smaller(pixels, 8)[0, 1:].max() == -1
    assert digits.smaller(pixels, 14).sum() == pytest.approx(9 / 4 * 2 - 196)
    for side in SIDES:
        known = race.target_of(f"digits-{side}").held[:20]
        again = digits.smaller(digits.larger(known, side).pixels[..., 0], side)
        assert np.array_equal(metrics.squares(again, known).argmin(1), np.arange(20))


def test_own_drawings_are_a_fourth_of_what_is_real_and_what_is_none_is_one_sentence():
    target = digits.with_own("digits-8", f"{CROSS} {drawing((slice(10, 46), slice(26, 31)))}")
    assert target.given.shape == (2, 64) and target.name == "digits-8"
    for x in (target.sample(1000, 0), target.held_out(500, 0)):
        assert metrics.kinds(x, target)["yours"] == pytest.approx(digits.OWN_SHARE, abs=0.06)
    assert digits.with_own("digits-8", " \n").given is None and "yours" not in metrics.kinds(
        target.sample(9, 0), race.target_of("digits-8")
    )
    empty = base64.b64encode(bytes(digits.SHEET**2)).decode()
    for wrong, says in (
        ("cat", "a drawing must be 56 x 56 shades as base64, got 'cat'"),
        (CROSS[:-8], "a drawing must be"),
        ("é", "a drawing must be"),
        (3, "a drawing must be"),
        (empty, "drawing is empty"),
        (" ".join([CROSS] * (digits.MOST_OWN + 1)), f"at most {digits.MOST_OWN}, got {digits.MOST_OWN + 1}"),
    ):
        with pytest.raises(ControlError, match=says):
            digits.with_own("digits-8", wrong)
    with pytest.raises(ControlError, match="target must be one of"):
        digits.with_own("digits-9", "")
    with pytest.raises(ControlError, match="target must be one of ring, .*digits-14; got 'digits-9'"):
        race.plan("digits-9")


def test_without_the_shipped_digits_one_sentence_says_how_to_make_them(monkeypatch, tmp_path):
    monkeypatch.setattr(digits, "SHIPPED", tmp_path / "none.npz")
    with pytest.raises(DataUnavailable, match="playground.metrics --reference mnist"):
        digits.get.__wrapped__("digits-8")


def test_mmd_of_two_gaussians_is_the_closed_form():
    """Of N(m, s^2 I) and N(0, s^2 I) in d dimensions: 2 (w^2 / (w^2 + 2 s^2))^(d / 2) (1 - exp(-|m|^2 / (2 (w^2 + 2 s^2))))."""
    rng, s, d = np.random.default_rng(0), 0.2, 64
    m = np.full(d, 0.15)
    a, b = (mean + s * rng.normal(size=(1500, d)) for mean in (m, 0))
    expected = sum(2 * (w**2 / (w**2 + 2 * s**2)) ** (d / 2) * (1 - np.exp(-(m @ m) / (2 * (w**2 + 2 * s**2)))) for w in metrics.WIDTHS)
    assert metrics.mmd(a, b) == pytest.approx(expected, rel=0.05)
    assert abs(metrics.mmd(s * rng.normal(size=(1500, d)), b)) < 0.02 * expected


def test_sliced_wasserstein_is_the_closed_form_of_a_scaling_and_zero_of_the_same():
    a = np.random.default_rng(0).normal(size=(2000, 64)).astype(np.float32)
    assert metrics.sliced_wasserstein(a, a) == 0
    assert metrics.sliced_wasserstein(a, 2 * a) == pytest.approx(np.sqrt(np.square(a).sum(1).mean() / 64), rel=0.03)


@pytest.mark.slow
def test_kinds_go_by_the_nearest_and_a_reader_tells_digits_from_noise():
    target = race.target_of("digits-8")
    assert metrics.kinds(target.held, target) == {"covered": 10}
    assert metrics.kinds(target.learnt[target.labels == 3], target) == {"covered": 1}
    noise = np.random.default_rng(0).uniform(-1, 1, target.held.shape)
    floor = metrics.seen(target.sample(500, 1), target.held, 8)
    assert abs(floor) < 3 < 30 < metrics.seen(noise, target.held, 8)
    judged = metrics.judge(np.full((500, 64), np.nan), target.held, target)
    assert all(np.isfinite(value) for value in judged.values()), "what has run away is still judged"


@pytest.mark.parametrize("family", race.PIXELS)
def test_a_learner_of_pictures_gets_nearer_and_draws_the_same_from_the_same_noise(family: str):
    target = race.target_of("digits-8")
    learner = registry.resolve(race.PIXELS[family])(learners.Settings(0, width=64, side=8))

    def drawn() -> np.ndarray:
        return learner.sample(200, torch.Generator().manual_seed(1)).numpy()

    before = metrics.mmd(drawn(), target.held_out(200, 0))
    for k in range(150):
        losses = learner.step(torch.from_numpy(target.sample(128, k)), torch.Generator().manual_seed(k))
    assert losses and all(np.isfinite(value) for value in losses.values())
    assert drawn().shape == (200, 64) and np.array_equal(drawn(), drawn())
    assert metrics.mmd(drawn(), target.held_out(200, 0)) < 0.8 * before
    shelf = learner.inside(torch.Generator().manual_seed(2))["shelf"]
    assert shelf.shape == (*learners.SHELF, 64) and torch.isfinite(shelf).all()


def test_the_autoregressive_network_sees_at_each_point_only_those_before_it():
    learner = registry.resolve(race.PIXELS["autoregressive"])(learners.Settings(0, width=96, side=8))
    x = torch.randn(1, 64, requires_grad=True)
    said = learner.net(x).reshape(64, -1)
    for point in (0, 1, 30, 63):
        (slope,) = torch.autograd.grad(said[point].square().sum(), x, retain_graph=True, allow_unused=True)
        assert not slope[0, point:].any(), point
        assert point < 2 or slope[0, :point].any(), point
    way = learner.inside(torch.Generator().manual_seed(0))["shelf"][0]
    for earlier, later in zip(way, way[1:], strict=False):
        written = earlier != 0
        assert torch.equal(earlier[written], later[written]), "what is written stays"


def test_a_race_of_pictures_gives_the_same_again_and_is_judged_by_a_reader_too():
    wanted = race.plan("digits-8", 5, steps=6, families=("vae", "autoregressive"))
    assert wanted.changes == {family: {"width": 128} for family in race.LEARNERS}, "what is usual for pictures"
    first, again = ([frame for frame in race.run(wanted) if frame.done] for _ in range(2))
    assert all(np.array_equal(a.points, b.points) and a.metrics == b.metrics for a, b in zip(first, again, strict=True))
    floor = race.floor(wanted.target, wanted.seed, read=True)
    assert all(frame.points.shape == (race.PICTURES_JUDGED, 64) and set(frame.metrics) == set(floor) for frame in first)
    shown = panel.result({frame.family: frame for frame in first}, wanted, floor, 1.0)
    assert "Kinds covered" in shown and "KID, as a reader sees" in shown and "500 pictures" in shown and "width=128" in shown
    assert GATE.is_free


def test_the_browser_is_sent_pictures_as_bytes_and_what_is_real_only_at_first():
    wanted = race.plan("digits-14", 0, steps=1, families=("flow", "gan"))
    frames = [frame for frame in race.run(wanted) if frame.done]
    told = sent(panel.message(frames, wanted, {}, live=True))
    assert told["side"] == 14 and len(base64.b64decode(told["real"])) == race.WALL * 196
    for frame, look in zip(told["frames"], frames, strict=True):
        lights = np.frombuffer(base64.b64decode(frame["pictures"]), np.uint8).reshape(race.WALL, 196)
        assert np.abs(lights / 127.5 - 1 - np.clip(look.points[: race.WALL], -1, 1)).max() < 0.01
        assert len(base64.b64decode(frame["inside"]["shelf"]["bytes"])) == 12 * 196
    later = panel.message(frames, wanted, {}, live=True, first=False)
    assert "real" not in sent(later) and len(later) < 60_000


@pytest.mark.slow
def test_the_scripts_train_the_same_runs_from_the_shipped_file_alone(tmp_path):
    wanted, here = {}, {}
    for family, target, own in (("diffusion", "digits-8", CROSS), ("autoregressive", "digits-14", ""), ("gan", "digits-8", "")):
        plan = race.plan(digits.with_own(target, own), 11, steps=8, families=(family,), options={"noise": 0.1})
        *_, last = race.run(plan)
        wanted[family], here[family] = (plan, family, last.step), last.metrics
    printed = printed_alone(wanted, tmp_path, str(digits.SHIPPED))
    for family, metrics_here in here.items():
        assert printed[family] == pytest.approx({name: each for name, each in metrics_here.items() if name != "seen"}, rel=1e-3, abs=1e-4)


def test_hands_reach_a_race_of_pictures_and_own_drawings_are_in_no_link():
    mine, wanted = Hands(), race.plan(digits.with_own("digits-8", CROSS), 2, steps=3, families=("gan", "vae"))
    last = {frame.family: frame for frame in mine.begin(wanted)}
    shown = panel.result(last, wanted, race.floor(wanted.target, 2, read=True), 1.0)
    assert "Yours" in shown and "your drawings are in no link" in shown and "permalink" not in shown
    assert mine.step("gan", 2, "critic").step == 5 and "beta 3" in mine.move("beta", 3.0)

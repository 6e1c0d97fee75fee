"""A flow map: what it learns from is where its teacher goes, and its jumps are the mean velocity between two stops."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from playground import data, registry, run, weights
from playground.data import faces
from playground.sampling import flow
from playground.sampling.noise import generators, randn
from playground.training.recipe import Batch
from tests.lazy import lazy

method = lazy("playground.models.flow_map")
denoiser = lazy("playground.models.nets.denoiser")

N = 4


@pytest.fixture(scope="module")
def trainee() -> method.FlowMapTrainee:
    """A trainee with the shipped teacher, which draws four ways at a time."""
    samples = faces.make(range(16))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(data, "load", lambda name, split: samples)
        made = method.FlowMapTrainee(method.Config(pool=N, reused=10), "faces")
        made.ways(0)
    return made


def test_the_ways_are_the_teacher_s_own(trainee):
    ways = trainee.ways(0)
    assert torch.equal(ways.x[:, 0].float(), randn((3, 64, 64), generators(0, 0, N)).half().float()), "they begin at the noise"
    asked, nothing = (
        trainee.teacher.condition(columns, told)
        for columns, told in ((ways.columns, ways.told), (torch.zeros_like(ways.columns), torch.zeros_like(ways.told)))
    )
    answer = denoiser.guided(trainee.teacher.unet, asked, nothing, 1.5, trainee.teacher.patch)
    twice = denoiser.within(8, 1.5, 0.2, 0.7).tolist()
    x = randn((3, 64, 64), generators(0, 0, N))
    with torch.no_grad():
        for t, until, guided in zip(method.WAY[:-1], method.WAY[1:], twice, strict=True):
            x = flow.step(lambda x, t, guided=guided: answer(x, 1000 * t, guided), x, t, until, "Heun").x
    assert (ways.x[:, -1].float() - x).abs().mean() < 0.02, "and end where it draws"


def test_ways_are_drawn_again_alike_after_a_kill_and_anew_for_the_next_steps(trainee, monkeypatch):
    samples = faces.make(range(16))
    monkeypatch.setattr(data, "load", lambda name, split: samples)
    again, later = trainee._drawn(0), trainee._drawn(1)
    assert torch.equal(again.x, trainee.ways(0).x) and torch.equal(again.told, trainee.ways(0).told)
    assert not torch.equal(again.x, later.x)


def test_before_training_a_jump_follows_the_teacher_s_velocity(trainee):
    x, t = torch.randn(2, 3, 64, 64), torch.full((2,), 0.7)
    told = trainee.modules["condition"](trainee.ways(0).columns[:2], trainee.ways(0).told[:2])
    with torch.no_grad():
        jumped = method.jump(trainee.modules["unet"], trainee.modules["until"], x, t, torch.zeros(2), told, 4)
        assert torch.allclose(jumped, denoiser.predict(trainee.teacher.unet, x, 1000 * t, told, 4), atol=1e-5)


def test_the_loss_is_nought_for_the_mean_velocity_and_only_for_it(trainee, monkeypatch):
    x_0, eps = torch.rand(N, 1, 3, 64, 64), torch.randn(N, 1, 3, 64, 64)
    times = method.WAY[list(method.MARKS)].view(1, -1, 1, 1, 1)
    ways = dataclasses.replace(trainee.ways(0), x=((1 - times) * x_0 + times * eps))  # straight ways, whose mean velocity is known
    monkeypatch.setattr(trainee, "ways", lambda block: ways)
    batch = Batch(torch.zeros(6, 3, 64, 64), torch.zeros(6, dtype=torch.long))

    def loss(off: float) -> float:
        """The loss of a network that says the true velocity and `off`."""

        def said(unet, until, x, t, end, told, patch):
            rows = (
                (x.unsqueeze(1) - (1 - t.view(-1, 1, 1, 1, 1)) * x_0.squeeze(1) - t.view(-1, 1, 1, 1, 1) * eps.squeeze(1))
                .abs()
                .sum((2, 3, 4))
                .argmin(1)
            )
            return (eps - x_0)[rows, 0] + off

        monkeypatch.setattr("playground.models.flow_map.jump", said)
        found = trainee.step(batch, 0, torch.Generator().manual_seed(0), lambda name, value: None)
        assert {name for name in found if name.startswith("error_")} <= {f"error_{k}" for k in method.STOPS}
        return float(found["loss"])

    assert loss(0.0) < 1e-6 and loss(0.5) == pytest.approx(0.25, rel=1e-3)


def test_every_path_leads_from_noise_to_the_picture_in_as_many_jumps_as_it_says():
    for calls, stops in method.STOPS.items():
        assert len(stops) == calls + 1 and stops[0] == 0 and stops[-1] == len(method.WAY) - 1 and list(stops) == sorted(set(stops))
    assert sum(method.SHARES.values()) == pytest.approx(1) and method.SHARES.keys() == method.STOPS.keys()
    defaults = {control.name: control.default for control in registry.get(method.Config().teacher).controls if hasattr(control, "default")}
    assert (defaults["num_inference_steps"], defaults["shift"]) == (len(method.WAY) - 1, 4.0), "the way is the teacher's default"
    for name in ("guidance_scale", "guidance_start", "guidance_stop"):
        assert defaults[name] == getattr(method.Config(), name)


def test_a_call_a_step_and_the_last_step_ends_where_it_was_bound_for():
    for steps in method.STOPS:
        found = list(run.stream("flowmap-faces", 2, 0, num_inference_steps=steps, views=("x_0",)))
        assert [each.nfe for each in found] == list(range(1, steps + 1))
        assert np.allclose(found[-1].samples.pixels, found[-1].step.views["x_0"].pixels, atol=1e-6)


def test_it_comes_after_its_teacher_in_its_own_record():
    record = json.loads((weights.folder("flowmap-faces") / "card.json").read_text())
    teacher = weights.record(record["config"]["teacher"])
    assert record["lineage"] == [*teacher["lineage"], record["command"]]


def test_it_ends_near_its_teacher_from_the_same_noise():
    from playground.models.flow_map import Config

    asked = {"label": ("bob", "curly", "bald", "bun")}
    near = run.sample("flowmap-faces", 4, 3, **asked).samples.float32()
    teacher = run.sample(Config().teacher, 4, 3, **asked).samples.float32()
    other = run.sample(Config().teacher, 4, 4, **asked).samples.float32()
    assert np.square(near - teacher).mean() < 0.3 * np.square(other - teacher).mean()

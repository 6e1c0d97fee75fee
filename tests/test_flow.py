"""A flow: its solvers against what is known in closed form and against diffusers, its training against the straight path."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from playground.sampling import flow
from playground.sampling.noise import generators, randn
from playground.training.recipe import Batch
from tests.lazy import lazy

method = lazy("playground.models.flow")
denoiser = lazy("playground.models.nets.denoiser")

MU, SIGMA = 2.0, 0.5  # of the data, in every coordinate


def gaussian_field(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
    """E[eps - x_0 | x_t = x] where x_0 ~ N(MU, SIGMA^2) and eps ~ N(0, 1): what a perfect network would say."""
    spread = (1 - t) ** 2 * SIGMA**2 + t**2
    away = x - (1 - t) * MU
    return (t - (1 - t) * SIGMA**2) / spread * away - MU


def solved(num_steps: int, solver: str, x: torch.Tensor, shift: float = 1.0) -> torch.Tensor:
    """Where a solver takes x in that many steps."""
    times = flow.times(num_steps, shift)
    for t, until in zip(times[:-1], times[1:], strict=True):
        x = flow.step(gaussian_field, x, t, until, solver).x
    return x


def error(num_steps: int, solver: str) -> float:
    """How far a solver ends from the closed form: between Gaussians the flow is x -> MU + SIGMA x."""
    x = torch.linspace(-2, 2, 9)[:, None]
    return float((solved(num_steps, solver, x) - (MU + SIGMA * x)).abs().max())


@pytest.mark.parametrize(("solver", "order"), [("Euler", 1), ("Heun", 2)])
def test_a_solver_goes_where_the_closed_form_goes_at_its_order(solver: str, order: int):
    few, many = error(40, solver), error(80, solver)
    assert many < 0.02 and few / many == pytest.approx(2**order, rel=0.25)


def test_heun_asks_twice_but_for_the_step_that_ends_at_the_data():
    asked = []

    def field(x: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        asked.append(float(t))
        return x

    times, x, calls = flow.times(3), torch.ones(1, 2), 0
    for t, until in zip(times[:-1], times[1:], strict=True):
        found = flow.step(field, x, t, until, "Heun")
        x, calls = found.x, calls + found.calls
    assert calls == len(asked) == 5 and min(asked) > 0


def test_where_a_point_is_bound_for_is_the_end_of_a_straight_way():
    x_0, eps = torch.randn(4, 3, 2, 2), torch.randn(4, 3, 2, 2)
    t = torch.tensor([0.1, 0.4, 0.7, 0.9])
    x = flow.mix(x_0, eps, t)
    for k in range(4):
        found = flow.step(lambda x, t, k=k: (eps - x_0)[k : k + 1], x[k : k + 1], t[k], torch.tensor(0.0))
        assert torch.allclose(found.x_0, x_0[k : k + 1], atol=1e-5) and torch.allclose(found.x, x_0[k : k + 1], atol=1e-5)


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_euler_is_diffusers_own(shift: float):
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(shift=shift)
    scheduler.set_timesteps(sigmas=np.linspace(1.0, 0.0, 11)[:-1])
    assert torch.allclose(scheduler.sigmas, flow.times(10, shift), atol=1e-6)
    x = y = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    for t in scheduler.timesteps:
        y = scheduler.step(gaussian_field(y, t / 1000), t, y).prev_sample
    assert torch.allclose(solved(10, "Euler", x, shift), y, atol=1e-5)


def small(config: denoiser.Config) -> denoiser.Config:
    """The same recipe with a network that takes no time."""
    return dataclasses.replace(config, channels=16, deep_channels=32)


def test_training_asks_for_the_straight_way_at_every_time():
    trainee = method.FlowTrainee(small(method.SMALL), "mnist")
    x, eps, t = torch.rand(5, 1, 28, 28), torch.randn(5, 1, 28, 28), torch.linspace(0, 0.99, 5)
    task = trainee.task(x, eps, t)
    assert torch.allclose(task.target, eps - x) and torch.equal(task.x[0], x[0])
    assert torch.allclose(task.x - t.view(-1, 1, 1, 1) * task.target, x, atol=1e-6), "t along the way back lies the picture"
    assert torch.allclose(task.t, 1000 * t) and task.weight == 1.0


def test_training_learns():
    trainee = method.FlowTrainee(dataclasses.replace(small(method.SMALL), learning_rate=3e-3), "mnist")
    batch = Batch(torch.full((16, 1, 28, 28), -1.0), torch.arange(16) % 10)
    optimizer = trainee.optimizers["unet"]

    def update(name: str, loss: torch.Tensor) -> None:
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    losses = [float(trainee.step(batch, i, torch.Generator().manual_seed(i), update)["loss"]) for i in range(30)]
    assert np.mean(losses[-5:]) < 0.5 * losses[0]


@pytest.fixture(scope="module")
def model() -> method.FlowModel:
    """A loaded flow, but for its weights, which are random."""
    made = method.FlowModel.__new__(method.FlowModel)
    torch.manual_seed(0)
    made.unet, made.condition = denoiser.make_unet(small(method.SMALL), "mnist").eval(), None
    made.shape, made.classes, made.patch, made.large = (1, 28, 28), 10, 2, False
    return made


def drawn(model: method.FlowModel, **controls) -> list:
    """All steps of three samples."""
    with torch.no_grad():
        return list(model.stream(3, generators(0, 0, 3), label=np.array([1, 2, 3]), **controls))


def test_a_stream_is_the_solver_step_by_step(model):
    found = drawn(model, num_inference_steps=4, shift=2.0, views=("x_t", "x_0"))
    x, label = randn((1, 28, 28), generators(0, 0, 3)), torch.tensor([1, 2, 3])
    assert np.allclose(found[0].views["x_t"].float32(), x.permute(0, 2, 3, 1).clamp(-1, 1), atol=1e-6)
    times = flow.times(4, 2.0)
    with torch.no_grad():
        for t, until in zip(times[:-1], times[1:], strict=True):
            x = flow.step(lambda x, t: denoiser.predict(model.unet, x, 1000 * t, label), x, t, until).x
    assert [step.i for step in found] == [1, 2, 3, 4] and [step.nfe for step in found] == [1, 2, 3, 4]
    assert np.abs(found[-1].samples.float32() - x.permute(0, 2, 3, 1).clamp(-1, 1).numpy()).max() < 1e-5
    assert np.array_equal(found[-1].views["x_0"].uint8(), found[-1].samples.uint8()), "the last step ends where it was bound for"


def test_calls_are_counted_as_they_are_made(model):
    asked = []
    handle = model.unet.register_forward_hook(lambda module, given, _: asked.append(len(given[0]) / 3))
    try:
        for solver, guided in (("Euler", {}), ("Heun", {}), ("Euler", {"guidance_scale": 2.0}), ("Heun", {"guidance_scale": 2.0})):
            asked.clear()
            found = drawn(model, num_inference_steps=5, solver=solver, **guided, **({"guidance_stop": 0.5} if guided else {}))
            assert found[-1].nfe == sum(asked), (solver, guided)
    finally:
        handle.remove()


def test_strength_says_how_far_a_given_picture_is_left(model):
    given = np.random.default_rng(0).uniform(-1, 1, (3, 28, 28, 1)).astype(np.float32)
    changes = []
    for strength in (0.1, 0.5, 1.0):
        found = drawn(model, num_inference_steps=10, given=given, strength=strength, views=("x_t",))
        assert len(found) == round(10 * strength)
        changes.append(np.abs(found[0].views["x_t"].float32() - given).mean())
    assert changes[0] < changes[1] < changes[2]

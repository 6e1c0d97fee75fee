"""Our denoising loop against diffusers' own pipelines on a tiny network, and the equations against their schedulers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from playground import run
from playground.sampling import denoise as loop
from playground.sampling.noise import generators, randn, seed_of
from playground.sampling.pixels import from_images, in_parts
from playground.types import Images
from tests.lazy import lazy

diffusers = lazy("diffusers")

N = 3


@pytest.fixture(scope="module")
def unet() -> diffusers.UNet2DModel:
    """A network of a few thousand parameters with fixed weights."""
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(0)
        net = diffusers.UNet2DModel(
            sample_size=8, in_channels=1, out_channels=1, block_out_channels=(8, 16), layers_per_block=1, norm_num_groups=4,
            down_block_types=("DownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "UpBlock2D"),
        )  # fmt: skip
    return net.eval().requires_grad_(False)


def ours(unet: diffusers.UNet2DModel, scheduler, steps: int, **options) -> np.ndarray:
    """The loop's last picture, (n, h, w, c) in [0, 1] as pipelines give it."""
    drawn = generators(5, 0, N)
    scheduler.set_timesteps(steps)
    x = randn((1, 8, 8), drawn)
    for found in loop.denoise(lambda x, t: unet(x, t).sample, x, scheduler, scheduler.timesteps, drawn, **options):
        x = found.x
    return (x / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()


@pytest.mark.parametrize("prediction_type", ["epsilon", "v_prediction"])
def test_ddpm_is_the_library_s_pipeline(unet: diffusers.UNet2DModel, prediction_type: str):
    options = {"num_train_timesteps": 50, "prediction_type": prediction_type}
    pipeline = diffusers.DDPMPipeline(unet, diffusers.DDPMScheduler(**options))
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(batch_size=N, generator=generators(5, 0, N), num_inference_steps=10, output_type="np").images
    assert np.abs(ours(unet, diffusers.DDPMScheduler(**options), 10) - theirs).max() < 1e-5


@pytest.mark.parametrize("eta", [0.0, 0.7])
def test_ddim_is_the_library_s_pipeline(unet: diffusers.UNet2DModel, eta: float):
    pipeline = diffusers.DDIMPipeline(unet, diffusers.DDIMScheduler())
    pipeline.set_progress_bar_config(disable=True)
    theirs = pipeline(batch_size=N, generator=generators(5, 0, N), num_inference_steps=8, eta=eta, output_type="np").images
    assert np.abs(ours(unet, diffusers.DDIMScheduler(), 8, eta=eta) - theirs).max() < 1e-5


@pytest.mark.parametrize("name", loop.SCHEDULERS)
@pytest.mark.parametrize("steps", [1, 2, 20])
def test_every_scheduler_walks_from_noise_to_a_finite_picture(unet: diffusers.UNet2DModel, name: str, steps: int):
    drawn = generators(1, 0, 2)
    scheduler = loop.make_scheduler(name)
    scheduler.set_timesteps(steps)
    found = list(loop.denoise(lambda x, t: unet(x, t).sample, randn((1, 8, 8), drawn), scheduler, scheduler.timesteps, drawn))
    assert len(found) == steps and found[0].t >= 900
    assert all(torch.isfinite(step.x).all() and step.x_0.abs().max() <= 1 for step in found)


def test_a_perfect_network_gives_the_picture_back_with_every_scheduler():
    x_0 = randn((1, 8, 8), generators(2, 0, 2)).clamp(-1, 1)
    for name in loop.SCHEDULERS:
        drawn = generators(3, 0, 2)
        scheduler = loop.make_scheduler(name)
        scheduler.set_timesteps(20)

        def truth(x, t, scheduler=scheduler):
            alpha_bar = scheduler.alphas_cumprod[int(t)]
            eps = (x - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt()
            return loop.velocity(x_0, eps, alpha_bar)

        *_, last = loop.denoise(truth, randn((1, 8, 8), drawn), scheduler, scheduler.timesteps, drawn)
        assert (last.x - x_0).abs().max() < 1e-2, name


@pytest.mark.parametrize("name", loop.SCHEDULERS)
def test_every_number_of_steps_is_that_many_falling_times(name: str):
    for n in range(1, 251):
        scheduler = loop.make_scheduler(name)
        loop.set_steps(scheduler, n)
        times = scheduler.timesteps.numpy()
        assert len(times) == n and times[-1] >= 0 and (np.diff(times) < 0).all(), n


@pytest.mark.slow
@pytest.mark.parametrize("name", ["DDPM", "DDIM", "UniPC"])
def test_a_number_of_steps_that_the_library_miscounts_draws_like_its_neighbour(name: str):
    near, miscounted = (run.sample("diffusion-mnist", 2, 0, num_inference_steps=n, scheduler=name, label="3") for n in (60, 61))
    assert miscounted.nfe - near.nfe <= 2
    assert abs(float(miscounted.samples.float32().std()) - float(near.samples.float32().std())) < 0.1


def test_even_timesteps_have_steps_of_equal_length_in_the_log_of_the_signal_to_noise_ratio():
    alpha_bar = loop.alphas_cumprod().double().numpy()
    log_snr = np.log(alpha_bar / (1 - alpha_bar))
    for n in (2, 14):
        found = loop.even_timesteps(n)
        assert (found[0], found[-1]) == (995, 30)
        lengths = np.diff(log_snr[found])
        assert np.allclose(lengths, (log_snr[30] - log_snr[995]) / (n - 1), atol=0.3), "but for what rounding to whole times takes"
    for n in range(1, 251):
        found = np.array(loop.even_timesteps(n))
        assert len(found) == n and (np.diff(found) < 0).all() and found[-1] >= 0


def test_a_perfect_network_gives_the_picture_back_at_even_timesteps():
    x_0 = randn((1, 8, 8), generators(2, 0, 2)).clamp(-1, 1)
    scheduler = loop.make_scheduler("DPM-Solver++")
    scheduler.set_timesteps(timesteps=loop.even_timesteps(14))

    def truth(x, t):
        alpha_bar = scheduler.alphas_cumprod[int(t)]
        return loop.velocity(x_0, (x - alpha_bar.sqrt() * x_0) / (1 - alpha_bar).sqrt(), alpha_bar)

    *steps, last = loop.denoise(truth, randn((1, 8, 8), generators(3, 0, 2)), scheduler, scheduler.timesteps, ())
    assert [step.t for step in (*steps, last)] == loop.even_timesteps(14) and (last.x - x_0).abs().max() < 1e-2


def test_equations_agree_with_the_scheduler_and_with_each_other():
    drawn = generators(0, 0, 4)
    x_0, eps = randn((1, 8, 8), drawn), randn((1, 8, 8), drawn)
    t = torch.tensor([0, 10, 500, 998])
    scheduler, alpha_bar = loop.make_scheduler("DDPM"), loop.alphas_cumprod()[t]
    x_t, v = loop.add_noise(x_0, eps, alpha_bar), loop.velocity(x_0, eps, alpha_bar)
    assert torch.allclose(x_t, scheduler.add_noise(x_0, eps, t), atol=1e-6)
    assert torch.allclose(v, scheduler.get_velocity(x_0, eps, t), atol=1e-6)
    assert torch.allclose(loop.predicted_x_0(x_t, v, alpha_bar), x_0, atol=1e-5)


def test_a_sample_s_noise_depends_on_its_index_alone():
    whole = randn((4,), generators(7, 0, 6))
    assert torch.equal(whole, torch.cat([randn((4,), generators(7, 0, 2)), randn((4,), generators(7, 2, 4))]))


def test_neighbouring_seeds_share_nothing():
    seeds = [seed_of(seed, i) for seed in range(100) for i in range(100)]
    assert len(set(seeds)) == len(seeds) and max(seeds) < 2**32
    a, b = randn((4096,), generators(0, 1, 1)), randn((4096,), generators(1, 0, 1))
    assert abs(float((a * b).mean())) < 0.08


def test_guidance_works_between_its_bounds_and_a_guided_step_costs_two_calls():
    def drawn(**changes) -> tuple[np.ndarray, int]:
        found = run.sample("diffusion-mnist", 2, 0, num_inference_steps=4, scheduler="DDIM", label="3", **changes)
        return found.samples.pixels, found.nfe

    plain, calls = drawn(guidance_scale=1.0)
    assert calls == 4
    everywhere, calls = drawn(guidance_scale=4.0, guidance_start=0.0, guidance_stop=1.0)
    assert calls == 8 and np.abs(everywhere - plain).max() > 0.1
    middle, calls = drawn(guidance_scale=4.0, guidance_start=0.25, guidance_stop=0.75)
    assert calls == 6 and np.abs(middle - plain).max() > 0.1 and np.abs(middle - everywhere).max() > 0.01
    nowhere, calls = drawn(guidance_scale=4.0, guidance_start=0.8, guidance_stop=0.2)
    assert calls == 4 and np.array_equal(nowhere, plain)


def test_bounds_of_guidance_are_of_the_noise_and_not_of_the_steps_that_are_left():
    digit = np.zeros((1, 28, 28, 1), np.float32)
    late = run.sample(
        "diffusion-mnist", 2, 0, num_inference_steps=4, guidance_scale=4.0, guidance_start=0.0, guidance_stop=0.5, given=digit, strength=0.5
    )
    assert late.nfe == 2  # both steps that are left lie in the second half of the way


def test_pictures_in_parts_are_the_same_pictures():
    images = Images(np.random.default_rng(0).integers(0, 256, (7, 4, 5, 3), dtype=np.uint8))
    parts = list(in_parts(images, 3, "cpu"))
    assert [len(part) for part in parts] == [3, 3, 1] and torch.equal(torch.cat(parts), from_images(images, "cpu"))

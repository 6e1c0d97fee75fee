"""The denoising loop over a diffusers scheduler, as a generator: one forward evaluation, one step, one look at what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Predict = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""predict(x_t, t) -> the network's output for the whole batch at timestep t."""

SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "DDPM": ("DDPMScheduler", {"variance_type": "fixed_small", "clip_sample": True}),
    "DDIM": ("DDIMScheduler", {"clip_sample": True, "set_alpha_to_one": True}),
    "DPM-Solver++": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "solver_order": 2, "final_sigmas_type": "zero", "lambda_min_clipped": -5.1},
    ),
    "UniPC": ("UniPCMultistepScheduler", {"solver_order": 2, "final_sigmas_type": "zero"}),
}
NOISE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "timestep_spacing": "trailing",
}


LEARNT = ("num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "prediction_type")
"""What a scheduler's configuration says of the noise that a model learnt from, by default or by its file."""
ASKED = ("timestep_spacing", "steps_offset", "set_alpha_to_one")
"""What its file may say of the times at which the model is asked."""


@dataclass(frozen=True)
class Denoised:
    """x: the picture after the step (n, c, h, w). x_0: what the network took the clean picture to be. t: the step's timestep."""

    x: torch.Tensor
    x_0: torch.Tensor
    t: int


def make_scheduler(name: str, **changes: Any) -> Any:
    """A fresh diffusers scheduler of that name over the noise schedule that the models here are trained on, or over another that changes name.

    A change that this kind of scheduler does not have is left out.
    """
    import inspect

    import diffusers

    named, options = SCHEDULERS[name]
    cls = getattr(diffusers, named)
    known = inspect.signature(cls.__init__).parameters
    return cls(**{**NOISE, **options, **{key: value for key, value in changes.items() if key in known}})


def noise_of(scheduler: Any) -> dict[str, Any]:
    """What a model's own scheduler says of its noise: the changes with which make_scheduler makes any other kind for that model."""
    config = scheduler.config
    said = [name for name in ASKED if name in config and name not in config.get("_use_default_values", ())]
    return {name: config[name] for name in (*LEARNT, *said)}


def alphas_cumprod(device: str | torch.device = "cpu") -> torch.Tensor:
    """alpha_bar_t for t = 0..999 of the cosine schedule (Nichol & Dhariwal, arXiv:2102.09672), float32 (1000,)."""
    return make_scheduler("DDPM").alphas_cumprod.to(device)


def set_steps(scheduler: Any, n: int) -> None:
    """Exactly n timesteps, as the scheduler spaces them.

    Spaced from the end, diffusers adds a -1, which is no time, for some n (61, say), and where it leaves out the first times it may miss one.
    """
    scheduler.set_timesteps(n)
    found = scheduler.timesteps[scheduler.timesteps >= 0]
    if len(found) < n:  # left out: of a kind of scheduler that takes any times
        scheduler.set_timesteps(timesteps=np.linspace(int(found[0]), int(found[-1]), n).round().astype(int).tolist())
    else:
        scheduler.timesteps = found


def even_timesteps(n: int, first: int = 995, last: int = 30) -> list[int]:
    """n different timesteps, 250 at most, falling from first to last in steps of equal length in the log of the signal-to-noise ratio.

    Equal lengths of that logarithm are the solver's natural steps (Lu et al., arXiv:2211.01095), but a half of it lies where nothing can
    be told from noise, or nothing is left of it: from 999 to 0, of 14 steps three lead through all that a picture is.
    """
    alpha_bar = alphas_cumprod().double().numpy()
    log_snr = np.log(alpha_bar / (1 - alpha_bar))
    found = np.interp(-np.linspace(log_snr[first], log_snr[last], n), -log_snr, np.arange(len(log_snr))).round().astype(int)
    return (np.minimum.accumulate(found + np.arange(n)) - np.arange(n)).tolist()  # of many, two would round to one


def add_noise(x_0: torch.Tensor, eps: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """x_t = sqrt(alpha_bar) x_0 + sqrt(1 - alpha_bar) eps; alpha_bar is (n,) or a scalar. DDPM eq. 4, arXiv:2006.11239."""
    alpha_bar = alpha_bar.reshape(-1, 1, 1, 1)
    return alpha_bar.sqrt() * x_0 + (1 - alpha_bar).sqrt() * eps


def velocity(x_0: torch.Tensor, eps: torch.Tensor, alpha_bar: torch.Tensor) -> torch.Tensor:
    """v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) x_0; Salimans & Ho, arXiv:2202.00512."""
    alpha_bar = alpha_bar.reshape(-1, 1, 1, 1)
    return alpha_bar.sqrt() * eps - (1 - alpha_bar).sqrt() * x_0


def predicted_x_0(x_t: torch.Tensor, output: torch.Tensor, alpha_bar: torch.Tensor, prediction_type: str = "v_prediction") -> torch.Tensor:
    """The clean picture that a network's output means: add_noise and velocity solved for x_0.

    v: x_0 = sqrt(alpha_bar) x_t - sqrt(1 - alpha_bar) v. eps: x_0 = (x_t - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar).
    """
    alpha_bar = alpha_bar.reshape(-1, 1, 1, 1)
    if prediction_type == "epsilon":
        return (x_t - (1 - alpha_bar).sqrt() * output) / alpha_bar.sqrt()
    return alpha_bar.sqrt() * x_t - (1 - alpha_bar).sqrt() * output


def denoise(
    predict: Predict,
    x: torch.Tensor,
    scheduler: Any,
    timesteps: torch.Tensor,
    generators: Sequence[torch.Generator],
    bounded: bool = True,
    after: Callable[[torch.Tensor, int | None], torch.Tensor] | None = None,
    **options: Any,
) -> Iterator[Denoised]:
    """Yields one Denoised for each timestep, from x (n, c, h, w) at timesteps[0] down to a clean picture.

    bounded: whether x_0 is a picture in [-1, 1]; a code is not.
    after(x, t): what becomes of x after a step, t being the timestep that it goes on from, None for the last.
    generators feed the schedulers that add noise on the way (one per sample). options go to scheduler.step (eta, say).
    """
    import inspect

    known = inspect.signature(scheduler.step).parameters
    options = {name: value for name, value in options.items() if name in known}
    if "generator" in known:
        options["generator"] = list(generators)
    for t, then in zip(timesteps, [*timesteps[1:].tolist(), None], strict=True):
        output = predict(x, t)
        alpha_bar = scheduler.alphas_cumprod[int(t)].to(x.device)
        x_0 = predicted_x_0(x, output, alpha_bar, scheduler.config.prediction_type)
        x_0 = x_0.clamp(-1, 1) if bounded else x_0
        x = scheduler.step(output, t, x, **options).prev_sample
        x = x if after is None else after(x, then)
        yield Denoised(x, x_0, int(t))

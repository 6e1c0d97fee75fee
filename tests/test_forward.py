"""The forward process in NumPy: the same schedule as the library's, and a picture that goes from itself to noise."""

from __future__ import annotations

import numpy as np

from playground.sampling import denoise, forward
from playground.types import Images


def test_the_schedule_is_the_one_the_models_are_trained_on() -> None:
    assert np.abs(denoise.alphas_cumprod().numpy() - forward.alphas_cumprod()).max() < 1e-6


def test_a_picture_goes_from_itself_to_noise(some: dict[str, Images]) -> None:
    x_0 = some["mnist"].float32()[0]
    early, middle, late = forward.noised(x_0, (0, 500, 999)).float32()
    assert np.abs(early - x_0).max() < 0.05
    assert 0.5 < np.corrcoef(middle.ravel(), x_0.ravel())[0, 1] < 0.95
    assert abs(np.corrcoef(late.ravel(), x_0.ravel())[0, 1]) < 0.15

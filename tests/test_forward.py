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


def test_a_flow_goes_straight_from_the_picture_to_noise(some: dict[str, Images]) -> None:
    x_0 = some["mnist"].float32()[0] / 4  # far enough from the bounds that little is clipped
    start, quarter, half = forward.mixed(x_0, (0, 250, 500), seed=3).float32()
    assert np.allclose(start, x_0)
    inside = np.abs(half) < 1
    assert np.allclose(quarter[inside], (start + half)[inside] / 2, atol=1e-6)


def test_the_time_at_which_the_last_steps_begin_is_the_flow_s_own() -> None:
    from playground.sampling import flow

    assert forward.begins_at(10, 10) == forward.begins_at(10, 10, 4.0) == 999
    for shift in (1.0, 4.0):
        for kept in (2, 5, 8):
            assert abs(forward.begins_at(kept, 10, shift) - 1000 * float(flow.times(10, shift)[-1 - kept])) <= 1.5

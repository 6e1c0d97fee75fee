"""Truncation scales the noise that a picture is drawn from, and the picture follows."""

from __future__ import annotations

import numpy as np
import pytest

from playground import registry
from tests.draws import drawn

CARDS = [card.id for card in registry.shipped() if any(control.name == "truncation" for control in card.controls)]


@pytest.mark.parametrize("card_id", CARDS)
def test_truncation_scales_z_and_none_of_it_leaves_one_picture_a_class(card_id: str):
    label = next(control for control in registry.get(card_id).controls if control.name == "label").classes[1]
    whole, half, none = (drawn(card_id, 3, 0, views=("z",), truncation=by, label=label) for by in (1.0, 0.5, 0.0))
    assert np.allclose(half.step.views["z"].values, 0.5 * whole.step.views["z"].values, atol=1e-6)
    assert not np.array_equal(half.samples.pixels, whole.samples.pixels)
    assert (
        np.abs(none.samples.pixels - none.samples.pixels[:1]).max() < 1e-4 < np.abs(whole.samples.pixels - whole.samples.pixels[:1]).max()
    )


def test_there_is_a_card_with_truncation():
    assert CARDS

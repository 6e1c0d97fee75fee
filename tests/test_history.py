"""The link that a picture carries, as it reaches the server."""

from __future__ import annotations

import pytest

from playground.errors import ControlError
from tabs import history


def test_a_link_is_read_as_its_settings():
    assert history.query_of({"link": "?tab=gan&seed=7&label=3"}) == {"tab": "gan", "seed": "7", "label": "3"}


@pytest.mark.parametrize(
    "sent",
    [
        None,
        3,
        {},
        {"link": None},
        {"link": "tab=gan"},
        {"link": "https://x/?tab=gan"},
        {"link": "?" + "a" * 20_000},
        {"link": "?" + "&".join(f"a{k}=1" for k in range(80))},
    ],
)
def test_anything_else_is_one_sentence(sent: object):
    with pytest.raises(ControlError, match="A picture's settings must be a link of at most") as caught:
        history.query_of(sent)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200

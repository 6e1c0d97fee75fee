"""A link made on one server opens the same thing on another: a second process of the page, started as the README says."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW


@pytest.mark.parametrize(
    ("query", "out"),
    [
        ("?tab=gan&n=3&seed=41&label=7", "#gan-out"),
        ("?tab=vae&model=vae-faces&n=2&seed=12", "#vae-out"),
        ("?tab=vae&play=adjust&face=12&moved=smile:0.8", "#vae-adjusted"),
        ("?tab=race&play=mend&what=posterior-collapse&seed=2", "#race-told"),
    ],
)
def test_the_same_link_shows_the_same_on_both(page: Page, url: str, elsewhere: str, query: str, out: str) -> None:
    shown = []
    for address in (url, elsewhere):
        seen = page.context.browser.new_page()  # the fixture's page may ask its own server alone
        seen.goto(address.rstrip("/") + "/" + query)
        found = seen.locator(out)
        expect(found.locator(".badge.live").first).to_be_visible(timeout=SLOW)
        pictures = found.locator("img").evaluate_all("(all) => all.map((one) => one.src)")
        cells = found.locator("td").all_text_contents()
        assert pictures or cells
        shown.append(([points_of(picture) for picture in pictures], cells))
        seen.close()
    assert shown[0] == shown[1]


def points_of(picture: str) -> tuple[tuple[int, int], bytes]:
    """Size and points of a data URI's PNG; its text chunk also says how many seconds it took."""
    image = Image.open(io.BytesIO(base64.b64decode(picture.partition(",")[2])))
    return image.size, image.tobytes()

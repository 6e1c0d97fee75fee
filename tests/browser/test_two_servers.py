"""A link made on one server opens the same thing on another: a second process of the page, started as the README says."""

from __future__ import annotations

import base64
import io
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW

ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120


@pytest.fixture(scope="module")
def other() -> Iterator[str]:
    """The address of the page in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    process = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ}
    )
    try:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(address, timeout=2)
                break
            except OSError:
                assert time.monotonic() < end and process.poll() is None, "the second server did not start"
                time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize(
    ("query", "out"),
    [
        ("?tab=gan&n=3&seed=41&label=7", "#gan-out"),
        ("?tab=vae&model=vae-faces&n=2&seed=12&smile=0.8", "#vae-out"),
        ("?tab=race&play=mend&what=posterior-collapse&seed=2", "#race-told"),
    ],
)
def test_the_same_link_shows_the_same_on_both(page: Page, url: str, other: str, query: str, out: str) -> None:
    shown = []
    for address in (url, other):
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

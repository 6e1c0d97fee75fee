"""A real browser on the running page: Debian's chromium, shut off from every other host."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from playground.bench import free_port
from tests import serving

CHROMIUM = (
    os.environ.get("PLAYGROUND_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
ROOT = Path(__file__).resolve().parent.parent.parent
START_SECONDS = 120
PATIENCE = 120_000  # milliseconds: a machine that is busy with other things is slow, not wrong
REQUIRED = os.environ.get("PLAYGROUND_BROWSER_REQUIRED") == "1"
expect.set_options(timeout=PATIENCE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is marked `browser`."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        (pytest.fail if REQUIRED else pytest.skip)("no chromium on this machine: apt-get install chromium, or set PLAYGROUND_CHROMIUM")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="session")
def url() -> str:
    return serving.url()


@pytest.fixture(scope="session")
def elsewhere() -> Iterator[str]:
    """The address of the page in a process of its own."""
    port = free_port()
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


def watch(page: Page, address: str) -> list[str]:
    """Everything that a clean page must not do, as it happens: console errors, page errors, requests to other hosts, failed requests."""
    faults: list[str] = []
    page.on("console", lambda message: faults.append(f"console: {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"page error: {error}"))
    page.on(
        "request",
        lambda request: None if request.url.startswith((address, "data:", "blob:")) else faults.append(f"other host: {request.url[:200]}"),
    )
    page.on("response", lambda response: faults.append(f"{response.status}: {response.url[:200]}") if response.status >= 400 else None)
    return faults


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    made.set_default_timeout(PATIENCE)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext, url: str) -> Iterator[Page]:
    """The opened page, wide; a test that uses it fails for whatever watch() saw."""
    opened = context.new_page()
    faults = watch(opened, url)
    opened.goto(url)
    opened.get_by_role("tab").first.wait_for()
    opened.wait_for_function("window.playgroundIsOpen")  # a page that is left while it loads says so in its console
    yield opened
    assert not faults, faults

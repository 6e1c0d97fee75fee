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
from typing import Any

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


# Counts what the page has asked its server and not been answered yet, so that a test can wait for the last answer and not for some time.
COUNT_EVENTS = """(() => {
  const open = new Set(), ended = new Set(), plain = window.fetch;
  let asking = 0;
  const end = (id) => { if (!open.delete(id)) ended.add(id); };
  const listen = async (stream) => {
    const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (rest + value).split("\\n");
      rest = lines.pop();
      for (const line of lines) {
        if (line.includes('"process_completed"')) end(/"event_id": *"([^"]+)"/.exec(line)?.[1]);
      }
    }
  };
  window.fetch = async (input, init) => {
    const address = String(input?.url ?? input);
    if (address.endsWith("/cancel")) end(/"event_id": *"([^"]+)"/.exec(String(init?.body))?.[1]);
    if (address.includes("/queue/join")) {
      asking += 1;
      try {
        const answer = await plain(input, init);
        const { event_id } = await answer.clone().json().catch(() => ({}));
        if (event_id && !ended.delete(event_id)) open.add(event_id);
        return answer;
      } finally {
        asking -= 1;
      }
    }
    const answer = await plain(input, init);
    if (address.includes("/queue/data") && answer.body) listen(answer.clone().body).catch(() => {});
    return answer;
  };
  window.eventsUnderWay = () => asking + open.size;
})();"""


def new_context(browser: Browser, **options: Any) -> BrowserContext:
    """A context of its own, wide unless told otherwise, whose pages count their events."""
    made = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
    made.set_default_timeout(PATIENCE)
    made.add_init_script(COUNT_EVENTS)
    return made


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor of this test's own."""
    made = new_context(browser)
    yield made
    made.close()


@pytest.fixture
def fresh(context: BrowserContext, url: str) -> Iterator[Page]:
    """A page that no test has used and that is not opened yet, for tests of how the page starts and of what a link opens; watched as `page` is."""
    made = context.new_page()
    faults = watch(made, url)
    yield made
    assert not faults, faults


class Shared:
    """The page that the tests of a file share, opened when first asked for, and all that it did which a clean page must not do."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser, self.url = browser, url
        self.page: Page | None = None
        self.context: BrowserContext | None = None
        self.faults: list[str] = []

    def open(self) -> Page:
        """The page; a new one after a test that left it or failed on it."""
        if self.page is None or self.page.is_closed():
            self.close()
            self.context = new_context(self.browser)
            self.page = self.context.new_page()
            self.faults = watch(self.page, self.url)
            self.page.goto(self.url)
            self.page.get_by_role("tab").first.wait_for()
            self.page.wait_for_function("window.playgroundIsOpen")  # a page that is left while it loads says so in its console
        return self.page

    def close(self) -> None:
        """Closes it and all that belongs to it."""
        if self.context is not None:
            self.context.close()
        self.page = self.context = None


@pytest.fixture(scope="module")
def shared(browser: Browser, url: str) -> Iterator[Shared]:
    """Where the tests of a file get their page."""
    found = Shared(browser, url)
    yield found
    found.close()


@pytest.fixture
def page(shared: Shared, request: pytest.FixtureRequest) -> Iterator[Page]:
    """The opened page, wide, as the test before left it: a test sets what it needs, or asks for a `fresh` one. A test that uses it fails for
    whatever watch() saw."""
    opened = shared.open()
    opened.evaluate("document.querySelectorAll('.toast-body button').forEach((button) => button.click())")
    failed = request.session.testsfailed
    yield opened
    faults = list(shared.faults)
    if faults or request.session.testsfailed > failed:
        shared.close()  # what one test broke is not the next one's
    for other in opened.context.pages if shared.page is not None else ():
        if other != shared.page:
            other.close()
    assert not faults, faults

"""How the browser tests read the page: tabs, results, pictures to take away."""

from __future__ import annotations

import base64
import importlib
import io
import json
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page

from tabs import launch

TABS = {name: importlib.import_module(f"tabs.{name}").TITLE for name in launch.TABS}
SLOW = 240_000  # milliseconds that a run may take on a machine that is busy with other things


def open_tab(page: Page, name: str) -> Locator:
    """Clicks a tab and returns its panel, once the page has taken its link in."""
    page.wait_for_function("window.playgroundIsOpen")
    page.get_by_role("tab", name=TABS[name], exact=True).filter(visible=True).first.click()
    panel = page.locator(f"#tab-{name}")
    panel.locator(f"#{name}-run").wait_for()
    return panel


def set_number(panel: Locator, label: str, value: float) -> None:
    """Types a value into a number field, or into the field beside a slider, once it has settled: what is typed within the milliseconds in which
    Gradio mounts a slider is overwritten with its old value, and never told."""
    field = panel.locator(
        f"input[type=number][aria-label={json.dumps(label)}], input[type=number][aria-label={json.dumps('number input for ' + label)}]"
    ).first
    field.evaluate("() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))")
    field.fill(str(value))
    field.blur()


def settle(page: Page) -> None:
    """Waits until the page has been answered all that it asked, the chains of events included, and has drawn the answers."""
    page.evaluate(
        """async () => {
            const frame = () => new Promise((drawn) => { requestAnimationFrame(drawn); setTimeout(drawn, 100); });
            for (let still = 0; still < 5; still = window.eventsUnderWay() ? 0 : still + 1) await frame();
        }"""
    )


def unfold(place: Locator, name: str) -> None:
    """Opens a fold that may be open already."""
    button = place.get_by_role("button", name=name).first
    if "open" not in (button.get_attribute("class") or "").split():
        button.click()


def choose(panel: Locator, label: str, text: str) -> None:
    """Chooses an entry of a dropdown, and waits for all that follows: another model renames and refills other dropdowns."""
    panel.get_by_label(label, exact=True).first.click()
    panel.get_by_role("option", name=text, exact=True).click()
    settle(panel.page)


def press(panel: Locator, name: str) -> None:
    """Presses the primary button and waits until all that it started has ended and been shown."""
    start(panel, name)
    panel.locator("a.take[href^='data:image/png']").first.wait_for(timeout=SLOW)
    settle(panel.page)


def start(panel: Locator, name: str) -> None:
    """Presses the primary button; links to what was drawn before are blanked, so that only a new result has one."""
    settle(panel.page)  # a field that was just left is sent on first
    panel.evaluate("panel => panel.querySelectorAll('a.take').forEach(link => link.setAttribute('href', '#old'))")
    panel.locator(f"#{name}-run").click()


def pictures_in(panel: Locator) -> list[str]:
    """The addresses of all pictures that a person sees in a panel, sprites included."""
    return panel.evaluate(
        """panel => [...panel.querySelectorAll('img, .frame')].filter(shown => shown.offsetParent)
            .map(shown => shown.tagName === 'IMG' ? shown.src : getComputedStyle(shown).backgroundImage)"""
    )


def taken(panel: Locator) -> tuple[np.ndarray, dict[str, Any]]:
    """The first PNG to take away: its pixels, and the settings inside it."""
    links = panel.locator("a.take[href^='data:image/png']")
    with Image.open(io.BytesIO(base64.b64decode(links.first.get_attribute("href").split(",", 1)[1]))) as image:
        return np.asarray(image), json.loads(image.text["playground"])


def decoded(uri: str) -> np.ndarray:
    """The pixels of a data URI."""
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.split(",", 1)[1]))))

"""Faces in the browser: the other model behind the same panel, and one face under sliders."""

from __future__ import annotations

import numpy as np
import pytest
from gradio_client import Client
from playwright.sync_api import BrowserContext, Locator, Page

from playground import registry
from playground.controls import adjustments
from playground.types import ModelCard
from tests import serving
from tests.browser.looking import SLOW, decoded, open_tab, press, set_number, taken

CARDS = [card for card in registry.cards() if adjustments(card.controls)]


def choose(panel: Locator, label: str, text: str) -> None:
    """Chooses an entry of a dropdown."""
    panel.get_by_label(label, exact=True).first.click()
    panel.get_by_role("option", name=text, exact=True).click()
    panel.page.wait_for_timeout(500)


def settle(panel: Locator) -> None:
    """Waits until a face that was asked for is there and nothing is under way."""
    panel.locator("#vae-adjusted .badge.live").first.wait_for(timeout=SLOW)
    panel.page.wait_for_timeout(600)
    serving.wait_until_idle()
    panel.page.wait_for_timeout(600)


def face(panel: Locator, caption: str) -> np.ndarray:
    """The picture with that caption."""
    return decoded(panel.locator("#vae-adjusted figure", has_text=caption).locator("img").first.get_attribute("src"))


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_other_model_of_the_tab_draws_what_its_api_draws(page: Page, url: str, card: ModelCard) -> None:
    panel = open_tab(page, "vae")
    choose(panel, "Model", card.title)
    panel.locator(f"#vae-out b:has-text('{card.id}')").wait_for()
    set_number(panel, "n (samples)", 4)
    choose(panel, "Hairstyle", "bob")
    press(panel, "vae")
    picture, settings = taken(panel)
    assert (settings["model"], settings["label"], settings["n"]) == (card.id, "bob", 4)
    known = {control.name for control in card.controls} | {"n", "seed"}
    asked = {key: value for key, value in settings.items() if key in known}
    found = Client(url, verbose=False).predict(**asked, api_name=f"/sample_{card.id.replace('-', '_')}")
    assert np.array_equal(decoded(found["image"]), picture)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_slider_moves_the_face_and_the_truth_stands_beside_it(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "vae")
    assert panel.locator("#vae-adjusted .badge.recorded").count() == 1
    panel.locator("#vae-another").click()
    settle(panel)
    before = face(panel, "the VAE's face")
    assert np.array_equal(face(panel, "adjusted"), before), "nothing is moved yet"
    set_number(panel, "Age, years", 88)
    settle(panel)
    old = face(panel, "adjusted")
    assert np.array_equal(face(panel, "the VAE's face"), before) and not np.array_equal(old, before)
    assert "age 88" in panel.locator("#vae-adjusted .runline").inner_text()
    assert face(panel, "the truth").shape == before.shape
    panel.locator("#vae-adjusted summary").click()
    assert panel.locator("#vae-adjusted tr.moved").count() == 1


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_link_opens_the_other_model_and_draws(context: BrowserContext, url: str, card: ModelCard) -> None:
    page = context.new_page()
    page.goto(f"{url}?tab=vae&model={card.id}&seed=11&label=curly&n=3")
    panel = page.locator("#tab-vae")
    panel.locator("#vae-out .badge.live").first.wait_for(timeout=SLOW)
    serving.wait_until_idle()
    page.wait_for_timeout(600)
    settings = taken(panel)[1]
    assert (settings["model"], settings["seed"], settings["label"], settings["n"]) == (card.id, 11, "curly", 3)
    assert panel.locator("#vae-out .badge.live").count() == 1, "the recorded result was not painted over it"

"""Words in the browser: a prompt that is put together, a word that no caption holds, and a face of which one part is repainted."""

from __future__ import annotations

import re

import numpy as np
import pytest
from gradio_client import Client
from playwright.sync_api import BrowserContext, Locator, Page, expect

from playground import registry
from playground.controls import prompt_of
from playground.types import ModelCard
from tabs import pictures
from tests.browser.looking import SLOW, choose, decoded, open_tab, press, set_number, settle, taken

CARDS = [card for card in registry.shipped() if prompt_of(card.controls)]
REPAINTING = [card for card in CARDS if any(control.name == "mask" for control in card.controls)]


def opened(page: Page, card: ModelCard) -> Locator:
    """The tab with this card chosen and few steps."""
    panel = open_tab(page, card.family)
    choose(panel, "Model", card.title)
    set_number(panel, "Steps", 4)
    return panel


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_prompt_is_put_together_drawn_and_kept_in_the_link(page: Page, context: BrowserContext, url: str, card: ModelCard) -> None:
    panel = open_tab(page, card.family)
    assert not panel.locator("label:has-text('What to draw, in the words') textarea").is_visible(), "the first model is not asked in words"
    panel = opened(page, card)
    set_number(panel, "n (samples)", 2)
    prompt, told = panel.locator("label:has-text('What to draw, in the words') textarea"), panel.locator(f"#{card.family}-told")
    prompt.fill("a Cat on the moon")
    expect(told.locator("s").first).to_have_text("cat")
    assert told.locator("s").all_inner_texts() == ["cat", "on", "the", "moon"]
    panel.get_by_text("frowning: a middle-aged face").first.click()
    expect(told).to_contain_text("It knows every one of these words")
    panel.get_by_text("green eyes", exact=True).click()
    expect(prompt).to_have_value("frowning: a middle-aged face in a beanie with a full beard and gold earrings, green eyes")
    press(panel, card.family)
    drawn, settings = taken(panel)
    assert settings["prompt"].endswith("gold earrings, green eyes") and settings["num_inference_steps"] == 4
    known = {control.name for control in card.controls} | {"n", "seed"}
    asked = {key: value for key, value in settings.items() if key in known}
    found = Client(url, verbose=False).predict(**asked, api_name=f"/sample_{card.id.replace('-', '_')}")
    assert np.array_equal(decoded(found["image"]), drawn)
    other = context.new_page()
    other.goto(url + settings["link"])
    other.locator(f"#tab-{card.family} .badge.live").first.wait_for(timeout=SLOW)
    assert np.array_equal(taken(other.locator(f"#tab-{card.family}"))[0], drawn)


@pytest.mark.parametrize("card", REPAINTING, ids=lambda card: card.id)
def test_a_part_of_a_face_is_repainted_and_the_rest_stays(page: Page, card: ModelCard) -> None:
    panel = opened(page, card)
    tab, back = card.family, panel.locator(f"#{card.family}-back-out")
    panel.get_by_text("Repaint a part").click()
    canvas = panel.locator(f"#{tab}-brush canvas")
    canvas.scroll_into_view_if_needed()
    expect(panel.locator(f"#{tab}-brush .pad-board")).to_have_css("background-image", re.compile(r'url\("data:image/png;base64,.+"\)'))
    before = panel.locator(f"#{tab}-start").inner_html()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 190)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 190, steps=8)
    page.mouse.up()
    page.wait_for_function("([place, was]) => document.querySelector(place).innerHTML !== was", arg=[f"#{tab}-start", before])
    settle(page)
    panel.locator(f"#{tab}-back").click()
    back.locator(".badge.live").wait_for(timeout=SLOW)
    assert "Repainted from t" in back.inner_text()
    shown = decoded(back.locator("img").first.get_attribute("src"))
    first, second = (shown[:20, k * (64 + pictures.GAP) :][:, :64].astype(int) for k in (0, 1))
    assert np.abs(first - second).max() <= 2, "above the brush every one of them is the picture that was given"
    below, other = (shown[36:52, k * (64 + pictures.GAP) :][:, :64].astype(int) for k in (0, 1))
    assert np.abs(below - other).max() > 2
    marked = panel.locator(f"#{tab}-start").inner_html()
    panel.locator(f"#{tab}-brush .pad-clear").click()
    page.wait_for_function("([place, was]) => document.querySelector(place).innerHTML !== was", arg=[f"#{tab}-start", marked])
    settle(page)
    panel.locator(f"#{tab}-back").click()
    expect(back).to_contain_text("Brought back from t", timeout=SLOW)

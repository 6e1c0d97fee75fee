"""A conversation in the browser: what was said stays in sight, a reply goes on from it, a link brings it back, another model does without."""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground import registry
from playground.cards import hub_text
from playground.cards.hub_text import SMOLLM2
from tests import serving
from tests.browser.looking import SLOW, choose, open_tab, set_number, settle
from tests.test_hub_text import lay_out

TITLE = f"{SMOLLM2.title} (from the Hub)"


@pytest.fixture
def talker(tmp_path: Path, monkeypatch) -> Iterator[None]:
    """A model that converses, tiny, in the cache of the Hub."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    small = dataclasses.replace(SMOLLM2, hub=dataclasses.replace(SMOLLM2.hub, size_bytes=1_000_000, memory_bytes=1_000_000))
    monkeypatch.setattr(hub_text, "CARDS", tuple(small if card is SMOLLM2 else card for card in hub_text.CARDS))
    lay_out(small, tmp_path / "cache")
    registry.unload()
    yield
    serving.wait_until_idle()
    registry.unload()


def test_a_reply_goes_on_from_what_was_said_and_a_link_brings_it_back(page: Page, url: str, talker: None) -> None:
    panel = open_tab(page, "transformer")
    out, turns, prompt = panel.locator("#transformer-out"), panel.locator("#transformer-turns .turn"), panel.locator("textarea").first
    expect(panel.locator("#transformer-reply")).to_be_hidden()
    choose(panel, "Model", TITLE)
    expect(panel.locator("#transformer-reply")).to_be_visible(timeout=SLOW)
    set_number(panel, "Length", 5)
    for k, text in enumerate(("What is the capital of England?", "and again?")):
        prompt.fill(text)
        panel.locator("#transformer-run").click()
        expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
        expect(out.locator(".given")).to_contain_text(text)
        settle(page)
        expect(turns).to_have_count(2 * k)
        if k == 0:
            panel.locator("#transformer-reply").click()
            expect(turns).to_have_count(2, timeout=SLOW)
            expect(prompt).to_have_value("")
            expect(prompt).to_be_focused()
            panel.locator("#transformer-reply").click()
            settle(page)
            expect(turns).to_have_count(2)
    expect(turns.first).to_contain_text("What is the capital of England?")
    expect(out.locator(".given")).not_to_contain_text("capital")
    expect(out.locator(".runline")).to_contain_text("after 1 exchange")
    link = out.locator("a.permalink").get_attribute("href")
    answer = out.locator(".scope-text").inner_text()
    said = json.loads(urllib.parse.parse_qs(link)["said"][0])
    assert said[0] == "What is the capital of England?" and len(said) == 2
    choose(panel, "Model", next(card.title for card in registry.shipped() if card.family == "transformer" and card.kind == "text"))
    expect(turns).to_have_count(0, timeout=SLOW)
    expect(panel.locator("#transformer-reply")).to_be_hidden()
    other = page.context.new_page()
    other.goto(url + link.lstrip("/"))
    expect(other.locator("#transformer-out .badge.live")).to_be_visible(timeout=SLOW)
    expect(other.locator("#transformer-turns .turn")).to_have_count(2, timeout=SLOW)
    assert other.locator("#transformer-out .scope-text").inner_text() == answer
    other.locator("#transformer-anew").click()
    expect(other.locator("#transformer-turns .turn")).to_have_count(0, timeout=SLOW)

"""A model of the Hub in the browser: its size first, a download that moves, the tab as before, and back again; a failed download harms nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from playground import registry
from playground.cards.hub import DDPM_MNIST
from tests import hub_layout, hub_server, serving
from tests.browser.looking import SLOW, choose, open_tab, press, set_number, taken

SHIPPED = next(card for card in registry.shipped() if card.family == DDPM_MNIST.family)
TITLE = f"{DDPM_MNIST.title} (from the Hub)"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch) -> Iterator[hub_server.Hub]:
    """The card's tiny repository behind a Hub of this machine, and an empty cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    hub_layout.write(DDPM_MNIST, tmp_path / "remote")
    with hub_server.serving({DDPM_MNIST.hub.repo_id: tmp_path / "remote"}) as served:
        hub_server.use(served, monkeypatch, tmp_path)
        yield served
        serving.wait_until_idle()
    registry.unload()


def test_one_is_downloaded_drawn_with_and_left_again_and_nothing_that_was_set_is_lost(page: Page, hub: hub_server.Hub) -> None:
    panel = open_tab(page, SHIPPED.family)
    set_number(panel, "Seed", 11)
    set_number(panel, "n (samples)", 3)
    hub.open.clear()
    choose(panel, "Model", TITLE)
    told = panel.locator(f"#{SHIPPED.family}-hub")
    expect(told).to_contain_text("4.3 MB to download")
    for words in (DDPM_MNIST.hub.repo_id, "licence MIT", "of memory", f"{SHIPPED.title} stays chosen until then"):
        expect(told).to_contain_text(words)
    assert not hub.asked, "nothing is asked before somebody says so"
    panel.locator(f"#{SHIPPED.family}-download").click()
    expect(told.locator("progress")).to_be_visible(timeout=SLOW)
    hub.open.set()
    expect(panel.get_by_label("Model", exact=True).first).to_have_value(TITLE, timeout=SLOW)
    expect(told).to_contain_text(hub_layout.COMMIT[:12])
    for _ in range(2):
        press(panel, SHIPPED.family)
        settings = taken(panel)[1]
        assert (settings["model"], settings["seed"], settings["n"]) == (DDPM_MNIST.id, 11, 3) and settings["commit"] == hub_layout.COMMIT
        choose(panel, "Model", SHIPPED.title)
        expect(told).to_be_hidden(timeout=SLOW)
        press(panel, SHIPPED.family)
        settings = taken(panel)[1]
        assert (settings["model"], settings["seed"], settings["n"]) == (SHIPPED.id, 11, 3) and "commit" not in settings
        choose(panel, "Model", TITLE)
        expect(told).to_contain_text(hub_layout.COMMIT[:12])


def test_a_failed_download_is_one_sentence_and_the_page_goes_on(page: Page, hub: hub_server.Hub) -> None:
    panel = open_tab(page, SHIPPED.family)
    hub.status = 503
    choose(panel, "Model", SHIPPED.title)
    choose(panel, "Model", TITLE)
    panel.locator(f"#{SHIPPED.family}-download").click()
    told = panel.locator(f"#{SHIPPED.family}-hub")
    expect(told).to_contain_text("The Hub could not answer for 1aurent/ddpm-mnist (503)", timeout=SLOW)
    press(panel, SHIPPED.family)
    assert taken(panel)[1]["model"] == SHIPPED.id, "the one before stayed chosen"

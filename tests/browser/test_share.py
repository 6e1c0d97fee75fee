"""Sharing in a real browser: the address keeps in step with what is drawn, a link's press shows how to share it, a Space's page is told."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW, open_tab, press, set_number, settle


def test_the_address_keeps_in_step_and_a_link_shows_how_to_share(page: Page, url: str) -> None:
    panel = open_tab(page, "gan")
    set_number(panel, "n (samples)", 2)
    set_number(panel, "Seed", 61)
    press(panel, "gan")
    page.wait_for_function("location.search.includes('seed=61')")
    panel.locator("#gan-out a.permalink").click()
    shown = page.locator("#share .share")
    expect(shown).to_be_visible()
    address = shown.locator("input").input_value()
    assert address.startswith(url) and "tab=gan" in address and "seed=61" in address and address == page.url
    expect(shown.locator(".qr svg path").first).to_be_attached()
    assert f'src="{url.rstrip("/")}' in shown.locator("textarea").input_value()
    expect(shown).to_contain_text("this machine alone")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 1


def test_a_reload_brings_the_settings_back_and_draws_nothing_unasked(page: Page, url: str) -> None:
    panel = open_tab(page, "gan")
    set_number(panel, "n (samples)", 2)
    set_number(panel, "Seed", 62)
    press(panel, "gan")
    page.wait_for_function("location.search.includes('seed=62')")
    page.reload()
    page.wait_for_function("window.playgroundIsOpen")
    expect(panel.locator("input[type=number][aria-label='Seed']").first).to_have_value("62")
    settle(page)
    assert panel.locator("#gan-out .badge.recorded").count() and not panel.locator("#gan-out .badge.live").count()
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#gan-out .badge.live")).to_be_visible(timeout=SLOW)


def test_on_a_space_the_page_around_it_is_told_and_its_address_is_shared(page: Page) -> None:
    found = page.evaluate(
        """() => {
            const told = [];
            document.querySelector(".share-asks").dataset.space = "somebody/playground";
            const frame = { postMessage: (message, target) => told.push([message, target]) };
            Object.defineProperty(window, "parent", { value: frame, configurable: true });
            window.playgroundInStep("?tab=vae&seed=3");
            return { told, address: window.playgroundAddress("?tab=vae&seed=3").address, here: location.search };
        }"""
    )
    assert found["told"] == [[{"queryString": "tab=vae&seed=3"}, "https://huggingface.co"]]
    assert found["address"] == "https://huggingface.co/spaces/somebody/playground?tab=vae&seed=3" and found["here"] == "?tab=vae&seed=3"

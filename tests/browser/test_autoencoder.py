"""The autoencoder tab in the browser: two planes under one gesture, and the other models behind the same panel."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Locator, Page

from playground import data, exhibits, registry
from playground.types import ModelCard
from tests import serving
from tests.browser.looking import SLOW, choose, open_tab, press, settle, start, taken

CARDS = [card for card in registry.cards() if card.family == "autoencoder"]
PARTS = ("out", "denoised", "repaired", "guessed")


def where(plane: Locator) -> tuple[str, str]:
    """What a plane says and shows of its point."""
    shown = plane.locator(".plane-digit").evaluate("digit => digit.style.backgroundPosition")
    return plane.locator(".plane-where").inner_text(), shown


def part(panel: Locator, name: str) -> Locator:
    """The place of one exhibit."""
    return panel.locator(f"#autoencoder-{name}")


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_pointing_at_one_plane_shows_the_same_place_on_both(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "autoencoder")
    choose(panel, "Model", card.title)
    planes = panel.locator("#autoencoder-planes .plane")
    assert planes.count() == 2
    first, second = planes.nth(0), planes.nth(1)
    before = where(first), where(second)
    board = first.locator(".plane-board")
    board.scroll_into_view_if_needed()
    board.hover(position={"x": 40, "y": 40})
    pointed = where(first), where(second)
    assert pointed[0] != before[0] and pointed[1] != before[1]
    assert pointed[0][1] == pointed[1][1], "both sprites are looked up at the same place"
    assert "z = (-2" in pointed[1][0], "the VAE's plane goes from -3 to 3"
    second.locator(".plane-board").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    moved = where(first), where(second)
    assert moved[0][1] == moved[1][1] != pointed[0][1], "the keyboard goes on from there, on both"


def test_one_legend_hides_and_shows_the_points_of_both_planes(page: Page) -> None:
    panel = open_tab(page, "autoencoder")
    choose(panel, "Model", CARDS[0].title)
    planes = panel.locator("#autoencoder-planes")
    groups = planes.locator(".plane-points > g").filter(visible=True)
    classes = len(data.get(CARDS[0].dataset).labels)
    assert groups.count() == 2 * classes and planes.locator(".plane-legend").count() == 1
    planes.get_by_role("button", name="3", exact=True).click()
    assert groups.count() == 2
    planes.get_by_role("button", name="hide points").click()
    assert groups.count() == 0 and planes.locator(".plane-bare").filter(visible=True).count() == 0
    planes.get_by_role("button", name="hide points").click()
    assert groups.count() == 2 * classes and planes.locator(".plane-bare").filter(visible=True).count() == 2


@pytest.mark.parametrize("card", CARDS[1:], ids=lambda card: card.id)
def test_another_model_is_squeezed_through_the_same_panel(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "autoencoder")
    choose(panel, "Model", CARDS[0].title)
    assert not part(panel, "repaired").is_visible() or exhibits.can_repair(CARDS[0])
    choose(panel, "Model", card.title)
    for name in PARTS:
        if name != "repaired" or exhibits.can_repair(card):
            shown = part(panel, name)
            shown.locator(f"b:has-text('{card.id}')").wait_for()
            assert shown.locator(".badge.recorded").count() == 1
    assert part(panel, "pad").is_visible() == (not data.get(card.dataset).factors)
    assert part(panel, "planes").get_by_text(card.id).count() == 1
    press(panel, "autoencoder")
    part(panel, "guessed").locator(".badge.live").wait_for(timeout=SLOW)
    assert taken(panel)[1]["model"] == card.id and len(taken(panel)[1]["rows"]) == 7
    choose(panel, "Model", CARDS[0].title)
    part(panel, "out").locator(f"b:has-text('{CARDS[0].id}')").wait_for()
    assert part(panel, "pad").is_visible() == (not data.get(CARDS[0].dataset).factors)


@pytest.mark.parametrize("card", [card for card in CARDS if exhibits.can_repair(card)], ids=lambda card: card.id)
def test_what_is_hidden_can_be_chosen_and_a_link_repeats_it(page: Page, context: BrowserContext, url: str, card: ModelCard) -> None:
    panel = open_tab(page, "autoencoder")
    choose(panel, "Model", card.title)
    repaired = part(panel, "repaired")
    repaired.locator(".badge.recorded").wait_for()
    choose(panel, "What is hidden", "middle")
    repaired.locator(".badge.live").wait_for(timeout=SLOW)
    assert repaired.locator("img").count() == 4 and "squared error where hidden" in repaired.inner_text()
    link = repaired.locator("a.permalink").get_attribute("href")
    pictures = repaired.locator("img").evaluate_all("shown => shown.map(one => one.src)")
    other = context.new_page()
    other.goto(url + link)
    again = other.locator("#tab-autoencoder #autoencoder-repaired")
    again.locator(".badge.live").wait_for(timeout=SLOW)
    settle(other)
    assert "hidden middle" in again.inner_text()
    assert again.locator("img").evaluate_all("shown => shown.map(one => one.src)") == pictures


@pytest.mark.parametrize("card", CARDS[1:], ids=lambda card: card.id)
def test_the_training_of_another_model_is_told_when_somebody_looks(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "autoencoder")
    stories = part(panel, "stories")
    assert stories.locator("img, .frame").count() == 0
    panel.get_by_role("button", name="How it learns").click()
    stories.get_by_text(card.title).first.wait_for(timeout=SLOW)
    assert stories.locator("img, .frame").count() > 1 and stories.locator("svg").count() == 2


def test_a_drawing_goes_through_the_bottlenecks(page: Page) -> None:
    panel = open_tab(page, "autoencoder")
    choose(panel, "Model", CARDS[0].title)
    canvas = panel.locator("#autoencoder-pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 140, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + 140, box["y"] + 220, steps=8)
    page.mouse.up()
    drawn = part(panel, "drawn")
    drawn.locator(".badge.live").wait_for(timeout=SLOW)
    assert drawn.locator("img").count() == 7


def test_stop_ends_a_press_without_a_fault(page: Page) -> None:
    panel = open_tab(page, "autoencoder")
    start(panel, "autoencoder")
    panel.get_by_role("button", name="Stop", exact=True).first.click()
    assert serving.gate_is_free_within(SLOW / 1000)

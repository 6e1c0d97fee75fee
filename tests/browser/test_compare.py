"""The comparison by hand: a sample beside its nearest training sample, two sheets under one slider, and the table measured again."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.looking import SLOW, open_tab

FAMILIES = ("adversarial", "elbo", "denoising", "reconstruction")


def drawn(page: Page, url: str) -> None:
    """The walls that a link draws; once for the tests that share the page."""
    link = f"{url}?tab=compare&play=draw&n=10&seed=5"
    if page.url != link:
        page.goto(link)
    for family in FAMILIES:
        expect(page.locator(f".columns .{family} .badge.live")).to_be_visible(timeout=SLOW)


def test_a_chosen_sample_stands_beside_its_nearest_training_sample(page: Page, url: str):
    drawn(page, url)
    for family in FAMILIES:
        box = page.locator(f".columns .{family} .box")
        at = box.bounding_box()
        box.click(position={"x": at["width"] * 0.4, "y": at["height"] * 0.4})  # the sixth of four in a row
        panel = page.locator(f".columns .{family} .nearest")
        expect(panel.locator("canvas")).to_have_count(2)
        expect(panel.locator(".told")).to_contain_text("Sample 6 (left) and the nearest of 2,000")
    box.press("ArrowRight")
    expect(panel.locator(".told")).to_contain_text("Sample 7")
    box.press("ArrowDown")
    expect(panel.locator(".told")).to_contain_text("Sample 10")  # there are ten: it stays at the last


def test_two_families_lie_under_one_slider(page: Page, url: str):
    drawn(page, url)
    page.locator(".wipe summary").click()

    def lies(side: str, family: str) -> None:
        shown = page.locator(f".columns .{family} .box img").evaluate("(element) => element.src")
        expect(page.locator(f".stage img.{side}")).to_have_attribute("src", shown)

    lies("left", "elbo")
    lies("right", "denoising")
    page.locator(".wipe select.left").select_option("adversarial")
    lies("left", "adversarial")
    page.locator(".wipe input").focus()
    page.keyboard.press("End")
    page.wait_for_function("document.querySelector('.stage').style.getPropertyValue('--cut') === '100%'")


def test_the_table_is_measured_again_for_the_chosen_data(page: Page):
    open_tab(page, "compare")
    page.locator("#compare-again").click()
    out = page.locator("#compare-again-out")
    expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
    assert out.locator("tbody tr").count() == 4 and out.locator("tbody tr td b").count() == 11, "an autoencoder cannot be asked"
    assert out.get_by_text("recorded", exact=False).count() >= 11
    page.get_by_role("radio", name="texts").check()
    expect(out.locator("table")).to_have_count(0)
    page.locator("#compare-again").click()
    expect(out).to_contain_text("whole test split")


def test_a_link_walks_every_family_and_a_bar_moves_them_in_step(page: Page, url: str):
    page.goto(f"{url}?tab=compare&play=walk&from=3&to=9&of=5")
    out = page.locator("#compare-walk-out")
    expect(out.locator(".badge.live")).to_be_visible(timeout=SLOW)
    assert out.locator(".strip").count() == 4
    expect(out).to_contain_text("digit 5 · seed 3 to seed 9")
    out.locator(".film-scrub").focus()
    page.keyboard.press("End")
    expect(out.locator(".film-caption")).to_contain_text("100 % of the way")


def test_a_number_tells_how_it_was_taken_and_takes_it_back(page: Page, url: str):
    page.goto(f"{url}?tab=compare&play=nothing")
    page.wait_for_function("window.playgroundIsOpen")
    shown = page.locator("#compare-table")
    number = shown.locator(".behind-open")
    number.first.scroll_into_view_if_needed()
    number.first.focus()
    page.keyboard.press("Enter")
    told = shown.locator("tr.behind:visible")
    expect(told).to_have_count(1)
    expect(told.locator(".formula")).to_contain_text("some real y")
    expect(told.locator("img")).to_have_count(len(FAMILIES))
    expect(told).to_contain_text("python -m playground.metrics")
    expect(number.first).to_have_attribute("aria-expanded", "true")
    number.nth(1).click()  # another of the row: it stays open, and marks that one
    expect(told).to_have_count(1)
    expect(told.locator("td.pressed.elbo")).to_have_count(1)
    expect(number.first).to_have_attribute("aria-expanded", "false")
    number.nth(1).click()
    expect(told).to_have_count(0)
    page.get_by_label("faces", exact=True).click()
    expect(shown).to_contain_text("toy faces", timeout=SLOW)
    number.first.click()
    expect(told.locator("img")).to_have_count(len(FAMILIES))

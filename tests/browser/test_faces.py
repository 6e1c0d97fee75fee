"""Faces in the browser: the other model behind the same panel, and one face under sliders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client
from PIL import Image
from playwright.sync_api import BrowserContext, Locator, Page, expect

from playground import data, registry
from playground.controls import adjustments
from playground.metrics import curve
from playground.types import ModelCard
from tests.browser.looking import SLOW, choose, decoded, open_tab, press, set_number, settle, taken
from tests.conftest import CONDITIONAL

CARDS = [card for card in registry.cards() if adjustments(card.controls) and "decode" in card.can]
PICKED = [card for card in registry.cards() if card.id in CONDITIONAL and card.dataset == "faces"]
GANS = [card for card in PICKED if card.family == "gan"]
DIFFUSIONS = [card for card in PICKED if card.family == "diffusion"]
SEED = 11  # of a face whose features can go together


def adjusted(panel: Locator) -> None:
    """Waits until a face that was asked for is there and nothing is under way."""
    panel.locator("#vae-adjusted .badge.live").first.wait_for(timeout=SLOW)
    settle(panel.page)


def face(panel: Locator, caption: str) -> np.ndarray:
    """The picture with that caption."""
    return decoded(panel.locator("#vae-adjusted figure", has_text=caption).locator("img").first.get_attribute("src"))


@pytest.mark.parametrize("card", PICKED, ids=lambda card: card.id)
def test_the_other_model_of_the_tab_draws_what_its_api_draws(page: Page, url: str, card: ModelCard) -> None:
    panel = open_tab(page, card.family)
    choose(panel, "Model", card.title)
    panel.locator(f".runline b:has-text('{card.id}')").first.wait_for()
    set_number(panel, "n (samples)", 4)
    expect(panel.get_by_label("Digit", exact=True)).to_have_count(0, timeout=SLOW)  # two dropdowns are renamed, one after the other
    choose(panel, "Hairstyle", "bob")
    press(panel, card.family)
    picture, settings = taken(panel)
    assert (settings["model"], settings["label"], settings["n"]) == (card.id, "bob", 4)
    usual = {control.name: control.default for control in card.controls if control.name in settings and control.name != "label"}
    assert {name: settings[name] for name in usual} == usual, "what nobody touched is at this model's defaults, not at the other's"
    known = {control.name for control in card.controls} | {"n", "seed"}
    asked = {key: value for key, value in settings.items() if key in known}
    found = Client(url, verbose=False).predict(**asked, api_name=f"/sample_{card.id.replace('-', '_')}")
    assert np.array_equal(decoded(found["image"]), picture)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_slider_moves_the_face_and_the_truth_stands_beside_it(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "vae")
    assert panel.locator("#vae-adjusted .badge.recorded").count() == 1
    panel.locator("#vae-another").click()
    adjusted(panel)
    set_number(panel, "Which face (seed)", SEED)  # not every face that the dice finds could have been drawn by rule
    panel.get_by_label("Which face (seed)", exact=True).first.press("Enter")
    expect(panel.locator("#vae-adjusted .runline")).to_contain_text(f"seed {SEED}", timeout=SLOW)
    adjusted(panel)
    before = face(panel, "the VAE's face")
    assert np.array_equal(face(panel, "adjusted"), before), "nothing is moved yet"
    set_number(panel, "Age, years", 88)
    expect(panel.locator("#vae-adjusted .runline")).to_contain_text("age 88", timeout=SLOW)
    adjusted(panel)
    old = face(panel, "adjusted")
    assert np.array_equal(face(panel, "the VAE's face"), before) and not np.array_equal(old, before)
    assert "age 88" in panel.locator("#vae-adjusted .runline").inner_text()
    assert face(panel, "the truth").shape == before.shape
    panel.locator("#vae-adjusted summary").click()
    assert panel.locator("#vae-adjusted tr.moved").count() == 1


def test_a_link_moves_a_face_and_says_what_it_cannot_do(context: BrowserContext, url: str) -> None:
    page, moved = context.new_page(), "?tab=vae&play=adjust&start=real&face=11&moved=age:90,glasses:round"
    page.goto(url + moved.replace("age:90", "age:200,wings:2"))
    expect(page.locator(".toast-body").filter(has_text="allowed is 20 to 90, taken as 90")).to_be_visible(timeout=SLOW)
    expect(page.locator(".toast-body").filter(has_text="wings:2")).to_be_visible()
    panel = page.locator("#tab-vae")
    expect(panel.locator("#vae-adjusted .runline")).to_contain_text("age 90 · glasses round", timeout=SLOW)
    adjusted(panel)
    assert panel.locator("#vae-adjusted a.permalink").get_attribute("href") == moved
    expect(panel.get_by_label("number input for Age, years")).to_have_value("90")
    set_number(panel, "Smile", 0.8)
    expect(panel.locator("#vae-adjusted .runline")).to_contain_text("smile 0.8", timeout=SLOW)
    adjusted(panel)
    again = context.new_page()
    again.goto(url + panel.locator("#vae-adjusted a.permalink").get_attribute("href"))
    adjusted(again.locator("#tab-vae"))
    assert again.locator(".toast-body").count() == 0
    for caption in ("the real one", "given back", "adjusted", "the truth"):
        assert np.array_equal(face(again.locator("#tab-vae"), caption), face(panel, caption))
    again.goto(f"{url}?tab=vae&model=vae-faces&smile=0.8&play=nothing")
    expect(again.locator(".toast-body")).to_contain_text("asks for smile '0.8', which this tab does not take from a link", timeout=SLOW)


@pytest.mark.parametrize(
    ("query", "part", "said"),
    [
        ("?tab=vae&play=slide&from=1&to=7&of=5", "#vae-slid", "seed 5"),
        ("?tab=gan&play=mix&mixed=gan-mnist&first=3&second=9", "#gan-mixed", "seed 3 to seed 9"),
    ],
)
def test_a_link_shows_what_lies_between_two(fresh: Page, url: str, query: str, part: str, said: str) -> None:
    fresh.goto(url + query)
    fresh.locator(f"{part} .badge.live").wait_for(timeout=SLOW)
    expect(fresh.locator(f"{part} .runline")).to_contain_text(said)
    assert fresh.locator(f"{part} a.permalink").get_attribute("href") == query


@pytest.mark.parametrize("card", PICKED, ids=lambda card: card.id)
def test_a_link_opens_the_other_model_and_draws(context: BrowserContext, url: str, card: ModelCard) -> None:
    page = context.new_page()
    page.goto(f"{url}?tab={card.family}&model={card.id}&seed=11&label=curly&n=3")
    panel = page.locator(f"#tab-{card.family}")
    panel.locator(".runline .badge.live").first.wait_for(timeout=SLOW)
    settle(page)
    settings = taken(panel)[1]
    assert (settings["model"], settings["seed"], settings["label"], settings["n"]) == (card.id, 11, "curly", 3)
    assert panel.locator(".runline .badge.live").count() == 1, "the recorded result was not painted over it"


def pictures_of(part: Locator) -> list[str]:
    """The addresses of the pictures in a part of the page."""
    return part.locator("img").evaluate_all("shown => shown.map(one => one.src)")


def pressed(panel: Locator, button: str, part: str) -> Locator:
    """Presses a button and waits until its part of the page is live and nothing is under way."""
    panel.locator(button).click()
    panel.locator(f"{part} .badge.live").first.wait_for(timeout=SLOW)
    settle(panel.page)
    return panel.locator(part)


@pytest.mark.parametrize("card", GANS, ids=lambda card: card.id)
def test_the_wall_grows_by_new_faces_at_every_press(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "gan")
    assert panel.locator("#gan-wall .badge.recorded").count() == 1
    first = [decoded(each) for each in pictures_of(pressed(panel, "#gan-wall-more", "#gan-wall"))]
    both = [decoded(each) for each in pictures_of(pressed(panel, "#gan-wall-more", "#gan-wall"))]
    assert len(first) == 1 and len(both) == 2
    assert np.array_equal(both[1], first[0]) and not np.array_equal(both[0], first[0]), "the newest row is on top, the older one is kept"


@pytest.mark.parametrize("family", sorted({card.family for card in PICKED}))
def test_copies_are_looked_for(page: Page, family: str) -> None:
    panel = open_tab(page, family)
    choose(panel, "Model", next(card.title for card in registry.shipped() if card.family == family))
    part = f"#{family}-copies"
    before = pictures_of(panel.locator(part))
    set_number(panel, "Which samples to search for (seed)", 12)
    after = pressed(panel, f"{part}-run", part)
    assert len(pictures_of(after)) == len(before) == 2 and pictures_of(after) != before
    assert after.locator("td").count() == 8 and "held out" in after.inner_text()


def test_two_samples_are_mixed(page: Page) -> None:
    panel = open_tab(page, "gan")
    before = pictures_of(panel.locator("#gan-mixed"))
    set_number(panel, "Second (seed)", 99)
    after = pressed(panel, "#gan-mix", "#gan-mixed")
    assert len(pictures_of(after)) == 2 and pictures_of(after) != before and "seed 7 to seed 99" in after.inner_text()


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_real_wall_holds_what_is_set(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "vae")
    wall = panel.locator("#vae-real")
    before = pictures_of(wall)
    field = panel.get_by_label("number input for Age", exact=True)  # the adjusted face's says its unit
    field.fill("85")
    field.blur()
    wall.get_by_text("age 85").first.wait_for()
    assert len(pictures_of(wall)) == 1 and pictures_of(wall) != before


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_training_of_the_other_model_is_told_when_somebody_looks(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "vae")
    stories = panel.locator("#vae-stories")
    assert stories.locator("img, .frame").count() == 0
    panel.get_by_role("button", name="How it learns").click()
    stories.get_by_text(card.title).first.wait_for(timeout=SLOW)
    assert stories.locator("img, .frame").count() > 1 and stories.locator("svg").count() == 3


@pytest.mark.parametrize("card", DIFFUSIONS, ids=lambda card: card.id)
def test_features_that_are_asked_for_are_drawn_and_kept_in_the_link(
    fresh: Page, context: BrowserContext, url: str, card: ModelCard
) -> None:
    fresh.goto(url)
    panel = open_tab(fresh, "diffusion")
    assert not panel.get_by_label("Glasses", exact=True).first.is_visible(), "a digit wears none"
    choose(panel, "Model", card.title)
    set_number(panel, "n (samples)", 2)
    press(panel, "diffusion")
    plain, settings = taken(panel)
    assert "glasses" not in settings and "age" not in settings
    meant = panel.locator("#diffusion-meant")
    assert meant.locator("img").count() == 0
    choose(panel, "Glasses", "square")
    meant.locator("img").wait_for(timeout=SLOW)
    mean = pictures_of(meant)
    choose(panel, "Age", "90 years")
    expect(meant.locator("img")).not_to_have_attribute("src", mean[0], timeout=SLOW)
    press(panel, "diffusion")
    asked, settings = taken(panel)
    assert (settings["glasses"], settings["age"]) == ("square", 90.0) and not np.array_equal(asked, plain)
    other = context.new_page()
    other.goto(url + settings["link"])
    other.locator("#tab-diffusion .badge.live").first.wait_for(timeout=SLOW)
    got, again = taken(other.locator("#tab-diffusion"))
    assert {**again, "seconds": 0} == {**settings, "seconds": 0}
    assert np.array_equal(got, asked)


@pytest.mark.parametrize("card", DIFFUSIONS, ids=lambda card: card.id)
def test_a_real_face_is_noised_and_brought_back(page: Page, card: ModelCard) -> None:
    panel = open_tab(page, "diffusion")
    choose(panel, "Model", card.title)
    start, back = panel.locator("#diffusion-start"), panel.locator("#diffusion-back-out")
    back.locator(f"b:has-text('{card.id}')").wait_for()
    before = pictures_of(start)
    panel.get_by_role("button", name="Draw your own").wait_for(state="hidden")
    set_number(panel, "Which of them", 3)
    set_number(panel, "Steps", 4)
    panel.locator("#diffusion-back").click()
    back.locator(".badge.live").wait_for(timeout=SLOW)
    assert pictures_of(start) != before and "Brought back from t" in back.inner_text()


def test_one_s_own_picture_is_made_small_drawn_over_and_brought_back(page: Page, tmp_path: Path) -> None:
    card = DIFFUSIONS[0]
    panel = open_tab(page, "diffusion")
    choose(panel, "Model", card.title)
    panel.get_by_role("button", name="Draw or choose your own").click()
    start, back, easel = (panel.locator(f"#diffusion-{name}") for name in ("start", "back-out", "easel"))
    (tmp_path / "no.png").write_text("not a picture")
    easel.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    expect(easel.locator(".pad-note")).to_contain_text("no picture that the browser can read")
    Image.fromarray(np.tile(np.array([200, 30, 30], np.uint8), (300, 500, 1))).save(tmp_path / "red.png")
    before = pictures_of(start)
    easel.locator("input[type=file]").set_input_files(tmp_path / "red.png")
    expect(start.locator("img").first).not_to_have_attribute("src", before[0], timeout=SLOW)
    seen = decoded(pictures_of(start)[0])
    assert seen.shape == (64, 64, 3) and np.abs(seen.astype(int) - [200, 30, 30]).max() <= 2, "its middle square, as the model sees it"
    set_number(panel, "Steps", 4)
    settle(page)
    panel.locator("#diffusion-back").click()
    back.locator(".badge.live").wait_for(timeout=SLOW)


def test_ways_are_followed_and_the_curves_stand_above_them(page: Page) -> None:
    panel = open_tab(page, "diffusion")
    panel.get_by_role("button", name="Fewer steps").click()
    curves = panel.locator("#diffusion-curve")
    curves.locator("figure.curve").first.wait_for(timeout=SLOW)
    assert curves.locator("figure.curve").count() == len([name for name in data.names() if curve.read(name)])
    panel.locator("#diffusion-ways-run").click()
    ways = panel.locator("#diffusion-ways")
    ways.locator(".badge.live").wait_for(timeout=SLOW)
    assert ways.locator("figure.ways").count() >= 1 and "1: straight" in ways.inner_text()


DRAWN = [card.family for card in registry.shipped() if "sample" in card.can]


@pytest.mark.parametrize("family", sorted({family for family in DRAWN if DRAWN.count(family) > 1}))
def test_every_model_of_a_tab_is_chosen_after_every_other_without_a_complaint(page: Page, family: str) -> None:
    panel = open_tab(page, family)
    panel.get_by_label("Model", exact=True).first.click()
    offered = [option.get_attribute("aria-label") for option in page.get_by_role("option").all()]
    page.get_by_role("option").first.click()
    cards = [card for card in registry.shipped() if card.family == family and card.title in offered]
    assert len(cards) > 1
    for card in [*cards[1:], *cards[-2::-1], *cards[2:3]]:  # forth, back, and past one
        choose(panel, "Model", card.title)
        assert page.locator(".toast-body").count() == 0, page.locator(".toast-body").first.inner_text()
        steps = next((control for control in card.controls if control.name == "num_inference_steps"), None)
        if steps is not None:
            expect(panel.locator("input[type=number][aria-label='number input for Steps']").first).to_have_value(str(steps.default))

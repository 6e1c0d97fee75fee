"""A run in the browser: it moves, stops when told to, frees the gate when nobody looks, and a link repeats it."""

from __future__ import annotations

import base64
import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect

from playground import registry, run
from tests import serving
from tests.browser.looking import SLOW, open_tab, pictures_in, press, set_number, start, taken

LONG = 250  # steps: minutes on two cores
BYTES = 1_500_000  # that a run may send to the browser


def begin_long_run(page: Page) -> None:
    panel = open_tab(page, "diffusion")
    set_number(panel, "Steps", LONG)
    start(panel, "diffusion")
    panel.locator(".badge.running").first.wait_for(timeout=SLOW)


def step_shown(page: Page) -> int:
    return int(
        re.search(r"step (\d+) of", page.locator("#tab-diffusion .badge.running, #tab-diffusion .badge.stopped").first.inner_text()).group(
            1
        )
    )


def test_stop_ends_a_run_within_a_step_and_the_next_one_is_clean(page: Page) -> None:
    begin_long_run(page)
    page.wait_for_function(
        "Number(document.querySelector('#tab-diffusion .badge.running')?.textContent.match(/step (\\d+)/)?.[1]) >= 2", timeout=SLOW
    )
    panel = page.locator("#tab-diffusion")
    calls: list[int] = []
    counting = registry.load("diffusion-mnist").unet.register_forward_hook(lambda *_: calls.append(1))
    with page.expect_response(re.compile("/cancel")):
        panel.get_by_role("button", name="Stop", exact=True).first.click()
    heard = len(calls)
    assert serving.gate_is_free_within(SLOW / 1000)
    counting.remove()
    assert len(calls) - heard <= 1, "the step in work may end, and no other may begin"
    panel.locator(".badge.stopped").wait_for()
    stopped_at = step_shown(page)
    page.wait_for_timeout(1000)
    assert step_shown(page) == stopped_at < LONG
    panel.get_by_role("button", name="Stop", exact=True).first.click()  # a second Stop harms nothing
    set_number(panel, "Steps", 2)
    press(panel, "diffusion")
    assert taken(panel)[1]["num_inference_steps"] == 2


def test_a_closed_page_frees_the_gate(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(url)
    begin_long_run(page)
    calls: list[int] = []
    counting = registry.load("diffusion-mnist").unet.register_forward_hook(lambda *_: calls.append(1))
    page.close()
    assert serving.gate_is_free_within(SLOW / 1000)
    counting.remove()
    assert len(calls) < LONG / 2, "the run went on although nobody looked"


def test_the_film_strip_fills_in_place_and_the_film_can_be_scrubbed(page: Page) -> None:
    panel = open_tab(page, "diffusion")
    set_number(panel, "Steps", 6)
    panel.locator(".filmcells i").first.wait_for()
    press(panel, "diffusion")
    strip = panel.locator("#diffusion-strip")
    assert strip.locator("img").count() == strip.locator("i").count() == 6
    empty, full = (strip.locator(".filmcells > div").nth(k).bounding_box() for k in (0, 1))
    assert abs(empty["height"] - full["height"]) < 2 and abs(empty["width"] - full["width"]) < 2
    film = panel.locator("#diffusion-out .moments")
    assert film.locator(".moment").count() == 6 and film.locator(".moment:visible").count() == 1
    film.locator(".film-scrub").fill("0")
    assert film.locator(".moment:visible figcaption").first.inner_text().startswith("step 1 of 6")


def test_the_last_moment_of_the_film_is_the_picture_to_take_away(page: Page) -> None:
    panel = open_tab(page, "diffusion")
    set_number(panel, "n (samples)", 4)
    set_number(panel, "Steps", 3)
    press(panel, "diffusion")
    shown = panel.locator("#diffusion-out .moment:visible img").first.get_attribute("src")
    last = np.asarray(Image.open(io.BytesIO(base64.b64decode(shown.split(",", 1)[1]))))
    picture, _ = taken(panel)
    assert sorted(np.unique(last)) == sorted(np.unique(picture))  # the same tiles, set in another number of columns


def test_a_run_sends_little_to_the_browser(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    page.goto(url)
    panel = open_tab(page, "diffusion")
    set_number(panel, "n (samples)", 64)
    set_number(panel, "Steps", 12)
    received = []
    session.on("Network.dataReceived", lambda event: received.append(event["dataLength"]))
    press(panel, "diffusion")
    assert 0 < sum(received) < BYTES, f"{sum(received)} bytes"


def test_a_link_opens_its_tab_with_its_values_and_draws(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}?tab=gan&seed=11&label=3")
    panel = page.locator("#tab-gan")
    panel.locator(".badge.live").first.wait_for(timeout=SLOW)
    settings = taken(panel)[1]
    assert (settings["seed"], settings["label"]) == (11, "3")


def test_a_value_out_of_range_in_a_link_is_clamped_and_said(context: BrowserContext, url: str) -> None:
    page = context.new_page()
    page.goto(f"{url}?tab=gan&n=1000&seed=3000000000&label=twelve")
    page.get_by_text("allowed is 1 to 64, taken as 64").wait_for()
    page.get_by_text("allowed is 0 to 2147483647, taken as 2147483647").wait_for()
    page.get_by_text("'twelve', which is not among").wait_for()
    panel = page.locator("#tab-gan")
    panel.locator(".badge.live").first.wait_for(timeout=SLOW)
    assert taken(panel)[1]["n"] == 64


def test_a_digit_is_noised_at_once_and_brought_back(page: Page) -> None:
    panel = open_tab(page, "diffusion")
    set_number(panel, "Steps", 5)
    panel.locator("#diffusion-back").click()
    panel.locator("#diffusion-back-out .badge.live").wait_for(timeout=SLOW)
    assert "Brought back from t" in panel.locator("#diffusion-back-out").inner_text()
    assert "what the model starts from" in panel.locator("#diffusion-start").inner_text()


def test_a_seed_out_of_bounds_is_refused_by_name_and_draws_nothing(page: Page) -> None:
    panel = open_tab(page, "gan")
    before = pictures_in(panel)
    set_number(panel, "Seed", -5)
    panel.locator("#gan-run").click()
    expect(page.locator(".toast-body").first).to_contain_text(f"Seed must be a whole number in [0, {run.MAX_SEED}], got -5.", timeout=SLOW)
    assert pictures_in(panel) == before and panel.locator("#gan-out .badge.recorded").count()

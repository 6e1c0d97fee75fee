"""Music in a browser: composed, repeated by its seed, in step with the API, played, and gone on from a real piece."""

from __future__ import annotations

import base64
import io
import json

import mido
from gradio_client import Client
from playwright.sync_api import Locator, Page, expect

from playground import data, excerpts
from tests.browser.looking import SLOW, choose, open_tab, set_number

TAB = "autoregressive"


def composed(panel: Locator) -> list[list[int]]:
    """The notes of a new piece, once it is whole."""
    out = panel.locator(f"#{TAB}-out")
    out.evaluate("place => place.querySelectorAll('a.take').forEach(link => link.remove())")
    panel.locator(f"#{TAB}-run").click()
    out.locator("a.take").wait_for(timeout=SLOW)
    return json.loads(out.locator(".roll").get_attribute("data-notes"))


def test_a_piece_repeats_by_its_seed_and_is_the_api_s_and_that_of_the_file(page: Page, url: str) -> None:
    panel = open_tab(page, TAB)
    assert panel.locator(f"#{TAB}-out .badge.recorded").is_visible() and panel.locator(f"#{TAB}-real .roll rect").count() > 50
    set_number(panel, "Length", 128)
    pieces = []
    for seed in (3, 4, 3):
        set_number(panel, "Seed", seed)
        pieces.append(composed(panel))
    assert pieces[0] == pieces[2] != pieces[1]
    found = Client(url, verbose=False).predict(n=1, seed=3, max_new_tokens=128, api_name="/sample_gpt_chorales")
    notes = data.notes("chorales", found["texts"][0])
    assert [list(note) for note in notes.held] == pieces[0] and found["notes"][0] == notes.pitches.tolist()
    link = panel.locator(f"#{TAB}-out a.take")
    file = mido.MidiFile(file=io.BytesIO(base64.b64decode(link.get_attribute("href").split(",", 1)[1])))
    assert sum(message.type == "note_on" for track in file.tracks for message in track) == len(pieces[0])
    assert link.get_attribute("download") == "gpt-chorales-seed3.mid"


def test_a_roll_plays_from_where_one_points_and_one_at_a_time(page: Page) -> None:
    panel = open_tab(page, TAB)
    first, second = panel.locator(f"#{TAB}-out .roll"), panel.locator(f"#{TAB}-real .roll")
    expect(first.locator(".film-caption")).to_contain_text("0 of")
    first.locator(".roll-play").click()
    expect(first.locator(".film-caption")).to_contain_text("2 of", timeout=20_000)
    expect(first.locator(".now.shown")).to_have_count(1)
    box = second.locator("svg").bounding_box()
    second.locator("svg").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    expect(second.locator(".roll-play")).to_have_text("◼")
    expect(first.locator(".roll-play")).to_have_text("▶")
    half = int(second.get_attribute("data-moments")) // 2
    assert abs(int(second.locator(".roll-scrub").input_value()) - half) < 12
    second.locator(".roll-play").click()
    expect(second.locator(".roll-play")).to_have_text("▶")
    at = second.locator(".roll-scrub").input_value()
    page.wait_for_timeout(600)
    assert second.locator(".roll-scrub").input_value() == at, "it stands still"
    first.locator(".roll-scrub").fill("8")
    expect(first.locator(".film-caption")).to_contain_text("3 of")


def test_a_piece_goes_on_from_two_bars_of_a_real_one_and_its_link_opens_it(page: Page, url: str) -> None:
    panel = open_tab(page, TAB)
    choose(panel, "Begins with", "two bars of a real one (2)")
    set_number(panel, "Length", 64)
    piece = composed(panel)
    begun = data.notes("chorales", excerpts.read("chorales").split()[1][:64])
    bars = len(begun)
    assert [note for note in piece if note[1] + note[2] < bars] == [list(note) for note in begun.held if note[1] + note[2] < bars]
    assert max(note[1] for note in piece) > bars
    link = panel.locator(f"#{TAB}-out a.permalink").get_attribute("href")
    page.goto(url.rstrip("/") + "/" + link[link.index("?") :])
    out = page.locator(f"#{TAB}-out")
    out.locator(".badge.live").wait_for(timeout=SLOW)
    assert json.loads(out.locator(".roll").get_attribute("data-notes")) == piece


def test_the_real_pieces_differ(page: Page) -> None:
    panel = open_tab(page, TAB)
    before = panel.locator(f"#{TAB}-real .roll").get_attribute("data-notes")
    set_number(panel, "Which piece", 2)
    expect(panel.locator(f"#{TAB}-real .runline")).to_contain_text("piece 2")
    assert panel.locator(f"#{TAB}-real .roll").get_attribute("data-notes") != before

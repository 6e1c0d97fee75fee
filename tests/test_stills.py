"""The page as it is sent: pictures as files beside it, its text compressed."""

from __future__ import annotations

import io
import re

import gradio as gr
import httpx
import pytest
from PIL import Image

from tabs import pictures, stills
from tests import serving
from tests.conftest import drawing


@pytest.fixture(scope="module")
def page() -> httpx.Response:
    return httpx.get(serving.url(), headers={"Accept-Encoding": "gzip"}, timeout=60)


@pytest.mark.slow
def test_the_page_is_sent_compressed_and_without_its_pictures(page):
    assert page.headers["content-encoding"] == "gzip" and page.num_bytes_downloaded < 700_000
    assert "Generative Playground" in page.text and not stills._PICTURE.search(page.text)
    plain = httpx.get(serving.url(), headers={"Accept-Encoding": "identity"}, timeout=60)
    assert "content-encoding" not in plain.headers and len(plain.content) > 3 * page.num_bytes_downloaded


@pytest.mark.slow
def test_each_picture_that_it_names_is_there_and_may_be_kept_for_ever(page):
    named = set(re.findall(rf"{stills.FOLDER}/[0-9a-f]{{24}}\.\w+", page.text))
    assert len(named) > 30
    for address in named:
        found = httpx.get(serving.url() + address)
        assert found.status_code == 200 and "immutable" in found.headers["cache-control"], address
        with Image.open(io.BytesIO(found.content)) as picture:
            assert found.headers["content-type"] == f"image/{picture.format.lower()}" and picture.width > 1


@pytest.mark.parametrize("name", ["0" * 24 + ".png", "..%2F..%2Fapp.py", "a", "%00"])
def test_what_is_no_picture_of_the_page_is_not_found_in_one_sentence(name):
    found = httpx.get(f"{serving.url()}{stills.FOLDER}/{name}")
    assert found.status_code == 404 and len(found.text) < 60


def test_a_small_picture_stays_and_a_large_one_keeps_every_byte():
    buffer = io.BytesIO()
    drawing("8").save(buffer, "PNG")
    large = f'<img src="{pictures.uri(buffer.getvalue())}">'
    small = '<img src="data:image/png;base64,iVBORw0KGgo=">'
    with gr.Blocks() as demo:
        shown = gr.HTML(large + small)
        stills.take_out(demo)
    name = re.fullmatch(rf'<img src="{stills.FOLDER}/([0-9a-f]{{24}}\.png)">' + re.escape(small), shown.value).group(1)
    assert stills._held[name] == buffer.getvalue()


def test_no_event_has_the_browser_mark_its_components_and_look_for_them_again_at_every_later_event():
    events = httpx.get(serving.url() + "config").json()["dependencies"]
    marking = [event for event in events if event["backend_fn"] and event["outputs"] and event["api_visibility"] != "public"]
    assert len(marking) > 100 and all(event["show_progress"] == "hidden" and event["show_progress_on"] == [] for event in marking)

"""Sharing a result: an address of the visitor's own as text, QR code and iframe, and nothing that is none."""

from __future__ import annotations

import io

import gradio as gr
import pytest
import segno

from playground.errors import ControlError
from tabs import share

ADDRESS = "https://huggingface.co/spaces/somebody/playground?tab=gan&seed=11&label=3"
DIRECT = "https://somebody-playground.hf.space/?tab=gan&seed=11&label=3"


def test_an_address_becomes_a_field_a_code_and_a_frame():
    found = share.panel_of({"address": ADDRESS, "direct": DIRECT})
    assert 'value="https://huggingface.co/spaces/somebody/playground?tab=gan&amp;seed=11&amp;label=3"' in found
    assert "&lt;iframe src=&quot;https://somebody-playground.hf.space/?tab=gan&amp;amp;seed=11" in found, (
        "a browser reads it back as it must be typed"
    )
    assert "this machine alone" not in found and "<svg" in found and "<script" not in found


def test_the_code_says_the_address():
    drawn = segno.make(ADDRESS, error="l", micro=False)
    sink = io.BytesIO()
    drawn.save(sink, kind="svg", omitsize=True, border=4, dark="#000", light="#fff", xmldecl=False, svgns=False, nl=False)
    path = sink.getvalue().decode().split(' d="')[-1].split('"')[0]
    assert path in share.panel_of({"address": ADDRESS, "direct": DIRECT})
    other = share.panel_of({"address": f"{ADDRESS}&n=4", "direct": DIRECT})
    assert path not in other


@pytest.mark.parametrize("address", ["http://127.0.0.1:7860/?tab=gan", "http://localhost:7860/", "http://[::1]:7860/?tab=vae"])
def test_an_address_of_this_machine_says_so(address: str):
    assert "this machine alone" in share.panel_of({"address": address, "direct": address})


@pytest.mark.parametrize(
    "sent",
    [
        None,
        {},
        "x",
        {"address": ADDRESS},
        *(
            {"address": bad, "direct": DIRECT}
            for bad in (
                1,
                "",
                "javascript:alert(1)",
                "ftp://a/b",
                "https://",
                "https://a:b@c/",
                "https://a\n.b/",
                "https://a/" + "x" * 2000,
                "http://[::1",
            )
        ),
    ],
)
def test_what_is_no_address_is_one_sentence(sent):
    with pytest.raises(ControlError, match="http or https") as caught:
        share.panel_of(sent)
    assert len(str(caught.value)) < 200


def test_what_stands_in_an_address_is_text_on_the_page():
    found = share.panel_of({"address": 'https://a/?x="><script>1</script>', "direct": DIRECT})
    assert "<script" not in found


def test_a_space_names_itself_and_any_other_page_does_not(monkeypatch):
    for name in ("somebody/playground", ""):
        monkeypatch.setenv("SPACE_ID", name)
        with gr.Blocks() as demo:
            share.build()
        assert any(f'data-space="{name}"' in str(block.get("props", {}).get("value")) for block in demo.get_config_file()["components"])

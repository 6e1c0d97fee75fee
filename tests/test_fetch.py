"""Models of the Hub in the Diffusion tab: what is said before a download, the download, and that what is chosen always works."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from playground import download, hub, registry
from playground.cards import hub as cards
from playground.errors import WeightsUnavailable
from playground.types import ModelCard
from tabs import diffusion, fetch, launch
from tests import hub_layout

SHIPPED = "stable-diffusion-faces"


@pytest.fixture(params=cards.STABLE, ids=lambda card: card.id)
def card(request, tmp_path: Path, monkeypatch) -> ModelCard:
    """Each card of the Hub with tiny needs, and an empty cache; the Hub may be asked."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr(cards, "CARDS", tuple(map(hub_layout.tiny, cards.CARDS)))
    return registry.get(request.param.id)


def panel() -> tuple[gr.Blocks, dict[str, Any]]:
    """The tab alone, and its handlers by name."""
    with gr.Blocks() as demo:
        diffusion.build()
    return demo, {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}


def value(update: Any) -> Any:
    """What an update sets as the component's value; None where it leaves it."""
    return update.get("value") if isinstance(update, dict) else update


def test_size_licence_and_needs_are_said_before_anything_is_fetched(card: ModelCard, monkeypatch):
    monkeypatch.setattr(download, "fetch", lambda card: pytest.fail("nobody asked for it"))
    _, handlers = panel()
    said, row, go, wanted, usable, n = handlers["chosen"](card.id, 16, SHIPPED)
    words = value(said)
    assert hub.size_of(card) in words and card.licence in words and f'href="{card.hub.licence_url}"' in words and card.hub.repo_id in words
    assert "of memory" in words and "a picture" in words and registry.get(SHIPPED).title in words
    assert row["visible"] and value(go) == f"Download {card.title} ({hub.size_of(card)})" and wanted[0] == card.id
    assert usable == SHIPPED, "the one before stays chosen"


def test_offline_it_is_one_sentence_without_a_button_and_the_model_stays(card: ModelCard, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    _, handlers = panel()
    said, row, _, _, usable, _ = handlers["chosen"](card.id, 16, SHIPPED)
    assert hub.missing(card) in value(said).replace("&#x27;", "'") and not row["visible"] and usable == SHIPPED


def test_a_download_shows_how_far_it_is_and_then_chooses_the_model(card: ModelCard, tmp_path: Path, monkeypatch):
    def come(found: ModelCard):
        yield download.Progress(400_000, found.hub.size_bytes)
        hub_layout.lay_out(found, tmp_path)
        yield download.Progress(found.hub.size_bytes, found.hub.size_bytes, "here")

    monkeypatch.setattr(download, "fetch", come)
    _, handlers = panel()
    first, *_, last = handlers["fetch"]((card.id, 1))
    assert 'value="400000"' in value(first[0])
    assert hub_layout.COMMIT[:12] in value(last[0]) and not last[1]["visible"]
    said, row, _, _, usable, n = handlers["chosen"](card.id, 16, SHIPPED)
    assert card.licence in value(said) and not row["visible"] and usable == card.id
    assert n["value"] == 1 and str(card.hub.visitor_n) in n["info"]
    *_, kept = handlers["chosen"](SHIPPED, 3, card.id)
    assert "value" not in kept and kept["info"] is None, "what a person set stays"
    *_, back = handlers["chosen"](SHIPPED, 1, card.id)
    assert back["value"] == fetch.N and back["info"] is None


def test_a_download_that_fails_is_said_and_chooses_nothing(card: ModelCard, monkeypatch):
    def fail(found: ModelCard):
        yield download.Progress(1, 2)
        raise WeightsUnavailable("It could not be, <b>really</b>.")

    monkeypatch.setattr(download, "fetch", fail)
    _, handlers = panel()
    *_, last = handlers["fetch"]((card.id, 1))
    assert "It could not be, &lt;b&gt;really&lt;/b&gt;." in value(last[0]) and last[1].get("visible") is None


def test_a_model_that_is_not_here_moves_no_control(card: ModelCard, tmp_path: Path):
    picker = diffusion.Picker([each for each in registry.cards() if each.family == card.family])
    values = [None] * len(picker.names)
    assert all(
        "value" not in update and "visible" not in update
        for update in [*picker.switched(card.id, values), *picker.at_home(card.id, values)]
    )
    hub_layout.lay_out(card, tmp_path)
    assert any(update.get("visible") for update in picker.switched(card.id, values))
    demo, _ = panel()
    steps = next(block for block in demo.blocks.values() if isinstance(block, gr.Slider) and block.label == "Steps")
    arranging = [function for function in demo.fns.values() if steps in function.inputs and steps in function.outputs]
    assert arranging and not any(function.preprocess for function in arranging), (
        "what other events of the moment send is not refused for the widget's bounds"
    )


@pytest.mark.parametrize("public", ["SPACE_ID", "PLAYGROUND_PUBLIC"])
def test_on_a_public_page_there_is_no_such_model_and_no_download(card: ModelCard, monkeypatch, public: str):
    monkeypatch.setenv(public, "1")
    demo, handlers = panel()
    dropdown = next(block for block in demo.blocks.values() if isinstance(block, gr.Dropdown) and block.label == "Model")
    assert card.id not in [value for _, value in dropdown.choices] and SHIPPED in [value for _, value in dropdown.choices]
    with pytest.raises(gr.Error, match=f"{card.id} is not offered on a public page"):
        list(handlers["fetch"]((card.id, 1)))
    with pytest.raises(gr.Error, match=f"{card.id} is not offered on a public page"):
        drawing = next(function for function in demo.fns.values() if function.fn is handlers["draw"])
        next(handlers["draw"](card.id, 1, 0, *(block.value for block in drawing.inputs[3:])))


def test_a_page_is_only_shared_if_it_was_built_for_the_public(monkeypatch):
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.delenv("PLAYGROUND_PUBLIC", raising=False)
    with pytest.raises(ValueError, match="must be built as a public one"):
        launch.serve(gr.Blocks(), share=True)


def test_a_control_that_only_models_of_the_hub_have_is_not_sent_where_shipped_ones_are_asked():
    demo, _ = panel()
    names = diffusion.Picker([each for each in registry.shipped() if each.family == diffusion.ID], asked=True, left_out=("strength",)).names
    noising = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "noise")
    labels = [getattr(block, "label", None) for block in noising.inputs]
    assert len(labels) == 8 + len(names) and not {"Decoder", "Size"} & set(labels), (
        "model, where from, which, drawing, mask, strength, seed; then theirs"
    )

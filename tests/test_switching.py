"""From a shipped model to a large one of the Hub and back, three times: what was set stays, and memory is where it was."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
import torch

from playground import device, registry, run
from playground.cards import hub_text
from tests import hub_layout

SHIPPED = "gpt-shakespeare"
ROUNDS = 3
ASKED = {"prompt": "The king", "max_new_tokens": 4}


def resident_bytes() -> int:
    """What this process holds of the machine's memory, files that are mapped included."""
    gc.collect()
    rows = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(row.split()[1] for row in rows if row.startswith("VmRSS:")))


@pytest.fixture
def large_card(tmp_path: Path, monkeypatch):
    """GPT-2 in its real size, random weights, in the cache; a budget in which it and a shipped model have no room together."""
    from transformers import GPT2Config, GPT2LMHeadModel

    from playground.models.nets import large
    from tests.hub_parts import tokenizer

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    if device.free_bytes() is None or device.free_bytes() < 3e9:
        pytest.skip("it takes 3 GB of memory")
    card = hub_text.GPT2
    repo = tmp_path / "cache" / f"models--{card.hub.repo_id.replace('/', '--')}"
    folder = repo / "snapshots" / hub_layout.COMMIT
    words = tokenizer()
    with torch.device("meta"):
        network = GPT2LMHeadModel(GPT2Config(bos_token_id=0, eos_token_id=0))
    large.filled((network,))[0].save_pretrained(folder)
    words.save_pretrained(folder)
    for name in card.hub.needed:
        if not (folder / name).is_file():
            (folder / name).write_text("{}" if name.endswith("json") else "")
    (repo / "refs").mkdir()
    (repo / "refs" / "main").write_text(hub_layout.COMMIT)
    del network
    monkeypatch.setattr(registry, "budget_bytes", lambda: 300_000_000)
    registry.unload()
    yield card
    registry.unload()


@pytest.mark.slow
def test_three_rounds_leave_memory_where_it_was(large_card):
    texts, held = [], []
    run.sample(SHIPPED, 1, 5, **ASKED)
    run.sample(large_card.id, 1, 5, **ASKED)  # the first use of anything leaves something behind: not counted
    run.sample(SHIPPED, 1, 5, **ASKED)
    before = resident_bytes()
    for _ in range(ROUNDS):
        texts.append(run.sample(large_card.id, 1, 5, **ASKED).samples.texts)
        assert registry.loaded() == (large_card.id,), "no room for both"
        size, full = registry.load(large_card.id).size_bytes, resident_bytes()
        assert full - before > 0.8 * size, "while it is here, it is seen"
        texts.append(run.sample(SHIPPED, 1, 5, **ASKED).samples.texts)
        assert registry.loaded() == (SHIPPED,)
        held.append(resident_bytes())
    assert size > 4.9e8, "GPT-2's 124 million numbers"
    assert len(set(texts[::2])) == len(set(texts[1::2])) == 1, "the same seed, the same text, in every round"
    print(f"bytes beyond the first, after each round: {[each - before for each in held]}, of {size}")
    assert all(abs(each - before) < 0.1 * size for each in held), [each - before for each in held]

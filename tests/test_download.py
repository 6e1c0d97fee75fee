"""Downloads from the Hub: sizes first, progress, Stop, going on after a break, every fault one sentence, and a cache that stays clean."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from playground import device, download, hub, registry, run
from playground.__main__ import main
from playground.cards import hub as cards
from playground.errors import WeightsUnavailable
from tests import hub_layout, hub_server

pytestmark = pytest.mark.slow


@pytest.fixture
def served(tmp_path: Path, monkeypatch) -> Iterator[SimpleNamespace]:
    """SD-Turbo's tiny repository behind a Hub of this machine; the cache is empty."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setattr(cards, "CARDS", tuple(map(hub_layout.tiny, cards.CARDS)))
    monkeypatch.setenv("PLAYGROUND_DTYPE", "float32")
    registry.unload()
    card = registry.get(cards.SD_TURBO.id)
    repos = {part.hub.repo_id: tmp_path / f"remote-{part.id}" for part in hub.parts(card)}
    for part in hub.parts(card):
        hub_layout.write(part, repos[part.hub.repo_id])
    with hub_server.serving(repos) as found:
        hub_server.use(found, monkeypatch, tmp_path)
        yield SimpleNamespace(card=card, hub=found, remote=repos[card.hub.repo_id], cache=tmp_path / "cache")
    registry.unload()


def ended() -> None:
    """Waits until no download is at work."""
    for thread in threading.enumerate():
        if thread.name == "playground-download":
            thread.join(30)
            assert not thread.is_alive()


def failed(served: SimpleNamespace) -> str:
    """What a download that fails says: one sentence, no path of this machine, and nothing that looks whole afterwards."""
    with pytest.raises(WeightsUnavailable) as caught:
        list(download.fetch(served.card))
    said = str(caught.value)
    assert "\n" not in said and len(said) < 300 and "/tmp" not in said
    assert any(part.hub.repo_id in said for part in hub.parts(served.card)), "it names the repository"
    assert hub.folder(served.card) is None and hub.resolved(served.card) is None and not hub.is_here(served.card)
    return said


def works(served: SimpleNamespace) -> None:
    """A download now succeeds, and the model draws."""
    assert list(download.fetch(served.card))[-1].doing == "here"
    origin = run.sample(served.card.id, 1, 0, num_inference_steps=1).origin
    assert origin == hub.resolved(served.card) and origin.commit == served.hub.commit and sum(origin.files.values()) > 1000


def test_it_brings_the_listed_files_alone_and_is_then_used_without_network(served, monkeypatch):
    found = list(download.fetch(served.card))
    counts = [each.done for each in found]
    weights = sum(path.stat().st_size for path in served.remote.rglob("*.safetensors"))
    assert counts == sorted(counts) and counts[-1] == found[-1].total > weights
    assert {each.doing for each in found} <= {"asking", "downloading", "checking", "here"}
    fetched = {path.relative_to(hub.folder(served.card)).as_posix() for path in hub.folder(served.card).rglob("*") if path.is_file()}
    assert set(served.card.hub.needed) <= fetched and all(
        name.endswith((".safetensors", ".json", ".txt", "chat_template.jinja")) for name in fetched
    )
    assert not [path for path in served.hub.paths() if path.endswith((".bin", ".ckpt"))]
    assert hub.commit(served.card) == hub_layout.COMMIT
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    asked = len(served.hub.asked)
    assert [each.doing for each in download.fetch(served.card)] == ["here"]
    assert run.sample(served.card.id, 1, 0).done and len(served.hub.asked) == asked


def test_what_it_stood_for_is_written_down_and_kept_to(served):
    works(served)
    assert hub.resolved(registry.get("taesd")).commit == hub_layout.COMMIT, "what comes with it, too"
    known = hub.resolved(served.card)
    assert known.commit == hub_layout.COMMIT and set(known.files) >= set(served.card.hub.needed)
    assert known.files["unet/config.json"] == (served.remote / "unet" / "config.json").stat().st_size
    registry.unload()
    served.hub.commit = "f" * 40  # the branch moves on, and somebody else fetches it into the same cache
    refs = hub.folder(served.card).parents[1] / "refs" / "main"
    refs.write_text(served.hub.commit)
    assert hub.commit(served.card) == hub_layout.COMMIT and run.sample(served.card.id, 1, 0, num_inference_steps=1).done
    next(hub.folder(served.card).rglob("*.safetensors")).unlink()
    served.hub.commit, served.hub.asked[:] = hub_layout.COMMIT, []
    works(served)
    assert any(f"/revision/{hub_layout.COMMIT}" in path for path in served.hub.paths()), "the commit is asked for, not the branch"


def test_the_bytes_that_come_are_counted_while_they_come(served, monkeypatch):
    monkeypatch.setattr(download, "CHUNK_BYTES", 4096)
    served.hub.pace = 0.002
    found = [each for each in download.fetch(served.card) if each.doing == "downloading"]
    assert len({each.done for each in found}) > 5 and all(0 <= each.done <= each.total for each in found)


def test_one_that_is_stopped_leaves_nothing_that_looks_whole(served):
    served.hub.open.clear()
    fetching = download.fetch(served.card)
    next(fetching)
    fetching.close()
    served.hub.open.set()
    ended()
    assert hub.folder(served.card) is None and hub.resolved(served.card) is None
    works(served)


def test_one_that_breaks_off_goes_on_where_it_was(served, monkeypatch):
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(download, "CHUNK_BYTES", 1024)
    served.hub.broken_after, served.hub.cuts, served.hub.lost_after = 3 * hub_server.PART, 2, 2
    assert "could not be downloaded (" in failed(served), "the line is cut, goes on, is cut again and then dead"
    parts = [path.stat().st_size for path in served.cache.rglob("*.part")]
    assert parts and parts[0] >= 3 * hub_server.PART
    served.hub.lost_after, served.hub.asked[:] = None, []
    works(served)
    ranges = [int(asked.removeprefix("bytes=").rstrip("-")) for path, asked in served.hub.asked if path.endswith(".safetensors") and asked]
    assert ranges[0] == parts[0] and not list(served.cache.rglob("*.part")), "it went on where it was"


def test_a_server_that_cannot_go_on_sends_it_all_again(served, monkeypatch):
    monkeypatch.setattr(download, "PAUSE_SECONDS", 0.0)
    served.hub.broken_after, served.hub.cuts, served.hub.ranges = 2 * hub_server.PART, 1, False
    works(served)


FAULTS = {
    "not there": ({"status": 404}, "is not on the Hub any more, or is private"),
    "gated": ({"status": 403, "gated": True}, "given only to people who accept its licence"),
    "no permission": ({"status": 401}, "not on the Hub any more, or is private|does not give"),
    "too many requests": ({"status": 429}, "asks this machine to wait"),
    "out of order": ({"status": 503}, "could not answer"),
    "weights refused": ({"of_files": 403}, "does not give|could not be downloaded"),
    "torn on the way": ({"torn": True}, "did not arrive as the Hub lists it"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_one_sentence_and_the_next_try_works(served, fault: str):
    wrong, words = FAULTS[fault]
    for name, value in wrong.items():
        setattr(served.hub, name, value)
    said = failed(served)
    assert any(part in said for part in words.split("|")), said
    for name, value in wrong.items():
        setattr(served.hub, name, type(value)())
    works(served)


def test_a_hub_that_cannot_be_reached_is_one_sentence(served, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    assert "could not be downloaded (" in failed(served)


def test_a_repository_of_another_kind_is_one_sentence(served):
    (served.remote / "unet" / "diffusion_pytorch_model.fp16.safetensors").unlink()
    assert "does not hold unet/diffusion_pytorch_model.fp16.safetensors" in failed(served)
    assert not list(served.cache.rglob("*.safetensors")), "nothing was fetched for nothing"


def test_a_file_that_was_cut_short_on_this_machine_is_fetched_again(served):
    works(served)
    registry.unload()
    path = hub.folder(served.card) / "vae" / "diffusion_pytorch_model.fp16.safetensors"
    path.resolve().write_bytes(path.read_bytes()[:1000])
    assert hub.folder(served.card) is None, "torn is not here"
    works(served)


def test_a_full_disk_is_said_before_anything_is_fetched(served, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    assert "takes 1.0 MB of disk, 0.0 MB are free" in failed(served)
    assert served.hub.asked == []


def test_a_disk_that_fills_on_the_way_is_one_sentence(served, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download, "_append", full)
        assert "did not fit on the disk" in failed(served)
    works(served)


def test_a_machine_that_is_too_small_is_told_before_anything_is_fetched(served, monkeypatch):
    monkeypatch.setattr(device, "limit_bytes", lambda: 100_000)
    assert "SD-Turbo needs about 1.0 MB of memory, this machine has 0.1 MB: choose Stable Diffusion of toy faces" in failed_small(served)
    assert served.hub.asked == []


def failed_small(served: SimpleNamespace) -> str:
    with pytest.raises(WeightsUnavailable) as caught:
        list(download.fetch(served.card))
    return str(caught.value)


def test_offline_with_an_empty_cache_it_is_one_sentence_at_once(served, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "the Hub may not be asked" in failed(served)
    assert served.hub.asked == []


def test_the_command_line_downloads_and_says_what_first(served, capsys):
    assert main(["download", served.card.id]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == f"stabilityai/sd-turbo: 1.0 MB, {served.card.licence} ({served.card.hub.licence_url})" and hub_layout.COMMIT in last
    assert main(["download", "gan-mnist"]) == 2 and "nothing to download" in capsys.readouterr().err
    served.hub.commit = "e" * 40
    assert main(["download", served.card.id, "--renew"]) == 0 and "e" * 40 in capsys.readouterr().out

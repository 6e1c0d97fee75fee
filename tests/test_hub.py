"""Models of the Hugging Face Hub: nothing but safetensors, nothing unasked, one sentence when it cannot be, and nothing of it in public."""

from __future__ import annotations

import http.server
import json
import pickle
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, StableDiffusionPipeline

from playground import device, hub, registry, run
from playground.__main__ import main
from playground.cards import hub as cards
from playground.controls import Prompt
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.models import stable_diffusion
from playground.sampling.noise import generators
from playground.types import HubRepo, ModelCard
from tests import hub_layout

CARDS = cards.CARDS
PROMPTS = ("a red fox", "a teapot of glass")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch) -> Path:
    """An empty cache of the Hub in place of the person's own, and the cards with tiny needs."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cards, "CARDS", tuple(map(hub_layout.tiny, CARDS)))
    registry.unload()
    yield tmp_path / "cache"
    registry.unload()


@pytest.fixture(params=CARDS, ids=lambda card: card.id)
def card(request, cache: Path) -> ModelCard:
    """Each card of the Hub, its tiny repository in the cache."""
    hub_layout.lay_out(request.param, cache)
    return registry.get(request.param.id)


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_card_says_what_a_person_wants_to_know_before(card: ModelCard):
    assert card.source == "hub" and card.hub.size_bytes > 1e9 and card.hub.memory_bytes > card.hub.size_bytes
    assert card.hub.repo_id.count("/") == 1 and card.hub.licence_url.startswith("https://") and card.licence != "Apache-2.0"
    assert not card.recipe and card not in registry.shipped() and card in registry.cards()
    assert "given" not in {control.name for control in card.controls}, "no photograph goes in"


def test_a_card_cannot_name_a_file_that_could_run_code():
    for name in ("unet/model.bin", "model.ckpt", "*.pt", "*", "pipeline.py"):
        with pytest.raises(ValueError, match="only safetensors, JSON and text"):
            HubRepo("a/b", ("model_index.json", name), "https://x", 1, 1, (1, 1), (8, 8, 3))


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("scheduler", ["DDIM", "DPM-Solver++"])
def test_it_draws_what_a_bare_call_of_diffusers_draws(card: ModelCard, scheduler: str, guidance: float):
    *_, last = run.stream(card.id, 2, 3, prompt=PROMPTS, scheduler=scheduler, num_inference_steps=3, guidance_scale=guidance)
    bare = StableDiffusionPipeline.from_pretrained(hub.folder(card), variant="fp16", dtype=torch.float32, safety_checker=None)
    bare.set_progress_bar_config(disable=True)
    cls = {"DDIM": DDIMScheduler, "DPM-Solver++": DPMSolverMultistepScheduler}[scheduler]
    clipping = {"clip_sample": False} if scheduler == "DDIM" else {}
    ends = {} if card.id == cards.STABLE_DIFFUSION_1_5.id or scheduler != "DDIM" else {"set_alpha_to_one": True}
    bare.scheduler = cls.from_config(bare.scheduler.config, timestep_spacing="trailing", **clipping, **ends)
    called = bare(list(PROMPTS), num_inference_steps=3, guidance_scale=guidance, generator=generators(3, 0, 2), output_type="np").images
    assert last.samples.pixels.shape == (2, hub_layout.SIDE, hub_layout.SIDE, 3) and last.nfe == (3 if guidance == 1 else 6)
    np.testing.assert_allclose(last.samples.float32() / 2 + 0.5, called, atol=2e-3)


def test_no_pickle_beside_the_weights_is_ever_opened(card: ModelCard, monkeypatch):
    for name in ("torch.load", "pickle.Unpickler", "pickle.load", "pickle.loads"):
        monkeypatch.setattr(name, lambda *_, **__: pytest.fail("a pickle was opened"))
    folder = hub.folder(card)
    assert len(list(folder.rglob("*.bin"))) >= 3
    assert run.sample(card.id, 1, 0, num_inference_steps=1).done
    registry.unload()
    for path in folder.rglob("*.safetensors"):
        path.unlink()
    assert hub.folder(card) is None
    with pytest.raises(WeightsUnavailable, match="is not on this machine"):
        run.sample(card.id, 1, 0)
    assert not hub_layout.mark(folder).exists()


def test_a_poisoned_file_would_have_been_seen(card: ModelCard):
    folder = hub.folder(card)
    pickle.loads(next(folder.rglob("*.bin")).read_bytes())
    assert hub_layout.mark(folder).exists()


def test_steps_on_the_way_are_shown_by_a_line_and_the_last_by_the_decoder(card: ModelCard):
    steps = [found.step for found in run.stream(card.id, 1, 0, views=card.views, num_inference_steps=3)]
    assert [step.i for step in steps] == [1, 2, 3]
    for step in steps:
        for images in (step.samples, *step.views.values()):
            assert images.pixels.shape == (1, hub_layout.SIDE, hub_layout.SIDE, 3) and np.abs(images.pixels).max() <= 1
    places = steps[0].samples.pixels.reshape(1, 16, 2, 16, 2, 3)
    assert np.ptp(places, axis=(2, 4)).max() == 0, "one colour for each place of the code"
    assert np.ptp(steps[-1].samples.pixels.reshape(1, 16, 2, 16, 2, 3), axis=(2, 4)).max() > 0


def test_same_seed_gives_the_same_picture_at_any_n(card: ModelCard):
    many, one = run.sample(card.id, 2, 5, num_inference_steps=2), run.sample(card.id, 1, 5, num_inference_steps=2)
    assert np.abs(many.samples.pixels[:1] - one.samples.pixels).max() <= 2 / 127.5


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_the_size_that_is_said_is_that_of_the_weights(card: ModelCard):
    parameters = sum(weight.numel() for part in hub_layout.real_parts(card) for weight in part.parameters())
    assert abs(2 * parameters / card.hub.size_bytes - 1) < 0.01, "two bytes a parameter"
    assert 4 * parameters < card.hub.memory_bytes < 7 * parameters


def test_in_its_real_shape_it_is_loaded_and_draws(cache: Path):
    """Every layer of Stable Diffusion 1.5 at its real size, random weights; on a quarter of the picture, which only costs less."""
    card = cards.CARDS[1]
    free, disk = device.free_bytes(), shutil.disk_usage(cache.parent).free
    if free is None or free < 7e9 or disk < 3e9:
        pytest.skip(f"it takes 7 GB of memory and 3 GB of disk; free are {(free or 0) / 1e9:.1f} and {disk / 1e9:.1f}")
    try:
        snapshot = hub_layout.lay_out(card, cache, whole=True)
        path = snapshot / "unet" / "config.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), "sample_size": 32}))
        found = run.sample(card.id, 1, 0, num_inference_steps=1, guidance_scale=1.0)
        assert found.samples.pixels.shape == (1, 256, 256, 3) and np.isfinite(found.samples.pixels).all()
        assert registry.load(card.id).size_bytes == pytest.approx(2 * CARDS[1].hub.size_bytes, rel=0.01)
    finally:
        registry.unload()
        shutil.rmtree(cache, ignore_errors=True)


@pytest.mark.parametrize("wrong", ["torn", "another shape", "no JSON"])
def test_a_damaged_repository_is_one_sentence(card: ModelCard, wrong: str):
    path = hub.folder(card) / ("unet/config.json" if wrong == "no JSON" else "unet/diffusion_pytorch_model.fp16.safetensors")
    other = hub.folder(card) / "vae/diffusion_pytorch_model.fp16.safetensors"
    path.write_bytes({"torn": path.read_bytes()[:5000], "another shape": other.read_bytes(), "no JSON": b"{"}[wrong])
    with pytest.raises(WeightsUnavailable, match=f"The files of {card.hub.repo_id} could not be read") as caught:
        run.sample(card.id, 1, 0)
    assert "\n" not in str(caught.value) and "/tmp" not in str(caught.value)
    assert run.sample("gan-mnist", 1, 0).done


@pytest.mark.parametrize("card_id", [card.id for card in CARDS])
def test_offline_it_is_one_sentence_and_nothing_is_loaded(cache: Path, card_id: str):
    card = registry.get(card_id)
    for refused in (lambda: run.stream(card_id, 1, 0), lambda: next(hub.fetch(card)), lambda: hub.require(card)):
        with pytest.raises(
            WeightsUnavailable, match=r"is not on this machine and the Hub may not be asked \(--offline or HF_HUB_OFFLINE\)"
        ) as e:
            refused()
        assert card.hub.repo_id in str(e.value) and "\n" not in str(e.value) and len(str(e.value)) < 300
    assert registry.loaded() == () and not cache.exists()


@pytest.mark.parametrize("public", ["SPACE_ID", "PLAYGROUND_PUBLIC"])
def test_in_public_no_door_opens(card: ModelCard, monkeypatch, public: str):
    monkeypatch.setenv(public, "someone/space")
    for refused in (lambda: run.stream(card.id, 1, 0), lambda: run.check(card.id, 1, 0), lambda: next(hub.fetch(card))):
        with pytest.raises(PlaygroundError, match=f"{card.id} is not offered on a public page"):
            refused()
    assert all(map(hub.is_offered, registry.shipped())) and not hub.is_offered(card)
    assert run.sample("gan-mnist", 1, 0).done


def test_too_little_memory_is_said_after_other_models_left(card: ModelCard, monkeypatch):
    run.sample("gan-mnist", 1, 0)
    monkeypatch.setattr(device, "free_bytes", lambda: 500_000)
    with pytest.raises(PlaygroundError, match=f"{card.id} needs about 0.0 GB of memory, 0.0 GB are free"):
        run.sample(card.id, 1, 0)
    assert registry.loaded() == ()
    monkeypatch.setattr(device, "free_bytes", lambda: None)
    assert run.sample(card.id, 1, 0, num_inference_steps=1).done
    assert device.free_bytes() is None or device.free_bytes() >= 0


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.id)
def test_a_visitor_may_ask_for_a_few_only(card: ModelCard):
    assert run.visitor_n(card.id) == card.hub.visitor_n < run.VISITOR_N == run.visitor_n("gan-mnist")


def test_presets_hold_no_capital_and_so_no_name():
    for card in CARDS:
        for control in card.controls:
            if isinstance(control, Prompt):
                assert all(text == text.lower() and " by " not in text for text in (control.default, *control.presets))


class Server(http.server.BaseHTTPRequestHandler):
    """As much of the Hub as a download asks for: a revision, its tree, its files."""

    folder: Path
    asked: list[str]
    broken = False
    slow = threading.Event()  # set: weights are sent at once; cleared: they wait

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        self.asked.append(path)
        if path.startswith("/api/") and "/revision/" in path:
            return self.answer(json.dumps({"id": "a/b", "sha": hub_layout.COMMIT, "siblings": []}).encode())
        if "/tree/" not in path and "/resolve/" not in path:
            return self.answer(b"{}")
        if path.startswith("/api/"):
            files = [each for each in self.folder.rglob("*") if each.is_file()]
            tree = [
                {"type": "file", "path": each.relative_to(self.folder).as_posix(), "size": each.stat().st_size, "oid": f"{k:040x}"}
                for k, each in enumerate(files)
            ]
            return self.answer(json.dumps(tree).encode())
        if self.broken and path.endswith(".safetensors"):
            return self.answer(b"", 403)
        if path.endswith(".safetensors") and self.command == "GET":
            self.slow.wait(30)
        wanted = self.folder / path.partition(f"/resolve/{hub_layout.COMMIT}/")[2]
        self.answer(wanted.read_bytes())

    def answer(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        for name, value in (
            ("X-Repo-Commit", hub_layout.COMMIT),
            ("ETag", f'"{hash(self.path) & 0xFFFF:x}"'),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def served(cache: Path, tmp_path: Path, monkeypatch) -> Iterator[SimpleNamespace]:
    """SD-Turbo's tiny repository behind a server of this machine, which stands for the Hub."""
    card = registry.get(cards.SD_TURBO.id)
    hub_layout.write(card, tmp_path / "remote")
    handler = type("Handler", (Server,), {"folder": tmp_path / "remote", "asked": [], "slow": threading.Event()})
    handler.slow.set()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", here)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", here + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.AGENT_HARNESSES_PATH", str(tmp_path / "harnesses.json"))  # its client asks that, too
    monkeypatch.setattr(hub, "POLL_SECONDS", 0.01)
    yield SimpleNamespace(card=card, handler=handler, cache=cache)
    server.shutdown()
    server.server_close()


def test_a_download_brings_the_listed_files_alone_and_is_then_used_without_network(served, monkeypatch):
    counts = list(hub.fetch(served.card))
    assert counts == sorted(counts) and counts[-1] == served.card.hub.size_bytes
    fetched = {path.relative_to(hub.folder(served.card)).as_posix() for path in hub.folder(served.card).rglob("*") if path.is_file()}
    assert set(served.card.hub.needed) <= fetched and all(name.endswith((".safetensors", ".json", ".txt")) for name in fetched)
    assert not [path for path in served.handler.asked if path.endswith((".bin", ".ckpt"))]
    assert hub.commit(served.card) == hub_layout.COMMIT
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    asked = len(served.handler.asked)
    assert list(hub.fetch(served.card)) == [served.card.hub.size_bytes]
    assert run.sample(served.card.id, 1, 0).done and len(served.handler.asked) == asked


def test_a_download_that_fails_is_one_sentence_and_can_be_tried_again(served):
    served.handler.broken = True
    with pytest.raises(WeightsUnavailable, match="stabilityai/sd-turbo could not be downloaded") as caught:
        list(hub.fetch(served.card))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300 and hub.folder(served.card) is None
    served.handler.broken = False
    assert list(hub.fetch(served.card))[-1] == served.card.hub.size_bytes and hub.folder(served.card)


def test_a_download_that_is_stopped_leaves_nothing_that_looks_whole(served):
    served.handler.slow.clear()
    fetching = hub.fetch(served.card)
    next(fetching)
    fetching.close()
    served.handler.slow.set()
    for thread in threading.enumerate():
        if thread.name == "playground-download":
            thread.join(30)
            assert not thread.is_alive()
    assert hub.folder(served.card) is None
    assert list(hub.fetch(served.card))[-1] == served.card.hub.size_bytes


def test_a_full_disk_is_said_before_anything_is_fetched(served, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(WeightsUnavailable, match="stabilityai/sd-turbo takes 0.0 GB of disk, 0.0 GB are free"):
        next(hub.fetch(served.card))
    assert served.handler.asked == []


def test_the_command_line_downloads_and_says_what_first(served, capsys):
    assert main(["download", served.card.id]) == 0
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first == f"stabilityai/sd-turbo: 0.0 GB, {served.card.licence} ({served.card.hub.licence_url})" and hub_layout.COMMIT in last
    assert main(["download", "gan-mnist"]) == 2 and "nothing to download" in capsys.readouterr().err


def test_a_shipped_model_s_noise_is_the_one_that_it_was_trained_on():
    model = stable_diffusion.load(registry.get("stable-diffusion-faces"))
    plain = stable_diffusion.loop.make_scheduler("DPM-Solver++").config
    said = stable_diffusion.loop.make_scheduler("DPM-Solver++", **model.noise).config
    assert {key: value for key, value in said.items() if key not in ("steps_offset", "_use_default_values")} == {
        key: value for key, value in plain.items() if key not in ("steps_offset", "_use_default_values")
    }

"""Engines on other machines: a real `transformers serve` that streams, fails and is killed; a small server for pictures; nobody but the operator names one."""

from __future__ import annotations

import http.server
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from playground import hub, registry, remote, run
from playground.bench import free_port
from playground.errors import PlaygroundError, RemoteError
from playground.gate import GATE
from tabs import api, diffusion, fetch, transformer
from tests.lazy import lazy

pytestmark = pytest.mark.slow

app = lazy("app")  # it sets the environment when it is imported
NAMES = [f"PLAYGROUND_{kind}_{what}" for kind in ("TEXT", "IMAGE") for what in ("URL", "MODEL")]
MODEL = "tiny/chat"
START_SECONDS = 90


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch) -> Iterator[None]:
    """No engine in the environment, and none in memory."""
    for name in (*NAMES, "PLAYGROUND_REMOTE_TOKEN", "HF_TOKEN", "PLAYGROUND_PROVIDER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    registry.unload()
    yield
    registry.unload()


def start(folder: Path) -> tuple[subprocess.Popen, str]:
    """`transformers serve` on a tiny chat model in this folder, once it answers."""
    port = free_port()
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "HF_HOME": str(folder / "home")}
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", MODEL, "--host", "127.0.0.1"]
    server = subprocess.Popen(
        [*command, "--port", str(port), "--device", "cpu"], cwd=folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    url, end = f"http://127.0.0.1:{port}", time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if server.poll() is not None:
            pytest.fail(f"transformers serve ended: {server.stderr.read()[-800:]!r}")
        try:
            with urllib.request.urlopen(url + "/health", timeout=2):
                return server, url
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    server.kill()
    pytest.fail("transformers serve did not answer")


@pytest.fixture(scope="module")
def served(tmp_path_factory) -> Iterator[str]:
    """A server that stays for all tests of this file; its address."""
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.hub_parts import CHAT, tokenizer

    folder = tmp_path_factory.mktemp("serve")
    words = tokenizer()
    words.chat_template = CHAT
    torch.manual_seed(0)
    network = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(words), hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
        )
    )
    network.generation_config.eos_token_id = None
    network.save_pretrained(folder / MODEL)
    words.save_pretrained(folder / MODEL)
    server, url = start(folder)
    yield url, server
    server.kill()
    server.wait()


@pytest.fixture
def text(served, monkeypatch) -> str:
    """The environment names the server; the card's id."""
    monkeypatch.setenv("PLAYGROUND_TEXT_URL", served[0])
    monkeypatch.setenv("PLAYGROUND_TEXT_MODEL", MODEL)
    return "remote-text"


def test_without_a_word_from_the_operator_there_is_none():
    assert remote.engine("text") is remote.engine("image") is None
    assert not [card for card in registry.cards() if card.source == "remote"]
    with pytest.raises(PlaygroundError, match="model must be one of"):
        run.stream("remote-text", 1, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PLAYGROUND_TEXT_URL", "ftp://x/y"),
        ("PLAYGROUND_TEXT_URL", "file:///etc/passwd"),
        ("PLAYGROUND_TEXT_URL", "http://name:secret@host"),
        ("PLAYGROUND_TEXT_URL", "http://host?token=secret"),
        ("PLAYGROUND_TEXT_MODEL", "../../x y"),
        ("PLAYGROUND_TEXT_MODEL", "a" * 300),
    ],
)
def test_a_wrong_name_or_address_is_one_sentence_without_a_secret(monkeypatch, name: str, value: str):
    monkeypatch.setenv("PLAYGROUND_TEXT_MODEL", MODEL)
    monkeypatch.setenv(name, value)
    with pytest.raises(PlaygroundError, match=f"{name} must be") as caught:
        remote.engine("text")
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


def test_a_page_that_is_started_with_a_wrong_name_says_so_and_ends(monkeypatch, capsys):
    monkeypatch.setenv("PLAYGROUND_TEXT_URL", "ftp://secret@x/y")
    monkeypatch.setenv("PLAYGROUND_TEXT_MODEL", MODEL)
    monkeypatch.setattr(sys, "argv", ["app.py"])
    monkeypatch.setattr("tabs.launch.serve", lambda *_, **__: pytest.fail("the page was served"))
    with pytest.raises(SystemExit) as ended:
        app.main()
    told = capsys.readouterr().err
    last = told.strip().splitlines()[-1]
    assert ended.value.code == 2 and "PLAYGROUND_TEXT_URL must be an http or https address" in last and "Traceback" not in told
    assert "secret" not in told


def test_a_text_comes_piece_by_piece_and_the_gate_stays_free(text: str):
    seen, free = [], []
    for found in run.stream(text, 2, 3, prompt="What is the capital of England?", max_new_tokens=12):
        seen.append("".join(found.samples.texts))
        free.append(GATE.is_free)
    assert len(set(seen)) > 4 and all(b.startswith(a[: len(b)]) for a, b in zip(seen[:5], seen[1:6], strict=False)) and all(free)
    assert found.done and len(found.samples) == 2 and all(found.samples.texts) and found.origin is None
    assert registry.load(text).size_bytes == 0


def test_transformers_serve_draws_by_temperature_and_seed_and_writes_the_likeliest_text_at_zero(text: str):
    asked = {"prompt": "What is the capital of England?", "max_new_tokens": 12}
    drawn = run.sample(text, 3, 3, temperature=1.5, **asked)
    assert len(set(drawn.samples.texts)) > 1 and drawn.step.note == ""
    assert run.sample(text, 3, 3, temperature=1.5, **asked).samples.texts == drawn.samples.texts, "the same seed, the same texts"
    assert len(set(run.sample(text, 2, 3, temperature=0, **asked).samples.texts)) == 1


def test_what_it_is_and_where_is_said_and_its_token_is_not(text: str, monkeypatch):
    monkeypatch.setenv("PLAYGROUND_REMOTE_TOKEN", "hf_secret")
    card = registry.get(text)
    assert card.source == "remote" and card not in registry.shipped() and hub.is_here(card) and hub.is_offered(card)
    words = fetch.about(card)
    assert "127.0.0.1" in words and "not measured here" in words and "sent there" in words
    assert "secret" not in words + repr(remote.engine("text")) + repr(card)
    listed = next(each for each in api.models() if each["id"] == text)
    assert "url" not in str(listed).lower()


def test_no_request_can_name_another_server(text: str):
    names = {control.name for control in registry.get(text).controls}
    assert not names & {"url", "base_url", "model", "provider", "token", "api_key"}
    with pytest.raises(PlaygroundError):
        run.stream(text, 1, 0, url="http://evil")


def test_the_page_offers_it_beside_the_others(text: str):
    import gradio as gr

    with gr.Blocks() as demo:
        transformer.build()
    dropdown = next(block for block in demo.blocks.values() if isinstance(block, gr.Dropdown) and block.label == "Model")
    assert (f"{MODEL} (on another machine)", text) in dropdown.choices
    handlers = {function.fn.__name__: function.fn for function in demo.fns.values() if function.fn}
    writing = next(
        function for function in demo.fns.values() if function.fn and function.fn.__name__ == "write" and len(function.inputs) > 4
    )
    values = [{"Model": text, "n (texts)": 1}.get(getattr(block, "label", ""), block.value) for block in writing.inputs]
    *_, last, _ = writing.fn(*values)
    assert "badge live" in last and "remote-text" in last
    said, *_ = handlers["chosen"](text, 1, "gpt-shakespeare")
    assert "not measured here" in said["value"]


@pytest.mark.slow
def test_one_that_is_killed_in_mid_stream_is_one_sentence_and_the_next_works(tmp_path: Path, served, text: str, monkeypatch):
    folder = Path(served[1].args and os.readlink(f"/proc/{served[1].pid}/cwd"))
    server, url = start(folder)
    monkeypatch.setenv("PLAYGROUND_TEXT_URL", url)
    runs = run.stream(text, 1, 0, prompt="Go on", max_new_tokens=1000)
    first = next(runs)
    server.send_signal(signal.SIGKILL)
    server.wait()
    with pytest.raises(RemoteError, match="127.0.0.1 broke off or cannot be reached") as caught:
        for found in runs:
            first = found
    assert "\n" not in str(caught.value) and first.samples.texts[0] and GATE.is_free, "what had come was shown"
    registry.unload()
    with pytest.raises(RemoteError, match="cannot be reached"):
        run.sample(text, 1, 0)
    monkeypatch.setenv("PLAYGROUND_TEXT_URL", served[0])
    registry.unload()
    assert run.sample(text, 1, 0, max_new_tokens=2).done


def test_a_page_that_was_started_offline_asks_nobody(text: str, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(RemoteError, match="may not be asked: this page was started offline"):
        run.sample(text, 1, 0)


def test_one_that_is_stopped_lets_the_line_go(text: str):
    runs = run.stream(text, 1, 0, prompt="Go on", max_new_tokens=1000)
    next(runs)
    start = time.monotonic()
    runs.close()
    assert time.monotonic() - start < 2 and run.sample(text, 1, 0, max_new_tokens=2).done


class Pictures(http.server.BaseHTTPRequestHandler):
    """An endpoint that draws: a picture whose colour is the seed, or a fault."""

    status = 200
    side = 64
    takes_seed = True
    asked: list[dict]

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append({**sent, "token": self.headers.get("Authorization", "")})
        shown = Image.new("RGB", (self.side, self.side), (sent["parameters"]["seed"] % 256 * self.takes_seed, 0, 0))
        buffer = io.BytesIO()
        shown.save(buffer, "PNG")
        body = buffer.getvalue() if self.status == 200 else b'{"error": "no"}'
        self.send_response(self.status)
        self.send_header("Content-Type", "image/png" if self.status == 200 else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def endpoint(monkeypatch) -> Iterator[type]:
    """The environment names a drawing endpoint."""
    handler = type("Handler", (Pictures,), {"asked": []})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("PLAYGROUND_IMAGE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("PLAYGROUND_REMOTE_TOKEN", "hf_secret")
    yield handler
    server.shutdown()
    server.server_close()


def test_pictures_that_are_all_one_are_noticed_and_said(endpoint):
    assert run.sample("remote-image", 2, 5, prompt="a").step.note == ""
    endpoint.takes_seed = False
    assert "are the same picture" in run.sample("remote-image", 2, 5, prompt="a").step.note
    assert run.sample("remote-image", 1, 5, prompt="a").step.note == "" == run.sample("remote-image", 2, 5, prompt=("a", "b")).step.note


def test_pictures_come_one_by_one_each_with_its_own_seed(endpoint):
    steps = list(run.stream("remote-image", 3, 5, prompt="a red fox", num_inference_steps=4))
    assert [found.step.i for found in steps] == [1, 2, 3] and steps[-1].samples.pixels.shape == (3, 512, 512, 3)
    seeds = [sent["parameters"]["seed"] for sent in endpoint.asked]
    assert len(set(seeds)) == 3 and all(sent["inputs"] == "a red fox" and sent["token"] == "Bearer hf_secret" for sent in endpoint.asked)
    assert [int(each) for each in steps[-1].samples.pixels[:, 0, 0, 0]] == [seed % 256 for seed in seeds]
    run.sample("remote-image", 1, 5, prompt="a red fox")
    assert endpoint.asked[-1]["parameters"]["seed"] == seeds[0], "the same seed, the same request"


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "token"), (403, "does not let"), (404, "does not know"), (429, "asks to wait"), (422, "settings"), (500, "out of order")],
)
def test_every_fault_is_one_sentence_and_the_next_try_works(endpoint, status: int, words: str):
    endpoint.status = status
    with pytest.raises(RemoteError, match=words) as caught:
        run.sample("remote-image", 1, 0, prompt="a")
    assert "secret" not in str(caught.value) and str(status) in str(caught.value) and GATE.is_free
    endpoint.status = 200
    assert run.sample("remote-image", 1, 0, prompt="a").done


def test_a_picture_that_is_too_large_is_refused_before_it_is_decoded(endpoint, monkeypatch):
    endpoint.side = 6000
    with pytest.raises(RemoteError, match="at most 25,000,000|broke off"):
        run.sample("remote-image", 1, 0, prompt="a")


@pytest.mark.slow
def test_the_page_draws_with_it_and_asks_nothing_before(endpoint):
    import gradio as gr

    with gr.Blocks() as demo:
        diffusion.build()
    assert not endpoint.asked, "building the page asks nobody"
    drawing = next(function for function in demo.fns.values() if function.fn and function.fn.__name__ == "draw")
    values = [{"Model": "remote-image", "n (samples)": 1}.get(getattr(block, "label", ""), block.value) for block in drawing.inputs]
    *_, (_, _, line), _ = drawing.fn(*values)
    assert "remote-image" in line and len(endpoint.asked) == 1
    assert np.asarray(endpoint.asked[0]["parameters"]["num_inference_steps"]) >= 1

"""What a text engine on another machine is asked for and how its answers are judged: a server that draws, one that never does, one that is strict."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator

import pytest

from playground import registry, run
from playground.__main__ import main
from playground.errors import RemoteError

pytestmark = pytest.mark.slow

ID, MODEL = "remote-text", "tiny/chat"


class Server(http.server.BaseHTTPRequestHandler):
    """Answers a chat as a stream. draws: "always"; "asked", as transformers serve does; "never". refuses: the status for a field that it does not know."""

    asked: list[dict] = []
    draws, refuses = "always", 0

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.asked.append(body)
        if self.refuses and "generation_config" in body:
            self.send_response(self.refuses)
            self.end_headers()
            return
        is_asked = json.loads(body.get("generation_config", "{}")).get("do_sample", False)
        draws = {"always": True, "asked": is_asked, "never": False}[self.draws] and body["temperature"] > 0
        words = ["An ", f"answer {body['seed']}" if draws else "answer"]
        events = [{"choices": [{"index": 0, "delta": {"role": "assistant", "content": word}}]} for word in words]
        reply = "".join(f"data: {json.dumps(each)}\n\n" for each in events) + "data: [DONE]\n\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server(monkeypatch) -> Iterator[type[Server]]:
    """A server of this machine that the environment names."""
    kind = type("Kind", (Server,), {"asked": []})
    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    threading.Thread(target=listening.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("PLAYGROUND_TEXT_URL", f"http://127.0.0.1:{listening.server_port}")
    monkeypatch.setenv("PLAYGROUND_TEXT_MODEL", MODEL)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    registry.unload()
    yield kind
    registry.unload()
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize("draws", ["always", "asked"])
def test_a_server_that_draws_is_asked_to_and_gives_a_text_for_each_seed(server, draws: str):
    server.draws = draws
    found = run.sample(ID, 3, 1, prompt="hi", temperature=0.7)
    assert len(set(found.samples.texts)) == 3 and found.step.note == ""
    assert all(json.loads(body["generation_config"]) == {"do_sample": True} and body["temperature"] == 0.7 for body in server.asked)


def test_at_temperature_zero_nothing_is_to_be_drawn_and_one_text_is_no_wonder(server):
    found = run.sample(ID, 3, 1, prompt="hi", temperature=0)
    assert len(set(found.samples.texts)) == 1 and found.step.note == "" and not any("generation_config" in body for body in server.asked)


@pytest.mark.parametrize("status", [400, 422])
def test_a_strict_server_is_asked_again_without_and_from_then_on(server, status: int):
    server.refuses = status
    assert len(set(run.sample(ID, 2, 1, prompt="hi").samples.texts)) == 2
    assert ["generation_config" in body for body in server.asked] == [True, False, False]
    assert run.sample(ID, 1, 1, prompt="hi").done and len(server.asked) == 4


def test_a_server_that_refuses_for_another_reason_is_one_sentence(server, monkeypatch):
    monkeypatch.setattr(server, "do_POST", lambda self: (self.send_response(422), self.end_headers()))
    with pytest.raises(RemoteError, match="does not take these settings"):
        run.sample(ID, 1, 1, prompt="hi")


@pytest.mark.parametrize(("n", "temperature", "is_said"), [(2, 1.0, True), (8, 0.3, True), (16, 1.0, True), (1, 1.0, False), (2, 0, False)])
def test_answers_that_are_one_text_are_noticed_and_said(server, n: int, temperature: float, is_said: bool):
    server.draws = "never"
    note = run.sample(ID, n, 1, prompt="hi", temperature=temperature).step.note
    assert note.startswith(f"All {min(n, 8)} answers of 127.0.0.1 are the same text") if is_said else note == ""
    assert note.count("same text") == is_said


def test_it_is_said_on_the_page_in_the_answer_of_the_api_and_on_the_command_line(server, tmp_path, capsys):
    from playground import transcript
    from tabs import api, microscope

    server.draws = "never"
    *_, (found, written) = transcript.follow(run.stream(ID, 2, 1, prompt="hi"))
    said = "that server may draw nothing"
    assert said in microscope.result(found, written, "transformer") and said in api.answer(found)["note"]
    assert "note" not in api.answer(run.sample(ID, 1, 1, prompt="hi"))
    assert main(["sample", ID, "-n", "2", "--out", str(tmp_path / "x.txt"), "--set", "prompt=hi"]) in (0, None)
    assert said in capsys.readouterr().err

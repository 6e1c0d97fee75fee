"""As much of the Hugging Face Hub as a download asks for, on this machine, with everything that can go wrong on the way."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests import hub_layout

PART = 4096  # bytes sent at once


@dataclass
class Hub:
    """What is served and how: repositories by id; asked: the paths that were asked for, with the Range of each.

    status: answered in place of everything (of_files: in place of weights alone). broken_after: bytes of a weight file after which the
    line is cut, as often as cuts says; lost_after: cuts after which weights are not sent at all. ranges: whether it can go on in the middle
    of a file. torn: weights are sent with one byte changed. pace: seconds between two parts of a weight file.
    """

    repos: dict[str, Path] = field(default_factory=dict)
    commit: str = hub_layout.COMMIT
    asked: list[tuple[str, str]] = field(default_factory=list)
    status: int = 0
    of_files: int = 0
    gated: bool = False
    broken_after: int = 0
    cuts: int = 0
    lost_after: int | None = None
    ranges: bool = True
    torn: bool = False
    pace: float = 0.0
    open: threading.Event = field(default_factory=threading.Event)  # cleared: weights wait
    endpoint: str = ""

    def paths(self) -> list[str]:
        """What was asked for, without the Ranges."""
        return [path for path, _ in self.asked]


class Handler(http.server.BaseHTTPRequestHandler):
    """One request."""

    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        hub = self.hub
        hub.asked.append((path, self.headers.get("Range", "")))
        is_weight = path.endswith(".safetensors")
        if status := hub.status or (hub.of_files if is_weight else 0):
            return self.answer(b"{}", status, {"X-Error-Code": "GatedRepo" if hub.gated else "RepoNotFound" if status == 404 else ""})
        parts = path.strip("/").removeprefix("api/models/").split("/")
        repo_id, rest = "/".join(parts[:2]), parts[2:]
        if repo_id not in hub.repos:
            return self.answer(b"{}", 404, {"X-Error-Code": "RepoNotFound"})
        files = {each.relative_to(hub.repos[repo_id]).as_posix(): each for each in hub.repos[repo_id].rglob("*") if each.is_file()}
        if rest[0] == "revision":
            siblings = [{"rfilename": name, **listed(each)} for name, each in files.items()]
            return self.answer(json.dumps({"id": repo_id, "sha": hub.commit, "siblings": siblings}).encode())
        if rest[0] == "tree":
            tree = [{"type": "file", "path": name, "oid": listed(each)["blobId"], **listed(each)} for name, each in files.items()]
            return self.answer(json.dumps(tree).encode())
        name = "/".join(rest[2:])
        if rest[0] != "resolve" or name not in files:
            return self.answer(b"{}", 404, {"X-Error-Code": "EntryNotFound"})
        said = listed(files[name])
        body, tags = files[name].read_bytes(), {"ETag": f'"{said["lfs"]["sha256"] if is_weight else said["blobId"]}"'}
        if is_weight and self.command == "GET":
            hub.open.wait(30)
            if hub.torn:
                body = body[:-1] + bytes([body[-1] ^ 1])
        self.answer(body, 200, tags, weight=is_weight)

    def answer(self, body: bytes, status: int = 200, more: dict[str, str] | None = None, weight: bool = False) -> None:
        first = 0
        if status == 200 and self.hub.ranges and (asked := self.headers.get("Range")):
            first = int(asked.removeprefix("bytes=").split("-")[0])
            status, more = 206, {**(more or {}), "Content-Range": f"bytes {first}-{len(body) - 1}/{len(body)}"}
        self.send_response(status)
        for name, value in {"X-Repo-Commit": self.hub.commit, "Content-Length": str(len(body) - first), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        for at in range(first, len(body), PART):
            if weight and self.hub.lost_after == 0 or (weight and self.hub.cuts and at - first >= self.hub.broken_after):
                self.hub.cuts = max(0, self.hub.cuts - 1)
                self.hub.lost_after = self.hub.lost_after and self.hub.lost_after - 1
                self.close_connection = True
                return
            if weight and self.hub.pace:
                time.sleep(self.hub.pace)
            try:
                self.wfile.write(body[at : at + PART])
            except OSError:  # the other side has gone
                return

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def listed(path: Path) -> dict:
    """A file as the Hub lists it."""
    body = path.read_bytes()
    sha1 = hashlib.sha1(f"blob {len(body)}\0".encode() + body).hexdigest()
    if path.suffix not in (".safetensors", ".bin", ".ckpt"):
        return {"size": len(body), "blobId": sha1}
    lfs = {"sha256": hashlib.sha256(body).hexdigest(), "oid": hashlib.sha256(body).hexdigest(), "size": len(body), "pointerSize": 130}
    return {"size": len(body), "blobId": sha1, "lfs": lfs}


@contextmanager
def serving(repos: dict[str, Path]) -> Iterator[Hub]:
    """A Hub that holds these folders, until the block ends."""
    hub = Hub(dict(repos))
    hub.open.set()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"hub": hub}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hub.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield hub
    finally:
        hub.open.set()
        server.shutdown()
        server.server_close()


def use(hub: Hub, monkeypatch, scratch: Path) -> None:
    """Lets huggingface_hub ask this one, and keep its own notes in a scratch folder."""
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.endpoint)
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", hub.endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setattr("huggingface_hub.constants.AGENT_HARNESSES_PATH", str(scratch / "harnesses.json"))  # its client asks that, too
    monkeypatch.setattr("playground.download.POLL_SECONDS", 0.01)

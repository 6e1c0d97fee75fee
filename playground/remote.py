"""Engines on other machines: which there are, read from the operator's environment alone. No field of the page, no link and no request names one.

PLAYGROUND_TEXT_URL: a server that speaks OpenAI's protocol (`transformers serve`, vLLM, TGI, an Inference Endpoint), with PLAYGROUND_TEXT_MODEL, the
model that it is asked for. Without the URL, PLAYGROUND_TEXT_MODEL alone asks Hugging Face's Inference Providers. PLAYGROUND_IMAGE_URL or
PLAYGROUND_IMAGE_MODEL: the same for pictures. PLAYGROUND_PROVIDER: which provider (default "auto"). PLAYGROUND_REMOTE_TOKEN or HF_TOKEN: the operator's.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from playground.errors import PlaygroundError

KINDS = ("text", "image")
NAME = re.compile(r"[\w.\-]+(/[\w.\-]+)*(:[\w.\-]+)?")
LONGEST_NAME = 200


@dataclass(frozen=True)
class Engine:
    """A model on another machine. url: its server, empty where a provider of Hugging Face's serves it. token: never shown."""

    kind: str
    model: str
    url: str = ""
    provider: str = "auto"
    token: str = ""

    @property
    def host(self) -> str:
        """Where what is typed is sent, in words, without anything secret."""
        return (urlsplit(self.url).hostname or "") if self.url else "Hugging Face Inference Providers"

    def __repr__(self) -> str:
        return f"Engine({self.kind}, {self.model}, {self.host})"


def engine(kind: str) -> Engine | None:
    """The engine for texts or pictures that the environment names; None where it names none. Raises PlaygroundError for a name or URL that is none."""
    prefix = f"PLAYGROUND_{kind.upper()}"
    url, model = os.environ.get(f"{prefix}_URL", "").strip(), os.environ.get(f"{prefix}_MODEL", "").strip()
    if not url and not model:
        return None
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment):
        raise PlaygroundError(
            f"{prefix}_URL must be an http or https address without a name, password or query in it, such as http://127.0.0.1:8000."
        )
    if model and (len(model) > LONGEST_NAME or not NAME.fullmatch(model)):
        raise PlaygroundError(f"{prefix}_MODEL must be the name of a model, such as owner/name, got {model[:40]!r}.")
    if url and kind == "text" and not model:
        raise PlaygroundError(f"{prefix}_MODEL must name the model that {parts.hostname} is asked for.")
    token = os.environ.get("PLAYGROUND_REMOTE_TOKEN") or os.environ.get("HF_TOKEN") or ""
    return Engine(kind, model or "the model there", url, os.environ.get("PLAYGROUND_PROVIDER", "auto"), token)

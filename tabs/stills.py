"""What the page shows as it opens, made light: its pictures as files beside it, and its text sent compressed.

Gradio writes every component's value into the page and compresses only what has a file suffix: recorded pictures, written as data URIs,
were two thirds of a page of megabytes. A picture of a run stays a data URI, which no other visitor can ask for.
"""

from __future__ import annotations

import base64
import hashlib
import re

import gradio as gr
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

FOLDER = "stills"  # of the page's address
LEAST = 700  # characters; what is shorter costs more as a request of its own
KEPT = "public, max-age=31536000, immutable"  # a name says what it holds
_PICTURE = re.compile(rf"data:image/(png|webp|gif);base64,([A-Za-z0-9+/=]{{{LEAST},}})")
_held: dict[str, bytes] = {}


def take_out(demo: gr.Blocks) -> None:
    """Writes the address of a file where an HTML component's first value holds a picture, and keeps the picture to be sent when it is shown."""
    for block in demo.blocks.values():
        if isinstance(block, gr.HTML) and isinstance(block.value, str):
            block.value = _PICTURE.sub(_kept, block.value)


def routes() -> list[Route]:
    """Where the pictures are sent from."""
    return [Route(f"/{FOLDER}/{{name}}", _send)]


class Packed:
    """Sends the page itself compressed; all else is left to Gradio, which must not wait for a stream's end."""

    def __init__(self, app: ASGIApp):
        self.app, self.packed = app, GZipMiddleware(app, minimum_size=10_000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = scope["type"] == "http" and scope["path"].endswith("/")
        await (self.packed if page else self.app)(scope, receive, send)


def _kept(found: re.Match[str]) -> str:
    kind, text = found.groups()
    data = base64.b64decode(text)
    name = f"{hashlib.sha256(data).hexdigest()[:24]}.{kind}"
    _held[name] = data
    return f"{FOLDER}/{name}"


async def _send(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _held:
        return Response("There is no such picture.", 404, media_type="text/plain")
    return Response(_held[name], media_type=f"image/{name.rpartition('.')[2]}", headers={"Cache-Control": KEPT})

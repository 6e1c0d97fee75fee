"""Requests that no page sends: an unknown endpoint, too few values, a body that is no request. Each gets one sentence, none an error of the server.

Gradio answers most of them with a bare 500 or {"error": null}. What a value may be is checked where it is used, in the core.
"""

from __future__ import annotations

import inspect
import json
import logging
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
from gradio import queueing, utils
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from playground.controls import listed, shown

API = "/gradio_api/"
BY_NAME = ("call/v2/", "call/", "run/", "api/")  # what stands before an endpoint's name
JOIN = "queue/join"

log = logging.getLogger("playground")
Refusal = tuple[int, str]  # status and sentence


def install(demo: gr.Blocks) -> None:
    """From now on this page counts an event's values before it runs, and no fault that Gradio keeps to itself is sent as null."""
    demo.validate_inputs = count  # type: ignore[method-assign]
    for module in (utils, queueing):
        if not hasattr(module.error_payload, "says_why"):
            module.error_payload = _saying_why(module.error_payload)


def count(event: Any, values: list[Any]) -> None:
    """Raises gr.Error for too few values, and of a named endpoint for too many."""
    wanted, is_endpoint = len(event.inputs), event.api_visibility == "public"
    if len(values) < wanted or is_endpoint and len(values) > wanted:
        names = f" ({', '.join(parameters(event))})" if is_endpoint and wanted else ""
        who = event.api_name if is_endpoint else "This event"
        raise gr.Error(f"{who} takes {wanted or 'no'} values{names}, got {len(values)}.", print_exception=False)


def parameters(event: Any) -> dict[str, bool]:
    """The names of what an endpoint takes, and whether each may be left out."""
    found = inspect.signature(event.fn).parameters.values()
    return {each.name: each.default is not inspect.Parameter.empty for each in found}


def _saying_why(payload: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def said(error: BaseException | None, show_error: bool) -> dict[str, Any]:
        content = payload(error, show_error)
        if content["error"] is None:
            content["error"] = _unanswered(error)
        return content

    said.says_why = True  # type: ignore[attr-defined]
    return said


def _unanswered(error: BaseException | None) -> str:
    """The sentence for a fault outside of our own code, which is logged under a number."""
    number = secrets.token_hex(4)
    log.warning("request %s was not answered: %s", number, type(error).__name__, exc_info=error)
    return f"The request could not be answered: a value is missing or of a kind that is not taken here (request {number} in the log)."


class Checked:
    """Refuses what Gradio's routes would fail on, and turns what they still raise into an answer."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or API not in scope["path"]:
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def watched(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            blocks = scope["app"].get_blocks()
            path = scope["path"].partition(API)[2].rstrip("/")
            refused = None
            if scope["method"] == "GET":
                refused = unknown_call(path, blocks)
            elif scope["method"] == "POST" and _names(path) is not None:
                body = await _whole(receive)
                is_json = any(name == b"content-type" and b"json" in value for name, value in scope["headers"])
                refused = refusal(path, body, blocks) if is_json else unknown_endpoint(path, blocks)
                receive = _again(body, receive)
            if refused is None:
                await self.app(scope, receive, watched)
            else:
                await _answer(*refused)(scope, receive, watched)
        except Exception as error:
            if has_begun:  # a stream that broke off: its last message said why
                log.info("a stream broke off: %s", error)
                await send({"type": "http.response.body", "body": b"", "more_body": False})
                return
            is_theirs = isinstance(error, (LookupError, TypeError, ValueError, RecursionError))
            await _answer(400 if is_theirs else 500, _unanswered(error))(scope, receive, watched)


def refusal(path: str, body: bytes, blocks: gr.Blocks) -> Refusal | None:
    """What is wrong with the body of a call, before Gradio reads it; None where nothing is."""
    if refused := unknown_endpoint(path, blocks):
        return refused
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        return 422, "The body of a call must be a JSON object."
    if path.startswith("call/v2/"):
        return _by_keyword(_endpoint(path, blocks), asked)
    if not isinstance(asked.get("data"), list):
        return 422, f'The body of a call must hold its values as a list, {{"data": [...]}}; got {shown(asked.get("data"))}.'
    for name in ("session_hash", "event_id"):
        value = asked.get(name)
        if value is not None and (not isinstance(value, str) or not value.isprintable()):
            return 422, f"{name} must be a text, got {shown(value)}."
    if path == JOIN:
        index = asked.get("fn_index")
        if isinstance(index, bool) or not isinstance(index, int) or index not in blocks.fns:
            return 404, f"fn_index must be the number of an event of this page, got {shown(index)}."
    return None


def unknown_endpoint(path: str, blocks: gr.Blocks) -> Refusal | None:
    """A sentence that names endpoints like it, if a path names none that there is."""
    name = _names(path)
    if not name or _endpoint(path, blocks) is not None:
        return None
    public = sorted({str(event.api_name) for event in _events(blocks) if event.api_visibility == "public"})
    return 404, f"The endpoint must be one of {listed(public, name)}; got {shown(name)}."


def unknown_call(path: str, blocks: gr.Blocks) -> Refusal | None:
    """A sentence, if a path asks for the answer to a call that nobody made, or that has been fetched."""
    if not path.startswith("call/") or path.count("/") < 2:
        return None
    queue, call = blocks._queue, path.rpartition("/")[2]
    waiting = queue.pending_event_ids_session
    if call in queue.event_ids_to_events or call in queue.pending_messages_per_session or any(call in ids for ids in waiting.values()):
        return None
    return 404, f"There is no call {shown(call)}, or its answer has been fetched."


def _by_keyword(event: Any, asked: dict[str, Any]) -> Refusal | None:
    known = parameters(event)
    for name in asked:
        if name not in known and name != "oauth_token":
            return 422, f"{event.api_name} takes {', '.join(known) or 'no values'}; got {shown(name)}."
    missing = [name for name, has_default in known.items() if not has_default and name not in asked]
    return (422, f"{event.api_name} takes {', '.join(known)}; {', '.join(missing)} missing.") if missing else None


def _names(path: str) -> str | None:
    """The endpoint that a path calls by name; empty where it joins the queue, None where it calls nothing."""
    if path == JOIN:
        return ""
    before = next((each for each in BY_NAME if path.startswith(each)), None)
    return None if before is None else path.removeprefix(before)


def _endpoint(path: str, blocks: gr.Blocks) -> Any:
    return next((event for event in _events(blocks) if event.api_name == _names(path)), None)


def _events(blocks: gr.Blocks) -> Iterator[Any]:
    yield from blocks.fns.values()


def _answer(status: int, sentence: str) -> JSONResponse:
    return JSONResponse({"detail": sentence, "error": sentence}, status)


async def _whole(receive: Receive) -> bytes:
    """All that a request sends."""
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """The same request for whoever reads it next."""
    is_sent = False

    async def once() -> Message:
        nonlocal is_sent
        if is_sent:
            return await receive()  # later: that the other side has gone
        is_sent = True
        return {"type": "http.request", "body": body, "more_body": False}

    return once

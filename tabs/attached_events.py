"""One function of Gradio's script, mended on its way to the browser: the page mounts in about half of the time.

For each component Gradio 6.31 looks through every target of every listener, by way of reactive proxies: with 1,250 components and 300 listeners that was
more than half of the time until the page could be used. The same answer comes from a table that is made once. The file is known by its hash: with
another release of Gradio nothing is replaced, and the test of this file says so.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import gradio as gr
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

NAME = "core-Bdx9080F.js"
SHA256 = "85f46aad412aa2878d4fdfe21d5c68debdcc24044e259264ff75ae88cf979631"
SLOW = (
    "find_attached_events(e,t){let n=t.filter(t=>t.targets.find(([t])=>t===e.id)).map(t=>{let n=t.targets.find(([t])=>t===e.id);"
    "return n?n[1]:null}).filter(Boolean);return e.props.shared_props.attached_events=n,e}"
)
QUICK = (  # the first target of a listener that names a component counts, as in `find`
    "find_attached_events(e,t){if(this.attached_of!==t||this.attached_n!==t.length){this.attached_of=t;this.attached_n=t.length;this.attached=new Map;for(let e of t){let t=new Set;"
    "for(let[n,r]of e.targets)t.has(n)||(t.add(n),r&&(this.attached.has(n)||this.attached.set(n,[]),this.attached.get(n).push(r)))}}"
    "return e.props.shared_props.attached_events=this.attached.get(e.id)??[],e}"
)


def source() -> Path:
    """Gradio's file that holds the function."""
    return Path(gr.__file__).parent / "templates" / "frontend" / "assets" / NAME


def mended() -> bytes | None:
    """The file with the quick function; None where the installed Gradio has another file."""
    try:
        script = source().read_bytes()
    except OSError:
        return None
    if hashlib.sha256(script).hexdigest() != SHA256:
        return None
    return script.replace(SLOW.encode(), QUICK.encode())


def routes() -> list[Route]:
    """Where the file is sent from, in place of Gradio's own; none where there is nothing to mend."""
    script = mended()

    async def send(_: Request) -> Response:
        return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})

    return [] if script is None else [Route(f"/assets/{NAME}", send)]

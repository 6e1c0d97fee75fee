"""Below all tabs: the address of a result for others, as text, as a QR code, and as an iframe for a page of one's own."""

from __future__ import annotations

import html
import ipaddress
import os
import urllib.parse
from typing import Any

import gradio as gr
import segno

from playground.controls import shown
from playground.errors import ControlError
from tabs import widgets

LONGEST = 2000  # characters of an address: what a QR code of a telephone's camera still reads from a wall
TEMPLATE = '<div class="share-asks" data-space="{space}" hidden></div>'


def build() -> gr.HTML:
    """The panel, empty until a result's link is pressed."""
    asks = gr.HTML(
        TEMPLATE.format(space=html.escape(os.environ.get("SPACE_ID", ""), quote=True)),
        html_template="${value}",
        js_on_load="window.playgroundShare(element, (what) => trigger('address', what))",
        elem_id="share-asks",
        padding=False,
    )
    panel = gr.HTML("", padding=False, elem_id="share")

    @widgets.guarded
    def share(event: gr.EventData) -> str:
        return panel_of(event._data)

    asks.address(share, None, panel, api_visibility="private", show_progress="hidden")
    return panel


def panel_of(sent: object) -> str:
    """The panel for what the browser sent: {"address": for people, "direct": for an iframe, "copied": false where the browser refused to copy it}. Raises ControlError for what is no address."""
    found: dict[str, Any] = sent if isinstance(sent, dict) else {}
    address, direct = _checked(found.get("address")), _checked(found.get("direct"))
    code = segno.make(address, error="l", micro=False).svg_inline(omitsize=True, border=4, dark="#000", light="#fff")
    iframe = f'<iframe src="{html.escape(direct, quote=True)}" width="100%" height="900" style="border:0" title="Generative Playground"></iframe>'
    is_copied = found.get("copied") is not False
    label = "Address (copied)" if is_copied else "Address"
    told = (
        ""
        if is_copied
        else '<p class="note" role="status"><b>Not copied:</b> the browser did not let the page copy (it never does over plain http), so the address is selected here: press Ctrl+C, or ⌘C on a Mac.</p>'
    )
    alone = (
        '<p class="note"><b>This address works on this machine alone:</b> start the page with --share, or put it on a Space, for others.</p>'
        if _is_of_this_machine(address)
        else ""
    )
    return (
        '<section class="share" aria-label="Share"><h3>Share this</h3>'
        f'<div class="sharerow"><div class="qr" role="img" aria-label="The address as a QR code">{code}</div><div class="sharetexts">'
        f'<label>{label}<input type="text" readonly data-copied="{"yes" if is_copied else "no"}" value="{html.escape(address, quote=True)}"></label>'
        f'<label>For a page of your own<textarea readonly rows="3">{html.escape(iframe)}</textarea></label>{told}{alone}</div></div></section>'
    )


def _checked(address: object) -> str:
    """An http or https address of at most LONGEST printable characters."""
    if isinstance(address, str) and len(address) <= LONGEST and address.isprintable():
        try:
            parts = urllib.parse.urlsplit(address)
            if parts.scheme in ("http", "https") and parts.hostname and not parts.username:
                return address
        except ValueError:
            pass
    raise ControlError(f"An address to share must be http or https, of at most {LONGEST:,} characters; got {shown(address)}.")


def _is_of_this_machine(address: str) -> bool:
    host = urllib.parse.urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

"""Below all tabs: what was drawn on this visit, kept in the browser alone (assets/visits.js), settings that come back out of a picture (assets/history.js), and runs
side by side (assets/shelf.js)."""

from __future__ import annotations

import urllib.parse

import gradio as gr

from playground.controls import shown
from playground.errors import ControlError
from playground.settings import LONGEST_LINK

MOST_NAMES = 60

TEMPLATE = (
    '<section class="visit" aria-label="This visit"><h3>This visit</h3>'
    '<p class="note">What you draw is kept here, in this browser, for a day: the newest 24 pictures, 20 MB at most. Press one, or drop a picture that came from this page anywhere, and its settings come back; pin some to see them side by side. '
    '<label class="visit-file">Choose a picture <input type="file" accept="image/png,image/gif,image/webp" aria-label="A picture that came from this page"></label></p>'
    '<div class="visit-strip"></div>'
    '<div class="visit-bar" hidden><button type="button" class="goto visit-all">Download all (ZIP)</button><button type="button" class="goto visit-clear">Clear</button></div>'
    '<p class="note visit-said" role="status"></p>'
    '<div class="shelf" hidden><h3>Side by side</h3><p class="note">What differs is marked with ≠. Pin up to six.</p>'
    '<div class="tablewrap" tabindex="0" role="region" aria-label="Pinned runs"><table class="facts axes shelf-table"></table></div>'
    '<div class="visit-bar"><button type="button" class="goto shelf-csv">CSV</button><button type="button" class="goto shelf-png">PNG</button>'
    '<button type="button" class="goto shelf-clear">Unpin all</button></div></div></section>'
)


def build() -> gr.HTML:
    """The strip; its event `recall` comes with the link that a picture carries."""
    return gr.HTML(
        TEMPLATE,
        html_template="${value}",
        js_on_load="window.playgroundHistory(element, (what) => trigger('recall', what))",
        elem_id="visit",
        padding=False,
    )


def query_of(sent: object) -> dict[str, str]:
    """The settings of a link that a picture carried, as text by name. Raises ControlError for what is no link."""
    link = sent.get("link") if isinstance(sent, dict) else None
    if not isinstance(link, str) or not link.startswith("?") or len(link) > LONGEST_LINK:
        raise ControlError(f"A picture's settings must be a link of at most {LONGEST_LINK:,} characters, got {shown(link)}.")
    try:
        return dict(urllib.parse.parse_qsl(link[1:], max_num_fields=MOST_NAMES))
    except ValueError as error:
        raise ControlError(f"A picture's settings must be a link of at most {MOST_NAMES} names.") from error

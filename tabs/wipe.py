"""Two families' samples laid on each other, with a slider that draws the one over the other; assets/compare.js takes what stands in the columns."""

from __future__ import annotations

import html
from collections.abc import Mapping

from playground.types import ModelCard
from tabs import table

EMPTY = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="  # one clear point, until the fold is opened


def build(cards: Mapping[str, ModelCard], left: str, right: str) -> str:
    """A fold with two choices of family, the two sheets, and the slider. left, right: the families that are chosen first."""

    def choice(side: str, first: str) -> str:
        options = "".join(
            f'<option value="{table.css_class(family)}"{" selected" if family == first else ""}>{html.escape(card.title)}</option>'
            for family, card in cards.items()
        )
        return f'<label>{side} <select class="{side}">{options}</select></label>'

    return (
        '<details class="wipe"><summary>Two of them under one slider</summary>'
        f'<div class="wipe-asks">{choice("left", left)}{choice("right", right)}</div>'
        f'<div class="stage"><img class="pixels right" src="{EMPTY}" alt="samples of the right family"><img class="pixels left" src="{EMPTY}" alt="samples of the left family"></div>'
        '<label class="wipe-cut">more of the right <input type="range" min="0" max="100" value="50" aria-label="How much of the left family is shown, in percent"> more of the left</label>'
        '<p class="note">Same place, same digit asked for; the hand is another, since each family reads the seed in its own way.</p></details>'
    )

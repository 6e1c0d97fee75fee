"""What was measured of a model whose data set has known factors, as tables."""

from __future__ import annotations

import html
from collections.abc import Sequence

from playground import data, known
from playground.known import Line
from playground.types import ModelCard


def table(card: ModelCard) -> str:
    """All tables of a card with its origin; nothing for a card whose data set has no known factors."""
    if card not in known.cards():
        return ""
    quality = known.quality(card)
    if not quality:
        return f'<p class="note">{html.escape(card.id)} is not measured yet: python -m playground.metrics {html.escape(card.id)}</p>'
    eyes = data.get(card.dataset).extractor
    return (
        _table(f"{card.title}: how good its samples are", ("what", "samples", "real"), quality)
        + _table("Set against read: each feature moved alone", ("feature", "obeys", "", "other words changed"), known.control(card))
        + _table("Words: what unseen captions name, read as named", ("feature", "drawn", "real", "n"), known.adherence(card))
        + _table(
            "Image to image: a real face changed towards an unseen caption",
            ("strength", "unnamed words kept", "by chance", "named words followed"),
            known.image_to_image(card),
        )
        + _table("Proportions: how far each is from the real ones", ("feature", "samples", "real"), known.shares(card))
        + _proportions(card)
        + _table(f"The reader itself ({eyes}), on real samples", ("feature", "right"), known.reader(card.dataset))
        + f'<p class="runline"><span class="badge recorded">recorded</span> {html.escape(known.origin(card))}</p>'
    )


def _proportions(card: ModelCard) -> str:
    """How often every part of every feature is drawn, by each measured model of the data set beside the real samples: copied, amplified, lost?"""
    lines = known.proportions(card.dataset)
    if not lines:
        return ""
    models = [each for each in known.cards() if any(each.id in line.drawn for line in lines)]
    head = "".join(f"<th scope=col>{html.escape(name)}</th>" for name in ("", "real", *(each.title for each in models)))
    body = ""
    for line in lines:
        cells = "".join(f"<td>{line.drawn[each.id]:.1f} %</td>" if each.id in line.drawn else "<td>–</td>" for each in models)
        body += f"<tr><th scope=row>{html.escape(line.factor)}: {html.escape(line.part)}</th><td>{line.real:.1f} %</td>{cells}</tr>"
    return (
        "<details class=readings><summary>How often each feature is drawn, by every model here, beside the real samples</summary>"
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="Proportions"><table class="facts"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div></details>'
    )


def _table(caption: str, head: Sequence[str], lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    columns = [k for k, name in enumerate(head) if name]
    titles = "".join(f"<th scope=col>{html.escape(head[k])}</th>" for k in columns)
    rows = [(line.title, line.value, line.floor, line.note) for line in lines]
    body = "".join(
        f"<tr><th scope=row>{html.escape(row[0])}</th>" + "".join(f"<td>{html.escape(row[k])}</td>" for k in columns[1:]) + "</tr>"
        for row in rows
    )
    return (
        f'<div class="tablewrap" tabindex="0" role="region" aria-label="{html.escape(caption, quote=True)}"><table class="facts wraps">'
        f"<caption>{html.escape(caption)}</caption><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )

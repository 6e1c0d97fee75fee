"""What a race becomes on the page: messages that race.js records, and the table at its end with what can be taken away."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping, Sequence
from typing import Any

from playground import race, race_script, settings
from playground.race import Frame, Plan
from tabs import pictures, widgets

ID = "race"
SIGNS = {"gan": "◆", "vae": "●", "diffusion": "▲", "flow": "▶", "autoregressive": "⬢", "autoencoder": "■"}
CLASSES = {
    "gan": "adversarial",
    "vae": "elbo",
    "diffusion": "denoising",
    "flow": "denoising",
    "autoregressive": "counting",
    "autoencoder": "reconstruction",
}
METRICS = {  # what a column is called, and how its numbers are written
    "covered": ("Modes covered", "{:.0f}"),
    "on_mode": ("Share on a mode", "{:.0%}"),
    "yours": ("Yours", "{:.0%}"),
    "seen": ("KID, as a reader sees", "{:.1f}"),
    "mmd": ("MMD²", "{:.4f}"),
    "sliced": ("Sliced Wasserstein", "{:.3f}"),
}
KINDS = "Kinds covered"  # what modes are called of pictures


def message(
    frames: Sequence[Frame | dict[str, Any]],
    wanted: Plan,
    floor: Mapping[str, float],
    live: bool,
    done: bool = False,
    first: bool = True,
    link: str = "",
) -> str:
    """What the browser is sent: the looks since the last but one message; one element whose attribute holds it as JSON. first: with what is
    real and how far that is from itself, which the browser keeps.
    link: to it, if it is not that of the whole race."""
    told = {
        "key": f"{wanted.target.name}-{wanted.seed}-{wanted.seconds:g}"
        if len(wanted.families) > 1
        else f"{wanted.families[0]}-{wanted.changes}",
        "side": wanted.target.side,
        **({"real": _real(wanted), "line": round(race.line(wanted), 4)} if first else {}),
        "families": list(wanted.families),
        "floor": {name: round(value, 4) for name, value in floor.items()},
        "frames": [frame if isinstance(frame, dict) else race.encoded(frame) for frame in frames],
        "live": live,
        "done": done,
        "link": link or link_of(wanted),
        "about": {"target": wanted.target.title, "seconds": wanted.seconds, "seed": wanted.seed, **changed(wanted)},
    }
    return f'<div class="race-sent" data-sent="{html.escape(json.dumps(told, separators=(",", ":")), quote=True)}"></div>'


def _real(wanted: Plan) -> list[int] | str:
    """Held-out points as whole numbers, or pictures as bytes."""
    real = wanted.target.held_out(wanted.kind.sent, race.seed_of(wanted.seed, "held out"))
    return race.lights(real) if wanted.target.side else race.ints(real)


def result(
    last: Mapping[str, Frame], wanted: Plan, floor: Mapping[str, float], seconds: float | None, link: str = "", is_exact: bool = True
) -> str:
    """The table at the end: what each reached, beside what real points score against real points. is_exact: False where hands were laid on
    it, so that no script can run it again."""
    names = [name for name in METRICS if name in floor]
    titles = {name: METRICS[name][0] for name in names} | ({"covered": KINDS} if wanted.target.side else {})
    head = "".join(f"<th scope=col>{titles[name]}</th>" for name in names)
    rows = ""
    for family, frame in last.items():
        cells = "".join(f"<td>{_written(name, frame.metrics[name])}</td>" for name in names)
        again = _script(wanted, frame) if is_exact else "–"
        rows += (
            f'<tr class="{CLASSES.get(family, family)}"><th scope=row><i aria-hidden="true">{SIGNS.get(family, "•")}</i> {html.escape(race.TITLES.get(family, family))}</th>'
            f"<td>{frame.step:,}</td><td>{frame.parameters:,}</td>{cells}<td>{again}</td></tr>"
        )
    floors = "".join(f"<td>{_written(name, floor[name])}</td>" for name in names)
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Result of the race"><table class="facts axes"><thead><tr><th scope=col>Family</th>'
        f"<th scope=col>Steps</th><th scope=col>Parameters</th>{head}<th scope=col>Again</th></tr></thead><tbody>{rows}"
        f"<tr><th scope=row>Real against real</th><td>–</td><td>–</td>{floors}<td></td></tr></tbody></table></div>{_origin(wanted, seconds, link, is_exact)}"
    )


def _written(name: str, value: float) -> str:
    return METRICS[name][1].format(value).replace("%", " %")


def _script(wanted: Plan, frame: Frame) -> str:
    """A link to a script that trains this run again."""
    text = race_script.script(wanted, frame.family, frame.step)
    return pictures.download(
        text.encode("utf-8"), "text/x-python", f"race-{wanted.target.name}-{frame.family}-seed{wanted.seed}.py", "Python"
    )


def _origin(wanted: Plan, seconds: float | None, link: str, is_exact: bool) -> str:
    """How the race was run; seconds: of a live one; link: to it, if it is not that of the whole race."""
    told = "".join(f" · {html.escape(race.OPTIONS[name][0].title.lower())} {value}" for name, value in changed(wanted).items())
    budget = f"{wanted.steps:,} steps each" if wanted.steps else f"{wanted.seconds:g} s of training each"
    budget += f", about {wanted.numbers:,} parameters each" if wanted.numbers else ""
    badge = "recorded" if seconds is None else "live"
    link = link or link_of(wanted, is_exact)
    pressed = (
        f" · {widgets.permalink(link)}"
        if wanted.target.given is None
        else f" · your {'drawings' if wanted.target.side else 'points'} are in no link"
    )
    kept = "" if seconds is None else f" · {seconds:.0f} s in all{pressed}"
    return (
        f'<div class="runline"><span class="badge {badge}">{badge}</span> {html.escape(wanted.target.title)} · {budget}, batches of {race.BATCH} · seed {wanted.seed}{told} · '
        f"{wanted.kind.judged:,} {wanted.kind.noun} against as many held-out ones{kept}</div>"
    )


def changed(wanted: Plan) -> dict[str, str]:
    """The options that are not as usual, as a link writes them; not the widths that a budget in parameters led to."""
    known = [name for name in race.OPTIONS if not (wanted.numbers and name == "width")]
    return {name: settings.written(value) for changes in wanted.changes.values() for name, value in changes.items() if name in known}


def link_of(wanted: Plan, is_exact: bool = True) -> str:
    """The address that opens the tab as a race was set up; points or drawings of one's own, and what hands did to it (is_exact), are said to be missing."""
    budget = {name: value for name, value in (("updates", wanted.steps), ("numbers", wanted.numbers)) if value}
    given = () if wanted.target.given is None else ("drawings" if wanted.target.side else "points",)
    given += () if is_exact else ("hands",)
    return settings.query(ID, given, target=wanted.target.name, seconds=wanted.seconds, **budget, seed=wanted.seed, **changed(wanted))

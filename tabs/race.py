"""The Race tab: every family learns the same points at the same time, and the browser records what it sees (assets/race.js plays it)."""

from __future__ import annotations

import html
import json
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from playground import breaks, lessons, race, race_script
from playground.data import points
from playground.errors import PlaygroundError
from playground.hands import Hands
from playground.line import Line, Ticket
from playground.race import Frame, Plan
from tabs import pictures, steering, widgets
from tabs.widgets import TabPage

TITLE = "Race"
ID = "race"
OWN = "own"  # the target that is a visitor's own points
EVERY = 0.15  # seconds between two messages at least
OVERHEAD = 1.35  # what a race takes, as a multiple of its training: it also draws and measures
RACING = {"concurrency_id": "race", "concurrency_limit": 16, "show_progress": "hidden"}
"""Event settings of races: one that waits in the line keeps no place of what runs a model."""
LINE = Line()
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
    "mmd": ("MMD²", "{:.4f}"),
    "sliced": ("Sliced Wasserstein", "{:.3f}"),
}
INNER = {
    "gan": "shaded: where the critic ranks points as real; lines: where a grid of z goes",
    "vae": "lines: where a grid of codes is painted",
    "diffusion": "arrows: towards less noise, a third of the way; lines: ways of samples",
    "flow": "arrows: velocity late on the way; lines: ways of samples",
    "autoregressive": "shaded: p(x) p(y | x), every pair of bins",
    "autoencoder": "line: all that its one number can become",
}


def build() -> TabPage:
    """The tab's components and events."""
    widgets.opening(
        "The race: the same points, the same time, six ways to learn",
        "A distribution that fits on a sheet of paper: here everything that a family does can be seen, and the truth is known. All six learn in turns of a tenth of a second, "
        "from nothing, before your eyes.",
        "with the same budget, no family is best at everything: look at who covers all of it, and at who stays on it.",
    )
    mine = steering.state()
    with gr.Accordion("Try", open=True):
        shown = gr.Column()
        with gr.Row(elem_classes="ask", equal_height=True):
            titles = {target.title: name for name, target in points.TARGETS.items()}
            target = gr.Dropdown(
                [*titles.items(), ("Your own points", OWN)],
                value="ring",
                label="Target",
                info="What all of them are to learn.",
                scale=2,
            )
            with gr.Column(scale=2, min_width=220):
                seconds = widgets.component(race.SECONDS)
            with gr.Column(scale=2, min_width=260):
                seed, _ = widgets.seed_row()
            with gr.Column(scale=2, min_width=220, elem_classes="bottom"):
                go, stop = widgets.run_buttons(ID, "Start the race")
        with shown:
            steering.targets(target)
        with gr.Accordion("Your own points", open=False, elem_classes="not-in-lecture"):
            gr.HTML(
                '<p class="note">Draw on the sheet, paste pairs of numbers, one a line, or choose a CSV file; then choose “Your own points” as the target. They stay in this page and are stored nowhere.</p>'
                f'<div class="own-sheet"><canvas data-longest="{points.LONGEST}" width="440" height="440" tabindex="0" role="img" aria-label="A sheet to draw points on with mouse or finger; or type pairs of numbers into the field"></canvas>'
                '<button type="button" class="own-clear">Clear</button> <label class="visit-file">CSV <input type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" aria-label="A CSV file of two columns of numbers"></label>'
                '<p class="note own-said" role="status"></p></div>',
                padding=False,
                js_on_load="window.playgroundOwnPoints(element)",
            )
            own = gr.Textbox("", label="Points", info="x, y", lines=5, max_lines=8, max_length=points.LONGEST, elem_id=f"{ID}-own")
        with gr.Accordion("Settings", open=False, elem_classes="not-in-lecture"):
            options, names = {}, list(race.OPTIONS)
            for row in (names[:4], names[4:]):
                with gr.Row(elem_classes="ask", equal_height=True):
                    options |= {name: widgets.component(race.OPTIONS[name][0]) for name in row}
        gr.HTML(_stage(), padding=False, js_on_load="window.playgroundRace(element)", elem_id=f"{ID}-stage")
        first, table = _recorded()
        sent = gr.HTML(first, padding=False, elem_id=f"{ID}-sent", elem_classes="unseen")
        told = gr.HTML(table, padding=False, elem_id=f"{ID}-told")
        ended = steering.build(ID, mine, options, [sent, told], _steered, RACING)
        what, breaking = _breaking()

    @widgets.guarded
    def start(mine: Hands, target: str, own: str, seconds: float, seed: int, *values: Any) -> Iterator[tuple[Any, Any]]:
        given, dropped = points.parsed(own) if target == OWN else (target, "")
        wanted = race.plan(given, seed, seconds, options=dict(zip(race.OPTIONS, values, strict=True)))
        before = f'<p class="note">{html.escape(dropped)}</p>' if dropped else ""

        def ending(last: Mapping[str, Frame], floor: Mapping[str, float], took: float) -> str:
            return before + result(last, wanted, floor, took, is_exact=mine.is_untouched) + steering.told(mine)

        yield from _in_line(wanted, lambda: mine.begin(wanted), ending)

    running = gr.on(
        [go.click, seed.submit],
        start,
        [mine, target, own, seconds, seed, *options.values()],
        [sent, told],
        api_visibility="private",
        **RACING,
    )
    broken = [
        button.click(_broken(mended), [mine, what, seed], [sent, told], api_visibility="private", **RACING)
        for mended, button in breaking.items()
    ]
    stop.click(None, cancels=[running, *ended, *broken], api_visibility="private")
    stop.click(None, js=f"() => window.playgroundStopped('tab-{ID}')", api_visibility="private")
    with gr.Accordion("How it works", open=False):
        gr.Markdown(_how())
    with gr.Accordion("For teachers", open=False):
        for minutes in lessons.MINUTES:
            text, kept = _lesson(minutes)
            with gr.Accordion(f"A lesson of {minutes} minutes, with its answer key", open=False, elem_id=f"{ID}-lesson-{minutes}"):
                gr.HTML(kept, padding=False)
                gr.Markdown(text)
    return TabPage(ID, {"target": target, "seconds": seconds, "seed": seed, "what": what, **options})


def _breaking() -> tuple[gr.Dropdown, dict[bool, gr.Button]]:
    """What can be broken, and the two buttons, by whether they mend it."""
    gr.HTML(
        '<h3 class="part">Break it</h3><p class="note">Six trainings that go wrong, each for one reason. A lamp names the symptom from a measured number; “Mend it” changes one setting and nothing else.</p>',
        padding=False,
    )
    with gr.Row(elem_classes="ask", equal_height=True):
        choices = [(each.title, each.name) for each in breaks.BREAKS.values()]
        what = gr.Dropdown(choices, value=choices[0][1], label="What to break", scale=2)
        with gr.Column(scale=2, min_width=260, elem_classes="bottom"), gr.Row(elem_classes="go"):
            buttons = {False: gr.Button("Break it", elem_id=f"{ID}-break"), True: gr.Button("Mend it", elem_id=f"{ID}-mend")}
    return what, buttons


def _broken(mended: bool) -> Any:
    """The handler that runs a break, or what mends it."""

    @widgets.guarded
    def show(mine: Hands, what: str, seed: int) -> Iterator[tuple[Any, Any]]:
        wanted = breaks.plan(what, mended, seed)
        yield from _in_line(
            wanted, lambda: mine.begin(wanted), lambda last, floor, seconds: _lamp(what, mended, last, wanted, floor, seconds)
        )

    return show


def _lamp(what: str, mended: bool, last: Mapping[str, Frame], wanted: Plan, floor: Mapping[str, float], seconds: float) -> str:
    """The lamp and its number, why, and the one change; below them the table."""
    known = breaks.get(what)
    lit, says = breaks.lamp(what, last[known.family], wanted)
    name, bad, good = known.changed()
    state = f"lit: {known.title.lower()}" if lit else "out"
    why = f"Mended: {known.remedy}" if mended else f"{known.told} What mends it: {known.remedy}"
    link = "?" + urllib.parse.urlencode({"tab": ID, "play": "mend" if mended else "break", "what": what, "seed": wanted.seed})
    return (
        f'<div class="lamp {"lit" if lit else "off"}"><b><i aria-hidden="true">{"✗" if lit else "✓"}</i> Lamp {html.escape(state)}</b> <span>{html.escape(says)}</span></div>'
        f"<p>{html.escape(why)}. <code>{html.escape(name)}</code>: {_setting(bad)} → {_setting(good)}</p>"
        f"{result(last, wanted, floor, seconds, link)}"
    )


def _setting(value: float | None) -> str:
    return "the usual" if value is None else f"{value:g}"


Ending = Callable[[Mapping[str, Frame], Mapping[str, float], float], str]


def _in_line(wanted: Plan, begin: Callable[[], Iterator[Frame]], ending: Ending, further: bool = False) -> Iterator[tuple[Any, Any]]:
    """A race when its turn has come; until then, its place. One that is stopped or whose page is closed gives its place up.

    further: it goes on with what the page already shows.
    """
    train = len(wanted.families) * wanted.seconds if not wanted.steps else len(wanted.families) * 4.0
    with LINE.ticket(OVERHEAD * train) as ticket:
        for place in ticket.waiting():
            yield gr.skip(), _place(place, ticket)
        floor = race.floor(wanted.target, wanted.seed)
        yield (
            gr.skip() if further else message([], wanted, floor, live=True),
            '<div class="runline"><span class="badge running">at work</span></div>',
        )
        yield from _raced(wanted, begin(), floor, ending)


def _place(place: int, ticket: Ticket) -> str:
    before = "one race is" if place == 1 else f"{place} races are"
    return (
        f'<div class="runline" role="status"><span class="badge waiting">place {place + 1}</span> {before} before yours: about {ticket.wait:.0f} s. '
        "It starts by itself; Stop gives the place up.</div>"
    )


def _steered(mine: Hands, frames: Iterator[Frame], at_once: bool) -> Iterator[tuple[Any, Any]]:
    """What hands do to a race that is there: its further looks, and the table of the racers as they stand. at_once: not in the line."""
    wanted = mine.wanted
    assert wanted is not None

    def ending(last: Mapping[str, Frame], floor: Mapping[str, float], took: float) -> str:
        whole = {racer.family: last.get(racer.family) or racer.look() for racer in mine.racers}
        return result(whole, wanted, floor, took, is_exact=mine.is_untouched) + steering.told(mine)

    if at_once:
        yield from _raced(wanted, frames, race.floor(wanted.target, wanted.seed), ending)
    else:
        yield from _in_line(wanted, lambda: frames, ending, further=True)


def _raced(wanted: Plan, frames: Iterator[Frame], floor: Mapping[str, float], ending: Ending) -> Iterator[tuple[Any, Any]]:
    """Messages and words of a race: looks as they come, and at the end what `ending` makes of the last ones."""
    waiting: list[Frame] = []
    before: list[Frame] = []
    last: dict[str, Frame] = {}
    shown = begin = time.monotonic()
    for frame in frames:
        waiting.append(frame)
        last[frame.family] = frame
        if time.monotonic() - shown >= EVERY:
            yield message([*before, *waiting], wanted, floor, live=True), gr.skip()
            before, waiting, shown = waiting, [], time.monotonic()
    yield message([*before, *waiting], wanted, floor, live=True, done=True), ending(last, floor, time.monotonic() - begin)


def message(frames: Sequence[Frame | dict[str, Any]], wanted: Plan, floor: Mapping[str, float], live: bool, done: bool = False) -> str:
    """What the browser is sent: the looks since the last but one message, and the target; one element whose attribute holds it as JSON."""
    real = wanted.target.sample(race.SHOWN, race.seed_of(wanted.seed, "held out"))
    told = {
        "key": f"{wanted.target.name}-{wanted.seed}-{wanted.seconds:g}"
        if len(wanted.families) > 1
        else f"{wanted.families[0]}-{wanted.changes}",
        "real": race.ints(real),
        "families": list(wanted.families),
        "floor": {name: round(value, 4) for name, value in floor.items()},
        "frames": [frame if isinstance(frame, dict) else race.encoded(frame) for frame in frames],
        "live": live,
        "done": done,
        "link": _link(wanted),
        "about": {"target": wanted.target.title, "seconds": wanted.seconds, "seed": wanted.seed, **_changed(wanted)},
    }
    return f'<div class="race-sent" data-sent="{html.escape(json.dumps(told, separators=(",", ":")), quote=True)}"></div>'


def _stage() -> str:
    """The six sheets and the controls of the player; race.js draws on them."""
    sheets = "".join(
        f'<figure class="racer {CLASSES[family]}" data-family="{family}"><figcaption><b><i aria-hidden="true">{SIGNS[family]}</i> {html.escape(race.TITLES[family])}</b>'
        f'<span class="clock"></span></figcaption><canvas width="520" height="520" role="img" aria-label="Points drawn by {html.escape(race.TITLES[family])}"></canvas>'
        f'<canvas class="loss" width="520" height="60" aria-hidden="true"></canvas><div class="racer-numbers"></div><small>{html.escape(INNER[family])}</small></figure>'
        for family in race.LEARNERS
    )
    return (
        f'<div class="race" data-unit="{race.UNIT}" data-reach="{points.REACH}"><div class="race-bar">'
        '<button type="button" class="race-play" aria-label="Play">▶</button>'
        '<input type="range" class="race-at" min="0" max="1000" value="1000" step="1" aria-label="Moment of the race">'
        '<span class="race-when"></span>'
        '<label>Speed <select class="race-speed" aria-label="Speed"><option value="0.25">slow</option><option value="1" selected>once in 6 s</option><option value="3">fast</option></select></label>'
        '<button type="button" class="race-png">PNG</button><button type="button" class="race-webp">WebP film</button><button type="button" class="race-csv">CSV</button><button type="button" class="race-pin">Pin this moment</button>'
        '<label><input type="checkbox" class="race-real" checked> real points</label>'
        '<label><input type="checkbox" class="race-inside" checked> inner life</label>'
        '<label><input type="checkbox" class="race-hide"> guess first</label><label><input type="checkbox" class="race-lecture"> sheets alone</label></div>'
        f'<p class="note race-said" role="status"></p>{_quiz()}<div class="racers">{sheets}</div></div>'
    )


def _quiz() -> str:
    """Two guesses before the numbers are shown; race_take.js compares them with the last looks."""
    options = "".join(f'<option value="{family}">{html.escape(title)}</option>' for family, title in race.TITLES.items())
    return (
        '<div class="race-quiz" hidden><b>What do you expect?</b> The numbers are hidden. '
        f'<label>Nearest to the real points: <select class="near">{options}</select></label> <label>Farthest: <select class="far">{options}</select></label> '
        '<button type="button">Reveal</button><p class="answer" role="status"></p></div>'
    )


def result(
    last: Mapping[str, Frame], wanted: Plan, floor: Mapping[str, float], seconds: float | None, link: str = "", is_exact: bool = True
) -> str:
    """The table at the end: what each reached, beside what real points score against real points. is_exact: False where hands were laid on
    it, so that no script can run it again."""
    names = [name for name in METRICS if name in floor]
    head = "".join(f"<th scope=col>{METRICS[name][0]}</th>" for name in names)
    rows = ""
    for family, frame in last.items():
        cells = "".join(f"<td>{_written(name, frame.metrics[name])}</td>" for name in names)
        again = _script(wanted, frame) if is_exact else "–"
        rows += (
            f'<tr class="{CLASSES[family]}"><th scope=row><i aria-hidden="true">{SIGNS[family]}</i> {html.escape(race.TITLES[family])}</th>'
            f"<td>{frame.step:,}</td><td>{frame.parameters:,}</td>{cells}<td>{again}</td></tr>"
        )
    floors = "".join(f"<td>{_written(name, floor[name])}</td>" for name in names)
    return (
        '<div class="tablewrap" tabindex="0" role="region" aria-label="Result of the race"><table class="facts axes"><thead><tr><th scope=col>Family</th>'
        f"<th scope=col>Steps</th><th scope=col>Parameters</th>{head}<th scope=col>Again</th></tr></thead><tbody>{rows}"
        f"<tr><th scope=row>Real against real</th><td>–</td><td>–</td>{floors}<td></td></tr></tbody></table></div>{_origin(wanted, seconds, link)}"
    )


def _written(name: str, value: float) -> str:
    return METRICS[name][1].format(value).replace("%", " %")


def _script(wanted: Plan, frame: Frame) -> str:
    """A link to a script that trains this run again."""
    text = race_script.script(wanted, frame.family, frame.step)
    return pictures.download(
        text.encode("utf-8"), "text/x-python", f"race-{wanted.target.name}-{frame.family}-seed{wanted.seed}.py", "Python"
    )


def _origin(wanted: Plan, seconds: float | None, link: str) -> str:
    """How the race was run; seconds: of a live one; link: to it, if it is not that of the whole race."""
    told = "".join(f" · {html.escape(race.OPTIONS[name][0].title.lower())} {value}" for name, value in _changed(wanted).items())
    budget = f"{wanted.steps:,} steps each" if wanted.steps else f"{wanted.seconds:g} s of training each"
    badge = "recorded" if seconds is None else "live"
    link = link or _link(wanted)
    pressed = (
        f' · <a class="permalink" href="{html.escape(link, quote=True)}">link</a>'
        if wanted.target.name != OWN
        else " · your points are in no link"
    )
    kept = "" if seconds is None else f" · {seconds:.0f} s in all{pressed}"
    return (
        f'<div class="runline"><span class="badge {badge}">{badge}</span> {html.escape(wanted.target.title)} · {budget}, batches of {race.BATCH} · seed {wanted.seed}{told} · '
        f"{race.JUDGED:,} points against as many held-out ones{kept}</div>"
    )


def _changed(wanted: Plan) -> dict[str, str]:
    """The options that are not as usual, as a link writes them."""
    return {name: f"{value:g}" for settings in wanted.changes.values() for name, value in settings.items() if name in race.OPTIONS}


def _link(wanted: Plan) -> str:
    return "?" + urllib.parse.urlencode(
        {"tab": ID, "target": wanted.target.name, "seconds": f"{wanted.seconds:g}", "seed": wanted.seed, **_changed(wanted)}
    )


def _recorded() -> tuple[str, str]:
    """The first paint: the last looks of a race that was recorded, and its table."""
    try:
        wanted, floor, frames = race.read()
    except PlaygroundError as error:
        return "", f'<p class="runline"><span class="fault">{html.escape(str(error))}</span></p>'
    last = {frame["family"]: Frame(**{**frame, "points": None, "inside": {}}) for frame in frames if frame["done"]}
    return message(frames, wanted, floor, live=False, done=True), result(last, wanted, floor, None)


def _lesson(minutes: int) -> tuple[str, str]:
    """A lesson plan as Markdown, whose links open what they name, and a link that saves it."""
    try:
        text = lessons.plan(minutes)
    except PlaygroundError as error:
        return str(error), ""
    kept = pictures.download(text.encode("utf-8"), "text/markdown", f"race-{minutes}-minutes.md", "Markdown")
    return text, f'<div class="takes">Take it away: {kept}</div>'


def _how() -> str:
    return (
        "**The budget** is seconds of training, the same for all, in turns; what is drawn and measured in between does not count. All networks have three hidden layers of 96 units, if nothing else is set. A step of a GAN "
        "trains two networks and costs the most, so it takes the fewest.\n\n"
        "**The numbers.** A mode is covered if at least a quarter of the points that it has in truth lie within three of its standard deviations. *Share on a mode*: all points that lie so near to one. "
        "*MMD²* (Gretton 2012) and the *sliced Wasserstein distance* compare clouds of 1,000 points each; below all stands what 1,000 real points score against 1,000 other real ones, and nothing beats that but by luck.\n\n"
        "**The same noise** is drawn at every look, so that each point can be followed while its model learns. Everything is recorded in your browser: play, go back, go slowly, without the server.\n\n"
        "**Ask yourself:** why does the autoencoder draw on a line? Why do the VAE's points lie between the modes, and what would a larger code change?"
    )

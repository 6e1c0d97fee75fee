"""The Race tab: every family learns the same points, or the same small digits, at the same time, and the browser records what it sees (assets/race.js plays it)."""

from __future__ import annotations

import functools
import html
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import gradio as gr

from playground import breaks, lessons, race, settings
from playground.data import digits, points
from playground.errors import PlaygroundError
from playground.hands import Hands
from playground.line import Line, Ticket
from playground.race import Frame, Plan
from tabs import own_points, pictures, raced, steering, widgets
from tabs.raced import CLASSES, ID, SIGNS, message, result
from tabs.widgets import TabPage

TITLE = "Race"
OWN_PART = f"{100 * digits.OWN_SHARE:.0f} %"
OWN = "own"  # the target that is a visitor's own points
EVERY = 0.1  # seconds between two messages at least
STEP = 0.003  # seconds that a step takes, about
OVERHEAD = 1.35  # what a race takes, as a multiple of its training: it also draws and measures
RACING = {"concurrency_id": "race", "concurrency_limit": 16, "show_progress": "hidden"}
"""Event settings of races: one that waits in the line keeps no place of what runs a model."""
LINE = Line()
INNER = {
    "gan": "shaded: where the critic ranks points as real; lines: where a grid of z goes",
    "vae": "lines: where a grid of codes is painted",
    "diffusion": "arrows: towards less noise, a third of the way; lines: ways of samples",
    "flow": "arrows: velocity late on the way; lines: ways of samples",
    "autoregressive": "shaded: p(x) p(y | x), every pair of bins",
    "autoencoder": "line: all that its one number can become",
}
SHELVES = {  # the same of small pictures
    "gan": "below: from one z straight to another",
    "vae": "below: from one code of eight numbers straight to another",
    "diffusion": "below: two pictures on their way from noise",
    "flow": "below: two pictures on their way from noise",
    "autoregressive": "below: two pictures as they are written, grey: not yet",
    "autoencoder": "below: real digits, and what their eight numbers give back",
}


def build() -> TabPage:
    """The tab's components and events."""
    widgets.opening(
        "The race: the same data, the same time, six ways to learn",
        "A distribution that fits on a sheet of paper: here everything that a family does can be seen, and the truth is known. Or digits so small that they are learnt in a minute, "
        "your own among them. All six learn in turns of a tenth of a second, from nothing, before your eyes.",
        "with the same budget, no family is best at everything: look at who covers all of it, and at who stays on it.",
    )
    mine = steering.state()
    with gr.Accordion("Try", open=True):
        shown = gr.Column()
        with gr.Row(elem_classes="ask", equal_height=True):
            target = gr.Dropdown(
                [*((title, name) for name, title in race.TARGETS.items()), ("Your own points", OWN)],
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
        with gr.Accordion("Your own points", open=False, elem_classes="not-in-lecture"):
            own = own_points.build(ID)
        with gr.Accordion("Your own digits", open=False, elem_classes="not-in-lecture"):
            gr.HTML(
                f'<p class="note">Draw a digit, or anything else, and add it: of what is learnt from a target of digits, {digits.OWN_SHARE:.0%} will then be yours. '.replace(
                    "%", " %"
                )
                + f"Up to {digits.MOST_OWN}; they stay in this page and are stored nowhere.</p>"
                f'<div class="own-sheet own-digits"><canvas data-side="{digits.SHEET}" data-most="{digits.MOST_OWN}" width="280" height="280" tabindex="0" role="img" aria-label="A sheet to draw a digit on with mouse or finger"></canvas>'
                '<div><button type="button" class="own-add">Add this drawing</button> <button type="button" class="own-clear">Clear the sheet</button> <button type="button" class="own-none">Remove all</button> <button type="button" class="own-undo" disabled>Undo</button>'
                '<div class="own-added" role="status"></div></div></div>',
                padding=False,
                js_on_load="window.playgroundOwnDigits(element)",
            )
            drawings = gr.Textbox("", elem_id=f"{ID}-drawings", elem_classes="unseen", show_label=False, container=False)
        with gr.Accordion("Settings", open=False, elem_classes="not-in-lecture"):
            with gr.Row(elem_classes="ask", equal_height=True):
                budget = {"updates": widgets.component(race.STEPS), "numbers": widgets.component(race.NUMBERS)}
            options, names = {}, list(race.OPTIONS)
            for row in (names[:4], names[4:]):
                with gr.Row(elem_classes="ask", equal_height=True):
                    options |= {name: widgets.component(race.OPTIONS[name][0]) for name in row}
        with shown:
            steering.targets(target, {"seconds": seconds, "width": options["width"]})
        gr.HTML(_stage(), padding=False, js_on_load="window.playgroundRace(element)", elem_id=f"{ID}-stage")
        first, table = _recorded()
        sent = gr.HTML(first, padding=False, elem_id=f"{ID}-sent", elem_classes="unseen")
        told = gr.HTML(table, padding=False, elem_id=f"{ID}-told")
        ended = steering.build(ID, mine, options, [sent, told], _steered, RACING)
        what, breaking = _breaking()

    @widgets.guarded
    def start(
        mine: Hands, target: str, drawn: str, seconds: float, updates: int, numbers: int, seed: int, *values: Any
    ) -> Iterator[tuple[Any, Any]]:
        asked, values = values[: len(own)], values[len(own) :]
        given, read = points.from_text(*asked) if target == OWN else (target, "")
        if target in digits.TITLES:
            given = digits.with_own(target, drawn)
        wanted = race.plan(given, seed, seconds, updates, options=dict(zip(race.OPTIONS, values, strict=True)), numbers=numbers)
        before = f'<p class="note">{html.escape(read)}</p>' if read else ""

        def ending(last: Mapping[str, Frame], floor: Mapping[str, float], took: float) -> str:
            return before + result(last, wanted, floor, took, is_exact=mine.is_untouched) + steering.told(mine)

        yield from _in_line(wanted, lambda: mine.begin(wanted), ending, link=functools.partial(_link, mine, wanted))

    running = gr.on(
        [go.click, seed.submit],
        start,
        [mine, target, drawings, seconds, *budget.values(), seed, *own, *options.values()],
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
    return TabPage(ID, {"target": target, "seconds": seconds, "seed": seed, "what": what, **budget, **options})


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
        link = _break_link(what, mended, wanted.seed)
        yield from _in_line(
            wanted,
            lambda: mine.begin(wanted),
            lambda last, floor, seconds: _lamp(what, mended, last, wanted, floor, seconds),
            link=lambda: link,
        )

    return show


def _break_link(what: str, mended: bool, seed: int) -> str:
    """The link to a break, or to what mends it."""
    return settings.query(ID, play="mend" if mended else "break", what=what, seed=seed)


def _lamp(what: str, mended: bool, last: Mapping[str, Frame], wanted: Plan, floor: Mapping[str, float], seconds: float) -> str:
    """The lamp and its number, why, and the one change; below them the table."""
    known = breaks.get(what)
    lit, says = breaks.lamp(what, last[known.family], wanted)
    name, bad, good = known.changed()
    state = f"lit: {known.title.lower()}" if lit else "out"
    why = f"Mended: {known.remedy}" if mended else f"{known.told} What mends it: {known.remedy}"
    link = _break_link(what, mended, wanted.seed)
    return (
        f'<div class="lamp {"lit" if lit else "off"}"><b><i aria-hidden="true">{"✗" if lit else "✓"}</i> Lamp {html.escape(state)}</b> <span>{html.escape(says)}</span></div>'
        f"<p>{html.escape(why)}. <code>{html.escape(name)}</code>: {_setting(bad)} → {_setting(good)}</p>"
        f"{result(last, wanted, floor, seconds, link)}"
    )


def _setting(value: float | None) -> str:
    return "the usual" if value is None else f"{value:g}"


Ending = Callable[[Mapping[str, Frame], Mapping[str, float], float], str]


def _link(mine: Hands, wanted: Plan) -> str:
    """The link to a race as it stands now: what hands did to it is not in it."""
    return raced.link_of(wanted, mine.is_untouched)


def _in_line(
    wanted: Plan, begin: Callable[[], Iterator[Frame]], ending: Ending, further: bool = False, link: Callable[[], str] = str
) -> Iterator[tuple[Any, Any]]:
    """A race when its turn has come; until then, its place. One that is stopped or whose page is closed gives its place up.

    further: it goes on with what the page already shows.
    """
    train = len(wanted.families) * (STEP * wanted.steps if wanted.steps else wanted.seconds)
    with LINE.ticket(OVERHEAD * train) as ticket:
        for place in ticket.waiting():
            yield gr.skip(), _place(place, ticket)
        floor = race.floor(wanted.target, wanted.seed, read=False)  # a reader is a model: it is not to hold the start up
        yield (
            gr.skip() if further else message([], wanted, floor, live=True, link=link()),
            '<div class="runline"><span class="badge running">at work</span></div>',
        )
        yield from _raced(wanted, begin(), floor, ending, link)


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
    link = functools.partial(_link, mine, wanted)

    def ending(last: Mapping[str, Frame], floor: Mapping[str, float], took: float) -> str:
        whole = {racer.family: last.get(racer.family) or racer.look() for racer in mine.racers}
        return result(whole, wanted, floor, took, is_exact=mine.is_untouched) + steering.told(mine)

    if at_once:
        yield from _raced(wanted, frames, race.floor(wanted.target, wanted.seed, read=False), ending, link)
    else:
        yield from _in_line(wanted, lambda: frames, ending, True, link)


def _raced(
    wanted: Plan, frames: Iterator[Frame], floor: Mapping[str, float], ending: Ending, link: Callable[[], str] = str
) -> Iterator[tuple[Any, Any]]:
    """Messages and words of a race: looks as they come, and at the end what `ending` makes of the last ones."""
    waiting: list[Frame] = []
    before: list[Frame] = []
    last: dict[str, Frame] = {}
    shown = begin = time.monotonic()
    for frame in frames:
        waiting.append(frame)
        last[frame.family] = frame
        if time.monotonic() - shown >= EVERY:
            yield message([*before, *waiting], wanted, floor, live=True, first=not before, link=link()), gr.skip()
            before, waiting, shown = waiting, [], time.monotonic()
    floor = race.floor(wanted.target, wanted.seed)
    yield (
        message([*before, *waiting], wanted, floor, live=True, done=True, first=not before, link=link()),
        ending(last, floor, time.monotonic() - begin),
    )


def _stage() -> str:
    """The six sheets and the controls of the player; race.js draws on them."""
    sheets = "".join(
        f'<figure class="racer {CLASSES.get(family, family)}" data-family="{family}"><figcaption><b><i aria-hidden="true">{SIGNS.get(family, "•")}</i> {html.escape(race.TITLES.get(family, family))}</b>'
        f'<span class="clock"></span></figcaption><canvas width="520" height="520" role="img" aria-label="Points drawn by {html.escape(race.TITLES.get(family, family))}"></canvas>'
        f'<canvas class="loss" width="520" height="60" aria-hidden="true"></canvas><canvas class="loss measure" width="520" height="60" aria-hidden="true"></canvas><div class="racer-numbers"></div><small class="of-points">{html.escape(INNER.get(family, ""))}</small><small class="of-pictures">{html.escape(SHELVES.get(family, ""))}</small></figure>'
        for family in race.LEARNERS
    )
    return (
        f'<div class="race" data-unit="{race.UNIT}" data-reach="{points.REACH}"><div class="race-bar">'
        '<button type="button" class="race-play" aria-label="Play">▶</button>'
        '<input type="range" class="race-at" min="0" max="1000" value="1000" step="1" aria-label="Moment of the race">'
        '<span class="race-when"></span>'
        '<label>Speed <select class="race-speed" aria-label="Speed"><option value="0.25">slow</option><option value="1" selected>once in 6 s</option><option value="3">fast</option></select></label>'
        '<button type="button" class="race-png">PNG</button><button type="button" class="race-webp">WebP film</button><button type="button" class="race-csv">CSV</button><button type="button" class="race-pin">Pin this moment</button>'
        '<label><input type="checkbox" class="race-real" checked> what is real</label>'
        '<label><input type="checkbox" class="race-inside" checked> inner life</label>'
        '<label><input type="checkbox" class="race-hide"> guess first</label><label><input type="checkbox" class="race-lecture"> sheets alone</label></div>'
        f'<p class="note race-said" role="status"></p>{_quiz()}<canvas class="race-reals" width="1579" height="83" role="img" aria-label="Real digits"></canvas><div class="racers">{sheets}</div></div>'
    )


def _quiz() -> str:
    """Two guesses before the numbers are shown; race_take.js compares them with the last looks."""
    options = "".join(f'<option value="{family}">{html.escape(title)}</option>' for family, title in race.TITLES.items())
    return (
        '<div class="race-quiz" hidden><b>What do you expect?</b> The numbers are hidden. '
        f'<label>Nearest to what is real: <select class="near">{options}</select></label> <label>Farthest: <select class="far">{options}</select></label> '
        '<button type="button">Reveal</button><p class="answer" role="status"></p></div>'
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
        "**The budget** is seconds of training, or under Settings steps, the same for all, in turns; what is drawn and measured in between does not count. All networks have three hidden layers of 96 units, for digits of 128, if nothing else is set. A step of a GAN "
        "trains two networks and costs the most, so it takes the fewest. With a budget in parameters each family gets the units a layer with which it trains about so many numbers.\n\n"
        "**The numbers.** A mode is covered if at least a quarter of the points that it has in truth lie within three of its standard deviations. *Share on a mode*: all points that lie so near to one. "
        "*MMD²* (Gretton 2012) and the *sliced Wasserstein distance* compare clouds of 1,000 points each; below all stands what 1,000 real points score against 1,000 other real ones, and nothing beats that but by luck.\n\n"
        "**Your own points** are moved and scaled into the plane: with one scale for both axes, which keeps angles, unless one spans more than "
        f"{points.UNLIKE} times as much as the other; “Scale of the axes” decides otherwise. A little noise is added (standard deviation {points.SPREAD}), so that no point is alone.\n\n"
        f"**Small digits.** The same six, with the same few lines of code, learn {digits.LEARNT:,} of the shipped digits as rows of 64 or 196 numbers; 500 others are held out. A code has eight numbers. Diffusion and flow matching guess the picture "
        "instead of the noise: so narrow a network cannot hand all of the noise on. The autoregressive model chooses each point among eight shades. *Kinds covered* goes by the nearest digit that was learnt; *KID, as a reader sees* compares "
        "what the shipped classifier of digits makes of 500 drawn ones and of 500 real ones, all enlarged to its size. MMD² and the sliced distance see points of light: to them a blurred digit may be as near as a sharp one with a speck. *Yours*: what is nearest to one of your drawings; "
        f"{OWN_PART} of what is real is.\n\n"
        "**The same noise** is drawn at every look, so that each point can be followed while its model learns. Everything is recorded in your browser: play, go back, go slowly, without the server.\n\n"
        "**Ask yourself:** why does the autoencoder draw on a line? Why do the VAE's points lie between the modes, and what would a larger code change?"
    )

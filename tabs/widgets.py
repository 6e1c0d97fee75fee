"""What all tabs share: controls as components, the frame of a tab, a run's line, errors as toasts."""

from __future__ import annotations

import contextlib
import functools
import html
import inspect
import logging
import math
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import gradio as gr
import numpy as np

from playground import exhibits, previews, registry, settings, weights
from playground.controls import ANY, Adjust, Choice, Control, Given, Label, Numbers, Prompt, Slider, Text, Tokens, Turns
from playground.errors import PlaygroundError
from playground.run import MAX_SEED
from playground.types import Images, ModelCard, Run, Step
from tabs import charts, pictures

HEAVY = {"concurrency_id": "heavy", "concurrency_limit": 8, "show_progress": "hidden"}
"""Event settings of everything that may run a model: all share one group; the gate in playground.run orders their steps."""

ARRANGING = {"api_visibility": "private", "show_progress": "hidden", "preprocess": False}
"""Event settings of what only arranges a panel: it is given the values as they are. Where several events follow one choice, Gradio would
refuse some by the bounds and choices that another of them has just set, or has not set yet."""

POINTS = 200  # of a line of losses, about
SIDE, LARGE_SIDE = 112, 384  # CSS pixels that one sample of a grid takes at most; of a model whose pictures are large

log = logging.getLogger("playground")


@dataclass
class TabPage:
    """What build() returns: the components that a link may set, by the name used in the query string, and the primary button's id."""

    id: str
    linked: dict[str, gr.components.Component] = field(default_factory=dict)


def component(control: Control, **options: Any) -> gr.components.Component:
    """The Gradio component of a control, with its default, bounds and help."""
    if isinstance(control, Slider):
        return gr.Slider(
            control.minimum,
            control.maximum,
            control.default,
            step=control.step,
            label=control.title,
            info=control.help or None,
            precision=0 if control.integer else None,
            **options,
        )
    if isinstance(control, Prompt | Text):
        return gr.Textbox(
            control.default,
            label=control.title,
            info=control.help or None,
            lines=2 if isinstance(control, Prompt) else 3,
            max_length=control.maximum,
            submit_btn=False,
            **options,
        )
    if isinstance(control, Choice):
        return gr.Dropdown(list(control.choices), value=control.default, label=control.title, info=control.help or None, **options)
    if isinstance(control, Label):
        return gr.Dropdown(["any", *control.classes], value=control.default, label=control.title, info=control.help or None, **options)
    if isinstance(control, Adjust):
        return gr.Dropdown([ANY, *asked_values(control.factor)], value=ANY, label=control.title, info=control.help or None, **options)
    raise TypeError(f"{type(control).__name__} {control.name} has no general component; the tab builds it.")


def asked_values(factor: Slider | Choice) -> list[tuple[str, str]]:
    """What a factor can be asked to be, as (shown, value) of a dropdown; of a number some round values, since a slider cannot be left open."""
    if isinstance(factor, Choice):
        return [(word, word) for word in factor.choices]
    wide = (factor.maximum - factor.minimum) / 8
    power = 10.0 ** math.floor(math.log10(wide))
    step = next(part * power for part in (1, 2, 2.5, 5, 10) if part * power >= wide * (1 - 1e-9))
    count = round((factor.maximum - factor.minimum) / step)
    numbers = [f"{factor.minimum + k * step:g}" for k in range(count + 1)]
    return [(f"{number} {factor.unit}".strip(), number) for number in numbers]


def simple_controls(card: ModelCard) -> tuple[Control, ...]:
    """The controls of a card that every panel shows."""
    return tuple(control for control in card.controls if not isinstance(control, Given | Numbers | Adjust | Tokens | Turns))


def seed_row(default: int = 7, what: str = "pictures") -> tuple[gr.Number, gr.Button]:
    """A seed and the dice that changes it, in the browser alone. what: what the same seed gives the same of."""
    with gr.Row(elem_classes="seed"):
        seed = gr.Number(default, precision=0, minimum=0, maximum=MAX_SEED, label="Seed", info=f"Same seed, same {what}.", scale=3)
        dice = gr.Button("⚄ Dice", min_width=80, scale=1, elem_classes="dice")
    dice.click(None, None, seed, js="() => Math.floor(Math.random() * 100000)", api_visibility="private")
    return seed, dice


def count_slider(default: int = 16, maximum: int = 64) -> gr.Slider:
    """How many samples."""
    return gr.Slider(1, maximum, default, step=1, precision=0, label="n (samples)")


def run_buttons(tab: str, text: str) -> tuple[gr.Button, gr.Button]:
    """The tab's primary button, and Stop."""
    with gr.Row(elem_classes="go"):
        go = gr.Button(text, variant="primary", elem_id=f"{tab}-run", scale=3)
        stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
    return go, stop


def guarded(function: Callable[..., Any]) -> Callable[..., Any]:
    """The handler with faults made fit for people: a PlaygroundError as its own sentence, anything else as a number in the log."""

    def shown(error: Exception) -> gr.Error:
        if isinstance(error, PlaygroundError):
            return gr.Error(str(error), print_exception=False)
        number = secrets.token_hex(4)
        log.error("internal error %s in %s", number, function.__name__, exc_info=error)
        return gr.Error(f"Something went wrong on our side (internal error {number}).", print_exception=False)

    if inspect.isgeneratorfunction(function):

        @functools.wraps(function)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            try:
                yield from function(*args, **kwargs)
            except gr.Error:
                raise
            except Exception as error:
                raise shown(error) from None

        return generator

    @functools.wraps(function)
    def plain(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except gr.Error:
            raise
        except Exception as error:
            raise shown(error) from None

    return plain


def or_note(made: Callable[..., str]) -> Callable[..., str]:
    """The function that writes a part of the page, with the sentence that says why where its files are missing: no card stops the page."""

    @functools.wraps(made)
    def written(*args: Any, **kwargs: Any) -> str:
        try:
            return made(*args, **kwargs)
        except PlaygroundError as error:
            return f'<p class="note">{html.escape(str(error))}</p>'

    return written


def permalink(query: str) -> str:
    """The link that opens a query string; page.js copies it, with a QR code, instead of following it."""
    return f'<a class="permalink" href="{html.escape(query, quote=True)}">link</a>'


def linked_number(bounds: Slider, text: str, otherwise: float) -> float:
    """What a link says for a number: within its bounds, with a toast where it had to be clamped, or where it is none (`otherwise` then)."""
    try:
        number = float(text)
        return bounds.validate(int(number) if bounds.integer else number)
    except (ValueError, OverflowError, PlaygroundError):
        taken = otherwise
        with contextlib.suppress(ValueError):
            if (number := float(text)) == number:
                taken = min(max(number, bounds.minimum), bounds.maximum)
                taken = int(taken) if bounds.integer else taken
        allowed = f"{bounds.minimum:.10g} to {bounds.maximum:.10g}"
        gr.Warning(f"The link asks for {bounds.name} {text[:40]!r}; allowed is {allowed}, taken as {taken:.10g}.")
        return taken


def run_line(run: Run, tab: str, how: str = "live", extra: str = "") -> str:
    """One line under a result: how it came about (recorded or live), model, settings, seconds, calls, and its link; below it what is to be said of it."""
    told = settings.of_run(run)
    words = [
        f"{name} {html.escape(_said(name, value))}"
        for name, value in told.items()
        if name not in ("model", "said") and value not in (None, "")
    ]
    exchanges = len(told.get("said", ())) // 2
    words += [f"after {exchanges} exchange{'s' if exchanges != 1 else ''}"] if exchanges else []
    time = f"{run.seconds:.2f} s" if run.seconds < 10 else f"{run.seconds:.0f} s"
    calls = f"{run.nfe} network call{'s' if run.nfe != 1 else ''} a sample"
    link = permalink(settings.link_of_run(run, tab))
    extra = f" · {run.origin.words}{extra}" if run.origin else extra
    return (
        f'<div class="runline"><span class="badge {how}">{how}</span> <b>{html.escape(run.card)}</b> · {" · ".join(words)} · '
        f"{time} on {html.escape(run.device)} · {calls}{extra} · {link}</div>"
        + (f'<p class="note" role="status">{html.escape(run.step.note)}</p>' if run.step.note else "")
    )


def _said(name: str, value: Any) -> str:
    """A setting's value in a run's line."""
    if isinstance(value, list) and len(value) > 8:
        return f"for each of {len(value)}" if name == "label" else f"{len(value)} tokens"
    if isinstance(value, str) and len(value) > 40 and not value.count(" "):
        return f"of {len(value)} letters"
    return str(value)


def png_link(sheet: np.ndarray, about: Mapping[str, Any], name: str, text: str = "PNG") -> str:
    """A link that saves a sheet as PNG with its settings inside; "This visit" keeps it."""
    return pictures.download(pictures.png(sheet, about), "image/png", f"{name}.png", text)


def taken(sheet: np.ndarray, about: Mapping[str, Any], name: str) -> str:
    """The line that offers a sheet alone to be taken away."""
    return f'<div class="takes">Take it away: {png_link(sheet, about, name)}</div>'


def takes(run: Run, tab: str, columns: int = 8, frames: Sequence[Any] = ()) -> str:
    """What can be taken away from a finished run: a PNG with its settings inside, GIF and WebP of a stream's frames."""
    images = run.samples
    assert isinstance(images, Images)
    name, about = f"{run.card}-seed{run.seed}", settings.of_picture(run, tab)
    links = [png_link(pictures.tiles(images, columns), about, name)]
    if len(frames) > 1:
        larger = max(1, round(scale(run.card)))
        links += [
            pictures.download(pictures.animation(frames, small=True, scale=larger, settings=about), "image/gif", f"{name}.gif", "GIF"),
            pictures.download(
                pictures.animation(frames, "WEBP", small=True, scale=larger, settings=about), "image/webp", f"{name}.webp", "WebP"
            ),
        ]
    return f'<div class="takes">Take it away: {" ".join(links)}</div>'


def result(run: Run, tab: str, *, how: str = "live", columns: int = 8, frames: Sequence[Any] = (), extra: str = "") -> str:
    """A finished run as the page shows it: grid, run line, and what can be taken away (PNG with its settings; GIF and WebP of a stream)."""
    images = run.samples
    assert isinstance(images, Images)
    return (
        pictures.grid(
            images, f"{len(images)} samples of {run.card}, seed {run.seed}", columns, settings.of_picture(run, tab), scale(run.card)
        )
        + run_line(run, tab, how, extra)
        + takes(run, tab, columns, frames)
    )


@or_note
def recorded(card_id: str, tab: str, columns: int = 8) -> str:
    """The shipped result of a card for the first paint, drawn earlier from the shipped weights and marked as recorded."""
    return result(recorded_run(card_id), tab, how="recorded", columns=columns)


def recorded_run(card_id: str) -> Run:
    """The shipped preview of a card as the run that drew it."""
    images, about = previews.read(card_id)
    step = Step(images, 1, 1, about["nfe"])
    return Run(card_id, step, about["n"], about["seed"], about["controls"], about["seconds"], about["device"], done=True)


def working(run: Run, columns: int = 8) -> str:
    """A run under way: its samples so far and how far it is."""
    return pictures.grid(run.samples, f"step {run.step.i} of {run.step.total}", columns, None, scale(run.card)) + progress_line(run)


def scale(card_id: str) -> float:
    """CSS pixels a point of a card's pictures: larger pictures need less."""
    card = registry.get(card_id)
    return (SIDE if card.hub is None else LARGE_SIDE) / registry.shape(card)[0]


def further_story(card: ModelCard, story: str) -> str:
    """The recorded training of a model that is not its tab's first, after the real samples that it learnt from."""
    real = exhibits.real_samples(card.dataset, exhibits.MAX_N, previews.SEED)
    return (
        f'<div class="section"><h3>{html.escape(card.title)}</h3><p>The same method, other pictures. It learnt from ones like these, drawn by rule from known factors:</p></div>'
        + pictures.grid(real, f"{len(real)} real samples", 8, scale=1.5)
        + story
    )


def later(fold: gr.Accordion, elem_id: str, made: Callable[[], str]) -> None:
    """A place for HTML that is made when somebody opens the fold, for what is large; call inside it."""
    place = gr.HTML("", padding=False, elem_id=elem_id)
    fold.expand(made, None, place, api_visibility="private", show_progress="hidden")


def progress_line(run: Run) -> str:
    """The line under a run under way: which step, how long so far."""
    step = run.step
    return (
        f'<div class="runline"><span class="badge running">step {step.i} of {step.total}</span> {run.seconds:.1f} s'
        f'<progress max="{step.total}" value="{step.i}" aria-label="Progress"></progress></div>'
    )


def opening(title: str, text: str, breaks: str) -> gr.HTML:
    """How a tab begins: its analogy in two sentences, and where the analogy breaks."""
    return gr.HTML(
        f'<div class="opening"><h2>{html.escape(title)}</h2><p>{text}</p><p class="breaks"><b>Where the picture breaks:</b> {breaks}</p></div>',
        padding=False,
    )


def facts_table(cards: Sequence[ModelCard]) -> str:
    """The card facts of one or more models as a table: what it is, how it learns, what it costs."""
    rows = {
        "architecture": "Architecture",
        "training": "Training",
        "latent_space": "Latent space",
        "likelihood": "Likelihood",
        "stability": "Stability",
        "control": "Control",
        "uses": "Typical uses",
    }
    head = "".join(f"<th scope=col>{html.escape(card.title)}</th>" for card in cards)
    body = "".join(
        f"<tr><th scope=row>{title}</th>" + "".join(f"<td>{html.escape(card.facts.get(key, '–'))}</td>" for card in cards) + "</tr>"
        for key, title in rows.items()
        if any(key in card.facts for card in cards)
    )
    return f'<div class="tablewrap" tabindex="0" role="region" aria-label="Card facts"><table class="facts"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def losses_plot(log_rows: Sequence[Mapping[str, float]], names: Sequence[str], title: str) -> str:
    """A small line chart of training losses over steps, one line a name; nothing where none of them was logged."""
    shown = log_rows[:: max(1, len(log_rows) // POINTS)]
    values = [row[name] for row in log_rows for name in names if name in row]
    if not values:
        return ""
    last, low, high = max(row["step"] for row in log_rows), min(values), max(values)
    curves = [
        charts.Curve(name.replace("_", " "), [(row["step"], row[name], 0.0) for row in shown if name in row], colour)
        for name, colour in zip(names, charts.COLOURS, strict=False)
    ]
    return charts.chart(
        title,
        curves,
        charts.Axis(0, last, [(last, f"step {last:,}")]),
        charts.Axis(low, high, [(low, f"{low:.3g}"), (high, f"{high:.3g}")]),
    )


@or_note
def provenance(card_id: str) -> str:
    """How a card's weights came about, from its card.json: command, data, steps, seconds, machine."""
    about = weights.record(card_id)
    parameters = sum(about["parameters"].values())
    return (
        f'<p class="runline"><b>{html.escape(card_id)}</b>: {parameters:,} parameters ({", ".join(f"{html.escape(k)} {v:,}" for k, v in about["parameters"].items())}), '
        f"{about['steps']:,} steps, {about['samples_seen']:,} samples seen in {about['seconds'] / 60:.0f} min on {html.escape(about['machine'])}. "
        f"Paper: {html.escape(registry.get(card_id).paper)}. Made by <code>{html.escape(about['command'])}</code></p>"
    )

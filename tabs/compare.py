"""The Compare tab: every family writes your number, draws the same request, and stands in one table with what was measured."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
import numpy as np

from playground import comparison, data, registry, settings, tables
from playground.errors import DataUnavailable, PlaygroundError, WeightsUnavailable
from playground.types import Images, ModelCard, Run
from tabs import blind, costs, evidence, export, languages, nearest, pictures, remeasure, table, walking, widgets, wipe
from tabs.widgets import HEAVY, TabPage

TITLE = "Compare"
ID = "compare"
NUMBER = "2026"
N = 16
WAITING = '<span class="badge waiting">waiting</span>'
QUESTION = "Write the same number with three seeds. Which family changes its hand the most, and which one would you recognise by its blur?"


def build() -> TabPage:
    """The tab's components and events."""
    cards = comparison.chosen()
    gr.HTML(
        '<div class="opening"><h2>Four ways to learn to write</h2><p>All four have looked at the same handwritten digits, and none stores one. '
        "Give them a number: see how each writes it, how long that takes, and whether a classifier can read it.</p></div>",
        padding=False,
    )
    with gr.Accordion("Try", open=True):
        with gr.Row(elem_classes="ask", equal_height=True):
            number = gr.Textbox(
                NUMBER,
                label="Your number",
                info=f"1 to {comparison.MAX_DIGITS} digits, or a date such as 24.12.1990",
                max_length=40,
                max_lines=1,
                scale=2,
                min_width=220,
            )
            with gr.Column(scale=2, min_width=260):
                seed, _ = widgets.seed_row()
            with gr.Column(scale=2, min_width=220, elem_classes="bottom"):
                go, stop = widgets.run_buttons(ID, "Write my number")
        with gr.Column(elem_classes="rows"):
            writings = {family: gr.HTML(_recorded_writing(family, card), padding=False) for family, card in cards.items()}
        takes = gr.HTML('<div class="runline takes-place">Press the button: every family writes your number, live.</div>', padding=False)
        gr.HTML('<h3 class="part">The same request to every family</h3>', padding=False)
        with gr.Row(elem_classes="ask", equal_height=True):
            n = widgets.count_slider(N)
            label = gr.Dropdown(["any", *_classes(cards)], value="any", label="Digit", info="Any: drawn from the seed, the same for all.")
            with gr.Column(min_width=220, elem_classes="bottom"), gr.Row(elem_classes="go"):
                draw_button = gr.Button("Draw samples", elem_id=f"{ID}-draw", scale=3)
                stop_drawing = gr.Button("Stop", variant="stop", min_width=80, scale=1)
        with gr.Row(elem_classes="columns"):
            columns = {}
            for family, card in cards.items():
                with gr.Column(min_width=150):
                    columns[family] = gr.HTML(_recorded_samples(family, card), padding=False)
        gr.HTML(wipe.build(cards, "vae", "diffusion"), padding=False)
        sampled = gr.HTML(
            '<div class="runline takes-place">Class right and KID are measured when you draw: same n, digit and seed for all. FID needs thousands of samples, so it is in the table below.</div>',
            padding=False,
        )
        walked = walking.build(ID)

    @widgets.guarded
    def write(number: str, seed: int) -> Iterator[dict]:
        digits = comparison.digits_of(number)
        stream = comparison.draw(len(digits), seed, digits)
        yield {writings[family]: _row(family, card, _grey(card, len(digits)), WAITING) for family, card in cards.items()} | {takes: _busy()}
        written: dict[str, Images] = {}
        film: list[tuple[str, Images]] = []
        for family, found in stream:
            if isinstance(found, WeightsUnavailable):
                yield {writings[family]: _row(family, cards[family], _grey(cards[family], len(digits)), _fault(found))}
                continue
            written[family] = found.samples
            film.append((family, found.samples))
            yield {
                writings[family]: _row(
                    family, cards[family], found.samples, _status(found, digits) if found.done else _progress(found), _number(number, seed)
                )
            }
        yield {takes: _take_away(digits, seed, {family: written[family] for family in cards if family in written}, film)}

    @widgets.guarded
    def sample(n: int, seed: int, label: str) -> Iterator[dict]:
        stream = comparison.draw(n, seed, label)
        yield {columns[family]: _column(family, card, _grey(card, n), _numbers(None, "–"), WAITING) for family, card in cards.items()} | {
            sampled: _busy()
        }
        for family, found in stream:
            card = cards[family]
            if isinstance(found, WeightsUnavailable):
                yield {columns[family]: _column(family, card, _grey(card, n), _numbers(None, "–"), _fault(found))}
                continue
            how = '<span class="badge running">measuring</span>' if found.done else _progress(found)
            yield {columns[family]: _column(family, card, found.samples, _numbers(found, "…"), how)}
            if found.done:
                judged = comparison.judge(found, label)
                yield {
                    columns[family]: _column(
                        family, card, found.samples, _numbers(found, "–", judged), '<span class="badge live">live</span>', found
                    )
                }
        yield {sampled: _same_request(n, seed, label)}

    running = [
        gr.on(
            [go.click, number.submit, seed.submit], write, [number, seed], [*writings.values(), takes], api_visibility="private", **HEAVY
        ),
        draw_button.click(sample, [n, seed, label], [*columns.values(), sampled], api_visibility="private", **HEAVY),
    ]
    for button in (stop, stop_drawing):
        button.click(None, cancels=running, api_visibility="private")
        button.click(None, js=f"() => window.playgroundStopped('tab-{ID}')", api_visibility="private")

    with gr.Accordion("How they differ", open=True):
        kinds = tables.names()
        first = next(iter(kinds))
        of = gr.Radio(list(kinds), value=first, label="Data", info="Each table compares models of the same data.", elem_classes="inline")
        facts = gr.HTML(_facts(first), padding=False, elem_id=f"{ID}-table")
        of.change(widgets.guarded(_facts), of, facts, api_visibility="private", show_progress="hidden")
        remeasure.build(ID, of)
    linked = blind.build(ID)
    languages.build(ID)
    with gr.Accordion("Look inside", open=False):
        gr.HTML(_inside(cards), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**A picture at once, every time the same cost:** GAN. **Codes that mean something, and a way back from a picture to its code:** VAE. "
            "**The best picture, and patience:** diffusion; large systems put it on the codes of a VAE, to have both. "
            f"**Smaller, cleaner, comparable pictures rather than new ones:** autoencoder.\n\n**Ask yourself:** {QUESTION}"
        )
    return TabPage(ID, {"number": number, "seed": seed, "n": n, "label": label, "data": of, **linked, **walked})


def _facts(noun: str) -> str:
    """The table of a kind of data: a sentence, the rows, where the numbers come from, and files to keep."""
    found = tables.of(tables.names().get(noun, noun))
    sentence = f'<p class="verdict"><span class="badge recorded">recorded</span> {html.escape(found.sentence)}</p>'
    told = costs.build(found.dataset) + evidence.build(found.dataset) if found.is_of_pictures else ""
    return sentence + table.table(found) + table.origin(found) + export.links(found) + told


def _classes(cards: Mapping[str, ModelCard]) -> tuple[str, ...]:
    labels = [comparison.label_of(card) for card in cards.values()]
    return next(label.classes for label in labels if label is not None)


def _recorded_writing(family: str, card: ModelCard) -> str:
    """The first paint of a row: the default number, put together from recorded samples."""
    try:
        found = widgets.recorded_run(card.id)
    except PlaygroundError as error:
        return _row(family, card, _grey(card, len(NUMBER)), _fault(error))
    label = comparison.label_of(card)
    images = comparison.recorded_digits(found.samples, tuple(NUMBER), label.classes if label else None)
    return _row(
        family,
        card,
        images,
        f'<span class="badge recorded">recorded</span> <small>picked from {found.n} samples of seed {found.seed}</small>{_calls(found)}',
        settings.of_picture(found),
    )


def _recorded_samples(family: str, card: ModelCard) -> str:
    try:
        found = widgets.recorded_run(card.id)
    except PlaygroundError as error:
        return _column(family, card, _grey(card, N), _numbers(None, "–"), _fault(error))
    images = Images(found.samples.pixels[:N])
    how = f'<span class="badge recorded">recorded</span> seed {found.seed}, {N} of {found.n}'
    return _column(family, card, images, _numbers(found, "–"), how, about=settings.of_picture(found))


def _row(family: str, card: ModelCard, images: Images, status: str, about: Mapping[str, Any] | None = None) -> str:
    """One family's line: who, what it wrote, how that went."""
    alt = f"{card.title}: {len(images)} digits"
    return (
        f'<div class="writing {table.css_class(family)}">{table.who(family, card)}'
        f'<div class="written">{pictures.picture(pictures.tiles(images, len(images)), alt, about and {**about, "model": card.id}, 3.0)}</div><div class="status">{status}</div></div>'
    )


def _grey(card: ModelCard, n: int) -> Images:
    """The space that n samples will take."""
    return Images(np.full((int(n), *data.get(card.dataset).shape), 128, dtype=np.uint8))


def _busy() -> str:
    return '<div class="runline takes-place"><span class="badge running">at work</span> <span class="hint">quick ones first; the first press loads the models</span></div>'


def _fault(error: Exception) -> str:
    return f'<span class="fault">{html.escape(str(error))}</span>'


def _progress(run: Run) -> str:
    step = run.step
    return f'<span class="badge running">step {step.i} of {step.total}</span> {run.seconds:.1f} s <progress max="{step.total}" value="{step.i}"></progress>'


def _seconds(run: Run) -> str:
    return f"{1000 * run.seconds:.0f} ms" if run.seconds < 1 else f"{run.seconds:.1f} s"


def _calls(run: Run) -> str:
    return f"<small>{run.nfe} network call{'s' if run.nfe != 1 else ''} a sample</small>"


def _status(run: Run, digits: tuple[str, ...]) -> str:
    """A finished line: its clock, its calls, and what the classifier reads."""
    seen = comparison.read(run.samples, run.card)
    classes = data.get(registry.get(run.card).dataset).labels
    text = "".join(classes[k] for k in seen)
    right = sum(classes[k] == digit for k, digit in zip(seen, digits, strict=True))
    asked = comparison.label_of(registry.get(run.card)) is not None
    outcome = f"<b>{right} of {len(digits)} as asked</b>" if asked else "it cannot be asked"
    return f'<span class="badge live">live</span> <b>{_seconds(run)}</b> on {html.escape(run.device)}{_calls(run)}<small>classifier reads <b class="readout">{text}</b>: {outcome}</small>'


def _take_away(digits: tuple[str, ...], seed: int, written: Mapping[str, Images], film: list[tuple[str, Images]]) -> str:
    """The line under the rows: how to get this again, and the picture and film to keep."""
    if not written:
        return ""
    number = "".join(digits)
    about = _number(number, seed) | {"models": {family: card.id for family, card in comparison.chosen().items()}}
    link = about["link"]
    names = {comparison.chosen()[family].title: images for family, images in written.items()}
    poster = export.sheet(names, f"{number} · seed {seed} · Generative Playground")
    kept = [widgets.png_link(poster, about, f"{number}-seed{seed}", "PNG with names")]
    moments = [written | {family: images} for family, images in film if family == film[-1][0]]
    if len(moments) > 1:
        kept.append(
            pictures.download(pictures.animation(export.film(moments), settings=about), "image/gif", f"{number}-seed{seed}.gif", "GIF")
        )
    return (
        f'<div class="runline takes-place"><span class="badge live">live</span> number <b>{number}</b> · seed {seed} · {widgets.permalink(link)} '
        f'<span class="takes">· take it away: {" ".join(kept)}</span></div>'
    )


def _number(number: str, seed: int) -> dict[str, Any]:
    """What the picture of a written number holds."""
    return {"number": number, "seed": seed, "link": settings.query(ID, number=number, seed=seed)}


def _column(
    family: str, card: ModelCard, images: Images, numbers: str, how: str, run: Run | None = None, about: Mapping[str, Any] | None = None
) -> str:
    """One family's column: its name, its samples, the numbers of this run. about: what the picture of recorded samples holds."""
    across = max(4, math.ceil(math.sqrt(len(images))))
    near, asks = _nearest(run, card, across)
    about = settings.of_picture(run) if run else about
    sheet = pictures.tiles(images, across)
    keep = "" if run is None else " · " + widgets.png_link(sheet, about, f"{run.card}-seed{run.seed}")
    return (
        f'<div class="family {table.css_class(family)}">{table.who(family, card)}'
        f'<div class="box"{near}>{pictures.picture(sheet, f"{len(images)} samples of {card.title}", about, 8.0)}<i class="ring" hidden></i></div>'
        f'<div class="how takes">{how}{keep}</div>{numbers}{asks}</div>'
    )


def _nearest(run: Run | None, card: ModelCard, across: int) -> tuple[str, str]:
    """What a box carries of the nearest training samples of a finished run, and the place where the chosen one is shown."""
    if run is None:
        return "", nearest.BEFORE
    try:
        return " " + nearest.attributes(run, card.dataset, across), nearest.CHOOSE
    except DataUnavailable as error:
        return "", nearest.ASK.format(html.escape(str(error)))


def _numbers(run: Run | None, blank: str, judged: Mapping[str, Any] | None = None) -> str:
    """The numbers of a run as a list: time, network calls, class right, KID beside its floor; what is not there says why."""
    judged = judged or {}
    why = judged.get("why", "")
    right, kid = judged.get("class_right"), judged.get("kid")
    right_text = f"{100 * right:.0f} %" if right is not None else blank
    kid_text = (
        f"{_short(kid)} ± {_short(judged['kid_error'])} <small>real {_short(judged['kid_floor'])}</small>" if kid is not None else blank
    )
    time = "–" if run is None else f"{_seconds(run)} <small>for {run.n}</small>"
    calls = "–" if run is None else str(run.nfe)
    pairs = [("Time", time), ("Network calls", calls), ("Class right", right_text), ("KID", kid_text)]
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in pairs)
    return f'<dl class="numbers">{items}</dl><small class="why">{html.escape(why)}</small>'


def _short(value: float) -> str:
    return comparison.significant(value, 2)


def _same_request(n: int, seed: int, label: str) -> str:
    link = settings.query(ID, play="draw", n=n, seed=seed, label=label)
    return (
        f'<div class="runline takes-place"><span class="badge live">live</span> n {n} · seed {seed} · digit {html.escape(str(label))} · {widgets.permalink(link)}<br>'
        f"KID at n = {n} is rough: read it beside its error and beside “real”, what as many real digits score. FID would say nothing below 2,000.</div>"
    )


def _inside(cards: Mapping[str, ModelCard]) -> str:
    """What "same seed" means, how a number is made, and where each family's weights come from."""
    made = []
    for card in cards.values():
        try:
            made.append(widgets.provenance(card.id))
        except PlaygroundError as error:
            made.append(f'<p class="runline">{_fault(error)}</p>')
    return (
        "<p><b>Same seed</b> means: repeatable. Every sample has its own stream of random numbers, made from the seed and its place in the row; but each family reads it differently "
        "(a GAN takes 64 numbers, diffusion one for each pixel), so sample 3 of one family is no sibling of sample 3 of another. “Any” digits are drawn from the seed once, the same for all.</p>"
        "<p><b>How a number is made.</b> A classifier, trained on the same digits, turns a picture into a short list of features. Drawn and real pictures are compared there. "
        "Beside each number stands what real digits score against other real digits: nothing can be better than that, except by chance or by copying. "
        "A second classifier of another shape, on which nothing was tuned, repeats the verdict.</p>" + "".join(made)
    )

"""The other half of the Diffusion tab: a digit is noised as far as one likes, and brought back from there by several seeds."""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
import numpy as np

from playground import data, previews, registry, run
from playground.controls import Label, Slider
from playground.errors import PlaygroundError
from playground.metrics import features
from playground.types import Images, ModelCard, Run
from tabs import drawing as drawing_pad
from tabs import pictures, widgets
from tabs.widgets import HEAVY

SAMPLES = 8
TEST, DRAWN = "a test digit", "my drawing"
OWN = "its own"
SHOWN = 40  # moments that are sent while a run is under way, at most


def real_digits(card: ModelCard) -> dict[str, np.ndarray]:
    """Real test samples by class, uint8 (k, h, w, c); where the reference is not shipped, the recorded samples of the card."""
    classes = data.get(card.dataset).labels
    try:
        reference = features.reference(card.dataset)
        pixels, labels = reference["pictures"], reference["picture_labels"]
    except (PlaygroundError, KeyError):
        recorded = widgets.recorded_run(card.id).samples
        pixels, labels = recorded.uint8(), recorded.labels
    return {name: pixels[labels == k] for k, name in enumerate(classes)}


def build(card: ModelCard, tab: str, settings: Mapping[str, gr.components.Component]) -> dict[str, gr.components.Component]:
    """The section's components and events; returns those that a link may set. settings: the tab's own, seed and steps among them."""
    digits = real_digits(card)
    classes = next(control for control in card.controls if isinstance(control, Label)).classes
    strength_control = next(control for control in card.controls if control.name == "strength")
    assert isinstance(strength_control, Slider)
    gr.HTML(
        '<h3 class="part">Noise a digit, then bring it back</h3><p class="quiet">A little noise leaves the digit to be seen, and it comes back as itself. '
        "Much noise leaves nothing of it, and every seed makes a digit of its own. Seed, steps, guidance and scheduler are those above.</p>",
        padding=False,
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            source = gr.Radio([TEST, DRAWN], value=TEST, label="Start from")
            with gr.Row():
                digit = gr.Dropdown(list(classes), value=classes[7 % len(classes)], label="Digit", min_width=90)
                which = gr.Slider(
                    1, min(len(rows) for rows in digits.values()), 1, step=1, precision=0, label="Which of them", min_width=140
                )
            drawing = gr.State(None)  # the drawing as the model sees it: uint8 (1, h, w, c)
            with gr.Accordion("Draw your own", open=False):
                pad = drawing_pad.pad(f"{tab}-pad")
            strength = gr.Slider(
                strength_control.minimum,
                strength_control.maximum,
                0.5,
                step=strength_control.step,
                label="How much noise (strength: t / 1000)",
                info="Let go to see the noised digit at once.",
            )
            back_as = gr.Dropdown(
                [OWN, "any", *classes],
                value=OWN,
                label="Bring back as",
                info="The label that the network is told. Any: drawn from the seed.",
            )
            with gr.Row(elem_classes="go"):
                go = gr.Button("Bring it back", elem_id=f"{tab}-back", scale=3)
                stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
        with gr.Column(scale=2, min_width=320, elem_classes="tight"):
            first, brought = _recorded(card, Images(digits[digit.value][:1]))
            start = gr.HTML(first, padding=False, elem_id=f"{tab}-start")
            back = gr.HTML(brought, padding=False, elem_id=f"{tab}-back-out")
    which_limit = int(which.maximum)
    names = [name for name in settings if name not in ("n", "seed", "label")]
    inputs = [source, digit, which, drawing, strength, settings["seed"], *(settings[name] for name in names)]

    def given(source: str, digit: str, which: int, drawing: np.ndarray | None) -> Images:
        if source == DRAWN:
            if drawing is None:
                raise PlaygroundError("There is no drawing yet: open Draw your own and draw a digit.")
            return Images(drawing)
        if digit not in digits or not 1 <= which <= len(digits[digit]):
            raise PlaygroundError(f"digit must be one of {', '.join(digits)} and which in [1, {which_limit}].")
        return Images(digits[digit][which - 1 : which])

    def steps_from(seen: Images, strength: float, seed: int, values: tuple, label: str = "any") -> Iterator[Run]:
        controls = dict(zip(names, values, strict=True))
        return run.stream(card.id, SAMPLES, seed, views=("x_t",), given=seen.float32(), strength=strength, label=label, **controls)

    @widgets.guarded
    def drew(event: gr.EventData, digit: str, which: int, *rest: Any) -> tuple[np.ndarray, str, str]:
        drawing = drawing_pad.seen(card.dataset, event).pixels
        return drawing, DRAWN, _start(*noised(DRAWN, digit, which, drawing, *rest))

    def noised(
        source: str, digit: str, which: int, drawing: np.ndarray | None, strength: float, seed: int, *values: Any
    ) -> tuple[Images, Run]:
        seen = given(source, digit, which, drawing)
        steps = steps_from(seen, strength, seed, values)
        first = next(steps)
        steps.close()
        return seen, first

    @widgets.guarded
    def look(*values: Any) -> str:
        return _start(*noised(*values))

    @widgets.guarded
    def bring(source: str, digit: str, which: int, drawing: np.ndarray | None, strength: float, seed: int, *rest: Any) -> Iterator[tuple]:
        *values, back_as = rest
        seen = given(source, digit, which, drawing)
        own = digit if source == TEST else (_read(card, seen) or ["any"])[0]
        label = own if back_as == OWN else back_as
        begun = None
        for found in steps_from(seen, strength, seed, tuple(values), label):
            begun = begun or _start(seen, found)
            step = found.step
            if found.done:
                read = _read(card, found.samples)
                still = (
                    f" The classifier reads {sum(name == own for name in read)} of {len(read)} as {own}." if read and own != "any" else ""
                )
                asked = {"digit": digit, "which": which, "strength": strength, "as": back_as} if source == TEST else None
                yield begun, _row(found.samples, f"Brought back from t ≈ {_time(found)}, label {label}.{still}") + _line(found, tab, asked)
            elif step.i == 1 or step.i % max(1, step.total // SHOWN) == 0:
                yield begun, _row(found.samples, f"On the way back from t ≈ {_time(found)}, label {label}.") + widgets.progress_line(found)
            else:
                yield gr.skip(), gr.skip()
        yield gr.skip(), gr.skip()

    looking = dict(fn=look, inputs=inputs, outputs=start, api_visibility="private", trigger_mode="always_last", **HEAVY)
    gr.on([strength.release, which.release, digit.input, source.input], **looking)
    pad.draw(
        drew,
        [digit, which, strength, settings["seed"], *(settings[name] for name in names)],
        [drawing, source, start],
        api_visibility="private",
        trigger_mode="always_last",
        **HEAVY,
    )
    bringing = go.click(bring, [*inputs, back_as], [start, back], api_visibility="private", **HEAVY)
    stop.click(None, cancels=[bringing], api_visibility="private")
    return {"digit": digit, "which": which, "strength": strength, "as": back_as}


def _time(found: Run) -> int:
    """The time, 0 to 999, that a run with a given picture began at."""
    return round(1000 * found.step.total / found.controls["num_inference_steps"]) - 1


def _read(card: ModelCard, images: Images) -> list[str]:
    """What the data set's classifier takes each picture for; empty where its weights are missing."""
    about = data.get(card.dataset)
    try:
        scores = run.score(registry.get(about.extractor).id, images)
    except PlaygroundError:
        return []
    return [about.labels[k] for k in scores.probabilities.argmax(1)]


def _recorded(card: ModelCard, seen: Images) -> tuple[str, str]:
    """The shipped trip for the first paint: the start, and what it came back as; without one, empty places that keep the room."""
    try:
        (given, noised, back), about = previews.read_rows(card.id, "return")
    except PlaygroundError as error:
        blank = Images(np.zeros((SAMPLES, *seen.pixels.shape[1:]), dtype=np.uint8))
        return _noised(seen, blank, str(error)), _row(blank, "Brought back: press the button.")
    line = f'<div class="runline"><span class="badge recorded">recorded</span> <b>{card.id}</b> · seed {about["seed"]}</div>'
    return (
        _noised(given.images, noised.images, _start_caption(about["t"])),
        _row(back.images, f"Brought back from t ≈ {about['t']}, label {about['label']}.") + line,
    )


def _start(seen: Images, first: Run) -> str:
    """The digit as the model sees it, and the noised ones that denoising starts from."""
    return _noised(seen, first.step.views["x_t"], _start_caption(_time(first)))


def _start_caption(time: int) -> str:
    return f"Noised to t ≈ {time} of 999 by {SAMPLES} seeds: what the model starts from."


def _noised(seen: Images, noised: Images, caption: str) -> str:
    row = _row(noised, caption)
    return f'<div class="startrow"><figure class="figure one">{pictures.grid(seen, "the digit as the model sees it", scale=3)}<figcaption>The digit</figcaption></figure>{row}</div>'


def _row(images: Images, caption: str) -> str:
    return f'<figure class="figure">{pictures.grid(images, caption, SAMPLES, scale=3.2)}<figcaption>{html.escape(caption)}</figcaption></figure>'


def _line(found: Run, tab: str, asked: Mapping[str, Any] | None) -> str:
    """One line under the result: what was run, and its link; a drawing has none."""
    settings = {name: value for name, value in widgets.settings_of(found).items() if name not in ("n", "label", "strength")}
    words = " · ".join(f"{name} {html.escape(str(value))}" for name, value in settings.items() if name != "model")
    link = widgets.link_of(tab, settings) + "&" + urllib.parse.urlencode({"play": "back", **asked}) if asked else ""
    shown = f' · <a class="permalink" href="{html.escape(link, quote=True)}">link</a>' if link else ""
    return f'<div class="runline"><span class="badge live">live</span> <b>{html.escape(found.card)}</b> · {words} · {found.seconds:.2f} s on {html.escape(found.device)}{shown}</div>'

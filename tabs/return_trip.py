"""The other half of the Diffusion tab: a real picture is noised as far as one likes, and brought back from there by several seeds."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr
import numpy as np

from playground import data, hub, previews, registry, run, settings
from playground.comparison import label_of
from playground.controls import ANY, Slider
from playground.errors import PlaygroundError
from playground.metrics import features
from playground.sampling import forward
from playground.types import Images, ModelCard, Run
from tabs import drawing as drawing_pad
from tabs import pictures, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY

SAMPLES = 8
SIDE = 90  # CSS pixels that a picture of a row takes at most
TEST, DRAWN = "a test picture", "my own"
OWN = "its own"
SHOWN = 40  # moments that are sent while a run is under way, at most


def real_pictures(card: ModelCard) -> dict[str, np.ndarray]:
    """Real test samples by class, uint8 (k, h, w, c); where the reference is not shipped, the recorded samples of the card."""
    classes = data.get(card.dataset).labels
    try:
        reference = features.reference(card.dataset)
        pixels, labels = reference["pictures"], reference["picture_labels"]
    except (PlaygroundError, KeyError):
        recorded = widgets.recorded_run(card.id).samples
        pixels, labels = recorded.uint8(), recorded.labels
    return {name: pixels[labels == k] for k, name in enumerate(classes)}


def first_class(card: ModelCard) -> str:
    """The class that is shown first."""
    names = data.get(card.dataset).labels
    return names[7 % len(names)]


def build(
    picker: Picker, model: gr.Dropdown, tab: str, seed: gr.Number, inputs: Sequence[gr.components.Component]
) -> dict[str, gr.components.Component]:
    """The section's components and events; returns those that a link may set. inputs: the tab's own controls in the picker's order."""
    card = picker.cards[0]
    own = real_pictures(card)
    every = list(dict.fromkeys(name for each in picker.cards for name in data.get(each.dataset).labels))
    strength_control = next(control for control in card.controls if control.name == "strength")
    assert isinstance(strength_control, Slider)
    gr.HTML(
        '<h3 class="part">Noise a picture, then bring it back</h3><p class="quiet">A little noise leaves the picture to be seen, and it comes back as itself. '
        "Much noise leaves nothing of it, and every seed makes a picture of its own. Model, seed, steps, guidance and scheduler or solver are those above.</p>",
        padding=False,
    )
    with gr.Row():
        with gr.Column(scale=1, min_width=280):
            source = gr.Radio([TEST, DRAWN], value=TEST, label="Start from")
            with gr.Row():
                kind = gr.Dropdown(every, value=first_class(card), label=_kind(card), min_width=90)
                which = gr.Slider(1, _shortest(own), 1, step=1, precision=0, label="Which of them", min_width=140)
            drawing = gr.State(None)  # the drawing as the model sees it: uint8 (1, h, w, c)
            with gr.Accordion("Draw your own", open=False, visible=_drawable(card)) as drawer:
                pad = drawing_pad.pad(f"{tab}-pad")
            with gr.Accordion("Draw or choose your own", open=False, visible=not _drawable(card)) as easel:
                paint = drawing_pad.pad(f"{tab}-easel", colour=True, files=not hub.is_public())
            mask = gr.State(None)  # white where the picture is to be repainted: uint8 (1, h, w, c), None for nowhere
            with gr.Accordion("Repaint a part", open=False, visible=_masks(card)) as repainter:
                gr.HTML(
                    '<p class="note">Paint over what is to be repainted, by the prompt above. The rest stays as it is, to the last point. '
                    "Strength says how much of what is painted over is forgotten.</p>",
                    padding=False,
                )
                brush = drawing_pad.pad(f"{tab}-brush", over=True)
                backdrop = gr.HTML(visible=True, padding=False)
            strength = gr.Slider(
                strength_control.minimum,
                strength_control.maximum,
                0.5,
                step=strength_control.step,
                label="How much noise (strength: t / 1000)",
                info="Let go to see the noised picture at once.",
            )
            back_as = gr.Dropdown(
                [OWN, ANY, *every],
                value=OWN,
                label="Bring back as",
                info="The class that the network is told. Any: drawn from the seed.",
                visible=label_of(card) is not None,
            )
            with gr.Row(elem_classes="go"):
                go = gr.Button("Bring it back", elem_id=f"{tab}-back", scale=3)
                stop = gr.Button("Stop", variant="stop", min_width=80, scale=1)
        with gr.Column(scale=2, min_width=320, elem_classes="tight"):
            first, brought = _recorded(card)
            start = gr.HTML(first, padding=False, elem_id=f"{tab}-start")
            back = gr.HTML(brought, padding=False, elem_id=f"{tab}-back-out")

    def given(model: str, source: str, kind: str, which: int, drawing: np.ndarray | None) -> Images:
        card = picker.card(model)
        if source == DRAWN:
            if drawing is None or drawing.shape[1:] != data.get(card.dataset).shape:  # or it is for another model's data
                how = "Draw your own and draw a digit" if _drawable(card) else "Draw or choose your own"
                raise PlaygroundError(f"There is no drawing yet: open {how}.")
            return Images(drawing)
        real = real_pictures(card)
        if kind not in real or not 1 <= which <= len(real[kind]):
            raise PlaygroundError(f"{_kind(card)} must be one of {', '.join(real)} and which in [1, {_shortest(real)}].")
        return Images(real[kind][which - 1 : which])

    def steps_from(
        model: str, seen: Images, mask: np.ndarray | None, strength: float, seed: int, values: Sequence[Any], label: str = ANY
    ) -> Iterator[Run]:
        controls = {**picker.chosen(model, values), "given": seen.float32(), "strength": strength}
        if _masks(picker.card(model)):
            controls["mask"] = mask
        if label_of(picker.card(model)):
            controls["label"] = label
        return run.stream(model, SAMPLES, seed, limit=SAMPLES, views=("x_t",), **controls)

    @widgets.guarded
    def drew(event: gr.EventData, model: str, kind: str, which: int, *rest: Any) -> tuple[np.ndarray, str, str]:
        drawing = drawing_pad.seen(picker.card(model).dataset, event).pixels
        return drawing, DRAWN, _start(*noised(model, DRAWN, kind, which, drawing, *rest))

    def noised(
        model: str,
        source: str,
        kind: str,
        which: int,
        drawing: np.ndarray | None,
        mask: np.ndarray | None,
        strength: float,
        seed: int,
        *values: Any,
    ) -> tuple[Images, Run]:
        seen = given(model, source, kind, which, drawing)
        steps = steps_from(model, seen, mask, strength, seed, values)
        first = next(steps)
        steps.close()
        return seen, first

    @widgets.guarded
    def noise(*values: Any) -> str:
        return _start(*noised(*values))

    @widgets.guarded
    def brushed(event: gr.EventData, model: str, source: str, kind: str, which: int, *rest: Any) -> tuple[np.ndarray | None, str]:
        painted = drawing_pad.painted(picker.card(model).dataset, event).pixels
        mask = painted if painted.any() else None
        drawing, _, *others = rest
        return mask, _start(*noised(model, source, kind, which, drawing, mask, *others))

    def under(model: str, source: str, kind: str, which: int, drawing: np.ndarray | None) -> str:
        card = picker.card(model)
        if not _masks(card):
            return ""
        if source == DRAWN and drawing is not None and drawing.shape[1:] == data.get(card.dataset).shape:
            return drawing_pad.backdrop(f"{tab}-brush", Images(drawing))
        real = real_pictures(card)[kind if kind in data.get(card.dataset).labels else first_class(card)]
        return drawing_pad.backdrop(f"{tab}-brush", Images(real[min(max(int(which), 1), len(real)) - 1 :][:1]))

    @widgets.guarded
    def bring(
        model: str,
        source: str,
        kind: str,
        which: int,
        drawing: np.ndarray | None,
        mask: np.ndarray | None,
        strength: float,
        seed: int,
        *rest: Any,
    ) -> Iterator[tuple]:
        *values, back_as = rest
        card, seen = picker.card(model), given(model, source, kind, which, drawing)
        drawn = source == DRAWN
        own = (_read(card, seen) or [ANY])[0] if drawn else kind
        label = own if back_as == OWN else back_as
        begun = None
        mask = mask if _masks(card) else None
        how = "Brought back" if mask is None else "Repainted"
        for found in steps_from(model, seen, mask, strength, seed, values, label):
            begun = begun or _start(seen, found)
            step = found.step
            if found.done:
                read = _read(card, found.samples)
                still = f" The classifier reads {sum(name == own for name in read)} of {len(read)} as {own}." if read and own != ANY else ""
                asked = None if drawn or mask is not None else {"kind": kind, "which": which, "strength": strength, "as": back_as}
                caption = f"{how} from t ≈ {_time(found)}, {_told(found.controls)}.{still}"
                yield begun, _row(found.samples, caption, _about(found, tab, asked)) + _line(found, tab, asked) + _take(found, tab, asked)
            elif step.i == 1 or step.i % max(1, step.total // SHOWN) == 0:
                yield (
                    begun,
                    _row(found.samples, f"On the way back from t ≈ {_time(found)}, {_told(found.controls)}.")
                    + widgets.progress_line(found),
                )
            else:
                yield gr.skip(), gr.skip()
        yield gr.skip(), gr.skip()

    def switched(model: str, kind: str, back_as: str) -> list[Any]:
        """The section for another model; a class that its data set has, too, is kept: a link sets model and class at once."""
        card = picker.card(model)
        classes = data.get(card.dataset).labels
        kept = {} if kind in classes else {"value": first_class(card)}
        back = {} if back_as in (OWN, ANY, *classes) else {"value": OWN}
        return [
            gr.update(choices=list(classes), label=_kind(card), **kept),
            gr.update(maximum=_shortest(real_pictures(card))),
            gr.update(choices=[OWN, ANY, *classes], visible=label_of(card) is not None, **back),
            gr.update(visible=_drawable(card)),
            gr.update(visible=not _drawable(card)),
            gr.update(visible=_masks(card)),
        ]

    quiet = {"api_visibility": "private", "show_progress": "hidden"}
    model.change(switched, [model, kind, back_as], [kind, which, back_as, drawer, easel, repainter], **ARRANGING)
    model.change(lambda model: _recorded(picker.card(model)), model, [start, back], **quiet)
    placed = [model, source, kind, which, drawing]
    gr.on([each.change for each in placed], under, placed, backdrop, **ARRANGING)
    asked = [model, source, kind, which, drawing, mask, strength, seed, *inputs]
    looking = dict(fn=noise, inputs=asked, outputs=start, api_visibility="private", trigger_mode="always_last", **HEAVY)
    gr.on([strength.release, which.release, kind.input, source.input], **looking)
    for board in (pad, paint):
        board.draw(
            drew,
            [model, kind, which, mask, strength, seed, *inputs],
            [drawing, source, start],
            api_visibility="private",
            trigger_mode="always_last",
            **HEAVY,
        )
    brush.draw(brushed, asked, [mask, start], api_visibility="private", trigger_mode="always_last", **HEAVY)
    bringing = go.click(bring, [*asked, back_as], [start, back], api_visibility="private", **HEAVY)
    stop.click(None, cancels=[bringing], api_visibility="private")
    return {"kind": kind, "which": which, "strength": strength, "as": back_as}


def _kind(card: ModelCard) -> str:
    """What the classes of a card's data set are called."""
    label = label_of(card) or next(label for each in registry.cards() if each.dataset == card.dataset and (label := label_of(each)))
    return label.title


def _told(controls: Mapping[str, Any]) -> str:
    """What a model was told, in words: its label, or its prompt."""
    return f"label {controls['label']}" if "label" in controls else f"prompt “{controls['prompt']}”"


def _drawable(card: ModelCard) -> bool:
    """True where a person can draw a sample with a pen: white on black."""
    return data.get(card.dataset).shape[2] == 1


def _masks(card: ModelCard) -> bool:
    """True for a card that can be told which part of a picture to repaint."""
    return any(control.name == "mask" for control in card.controls)


def _shortest(real: Mapping[str, np.ndarray]) -> int:
    return min(len(rows) for rows in real.values())


def _time(found: Run) -> int:
    """The time, 0 to 999, that a run with a given picture began at."""
    return forward.begins_at(found.step.total, found.controls["num_inference_steps"], found.controls.get("shift", 1.0))


def _read(card: ModelCard, images: Images) -> list[str]:
    """What the data set's classifier takes each picture for; empty where its weights are missing."""
    about = data.get(card.dataset)
    try:
        scores = run.score(registry.get(about.extractor).id, images)
    except PlaygroundError:
        return []
    return [about.labels[k] for k in scores.probabilities.argmax(1)]


def _recorded(card: ModelCard) -> tuple[str, str]:
    """The shipped trip for the first paint: the start, and what it came back as; without one, empty places that keep the room."""
    try:
        (given, noised, back), about = previews.read_rows(card.id, "return")
    except PlaygroundError as error:
        seen = Images(real_pictures(card)[first_class(card)][:1])
        blank = Images(np.zeros((SAMPLES, *seen.pixels.shape[1:]), dtype=np.uint8))
        return _noised(seen, blank, str(error)), _row(blank, "Brought back: press the button.")
    line = f'<div class="runline"><span class="badge recorded">recorded</span> <b>{card.id}</b> · seed {about["seed"]}</div>'
    told = {"model": card.id, "seed": about["seed"]}
    told["link"] = settings.link_of(card.family, told, ("given",))
    return (
        _noised(given.images, noised.images, _start_caption(about["t"]), told),
        _row(back.images, f"Brought back from t ≈ {about['t']}, {_told(about)}.", told) + line,
    )


def _start(seen: Images, first: Run) -> str:
    """The picture as the model sees it, and the noised ones that denoising starts from."""
    return _noised(seen, first.step.views["x_t"], _start_caption(_time(first)), settings.of_picture(first))


def _start_caption(time: int) -> str:
    return f"Noised to t ≈ {time} of 999 by {SAMPLES} seeds: what the model starts from."


def _noised(seen: Images, noised: Images, caption: str, about: Mapping[str, Any] | None = None) -> str:
    row = _row(noised, caption, about)
    shown = pictures.grid(seen, "the picture as the model sees it", 8, about, SIDE / seen.pixels.shape[1])
    return f'<div class="startrow"><figure class="figure one">{shown}<figcaption>The picture</figcaption></figure>{row}</div>'


def _row(images: Images, caption: str, about: Mapping[str, Any] | None = None) -> str:
    return f'<figure class="figure">{pictures.grid(images, caption, SAMPLES, about, SIDE / images.pixels.shape[1])}<figcaption>{html.escape(caption)}</figcaption></figure>'


def _about(found: Run, tab: str, asked: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the picture of a result holds. asked: the test picture that was noised and how far; None for one's own picture, or for a part of
    one, which no link can hold."""
    about = settings.of_picture(found, tab)
    if asked is None:
        return about
    told = {name: value for name, value in settings.of_run(found).items() if name not in ("n", "label", "strength")}
    return about | asked | {"link": settings.link_of(tab, {**told, "play": "back", **asked})}


def _take(found: Run, tab: str, asked: Mapping[str, Any] | None) -> str:
    """The result to take away."""
    name = f"{found.card}-seed{found.seed}-back"
    return widgets.taken(pictures.tiles(found.samples, SAMPLES), _about(found, tab, asked), name)


def _line(found: Run, tab: str, asked: Mapping[str, Any] | None) -> str:
    """One line under the result: what was run, and its link; a drawing has none."""
    told = {name: value for name, value in settings.of_run(found).items() if name not in ("n", "label", "strength")}
    words = " · ".join(f"{name} {html.escape(str(value))}" for name, value in told.items() if name != "model")
    shown = f" · {widgets.permalink(_about(found, tab, asked)['link'])}" if asked else ""
    return f'<div class="runline"><span class="badge live">live</span> <b>{html.escape(found.card)}</b> · {words} · {found.seconds:.2f} s on {html.escape(found.device)}{shown}</div>'

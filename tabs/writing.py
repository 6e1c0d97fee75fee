"""What tabs of models that write share: the panel that writes, and how the writing was learnt."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from playground import hub, registry, run, stories, weights
from playground.controls import text_of, turns_of
from playground.types import ModelCard
from tabs import fetch, microscope, talking, widgets
from tabs.picker import Picker
from tabs.widgets import ARRANGING, HEAVY

MOST = 8  # texts side by side


class Panel:
    """Writing with any of some models: prompt, choices, the text under the microscope. Its fields are the components.

    usual: texts that are written by default.
    """

    def __init__(self, cards: Sequence[ModelCard], tab: str, usual: int = 1):
        self.tab, self.picker = tab, Picker(cards)
        names = self.picker.names
        place = names.index("prompt")
        with gr.Row():
            with gr.Column(scale=1, min_width=280):
                self.model = self.picker.model()
                below = gr.Column(elem_classes="tight")
                self.inputs = self.picker.components(render=False)
                self.prompt = self.inputs[place].render()
                self.note = gr.HTML("", padding=False, elem_id=f"{tab}-unknown")
                presets = gr.Dataset(
                    components=[gr.Textbox(visible=False)],
                    samples=[[text] for text in text_of(cards[0].controls).presets],
                    label="Examples: press one",
                )
                self.n = gr.Slider(1, MOST, usual, step=1, precision=0, label="n (texts)", info="From one batch, each its own seed.")
                self.seed, _ = widgets.seed_row(what="texts")
                self.go, stop = widgets.run_buttons(tab, "Write")
                self.talk = talking.Talk(tab, self.picker.card, cards)
                for control in self.inputs[:place] + self.inputs[place + 1 :]:
                    control.render()
                self.continued = gr.Textbox("", visible=False, max_length=20_000)  # tokens that a link goes on from
                with below:
                    fetching = fetch.build(self.picker, self.model, self.n, tab, usual)
            with gr.Column(scale=2, min_width=320):
                self.talk.place(self.model, self.prompt)
                self.out = microscope.build(f"{tab}-out", microscope.recorded(cards[0], tab))
        self.asked = [self.model, self.n, self.seed, self.continued, self.talk.said, *self.inputs]

        def told(model: str, text: str) -> str:
            return microscope.prompt_note(self.picker.card(model), str(text)[:5000])

        def switched(model: str, *values: Any) -> list[Any]:
            card = self.picker.card(model)
            samples = gr.Dataset(samples=[[text] for text in text_of(card.controls).presets]) if hub.is_here(card) else gr.skip()
            return [*self.picker.switched(model, values), samples]

        def shown(model: str) -> Any:
            card = self.picker.card(model)
            return microscope.recorded(card, tab) if card.hub is None else gr.skip()

        quiet: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        self.model.input(shown, self.model, self.out, **quiet)  # not on change: a link's result stays
        self.model.change(switched, [self.model, *self.inputs], [*self.inputs, presets], **ARRANGING)
        self.picker.follow(self.model, self.inputs)
        if fetching:
            fetching.then(lambda model, *values: self.picker.at_home(model, values), [self.model, *self.inputs], self.inputs, **ARRANGING)
        gr.on([self.prompt.change, self.model.change], told, [self.model, self.prompt], self.note, trigger_mode="always_last", **ARRANGING)
        presets.click(lambda sample: sample[0], presets, self.prompt, **quiet)
        self.running = [
            gr.on([self.go.click, self.seed.submit], self.write, self.asked, self.out, api_visibility="private", **HEAVY),
            microscope.wire(self.out, tab, MOST),
        ]
        self.running[0].then(lambda: "", None, self.continued, **quiet)
        stop.click(None, cancels=self.running, api_visibility="private")

    @property
    def linked(self) -> dict[str, gr.components.Component]:
        """What a link may set."""
        return {
            "model": self.model,
            "n": self.n,
            "seed": self.seed,
            "continued": self.continued,
            "said": self.talk.said,
            **dict(zip(self.picker.names, self.inputs, strict=True)),
        }

    @widgets.guarded
    def write(self, model: str, n: int, seed: int, continued: str, said: str, *values: Any) -> Iterator[str]:
        """The handler of the primary button."""
        begun = {"continued": [int(part) if part.isdigit() else part for part in continued.split(",")]} if continued else {}
        before = {"said": said} if said and turns_of(self.picker.card(model).controls) else {}
        asked = self.picker.chosen(model, values) | begun | before
        views = self.picker.card(model).views  # an engine on another machine says nothing of what stood to choose from
        runs = run.stream(model, n, seed, limit=run.visitor_n(model), views=views, **asked)  # checked here, before anything is shown
        if model not in registry.loaded():
            yield microscope.waiting(self.picker.card(model), str(asked["prompt"]))
        yield from microscope.shown_runs(runs, self.tab)


def moment(card: ModelCard, step: int) -> str:
    """What a moment of a training is called: of a table that is counted, a step is one character more of context."""
    return f"{step} characters of context" if "counts" in weights.record(card.id)["facts"] else f"step {step:,}"


@widgets.or_note
def story(card: ModelCard) -> str:
    """What a model wrote at moments of its training, from the same random numbers, and its loss."""
    found = stories.read(card.id)
    rows = []
    for step, texts in zip(found.steps, found.texts, strict=True):
        row = found.at(step)
        loss = f" · loss {row['loss']:.2f}" if row and "loss" in row else ""
        rows.append(f"<tr><th scope=row>{moment(card, step)}{loss}</th><td><pre>{html.escape(texts[0])}</pre></td></tr>")
    table = f'<div class="tablewrap" tabindex="0" role="region" aria-label="What it wrote as it learnt"><table class="facts story">{"".join(rows)}</table></div>'
    note = "The same random numbers at every moment, so that only what was learnt differs."
    return f'<div class="section"><h3>{html.escape(card.title)}</h3><p>{note}</p></div>{table}' + widgets.losses_plot(
        found.log, ("loss",), "Loss while training (nats a character)"
    )

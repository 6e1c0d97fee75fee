"""The Transformer tab: write under the microscope, climb the ladder of models, look where the heads look."""

from __future__ import annotations

import html

import gradio as gr

from playground import hub, registry, run
from playground.controls import text_of
from tabs import heads, ladder, microscope, translating, widgets
from tabs.widgets import HEAVY, TabPage
from tabs.writing import Panel, story

TITLE = "Transformer"
ID = "transformer"
FACT = "The capital of England is "
READ = "To be, or not to be, that is the question:\nWhether 'tis nobler in the mind to phone"


def build() -> TabPage:
    """The tab's components and events."""
    cards = [card for card in registry.cards() if card.family == ID and card.kind == "text" and hub.is_offered(card)]
    shipped = [card for card in cards if card.hub is None]
    widgets.opening(
        "Transformer: a reader who guesses the next word",
        "Somebody reads aloud and stops; a listener who has heard many plays says how likely each next letter is. Draw one, append it, ask again: that is all that writing is here "
        "(<i>autoregressive language model</i>). At every place it looks back at all that stands before (<i>attention</i>).",
        "it has no intention and checks nothing. It says what is likely to follow, and what is likely need not be true.",
    )
    with gr.Accordion("Try", open=True):
        panel = Panel(cards, ID)
        _truth(panel)
        ladder.build(ID)
        translating.build(ID)
        _reading(panel)
    with gr.Accordion("How it learns", open=False) as learning:
        widgets.later(learning, f"{ID}-stories", lambda: "".join(map(story, shipped)))
    with gr.Accordion("Look inside", open=False):
        heads.build(panel.picker, panel.model, ID)
        gr.HTML(widgets.facts_table(cards) + "".join(widgets.provenance(card.id) for card in shipped), padding=False)
    with gr.Accordion("What it is for", open=False):
        gr.Markdown(
            "**Text, chat, code, translation, summaries**: all of it is one next token after another; the same loop over pixels draws pictures, over notes plays music.\n\n"
            "**Ask yourself:** set temperature to 0 and write 300 characters. Why does it begin to repeat itself, and what does the repetition penalty change?"
        )
    return TabPage(ID, panel.linked)


def _truth(panel: Panel) -> None:
    """Fluent is not true: a prompt of fact under the same microscope."""
    gr.HTML(
        '<div class="section"><h3>Fluent is not true</h3><p>Ask for a fact. Choose the first token of what it wrote: the bars say what usually follows such words in what it has read, '
        "not what is so. A likely answer is right where the texts were.</p></div>",
        padding=False,
    )
    ask = gr.Button(f"Write after “{FACT.strip()}”", elem_id=f"{ID}-fact")
    asked = ask.click(lambda: FACT, None, panel.prompt, api_visibility="private", show_progress="hidden")
    panel.running.append(asked.then(panel.write, panel.asked, panel.out, api_visibility="private", **HEAVY))


def _reading(panel: Panel) -> None:
    """A given text through the model's eyes."""
    gr.HTML(
        '<div class="section"><h3>Read with its eyes</h3><p>Your own text, each token by how surprised the model is to meet it there. A slip of the pen stands out.</p></div>',
        padding=False,
    )
    with gr.Row():
        text = gr.Textbox(READ, label="Text", lines=3, max_length=2000, scale=3)
        go = gr.Button("Read", elem_id=f"{ID}-read", scale=1)
    out = gr.HTML("", padding=False, elem_id=f"{ID}-reading")

    @widgets.guarded
    def read(model: str, text: str) -> str:
        card = panel.picker.card(model)
        reading = run.read(card.id, text_of(card.controls).validate(text))
        nats = reading.surprise
        return (
            f'{microscope.LEGEND}<div class="scope-text">{microscope.spans(reading.pieces, nats.tolist())}</div>'
            f'<p class="runline"><span class="badge live">live</span> <b>{html.escape(card.id)}</b> · {len(nats)} tokens · {nats.mean():.2f} nats a token on average, '
            f"{nats.sum() / 0.6931:.0f} bits in all</p>"
        )

    go.click(read, [panel.model, text], out, api_visibility="private", **HEAVY)

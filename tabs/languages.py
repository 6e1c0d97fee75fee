"""The models of text in the Compare tab: the same prompt to all."""

from __future__ import annotations

import gradio as gr

from tabs import ladder


def build(tab: str) -> None:
    """The section."""
    with gr.Accordion("Models of text", open=False, elem_id=f"{tab}-languages"):
        gr.HTML(
            '<p class="note">A character at a time, learnt from the same plays: by counting, with a memory, with gates on it, with attention.</p>',
            padding=False,
        )
        ladder.build(tab)

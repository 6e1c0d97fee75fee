"""Cards of the engines on other machines that the environment names; none where it names none."""

from __future__ import annotations

from dataclasses import replace

from playground import remote
from playground.cards.diffusion import GUIDANCE, STEPS
from playground.cards.hub import NEGATIVE, PROMPT
from playground.cards.hub_text import SMOLLM2
from playground.controls import Control, Text, Turns
from playground.types import HubRepo, ModelCard

HONOURED = ("max_new_tokens", "temperature", "top_p")  # of the ways to choose a token, what OpenAI's protocol knows
SIDE = 512


def cards() -> tuple[ModelCard, ...]:
    """The cards, made anew whenever they are asked for. Raises PlaygroundError where the environment is wrong."""
    found = {kind: remote.engine(kind) for kind in remote.KINDS}
    makers = {"text": _text, "image": _image}
    return tuple(makers[kind](engine) for kind, engine in found.items() if engine)


def _text(engine: remote.Engine) -> ModelCard:
    controls = [control for control in SMOLLM2.controls if isinstance(control, Text | Turns) or control.name in HONOURED]
    controls = tuple(replace(control, default=200) if control.name == "max_new_tokens" else control for control in controls)
    return _card(engine, "transformer", controls, chunk=8)


def _image(engine: remote.Engine) -> ModelCard:
    controls = (PROMPT, NEGATIVE, replace(STEPS, default=20, maximum=50), replace(GUIDANCE, default=5.0, maximum=15.0))
    return _card(engine, "diffusion", controls, chunk=4, shape=(SIDE, SIDE, 3))


def _card(engine: remote.Engine, family: str, controls: tuple[Control, ...], chunk: int, shape: tuple[int, ...] = ()) -> ModelCard:
    return ModelCard(
        id=f"remote-{engine.kind}",
        family=family,
        title=engine.model,
        kind=engine.kind,
        dataset="unknown",
        can=frozenset({"sample"}),
        paper="",
        licence="its own",
        controls=controls,
        chunk=chunk,
        load=f"playground.models.remote:load_{engine.kind}",
        facts={"architecture": f"On another machine: {engine.host}. Not measured here"},
        hub=HubRepo(
            engine.model,
            (),
            licence_url="",
            size_bytes=0,
            memory_bytes=0,
            seconds=(0, 0),
            shape=shape,
            warning="what you type is sent there, and nothing here checks what comes back",
            public=True,
            remote=engine.host,
        ),
    )

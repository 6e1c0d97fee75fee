"""Cards of the transformers that write."""

from playground import data
from playground.controls import Slider, Text, Tokens
from playground.types import ModelCard

SHAKESPEARE = data.get("shakespeare")
CONTROLS = (
    Text(
        "prompt",
        "Prompt",
        "ROMEO:\n",
        alphabet=SHAKESPEARE.labels,
        presets=("ROMEO:\n", "To be, or not to be", "The king is ", "First Citizen:\nBefore we proceed"),
        help="What the text goes on from. Empty: it begins at the start of a line.",
    ),
    Slider("max_new_tokens", "Length", 300, 1, 1000, 1, integer=True, unit="tokens", help="How many tokens are written."),
    Slider("temperature", "Temperature", 0.8, 0.0, 2.0, 0.05, help="Below 1 the likely gets likelier; 0 takes the likeliest each time."),
    Slider("top_k", "Top-k", 0, 0, 100, 1, integer=True, help="Only the k likeliest tokens may be chosen; 0: all."),
    Slider("top_p", "Top-p", 1.0, 0.05, 1.0, 0.05, help="Only the likeliest tokens that together hold this probability; 1: all."),
    Slider(
        "repetition_penalty",
        "Repetition penalty",
        1.0,
        1.0,
        2.0,
        0.05,
        help="Above 1, a token that stands in the text already gets less likely.",
    ),
    Tokens(
        "continued",
        "Continued from",
        1000,
        help="Tokens that the text begins with after the prompt: those of an earlier run, the last one changed.",
    ),
)

DATES = ModelCard(
    id="translate-dates",
    family="transformer",
    title="T5 of dates",
    kind="pairs",
    dataset="dates",
    can=frozenset({"translate"}),
    paper="Raffel et al. 2019, Exploring the limits of transfer learning with a unified text-to-text transformer, arXiv:1910.10683",
    chunk=64,
    load="playground.models.translation:load",
    recipe="playground.models.translation:recipe",
    facts={
        "architecture": "A small T5: an encoder that reads both ways, a decoder that looks across at every character",
        "training": "One loss: guess the next character of the target, given the source",
        "likelihood": "Exact: the product of its guesses",
    },
)

CARDS = (
    ModelCard(
        id="gpt-shakespeare",
        family="transformer",
        title="GPT of Shakespeare",
        kind="text",
        dataset="shakespeare",
        can=frozenset({"sample", "read", "attend"}),
        paper="Radford et al. 2019, Language models are unsupervised multitask learners",
        controls=CONTROLS,
        views=("choices",),
        chunk=16,
        load="playground.models.gpt:load",
        recipe="playground.models.gpt:recipe",
        facts={
            "architecture": "A transformer of four layers; each character looks back at up to 255 others",
            "training": "One loss: guess the next character, all places of a window at once",
            "latent_space": "None to draw from; a vector for each character, which those before it change",
            "likelihood": "Exact: the product of its guesses",
            "stability": "One loss that falls; warm-up and clipping keep it so",
            "control": "A prompt to go on with, temperature, top-k and top-p",
            "uses": "Chat, code, translation, summaries; in codes of pictures and sound, those too",
        },
    ),
    DATES,
)

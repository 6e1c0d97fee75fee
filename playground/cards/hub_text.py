"""Cards of language models whose weights lie on the Hugging Face Hub."""

from dataclasses import replace

from playground.cards.transformer import CONTROLS
from playground.controls import Text
from playground.types import HubRepo, ModelCard

GPT2_FILES = (
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "merges.txt",
)
SMOL_FILES = (*GPT2_FILES, "special_tokens_map.json")
PROMPT = Text(
    "prompt",
    "Prompt",
    "The capital of England is",
    maximum=4000,
    presets=("The capital of England is", "Once upon a time", "Q: Who wrote Hamlet?\nA:", "def fibonacci(n):"),
    help="What the text goes on from. Empty: it begins a new text.",
)
OTHERS = tuple(control for control in CONTROLS if control.name != "prompt")

GPT2 = ModelCard(
    id="gpt2",
    family="transformer",
    title="GPT-2",
    kind="text",
    dataset="webtext",
    can=frozenset({"sample", "read", "attend"}),
    paper="Radford et al. 2019, Language models are unsupervised multitask learners",
    licence="MIT",
    controls=(PROMPT, *(replace(control, default=60) if control.name == "max_new_tokens" else control for control in OTHERS)),
    views=("choices",),
    chunk=8,
    load="playground.models.gpt:load",
    facts={
        "architecture": "The same classes as the small one here: 12 layers of 12 heads, 124 million parameters, tokens of several characters",
        "training": "One loss: guess the next token of 40 GB of web pages",
        "likelihood": "Exact: the product of its guesses",
    },
    hub=HubRepo(
        "openai-community/gpt2",
        GPT2_FILES,
        licence_url="https://github.com/openai/gpt-2/blob/master/LICENSE",
        size_bytes=550_000_000,
        memory_bytes=1_500_000_000,
        seconds=(0.04, 0),
        shape=(),
        visitor_n=8,
        warning="it learnt from pages of the web, may write what is offensive or false, and nothing checks it",
    ),
)
SMOLLM2 = replace(
    GPT2,
    id="smollm2-135m-instruct",
    title="SmolLM2 135M Instruct",
    dataset="smoltalk",
    can=GPT2.can | {"chat"},
    paper="Ben Allal et al. 2025, SmolLM2: When Smol goes big, arXiv:2502.02737",
    licence="Apache 2.0",
    controls=(
        replace(
            PROMPT,
            default="What is the capital of England?",
            presets=(
                "What is the capital of England?",
                "Translate into French: good morning",
                "Summarise Hamlet in one sentence.",
                "Tell me a joke.",
            ),
            help="What you say to it. Its chat template puts the marks around it that it learnt from.",
        ),
        *(replace(control, default=120) if control.name == "max_new_tokens" else control for control in OTHERS),
    ),
    facts=GPT2.facts
    | {
        "architecture": "A Llama of 30 narrow layers, 135 million parameters",
        "training": "Guess the next token of 2 trillion, then of conversations, then prefer the better of two answers",
    },
    hub=replace(
        GPT2.hub,
        repo_id="HuggingFaceTB/SmolLM2-135M-Instruct",
        files=SMOL_FILES,
        licence_url="https://www.apache.org/licenses/LICENSE-2.0",
        size_bytes=272_000_000,
        memory_bytes=1_500_000_000,
        seconds=(0.05, 0),
    ),
)

CARDS = (GPT2, SMOLLM2)

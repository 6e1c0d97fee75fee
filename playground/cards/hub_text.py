"""Cards of language models whose weights lie on the Hugging Face Hub."""

from dataclasses import replace

from playground.cards.transformer import CONTROLS
from playground.controls import Choice, Text, Turns
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
SMOL_FILES = (*GPT2_FILES, "special_tokens_map.json", "chat_template*.jinja")  # a template of its own since transformers 5
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
        public=True,
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
        Turns("said", "Said before", help="What was said and answered before, in turn: the model reads all of it anew each time."),
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
DISTILGPT2 = replace(
    GPT2,
    id="distilgpt2",
    title="DistilGPT-2",
    dataset="openwebtext",
    paper="Sanh et al. 2019, DistilBERT, a distilled version of BERT, arXiv:1910.01108",
    licence="Apache 2.0",
    facts=GPT2.facts
    | {
        "architecture": "Every second layer of GPT-2: 6 layers of 12 heads, 82 million parameters",
        "training": "To guess as GPT-2 guesses, on a copy of the pages that it read",
    },
    hub=replace(
        GPT2.hub,
        repo_id="distilbert/distilgpt2",
        files=tuple(name for name in GPT2_FILES if name != "generation_config.json") + ("generation_*.json",),
        licence_url="https://huggingface.co/distilbert/distilgpt2",
        size_bytes=353_000_000,
        memory_bytes=1_000_000_000,
        seconds=(0.02, 0),
    ),
)
GREEDY = tuple(
    replace(control, default={"temperature": 0.0, "max_new_tokens": 80}.get(control.name, control.default))
    for control in OTHERS
    if control.name != "continued"
)
T5_TRANSLATE = replace(
    GPT2,
    id="t5-small-translate",
    title="T5 small, translating",
    dataset="c4",
    can=frozenset({"sample", "rewrite"}),
    paper="Raffel et al. 2019, Exploring the limits of transfer learning with a unified text-to-text transformer, arXiv:1910.10683",
    licence="Apache 2.0",
    controls=(
        replace(
            PROMPT,
            title="English",
            default="The weather is fine today, and the children play in the garden.",
            maximum=1000,
            presets=(
                "The weather is fine today, and the children play in the garden.",
                "Where is the railway station?",
                "My house is your house.",
            ),
            help="What is translated.",
        ),
        Choice("into", "Into", "German", ("German", "French", "Romanian"), help="The three that it was trained on."),
        *GREEDY,
    ),
    load="playground.models.seq2seq:load",
    facts={
        "architecture": "An encoder that reads the whole text and a decoder that looks across: 6 layers each, 61 million parameters",
        "training": "Fill the gaps in pages of the web, then translate, summarise and answer, the task named in words before the text",
        "likelihood": "Exact: the product of its guesses",
    },
    hub=replace(
        GPT2.hub,
        repo_id="google-t5/t5-small",
        files=("config.json", "generation_*.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
        licence_url="https://huggingface.co/google-t5/t5-small",
        size_bytes=242_000_000,
        memory_bytes=800_000_000,
        seconds=(0.03, 0),
        warning="it is small and old: it slips, and nothing checks it",
    ),
)
T5_SUMMARISE = replace(
    T5_TRANSLATE,
    id="t5-small-summarise",
    title="T5 small, summarising",
    controls=(
        replace(
            PROMPT,
            title="Text",
            default=(
                "The tower is 324 metres tall, about the same height as an 81-storey building, and the tallest structure in the city. Its base is square, measuring "
                "125 metres on each side. During its construction it became the tallest structure in the world, a title that it held for 41 years until a "
                "building in New York was finished in 1930. It was the first structure to reach a height of 300 metres."
            ),
            presets=(),
            help="What is made shorter.",
        ),
        *GREEDY,
    ),
)

WRITERS = (DISTILGPT2, GPT2, SMOLLM2)
REWRITERS = (T5_TRANSLATE, T5_SUMMARISE)
CARDS = (*WRITERS, *REWRITERS)

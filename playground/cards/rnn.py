"""Cards of the recurrent networks, and of what came before networks: counting."""

from dataclasses import replace

from playground.cards.transformer import CONTROLS, DATES
from playground.types import ModelCard

LSTM = ModelCard(
    id="lstm-shakespeare",
    family="rnn",
    title="LSTM of Shakespeare",
    kind="text",
    dataset="shakespeare",
    can=frozenset({"sample", "read", "remember"}),
    paper="Hochreiter & Schmidhuber 1997, Long short-term memory",
    controls=CONTROLS,
    views=("choices",),
    chunk=16,
    load="playground.models.recurrent:load",
    recipe="playground.models.recurrent:recipe",
    facts={
        "architecture": "Two layers of 512 cells; what was read lives on in a state of 2,048 numbers, behind gates",
        "training": "One loss: guess the next character, one after the other, gradients through 128 of them",
        "latent_space": "None to draw from; its state sums up what was read",
        "likelihood": "Exact: the product of its guesses",
        "stability": "One loss that falls; gates carry its gradient far back",
        "control": "A prompt to go on with, temperature, top-k and top-p",
        "uses": "Speech, handwriting, forecasts, small devices; language models before 2017",
    },
)
RNN = replace(
    LSTM,
    id="rnn-shakespeare",
    title="Plain RNN of Shakespeare",
    paper="Elman 1990, Finding structure in time",
    recipe="playground.models.recurrent:plain_recipe",
    facts=LSTM.facts
    | {
        "architecture": "One layer of 256 units, each overwritten at every character",
        "training": "One loss: guess the next character, gradients through 64 of them",
        "stability": "One loss; its gradient fades or explodes over long texts, so it is clipped and cut",
    },
)

MARKOV = replace(
    LSTM,
    id="markov-shakespeare",
    title="N-grams of Shakespeare",
    can=frozenset({"sample", "read"}),
    paper="Shannon 1948, A mathematical theory of communication",
    load="playground.models.markov:load",
    recipe="playground.models.markov:recipe",
    facts={
        "architecture": "No network: a table of what followed the last few characters, and how often",
        "training": "Counting, once through the text",
        "latent_space": "None",
        "stability": "Nothing can diverge: it counts",
        "control": "A prompt to go on with, temperature, top-k and top-p",
        "uses": "Spelling, compression, and a floor for every other model",
        "likelihood": "Exact: the product of its guesses",
    },
)

DATES_LSTM = replace(
    DATES,
    id="translate-dates-lstm",
    family="rnn",
    title="LSTM with attention of dates",
    paper="Bahdanau et al. 2014, Neural machine translation by jointly learning to align and translate, arXiv:1409.0473",
    recipe="playground.models.translation:lstm_recipe",
    facts=DATES.facts | {"architecture": "An LSTM that reads both ways, another that writes and looks across before each character"},
)

CARDS = (LSTM, RNN, MARKOV, DATES_LSTM)

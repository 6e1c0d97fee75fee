"""Cards of the models that make music, one note after another."""

from dataclasses import replace

from playground import data
from playground.cards import rnn, transformer
from playground.controls import Text
from playground.types import ModelCard

CHORALES = data.get("chorales")
PROMPT = Text(
    "prompt",
    "Begins with",
    "",
    alphabet=CHORALES.labels,
    help="The notes that it goes on from, four letters a quaver: soprano, alto, tenor, bass. Empty: it begins a piece.",
)
MELODY = Text(
    "melody",
    "Melody",
    "",
    alphabet=CHORALES.labels[1:],
    help="What the soprano sings, a letter a quaver; the other three voices are set under it. Empty: it sings what it likes.",
)
SHARED = {control.name: control for control in transformer.CONTROLS}
LENGTH = replace(SHARED["max_new_tokens"], default=512, unit="notes", help="Four notes a quaver, 32 a bar: how many are written at most.")
TEMPERATURE = replace(SHARED["temperature"], default=1.0)  # below it, chords are held and pieces end after a few bars
CONTROLS = tuple((SHARED | {control.name: control for control in (PROMPT, MELODY, LENGTH, TEMPERATURE)}).values())

GPT = replace(
    transformer.CARDS[0],
    id="gpt-chorales",
    family="autoregressive",
    title="GPT of Bach's chorales",
    dataset="chorales",
    controls=CONTROLS,
    recipe="playground.models.gpt:music_recipe",
    facts=transformer.CARDS[0].facts
    | {
        "architecture": "A transformer of four layers; each note looks back at up to 255 others, eight bars",
        "training": "One loss: guess the next note, all places of a window at once",
        "latent_space": "None to draw from; a vector for each note, which those before it change",
        "control": "Notes to go on from, temperature, top-k and top-p",
        "uses": "Music in a composer's manner, accompaniment, ideas to start from",
    },
)

MARKOV = replace(
    rnn.MARKOV,
    id="markov-chorales",
    family="autoregressive",
    title="N-grams of Bach's chorales",
    dataset="chorales",
    controls=CONTROLS,
    facts=rnn.MARKOV.facts
    | {
        "architecture": "No network: a table of what followed the last few notes, and how often",
        "training": "Counting, once through the pieces",
        "control": "Notes to go on from, temperature, top-k and top-p",
        "uses": "Dice games of the 18th century, and a floor for every other model",
    },
)

CARDS: tuple[ModelCard, ...] = (GPT, MARKOV)

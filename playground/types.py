"""The plain values that every part exchanges: samples, steps, cards, runs, measurements. NumPy at most, all picklable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from playground.controls import Choice, Control, Slider

SHA256 = "sha256:"  # before a hash that stands for a commit


@dataclass(frozen=True)
class Images:
    """A batch of pictures.

    pixels: (n, h, w, c), either uint8 or float32 in [-1, 1]. labels: (n,) int64, or None where nothing was asked for.
    factors: by name (n,), float32 for a number and int64 index into its choices for a word, where the truth is known.
    """

    pixels: np.ndarray
    labels: np.ndarray | None = None
    captions: tuple[str, ...] | None = None
    factors: Mapping[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.pixels)

    def uint8(self) -> np.ndarray:
        """The pictures as uint8 (n, h, w, c); the one place where [-1, 1] becomes 0..255."""
        if self.pixels.dtype == np.uint8:
            return self.pixels
        return np.round((np.clip(self.pixels, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)

    def float32(self) -> np.ndarray:
        """The pictures as float32 (n, h, w, c) in [-1, 1]."""
        if self.pixels.dtype == np.uint8:
            return self.pixels.astype(np.float32) / 127.5 - 1.0
        return self.pixels


@dataclass(frozen=True)
class Latents:
    """A batch of codes: values float32 (n, d); labels (n,) int64 or None; shape: (c, h, w) of a code that is a map, flat in values.

    truncation: what the values were scaled by when they were drawn, where the decoder must be told it again; None where it need not.
    """

    values: np.ndarray
    labels: np.ndarray | None = None
    shape: tuple[int, ...] = ()
    truncation: float | None = None

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Scores:
    """What a classifier says of a batch: probabilities float32 (n, classes) and penultimate features float32 (n, d).

    factors: by name, float32 (n,) for a number and probabilities float32 (n, choices) for a word; empty where it reads the class alone.
    """

    probabilities: np.ndarray
    features: np.ndarray
    factors: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.probabilities)


@dataclass(frozen=True)
class Word:
    """A word as a text model sees it: its text, and its tokens [first, end). spoken: False for what the tokenizer puts around a text."""

    text: str
    first: int
    end: int
    spoken: bool = True


@dataclass(frozen=True)
class Attention:
    """How each place of the picture shares its attention among the tokens of a text, in one step.

    weights: float32 (n, tokens, h, w), summing to one over the tokens. words: for each sample its words, which take up all tokens.
    """

    weights: np.ndarray
    words: tuple[tuple[Word, ...], ...]

    def __len__(self) -> int:
        return len(self.weights)

    def by_word(self, row: int = 0) -> np.ndarray:
        """The weights of one sample's words, those of a word's tokens added up: float32 (words, h, w), summing to one over the words."""
        return np.stack([self.weights[row, word.first : word.end].sum(0) for word in self.words[row]])


@dataclass(frozen=True)
class Corpus:
    """A split of a text data set: one long text."""

    text: str

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Pairs:
    """n texts and what each is to become."""

    sources: tuple[str, ...]
    targets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.sources)


@dataclass(frozen=True)
class Translation:
    """n texts and what a model made of them, with where it looked.

    sources, targets: the characters of each as the model saw and wrote them. attention: of each float32 (target, source), rows summing to one, the
    mean over all heads that look across.
    """

    sources: tuple[tuple[str, ...], ...]
    targets: tuple[tuple[str, ...], ...]
    attention: tuple[np.ndarray, ...]

    def __len__(self) -> int:
        return len(self.sources)

    @property
    def texts(self) -> tuple[str, ...]:
        """What was written."""
        return tuple(map("".join, self.targets))


@dataclass(frozen=True)
class Texts:
    """n texts that go on from one prompt, each as its tokens so far.

    ids: n tuples of token numbers. pieces: the same tokens as characters, which joined are the text (a piece may be empty where a character takes
    several tokens). prompt: what they all go on from, as the model saw it.
    """

    ids: tuple[tuple[int, ...], ...]
    pieces: tuple[tuple[str, ...], ...]
    prompt: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def texts(self) -> tuple[str, ...]:
        """What was written after the prompt."""
        return tuple("".join(pieces) for pieces in self.pieces)


@dataclass(frozen=True)
class Notes:
    """Music in voices. pitches: int64 (t, voices), MIDI numbers, -1 where a voice is silent. seconds: of one of the t moments, all alike."""

    pitches: np.ndarray
    seconds: float

    def __len__(self) -> int:
        return len(self.pitches)

    @property
    def held(self) -> tuple[tuple[int, int, int, int], ...]:
        """Every note as (voice, first moment, moments, pitch), by its beginning: moments of one pitch in a row are one note."""
        found = []
        for voice, line in enumerate(self.pitches.T):
            edges = [0, *(np.nonzero(np.diff(line))[0] + 1), len(line)] if len(line) else [0]
            found += [(voice, int(a), int(b - a), int(line[a])) for a, b in zip(edges, edges[1:], strict=False) if line[a] >= 0]
        return tuple(sorted(found, key=lambda note: (note[1], note[0])))


@dataclass(frozen=True)
class Choices:
    """What stood to choose from at one step of n texts, the likeliest k tokens first, and what was chosen.

    ids: int64 (n, k). pieces: the same as characters. before, after: float32 (n, k) probabilities by the model alone, and after repetition
    penalty, temperature, top-k and top-p; 0 where those cut a token off. kept: int64 (n,) tokens left to choose from. chosen: int64 (n,), -1 of a
    text that had ended. rank: int64 (n,) of the chosen one by the model alone, from 1. probability: float32 (n,) of it by the model alone.
    """

    ids: np.ndarray
    pieces: tuple[tuple[str, ...], ...]
    before: np.ndarray
    after: np.ndarray
    kept: np.ndarray
    chosen: np.ndarray
    rank: np.ndarray
    probability: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Reading:
    """A given text through a model's eyes: its tokens as characters, and of each how surprised the model was by it, in nats (float32 (t,))."""

    pieces: tuple[str, ...]
    ids: np.ndarray
    surprise: np.ndarray

    def __len__(self) -> int:
        return len(self.pieces)


Samples = Images | Latents | Texts


@dataclass(frozen=True)
class Step:
    """One moment of a model at work.

    samples: what it has so far. i counts from 1 to total. nfe: forward evaluations per sample so far (guidance counts twice).
    views: further looks at the same moment by name ("x_0", "z", "attention"), only those that were asked for. note: a sentence on what came, where
    there is something to be said.
    """

    samples: Samples
    i: int
    total: int
    nfe: int
    views: Mapping[str, Samples | Attention | Choices] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True)
class Resolved:
    """What a repository of the Hub stands for on this machine: a commit, and the bytes of each of its files by name.

    Where a file was converted there is no commit on record: commit is SHA256 and the file's hash then.
    """

    repo_id: str
    commit: str
    files: Mapping[str, int]

    @property
    def words(self) -> str:
        """What it is, short, as a person would compare it."""
        return f"SHA-256 {self.commit.removeprefix(SHA256)[:12]}" if self.commit.startswith(SHA256) else f"commit {self.commit[:12]}"


@dataclass(frozen=True)
class Run:
    """A step together with all that is needed to repeat it.

    first is the index of the step's first sample: while a large n is drawn in chunks, each step holds the chunk in work,
    and the last one (done) holds all n. seconds is the time computed so far, waiting for others excluded. origin: what the weights of a
    model of the Hub are: commit, files and bytes.
    """

    card: str
    step: Step
    n: int
    seed: int
    controls: Mapping[str, Any]
    seconds: float
    device: str
    first: int = 0
    done: bool = False
    origin: Resolved | None = None

    @property
    def samples(self) -> Samples:
        return self.step.samples

    @property
    def nfe(self) -> int:
        return self.step.nfe


TEMPLATES = ("chat_template.jinja", "chat_template*.jinja")


@dataclass(frozen=True)
class HubRepo:
    """Where a card's weights lie on the Hugging Face Hub, and what they ask of a machine.

    files: all that is ever taken of the repository: safetensors, JSON and plain text alone, and a chat template, which transformers keeps in a
    sandbox; a name with a * may match nothing.
    variant: as diffusers names it. shape: (h, w, c) of a picture, empty of a text. size_bytes: of the download. memory_bytes: at work in
    float32 on a processor, one picture or a few texts at a time; both rounded, as is seconds: a network call and a decoding on two cores in float32, of a
    text one token and nothing. visitor_n: samples that one visitor may ask for in one request. warning: what nobody checks. public: whether
    a public page offers it all the same. halves: read in half precision where that is faster here. comes_with: ids of cards whose files it
    works with, and which are fetched with it. remote: the host of an engine on another machine (repo_id is the model's name there); nothing of it
    is ever fetched. pickled: the name of weights that it holds as a pickle alone, which playground.convert makes safetensors of.
    """

    repo_id: str
    files: tuple[str, ...]
    licence_url: str
    size_bytes: int
    memory_bytes: int
    seconds: tuple[float, float]
    shape: tuple[int, ...]
    revision: str = "main"
    variant: str | None = None
    visitor_n: int = 4
    warning: str = "it learnt from pictures of the web and nothing checks what it draws"
    public: bool = False
    halves: bool = False
    comes_with: tuple[str, ...] = ()
    remote: str = ""
    pickled: str = ""

    def __post_init__(self) -> None:
        unsafe = [name for name in self.files if not name.endswith((".safetensors", ".json", ".txt", *TEMPLATES))]
        if unsafe:
            raise ValueError(f"{self.repo_id}: only safetensors, JSON and text are taken from the Hub, not {', '.join(unsafe)}.")

    @property
    def needed(self) -> tuple[str, ...]:
        """The files without which it cannot be loaded."""
        return tuple(name for name in self.files if "*" not in name)

    @property
    def url(self) -> str:
        """The repository's page."""
        return f"https://huggingface.co/{self.repo_id}"


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without loading it.

    can: subset of {"sample", "encode", "decode", "reconstruct", "score", "sketch", "read", "attend", "remember", "chat", "translate", "rewrite", "attribute"}. chunk: samples in one forward batch.
    load, recipe: dotted names ("playground.models.gan:load"), imported when first needed. facts: one sentence for each row of
    the comparison table that measurement cannot fill. views: names that a step offers besides its samples.
    hub: where the weights lie if this repository does not ship them; such a card has no recipe, previews, story or measurements, and its
    dataset is a name alone.
    """

    id: str
    family: str
    title: str
    kind: str
    dataset: str
    can: frozenset[str]
    paper: str
    controls: tuple[Control, ...] = ()
    views: tuple[str, ...] = ()
    chunk: int = 64
    licence: str = "Apache-2.0"
    load: str = ""
    recipe: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)
    hub: HubRepo | None = None

    @property
    def source(self) -> str:
        """ "shipped" with this repository, "hub", or "remote"."""
        return "shipped" if self.hub is None else "remote" if self.hub.remote else "hub"


@dataclass(frozen=True)
class Measurement:
    """One number and what it means.

    floor is the same metric between real samples and real samples at the same n. spread is one standard deviation over what
    spread_over names. p: how often chance gives such a value between samples of one kind, by the test that p_by names; None without a
    test. extractor is the card whose features were used, if any.
    """

    card: str
    metric: str
    value: float
    n: int
    seed: int
    split: str
    spread: float | None = None
    spread_over: str | None = None
    floor: float | None = None
    extractor: str | None = None
    device: str = "cpu"
    machine: str = ""
    commit: str = ""
    when: str = ""
    command: str = ""
    p: float | None = None
    p_by: str | None = None


@dataclass(frozen=True)
class Dataset:
    """What is known of a data set without loading it: shape is (h, w, c), empty of a text; extractor the card whose features judge it, if any.

    noun: what its samples are called. sizes: samples of each split, of a text its characters. labels: the classes, of a text the characters that it is made of. factors: what every sample is made of, where that is known; label_factor names the one that is also the label, counted those
    whose combinations are the kinds that a model should cover. shares: of each label, where the data set does not hold them alike.
    focus: the ellipse that holds what is small and matters, (row, column) of its middle and its half axes as shares of the side, if there is one.
    ends: the characters that end a text, where a model is to stop there. spare: of a text that nothing ends, the characters that say least, for libraries that
    ask for such a token all the same. voices: what sounds together, of music that is written as text.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    labels: tuple[str, ...]
    sizes: Mapping[str, int]
    extractor: str
    licence: str
    source: str
    noun: str = "samples"
    factors: tuple[Slider | Choice, ...] = ()
    label_factor: str | None = None
    counted: tuple[str, ...] = ()
    shares: Mapping[str, float] = field(default_factory=dict)
    focus: tuple[float, float, float, float] | None = None
    ends: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()

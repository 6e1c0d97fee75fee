"""What each metric of the tables computes, as a formula, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Formula:
    """text: the formula. where: what its letters mean, in a sentence or two. source: who published it; link: where."""

    text: str
    where: str
    source: str = ""
    link: str = ""


BALL = "B(x): the ball around x that reaches to its 5th nearest neighbour of its own kind, in the features of the classifier."
PRECISION_RECALL = ("Kynkäänniemi et al. 2019", "https://arxiv.org/abs/1904.06991")
DENSITY_COVERAGE = ("Naeem et al. 2020", "https://arxiv.org/abs/2002.09797")
KIND = "A kind: one combination of the counted features (README, Faces), as the reader reads it."
CLOCK = "Median of 3 runs after one that does not count, the model loaded, one request at a time."

FORMULAS = {
    "fid": Formula(
        "‖μ − μ′‖² + tr(Σ + Σ′ − 2 (Σ Σ′)^½)",
        "μ, Σ: mean and covariance of the features of drawn samples; μ′, Σ′: those of the real split.",
        "Heusel et al. 2017",
        "https://arxiv.org/abs/1706.08500",
    ),
    "kid": Formula(
        "mean k(x, x̃) + mean k(y, ỹ) − 2 mean k(x, y),  k(a, b) = (a·b / d + 1)³",
        "x, x̃: features of two drawn samples, y, ỹ: of two real ones, never one with itself; d: how many features. Over all samples; where classes are drawn in fixed shares, pairs of drawn ones are weighed by their classes. ±: standard error. p: how often drawn and real samples, put together and divided at random, are as far apart.",
        "Bińkowski et al. 2018",
        "https://arxiv.org/abs/1801.01401",
    ),
    "precision": Formula("|{x drawn: x ∈ B(y) for some real y}| / n", BALL, *PRECISION_RECALL),
    "recall": Formula("|{y real: y ∈ B(x) for some drawn x}| / n", BALL, *PRECISION_RECALL),
    "density": Formula("mean over drawn x of |{y real: x ∈ B(y)}| / 5", BALL, *DENSITY_COVERAGE),
    "coverage": Formula("|{y real: some drawn x ∈ B(y)}| / n", BALL, *DENSITY_COVERAGE),
    "class_right": Formula(
        "|{x: argmax p(class | x) = class asked}| / n", "p: the classifier's; classes are asked for in the data set's own shares."
    ),
    "mode_coverage": Formula(
        "|{kinds: f(kind) ≥ f′(kind) / 3}| / |{kinds: f′(kind) > 0}|",
        f"{KIND} f: its share among drawn samples that are legible; f′: its true share.",
    ),
    "mode_distance": Formula("½ Σ |f(kind) − f′(kind)|", f"{KIND} f: its share among drawn samples that are legible; f′: its true share."),
    "legible": Formula(
        "|{x: min over features of max p(feature | x) ≥ q}| / n", "p: the reader's; q: what 99 % of real samples reach or pass."
    ),
    "seconds": Formula("t(64 samples)", CLOCK),
    "nfe": Formula("forward passes / samples", "Guidance asks the network twice a step, with the label and without, and is counted twice."),
    "parameters": Formula("Σ |θ|", "Over the networks that draw: a GAN's critic is not among them."),
    "size_bytes": Formula("Σ bytes of its safetensors", "Half precision above 5 MB."),
    "training_seconds": Formula(
        "t(last step) − t(first step)", "By the clock, the pictures of its story among it; of several runs, their sum."
    ),
    "samples_seen": Formula("steps × batch size", "Each repetition counted."),
    "characters_seen": Formula("steps × batch size × length", "Each repetition counted; a table of counts sees each once."),
    "loss": Formula(
        "−(1/T) Σ log p(cₜ | c₁ … cₜ₋₁)", "Nats; over all T characters of the part that it was not trained on, each scored once."
    ),
    "bits_per_char": Formula("loss / log 2", "Bits: what an arithmetic coder with this model would write.", "Shannon 1951", ""),
    "train_loss": Formula("−(1/T) Σ log p(cₜ | c₁ … cₜ₋₁)", "Over as many characters of what it was trained on."),
    "characters_per_second": Formula("300 / t(300 characters)", CLOCK),
    "first_seconds": Formula("t(first character)", CLOCK),
    "batch_ratio": Formula("t(4 texts) / t(1 text)", f"{CLOCK} Both in turn, so that a busy machine is busy for both."),
}

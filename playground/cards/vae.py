"""Cards of the variational autoencoders."""

from dataclasses import replace

from playground import data
from playground.controls import Adjust, Label, Numbers, Slider
from playground.types import ModelCard

TEMPERATURE = Slider("temperature", "Temperature", 1.0, 0.0, 1.5, 0.05, help="Scales the prior: z is drawn from N(0, temperature² I).")
TYPICAL = replace(TEMPERATURE, default=0.75, help=TEMPERATURE.help + " 1 is the prior itself: more variety, more pictures between classes.")
TOP = Numbers("top", "The six dimensions with the largest KL", 6, -3.0, 3.0, help="Fixes the dimensions that say most, largest first.")
FACES = data.get("faces")
PAPER = "Kingma & Welling 2013, Auto-encoding variational Bayes, arXiv:1312.6114"

CARDS = (
    ModelCard(
        id="vae-mnist",
        family="vae",
        title="VAE",
        kind="image",
        dataset="mnist",
        can=frozenset({"sample", "encode", "decode", "reconstruct"}),
        paper=PAPER,
        controls=(
            Label("label", "Digit", tuple("0123456789"), help="What to draw. Any: drawn from the seed."),
            TYPICAL,
            TOP,
        ),
        views=("z",),
        chunk=64,
        load="playground.models.vae:load",
        recipe="playground.models.vae:recipe",
        facts={
            "architecture": "Encoder and decoder, two ConvNets with a random code between them",
            "training": "One loss, a bound of the likelihood: reconstruct well, keep the codes close to N(0, I)",
            "latent_space": "An ordered space with a way in and a way out; close codes give similar digits",
            "likelihood": "A lower bound (ELBO)",
            "stability": "One loss that falls; trains without tricks",
            "control": "Label, single latent dimensions, interpolation, editing real pictures",
            "uses": "Adjustable faces, anomaly detection, data augmentation, molecules, codes for larger models",
        },
    ),
    ModelCard(
        id="vae2d-mnist",
        family="vae",
        title="VAE with two latent dimensions",
        kind="image",
        dataset="mnist",
        can=frozenset({"sample", "encode", "decode", "reconstruct"}),
        paper=PAPER,
        controls=(TEMPERATURE,),
        views=("z",),
        chunk=64,
        load="playground.models.vae:load",
        recipe="playground.models.vae:plane_recipe",
        facts={"architecture": "The same with a code of two numbers", "latent_space": "A plane, so that it can be drawn as a map"},
    ),
    ModelCard(
        id="vae-faces",
        family="vae",
        title="VAE of toy faces",
        kind="image",
        dataset="faces",
        can=frozenset({"sample", "encode", "decode", "reconstruct"}),
        paper=PAPER,
        controls=(
            Label("label", "Hairstyle", FACES.labels, help="What to draw. Any: drawn from the seed."),
            TYPICAL,
            TOP,
            *(Adjust(factor) for factor in FACES.factors if factor.name != FACES.label_factor),
        ),
        views=("z",),
        chunk=64,
        load="playground.models.vae:load",
        recipe="playground.models.vae:recipe",
        facts={
            "architecture": "Encoder and decoder, two ConvNets of three levels with a random code of 64 numbers between them",
            "training": "One loss, a bound of the (Gaussian) likelihood, and one thing more: the known features must be read off the code by straight lines",
            "latent_space": "64 numbers in which each known feature has its direction",
            "control": "Hairstyle, sliders of known factors (age, smile, glasses, ...), single latent dimensions",
        },
    ),
)

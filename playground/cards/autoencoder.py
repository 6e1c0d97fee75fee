"""Cards of the plain autoencoders."""

from playground.controls import Choice
from playground.types import ModelCard

PAPER = "Hinton & Salakhutdinov 2006, Reducing the dimensionality of data with neural networks"
CODE_SIZE = Choice("code_size", "Numbers in the code", "32", ("2", "8", "32"), help="How narrow the bottleneck is.")
DRAW = Choice(
    "draw",
    "Codes drawn from",
    "N(0, I)",
    ("N(0, I)", "own Gaussian", "mixture"),
    help="An autoencoder has no prior: these are three guesses at where its codes lie.",
)

CARDS = (
    ModelCard(
        id="autoencoder-mnist",
        family="autoencoder",
        title="Autoencoder",
        kind="image",
        dataset="mnist",
        can=frozenset({"sample", "encode", "decode", "reconstruct"}),
        paper=PAPER,
        controls=(CODE_SIZE, DRAW),
        views=("z",),
        chunk=64,
        load="playground.models.autoencoder:load",
        recipe="playground.models.autoencoder:recipe",
        facts={
            "architecture": "Encoder and decoder, two ConvNets with a narrow code between them",
            "training": "One loss: give back the picture you were given",
            "latent_space": "Codes wherever they fell; holes between them, no prior to draw from",
            "likelihood": "None",
            "stability": "One loss that falls; trains without tricks",
            "control": "None over new pictures: it is made to compress, not to generate",
            "uses": "Compression, denoising, dimensionality reduction, features for other models",
        },
    ),
    ModelCard(
        id="autoencoder-faces",
        family="autoencoder",
        title="Autoencoder of toy faces",
        kind="image",
        dataset="faces",
        can=frozenset({"sample", "encode", "decode", "reconstruct"}),
        paper=PAPER,
        controls=(CODE_SIZE, DRAW),
        views=("z",),
        chunk=64,
        load="playground.models.autoencoder:load",
        recipe="playground.models.autoencoder:recipe",
        facts={
            "architecture": "Encoder and decoder, two ConvNets of three levels with a narrow code between them; the denoising one keeps a map of 8 × 8 places with 8 numbers each",
            "training": "One loss: give back the picture you were given; the denoising one is given noisy faces and faces with a part hidden",
            "control": "None over new pictures; hidden parts of a given face are filled in",
        },
    ),
)

"""Cards of the GANs."""

from playground import data
from playground.controls import Label, Slider
from playground.types import ModelCard

TRUNCATION = Slider("truncation", "Truncation", 1.0, 0.0, 1.5, 0.05, help="Scales z towards its mean: less variety, more typical samples.")
PAPER = "Huang et al. 2024, The GAN is dead; long live the GAN! (R3GAN), arXiv:2501.05441"

CARDS = (
    ModelCard(
        id="gan-mnist",
        family="gan",
        title="GAN",
        kind="image",
        dataset="mnist",
        can=frozenset({"sample", "decode"}),
        paper=PAPER,
        controls=(
            Label("label", "Digit", tuple("0123456789"), help="What to draw. Any: drawn from the seed."),
            TRUNCATION,
        ),
        views=("z",),
        chunk=64,
        load="playground.models.gan:load",
        recipe="playground.models.gan:recipe",
        facts={
            "architecture": "Generator and critic, two ConvNets without normalisation",
            "training": "A contest: the critic ranks real above fake, the generator tries to turn the ranking",
            "latent_space": "z, 64 numbers from N(0, I); smooth, but no encoder leads back into it",
            "likelihood": "None: it draws, but cannot say how probable a picture is",
            "stability": "Two losses that pull against each other; needs penalties (R1, R2) to settle",
            "control": "Label, truncation, walks in z",
            "uses": "Faces, super-resolution, image-to-image translation, style transfer, fast synthesis",
        },
    ),
    ModelCard(
        id="gan-faces",
        family="gan",
        title="GAN of toy faces",
        kind="image",
        dataset="faces",
        can=frozenset({"sample", "decode"}),
        paper=PAPER,
        controls=(Label("label", "Hairstyle", data.get("faces").labels, help="What to draw. Any: drawn from the seed."), TRUNCATION),
        views=("z",),
        chunk=64,
        load="playground.models.gan:load",
        recipe="playground.models.gan:recipe",
        facts={
            "architecture": "Generator and critic, two ConvNets of three levels without normalisation",
            "control": "Hairstyle, truncation, walks in z, mixing two faces",
        },
    ),
)

"""Cards of GANs whose weights lie on the Hugging Face Hub, as pickles alone: `python -m playground convert` makes safetensors of them.

Their weights state no licence, and a visitor can run no command, so they are for one's own machine.
"""

from dataclasses import replace

from playground.controls import Label, Slider
from playground.types import HubRepo, ModelCard

IMAGENET = {
    "goldfish": 1,
    "bald eagle": 22,
    "tree frog": 31,
    "scorpion": 71,
    "peacock": 84,
    "macaw": 88,
    "jellyfish": 107,
    "flamingo": 130,
    "king penguin": 145,
    "golden retriever": 207,
    "Siberian husky": 250,
    "Samoyed": 258,
    "red fox": 277,
    "tabby cat": 281,
    "lion": 291,
    "tiger": 292,
    "cheetah": 293,
    "brown bear": 294,
    "polar bear": 296,
    "monarch butterfly": 323,
    "zebra": 340,
    "African elephant": 386,
    "red panda": 387,
    "giant panda": 388,
    "airliner": 404,
    "balloon": 417,
    "lighthouse": 437,
    "castle": 483,
    "fire engine": 555,
    "jack-o'-lantern": 607,
    "sports car": 817,
    "teapot": 849,
    "tennis ball": 852,
    "cheeseburger": 933,
    "bell pepper": 945,
    "mushroom": 947,
    "strawberry": 949,
    "lemon": 951,
    "banana": 954,
    "pizza": 963,
    "espresso": 967,
    "alp": 970,
    "coral reef": 973,
    "lakeside": 975,
    "seashore": 978,
    "volcano": 980,
    "daisy": 985,
}
"""Some of the thousand classes of ImageNet, with their numbers there."""

BIGGAN = ModelCard(
    id="biggan-deep-128",
    family="gan",
    title="BigGAN-deep 128",
    kind="image",
    dataset="imagenet",
    can=frozenset({"sample", "decode"}),
    paper="Brock et al. 2018, Large scale GAN training for high fidelity natural image synthesis, arXiv:1809.11096",
    licence="none stated for the weights; its code is MIT",
    controls=(
        Label("label", "Class", tuple(IMAGENET), help="What to draw. Any: drawn from the seed."),
        Slider(
            "truncation",
            "Truncation",
            0.4,
            0.02,
            1.0,
            0.02,
            help="Scales z, whose numbers are never beyond 2, towards its mean: less variety, more typical samples.",
        ),
    ),
    views=("z",),
    chunk=4,
    load="playground.models.biggan:load",
    facts={
        "architecture": "Ten residual blocks with attention at 64 × 64, told the class and z at every block; 53 million parameters",
        "training": "The same contest, on a million photographs of a thousand classes in very large batches",
        "latent_space": "z, 128 numbers from N(0, I) cut off at 2, and a learnt vector for each class",
        "likelihood": "None: it draws, but cannot say how probable a picture is",
        "stability": "It collapses in the end; the weights are those from before",
        "control": "Class, truncation, walks in z and between classes",
    },
    hub=HubRepo(
        "osanseviero/BigGAN-deep-128",
        (),
        licence_url="https://github.com/huggingface/pytorch-pretrained-BigGAN",
        size_bytes=211_000_000,
        memory_bytes=1_000_000_000,
        seconds=(0.2, 0),
        shape=(128, 128, 3),
        visitor_n=16,
        warning="it draws the classes of ImageNet and nothing else",
        pickled="pytorch_model.bin",
    ),
)
DCGAN = replace(
    BIGGAN,
    id="dcgan-mnist",
    title="DCGAN of digits",
    dataset="mnist",
    paper="Radford et al. 2015, Unsupervised representation learning with deep convolutional GANs, arXiv:1511.06434",
    licence="none stated",
    controls=(
        Slider("truncation", "Truncation", 1.0, 0.0, 1.5, 0.05, help="Scales z towards its mean: less variety, more typical samples."),
    ),
    chunk=64,
    load="playground.models.dcgan:load",
    facts={
        "architecture": "Five transposed convolutions with batch normalisation, 3.6 million parameters",
        "training": "The contest as it first worked with convolutions: the critic says real or not, no penalties",
        "latent_space": "z, 100 numbers from N(0, I)",
        "likelihood": "None",
        "control": "None but z: it was never told which digit it draws",
    },
    hub=replace(
        BIGGAN.hub,
        repo_id="huggan/dcgan-mnist",
        licence_url="https://huggingface.co/huggan/dcgan-mnist",
        size_bytes=14_300_000,
        memory_bytes=300_000_000,
        seconds=(0.02, 0),
        shape=(64, 64, 3),
        visitor_n=64,
        warning="it draws digits and nothing else",
    ),
)

CARDS = (DCGAN, BIGGAN)

"""Card of the detector: the counterpart of the generators, which tells their pictures from real ones and from each other's."""

from playground.types import ModelCard

CARDS = (
    ModelCard(
        id="source-detector",
        family="detector",
        title="Source detector",
        kind="image",
        dataset="mnist",
        can=frozenset({"attribute"}),
        paper="Yu et al. 2019, Attributing fake images to GANs: learning and analyzing GAN fingerprints, arXiv:1811.08180",
        chunk=500,
        load="playground.models.detector:load",
        recipe="playground.models.detector:recipe",
        facts={
            "architecture": "ConvNet that sees every point in its first two layers, where a generator's traces are",
            "training": "cross-entropy: real, or who drew it?",
        },
    ),
)

"""Cards of the classifiers: the discriminative counterpart, and the eyes of the metrics."""

from playground.types import ModelCard

CARDS = (
    ModelCard(
        id="classifier-mnist",
        family="classifier",
        title="Digit classifier",
        kind="image",
        dataset="mnist",
        can=frozenset({"score"}),
        paper="LeCun et al. 1998, Gradient-based learning applied to document recognition",
        chunk=500,
        load="playground.models.classifier:load",
        recipe="playground.models.classifier:recipe",
        facts={"architecture": "residual ConvNet on 14 x 14 x 4", "training": "cross-entropy: which of ten is it?"},
    ),
    ModelCard(
        id="referee-mnist",
        family="classifier",
        title="Second classifier",
        kind="image",
        dataset="mnist",
        can=frozenset({"score"}),
        paper="LeCun et al. 1998, Gradient-based learning applied to document recognition",
        chunk=500,
        load="playground.models.classifier:load",
        recipe="playground.models.classifier:referee_recipe",
        facts={"architecture": "plain ConvNet with 5 x 5 kernels", "training": "cross-entropy; nothing was tuned on it"},
    ),
    ModelCard(
        id="factors-faces",
        family="classifier",
        title="Reader of faces",
        kind="image",
        dataset="faces",
        can=frozenset({"score"}),
        paper="LeCun et al. 1998, Gradient-based learning applied to document recognition",
        chunk=500,
        load="playground.models.factors:load",
        recipe="playground.models.factors:recipe",
        facts={
            "architecture": "residual ConvNet at 32, 16 and 8 points",
            "training": "cross-entropy of every word, squared error of every number",
        },
    ),
)

"""MNIST: 28 x 28 handwritten digits (LeCun, Cortes, Burges 1998), read from the Hub's parquet files."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
from PIL import Image

from playground.data.ink import INK, ink_of
from playground.errors import ControlError, DataUnavailable
from playground.types import Dataset, Images

REPOSITORY = "ylecun/mnist"
VALID = 5_000  # the last of the 60,000 training digits, kept for choosing settings and checkpoints
BOX = 20  # MNIST digits were scaled into a box of 20 x 20 and centred by mass in 28 x 28

DATASET = Dataset(
    name="mnist",
    kind="image",
    shape=(28, 28, 1),
    labels=tuple("0123456789"),
    sizes={"train": 60_000 - VALID, "valid": VALID, "test": 10_000},
    extractor="classifier-mnist",
    licence="CC BY-SA 3.0, Y. LeCun, C. Cortes, C. Burges",
    source="https://huggingface.co/datasets/ylecun/mnist",
    noun="digits",
)


def load(split: str) -> Images:
    """The digits of a split as uint8 (n, 28, 28, 1), ink bright on black, with labels."""
    import pyarrow.parquet

    part = "test" if split == "test" else "train"
    table = pyarrow.parquet.read_table(_file(f"mnist/{part}-00000-of-00001.parquet"))
    pictures = [np.asarray(Image.open(io.BytesIO(row["bytes"]), formats=("PNG",))) for row in table["image"].to_pylist()]
    pixels = np.stack(pictures)[..., None]  # (n, 28, 28, 1)
    labels = np.asarray(table["label"].to_pylist(), dtype=np.int64)
    rows = {"train": slice(0, -VALID), "valid": slice(-VALID, None), "test": slice(None)}[split]
    return Images(pixels[rows], labels[rows])


def _file(name: str) -> Path:
    """The file below PLAYGROUND_DATA if it is there, else downloaded from the Hub."""
    folder = os.environ.get("PLAYGROUND_DATA")
    if folder and (path := Path(folder) / REPOSITORY / name).is_file():
        return path
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(REPOSITORY, name, repo_type="dataset"))
    except Exception as error:
        raise DataUnavailable(
            f"The MNIST file {name} is not on this machine and could not be downloaded from the Hub ({type(error).__name__}). "
            f"Set PLAYGROUND_DATA to a folder that holds {REPOSITORY}/{name}."
        ) from error


def from_picture(picture: object, level: bool = True) -> Images:
    """A drawn or photographed digit as MNIST would hold it: uint8 (1, 28, 28, 1).

    picture: as picture_files.pixels_of takes it; ink_of says where its ink is. The ink's bounding box is scaled to fit 20 x 20 and its centre of mass put at the centre,
    as described by LeCun et al. 1998. level: see ink_of. Raises ControlError if it holds no ink.
    """
    ink = ink_of(picture, level)
    rows, columns = np.nonzero(ink >= INK)
    if len(rows) < 4:
        raise ControlError("The drawing is empty: draw one digit, then try again.")
    ink = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(Image.fromarray(ink).resize(size, Image.Resampling.BOX if scale < 1 else Image.Resampling.BICUBIC), dtype=np.float32)
    small = small * (255.0 / max(small.max(), 1.0))  # a thin pen fades when it is scaled down
    y, x = np.mgrid[: small.shape[0], : small.shape[1]]
    mass = small.sum()
    top = int(np.clip(round(13.5 - (y * small).sum() / mass), 0, 28 - small.shape[0]))
    left = int(np.clip(round(13.5 - (x * small).sum() / mass), 0, 28 - small.shape[1]))
    pixels = np.zeros((1, 28, 28, 1), dtype=np.uint8)
    pixels[0, top : top + small.shape[0], left : left + small.shape[1], 0] = np.clip(np.round(small), 0, 255)
    return Images(pixels)

"""What all tests share: an offline environment without the data sets, and a few drawn digits."""

from __future__ import annotations

import contextlib
import gc
import io
import os
from collections.abc import Iterator

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["PLAYGROUND_DEVICE"] = "cpu"
DATA = os.environ.pop("PLAYGROUND_DATA", None)  # the tests must not need more than the repository ships
if "PYTEST_XDIST_WORKER" in os.environ:  # pytest -n: one thread of torch a core, in all workers together
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // int(os.environ["PYTEST_XDIST_WORKER_COUNT"])))

from pathlib import Path  # noqa: E402

import numpy as np  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.parquet  # noqa: E402
import pytest  # noqa: E402
from PIL import Image, ImageDraw, ImageFont  # noqa: E402

from playground import data, registry  # noqa: E402
from playground.data import faces  # noqa: E402
from playground.data.mnist import REPOSITORY, VALID  # noqa: E402
from playground.metrics import features  # noqa: E402
from playground.types import Images  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
DRAWING = tuple(card.id for card in registry.shipped() if "sample" in card.can)  # pictures or texts
SAMPLERS = tuple(card_id for card_id in DRAWING if registry.get(card_id).kind == "image")
WRITERS = tuple(card_id for card_id in DRAWING if registry.get(card_id).kind == "text")
CONDITIONAL = tuple(card.id for card in registry.shipped() if "sample" in card.can and any(c.name == "label" for c in card.controls))


def card_ids(what: str) -> tuple[str, ...]:
    """The ids of all shipped cards that can do that."""
    return tuple(card.id for card in registry.shipped() if what in card.can)


def known_to(card_id: str, text: str) -> str:
    """A text without the characters that a shipped model of texts leaves out."""
    return "".join(each for each in text if each in data.get(registry.get(card_id).dataset).labels)


def drawing(
    text: str = "3", size: int = 200, at: tuple[int, int] = (100, 100), font_size: int = 120, ink: int = 255, paper: int = 0
) -> Image.Image:
    """A digit in a grey picture of size x size, its middle at `at`."""
    picture = Image.new("L", (size, size), paper)
    ImageDraw.Draw(picture).text(at, text, fill=ink, font=ImageFont.load_default(font_size), anchor="mm")
    return picture


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Gives each process of pytest-xdist whole files, or all tests of a card where they say so; what takes longest begins first."""
    weights: dict[str, int] = {}
    groups = []
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.nodeid.split("::")[0]))
        group = item.get_closest_marker("xdist_group").args[0]
        weight = 3 if "browser" in item.path.parts else 1 if item.get_closest_marker("slow") else 0
        weights[group] = weights.get(group, 0) + weight
        groups.append(group)
    order = sorted(range(len(items)), key=lambda k: -weights[groups[k]])  # stable: the tests of a file stay in their order
    items[:] = [items[k] for k in order]


@pytest.fixture(scope="module", autouse=True)
def _keep_what_is_loaded() -> None:
    """Takes all that lives out of the garbage collector's sight, file by file: a model that leaves has it collect, and libraries are large."""
    gc.freeze()


@pytest.fixture(scope="session")
def some() -> dict[str, Images]:
    """Six samples of every data set by its name, as the data set would hold them: uint8 (6, h, w, c)."""
    digits = Images(np.concatenate([data.from_picture("mnist", drawing(text)).pixels for text in "024679"]))
    return {"mnist": digits, "faces": Images(faces.make(range(6)).pixels)}


@pytest.fixture(scope="session")
def tiny_mnist(tmp_path_factory) -> Path:
    """A folder with a data set of the Hub's layout: 64 training pictures, the validation ones, 16 test pictures, all blobs."""
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    png = []
    for label in range(10):
        buffer = io.BytesIO()
        Image.fromarray((rng.random((28, 28)) * 25 * label).astype(np.uint8)).save(buffer, format="PNG")
        png.append({"bytes": buffer.getvalue(), "path": None})
    for part, count in (("train", 64 + VALID), ("test", 16)):
        labels = [i % 10 for i in range(count)]
        path = folder / REPOSITORY / "mnist" / f"{part}-00000-of-00001.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.parquet.write_table(pyarrow.table({"image": [png[label] for label in labels], "label": labels}), path)
    return folder


@contextlib.contextmanager
def tiny_mnist_only(folder: Path) -> Iterator[None]:
    """Within it, the made-up data set of tiny_mnist is MNIST; a later test must not take it for the real one."""
    caches = (data.load.cache_clear, features.split_seen.cache_clear)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYGROUND_DATA", str(folder))
        for clear in caches:
            clear()
        try:
            yield
        finally:
            for clear in caches:
                clear()

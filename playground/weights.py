"""Weights on disk: safetensors beside a card.json that says how they came about. The only code that touches assets/weights."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import importlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground.errors import WeightsUnavailable
from playground.portable import make_portable

if TYPE_CHECKING:
    import torch
    from torch import nn

ASSETS = Path(__file__).resolve().parent.parent / "assets"
WEIGHTS = ASSETS / "weights"
NAME = "model.safetensors"  # of one network's file
MAX_FILE_BYTES = 10_000_000  # a Space refuses a larger file without LFS
HALVED_BYTES = 5_000_000
BESIDE = ("card.json", "story.json", "story.png")  # of a card's folder, what tells of the weights and is no part of them


_elsewhere: dict[str, Path] = {}


def folder(card_id: str) -> Path:
    """Where a shipped card's weights lie."""
    return _elsewhere.get(card_id, WEIGHTS / card_id)


@contextlib.contextmanager
def elsewhere(card_id: str, path: Path) -> Iterator[None]:
    """Within it, a card's weights are those of another folder: of the same recipe trained once more, say. What is loaded already stays so."""
    before = _elsewhere.get(card_id)
    _elsewhere[card_id] = path
    try:
        yield
    finally:
        del _elsewhere[card_id]
        if before is not None:
            _elsewhere[card_id] = before


def save(modules: Mapping[str, nn.Module] | Any, record: Mapping[str, Any], out: Path) -> None:
    """Writes every module with its own save_pretrained into out/NAME and the record into out/card.json, all or nothing.

    Modules that would be over 5 MB together are stored in float16, and are float32 again when loaded. A pipeline in place of the modules
    is written by its own save_pretrained as it is, so that it is read as it is without us, by older releases of the libraries, too
    (playground.portable). Files of the folder that this does not write (a story, say) are kept. Raises ValueError for a file that is over 10 MB all the same.
    """
    whole = None if isinstance(modules, Mapping) else modules
    modules = {} if whole is not None else modules
    halved = sum(t.numel() * t.element_size() for module in modules.values() for t in module.state_dict().values()) > HALVED_BYTES
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as work:
        if whole is not None:
            whole.save_pretrained(work, max_shard_size="9MB")
        for name, module in modules.items():
            shards = {"max_shard_size": "9MB"} if hasattr(module, "config_name") else {}  # diffusers' and transformers' own classes
            (copy.deepcopy(module).half() if halved else module).save_pretrained(Path(work) / name, **shards)
            (Path(work) / name / "README.md").unlink(missing_ok=True)
        make_portable(Path(work))
        for path in Path(work).rglob("*config.json"):
            _forget_origin(path)
        _place(Path(work), record, out)


def mean(folders: Sequence[Path], record: Mapping[str, Any], out: Path) -> None:
    """Writes the mean of the weights in some folders of one card (model soups, arXiv:2203.05482) into out, all or nothing, as the first stores
    them; whole numbers are the first's. Raises ValueError for weights of different networks."""
    from safetensors.torch import load_file, save_file

    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as work:
        for path in (path for path in folders[0].iterdir() if path.name not in BESIDE):
            (shutil.copytree if path.is_dir() else shutil.copy2)(path, Path(work) / path.name)
        make_portable(Path(work))
        for path in sorted(Path(work).rglob("*.safetensors")):
            name = path.relative_to(work)
            parts = [load_file(folder / name) for folder in folders]
            shapes = [{key: tensor.shape for key, tensor in part.items()} for part in parts]
            if any(shape != shapes[0] for shape in shapes):
                raise ValueError(f"{name} must be of one network in all folders.")
            save_file({key: _mean([part[key] for part in parts]) for key in parts[0]}, path, metadata={"format": "pt"})
        _place(Path(work), record, out)


def load(card_id: str, **classes: Any) -> dict[str, nn.Module]:
    """The named modules of a shipped card, each by its class's from_pretrained, checked against card.json, in eval mode.

    Raises WeightsUnavailable where a file is missing, damaged or not the one that card.json names.
    """
    from playground.device import pick_device

    verify(card_id)
    hush()
    modules = {}
    for name, cls in classes.items():
        try:
            module = _read(folder(card_id) / name, cls)
        except Exception as error:
            raise WeightsUnavailable(f"The weights of {card_id} ({name}) could not be read: {type(error).__name__}.") from error
        modules[name] = module.to(pick_device()).eval().requires_grad_(False)
    return modules


def record(card_id: str) -> dict[str, Any]:
    """The card.json of a shipped card. Raises WeightsUnavailable where there is none."""
    path = folder(card_id) / "card.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if not all({"sha256", "bytes"} <= set(entry) for entry in found["files"].values()):
            raise ValueError("files without a checksum")
        return found
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsUnavailable(f"{card_id} has no readable card.json: train it with python -m playground.training {card_id}.") from error


def verify(card_id: str) -> None:
    """Raises WeightsUnavailable unless every file that card.json names is there with the SHA-256 it names."""
    for name, expected in record(card_id)["files"].items():
        path = folder(card_id) / name
        if not path.is_file():
            raise WeightsUnavailable(f"The weights file {name} of {card_id} is missing.")
        if sha256(path) != expected["sha256"]:
            raise WeightsUnavailable(
                f"The weights file {name} of {card_id} is damaged or was changed: its SHA-256 is not the recorded one."
            )


def size_bytes(card_id: str) -> int:
    """Bytes of all weight files that card.json names."""
    return sum(entry["bytes"] for entry in record(card_id)["files"].values())


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_json(path: Path, value: Any, indent: int | None = 1) -> None:
    """Writes JSON in one atomic step; indent: as json.dumps has it."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(part, path)


def hush() -> None:
    """Keeps the progress bars of the libraries that are there, of files that are read in a moment, off the console."""
    for library in ("diffusers", "transformers"):
        if library in sys.modules:
            importlib.import_module(f"{library}.utils.logging").disable_progress_bar()


def _forget_origin(path: Path) -> None:
    """Takes out of a JSON file where a module was read from, which diffusers and transformers note: a path of this machine."""
    found = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(found, dict) and found.pop("_name_or_path", None) is not None:
        write_json(path, found)


def _place(work: Path, record: Mapping[str, Any], out: Path) -> None:
    """Moves what lies in work to out, with a card.json that holds the record and the checksums. Raises ValueError for a file that is over 10 MB."""
    files = {}
    for path in sorted(work.rglob("*.safetensors")):
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError(f"{path.name} has {path.stat().st_size} bytes; at most {MAX_FILE_BYTES} are shipped.")
        path.chmod(0o644)
        files[path.relative_to(work).as_posix()] = {"sha256": sha256(path), "bytes": path.stat().st_size}
    write_json(work / "card.json", {**record, "files": files})
    out.mkdir(exist_ok=True)
    for path in sorted(work.iterdir()):
        if path.is_dir() and (out / path.name).is_dir():
            shutil.rmtree(out / path.name)
        os.replace(path, out / path.name)


def _mean(tensors: Sequence[torch.Tensor]) -> torch.Tensor:
    """The mean of tensors of one shape, in float32 on the way, as the first is stored; of whole numbers the first."""
    import torch

    first = tensors[0]
    return torch.stack([tensor.float() for tensor in tensors]).mean(0).to(first.dtype) if first.is_floating_point() else first


def _read(path: Path, cls: Any) -> nn.Module:
    """The module of a folder. Our own classes are read here: the mixin's from_pretrained prints, and is not strict by default."""
    from huggingface_hub import PyTorchModelHubMixin
    from safetensors.torch import load_file

    if not issubclass(cls, PyTorchModelHubMixin):
        return cls.from_pretrained(path.as_posix(), local_files_only=True, use_safetensors=True, low_cpu_mem_usage=False)
    module = cls(**json.loads((path / "config.json").read_text(encoding="utf-8")))
    module.load_state_dict(load_file(path / NAME), strict=True)
    return module

"""Saved folders in a form that older releases of diffusers and transformers read as well as the newest.

Every folder of weights goes through make_portable once it is written (playground.weights.save): what the newest releases write and older
ones cannot read is put back into the form that all of them read. The newest release reads that form, too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

KEY_PREFIXES: Mapping[str, str] = {"CLIPTextModel": "text_model."}
"""What stands before each key of a network's weights, by its class, where transformers 5 leaves it out: older releases fill the network with random numbers then."""
TOKENIZER_CLASSES: Mapping[str, str] = {"TokenizersBackend": "PreTrainedTokenizerFast"}
"""Names of tokenizer classes that transformers 5 brought, and the older ones of the same."""
TOKENIZER_NOTES = ("backend", "is_local", "local_files_only")  # what transformers 5 notes about how a tokenizer was loaded here
SLOW_FILES = ("vocab.json", "merges.txt", "vocab.txt", "spiece.model")  # what a tokenizer that is no fast one is read from


def make_portable(folder: Path) -> None:
    """Puts all that a folder and those below it hold into the form that older releases read; what is in that form stays as it is, byte for byte."""
    for path in sorted(folder.rglob("tokenizer_config.json")):
        found = _read(path)
        said = {name: value for name, value in found.items() if name not in TOKENIZER_NOTES}
        said["tokenizer_class"] = TOKENIZER_CLASSES.get(said.get("tokenizer_class"), said.get("tokenizer_class"))
        _write(path, said, found)
    for path in sorted(folder.rglob("model_index.json")):
        found = _read(path)
        _write(path, {name: _part(path.parent / name, value) for name, value in found.items()}, found)
    for path in sorted(folder.rglob("config.json")):
        for name in _read(path).get("architectures") or ():
            if name in KEY_PREFIXES:
                _prefix_keys(path.parent, KEY_PREFIXES[name])


def _part(folder: Path, value: Any) -> Any:
    """A part of a pipeline as model_index.json names it: a tokenizer that lies there as tokenizer.json alone by the class that reads that file.

    In transformers 5 there is one class of both names; before, CLIPTokenizer reads vocab.json and merges.txt alone.
    """
    if not isinstance(value, list) or len(value) != 2 or value[0] != "transformers" or not str(value[1]).endswith("Tokenizer"):
        return value
    is_fast_only = (folder / "tokenizer.json").is_file() and not any((folder / name).is_file() for name in SLOW_FILES)
    return [value[0], f"{value[1]}Fast"] if is_fast_only else value


def _prefix_keys(folder: Path, prefix: str) -> None:
    """Puts a prefix before each key of the weights in a folder that has none, in the index of shards, too."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            tensors, about = {key: file.get_tensor(key) for key in file.keys()}, file.metadata()
        if not all(key.startswith(prefix) for key in tensors):
            save_file({_prefixed(key, prefix): value for key, value in tensors.items()}, path, metadata=about)
    for path in sorted(folder.glob("*.safetensors.index.json")):
        found = _read(path)
        _write(path, {**found, "weight_map": {_prefixed(key, prefix): name for key, name in found["weight_map"].items()}}, found)


def _prefixed(key: str, prefix: str) -> str:
    return key if key.startswith(prefix) else prefix + key


def _read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def _write(path: Path, value: Mapping[str, Any], before: Mapping[str, Any]) -> None:
    """Writes a file as the libraries do, if anything in it is another."""
    if value != before:
        path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

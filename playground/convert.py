"""Weights that the Hub holds as a pickle alone, made into safetensors: the one place that opens a pickle, and a command, never the page.

Three things keep it safe: the file's SHA-256 must be the one that a person has read off the Hub and typed, it is opened by torch.load with weights_only, which
builds tensors and nothing else, and only names and shapes that our own network has are taken. What is written is safetensors with a record of where it came from.
"""

from __future__ import annotations

import importlib
import re
import tempfile
from pathlib import Path

from playground import hub, weights
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import ModelCard

SHA256 = re.compile(r"[0-9a-f]{64}")


def convert(card: ModelCard, sha256: object, file: Path | None = None) -> Path:
    """Makes safetensors of a card's pickled weights, in this file or fetched from the Hub, and returns their folder.

    Raises PlaygroundError where the card needs none of it or the hash is no hash, WeightsUnavailable for a file that is missing, is not the one that is meant,
    or does not hold this model; nothing is written then.
    """
    if card.hub is None or not card.hub.pickled:
        raise PlaygroundError(f"{card.id} needs no conversion: its weights are safetensors.")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256.lower()):
        raise PlaygroundError(
            f"--sha256 must be the 64 hex digits that {card.hub.url}/blob/{card.hub.revision}/{card.hub.pickled} shows, got {str(sha256)[:70]!r}."
        )
    path = _fetched(card) if file is None else file
    if not path.is_file():
        raise WeightsUnavailable(f"--file must name the weights file {card.hub.pickled}; there is none of the name {path.name!r}.")
    found = weights.sha256(path)
    if found != sha256.lower():
        raise WeightsUnavailable(f"{path.name} is not the file that is meant: its SHA-256 is {found}. It was not opened.")
    _write(card, _read(card, path), {"repo_id": card.hub.repo_id, "file": card.hub.pickled, "sha256": found, "bytes": path.stat().st_size})
    return hub.converted(card)


def _fetched(card: ModelCard) -> Path:
    """The pickle as a file of the Hub's cache, unopened."""
    from huggingface_hub import constants, hf_hub_download

    if hub.is_offline():
        raise WeightsUnavailable(f"{card.hub.pickled} of {card.hub.repo_id} cannot be fetched offline: name a file with --file.")
    try:
        return Path(
            hf_hub_download(
                card.hub.repo_id,
                card.hub.pickled,
                revision=card.hub.revision,
                cache_dir=constants.HF_HUB_CACHE,
                endpoint=constants.ENDPOINT,
            )
        )
    except Exception as error:
        raise WeightsUnavailable(
            f"{card.hub.pickled} of {card.hub.repo_id} could not be fetched ({type(error).__name__}): see {card.hub.url}, or name a file with --file."
        ) from error


def _read(card: ModelCard, path: Path) -> dict:
    """The tensors of a pickle, if they are those of the card's network."""
    import torch

    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsUnavailable(
            f"{path.name} holds something other than plain tensors ({type(error).__name__}): it is not used."
        ) from error
    try:
        if not isinstance(state, dict) or not all(isinstance(name, str) and isinstance(each, torch.Tensor) for name, each in state.items()):
            raise ValueError("no names with tensors")
        importlib.import_module(card.load.partition(":")[0]).of_state(state)
    except Exception as error:
        raise WeightsUnavailable(
            f"{path.name} does not hold the weights of {card.id} ({type(error).__name__}): names or shapes are others."
        ) from error
    return {name: each.contiguous() for name, each in state.items()}


def _write(card: ModelCard, state: dict, record: dict) -> None:
    """Writes safetensors and their record in one step."""
    from safetensors.torch import save_file

    out = hub.converted(card)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{card.id}-") as work:
        save_file(state, Path(work) / weights.NAME)
        weights.write_json(Path(work) / "record.json", {**record, "safetensors_sha256": weights.sha256(Path(work) / weights.NAME)})
        out.mkdir(exist_ok=True)
        for path in Path(work).iterdir():
            path.replace(out / path.name)

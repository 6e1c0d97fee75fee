"""Weights that the Hub holds as a pickle alone, made into safetensors: the one place that opens a pickle, and a command, never the page.

Three things keep it safe: the file's SHA-256 must be the one that a person has read off the Hub and typed, the very bytes that were hashed are opened by
torch.load with weights_only, which builds tensors and nothing else, and only names and shapes that our own network has are taken. What is written is
safetensors with a record of where it came from, and what is read again is held to that record.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playground import hub, weights
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import ModelCard

if TYPE_CHECKING:
    from torch import Tensor

SHA256 = re.compile(r"[0-9a-f]{64}")
AT_MOST = 2  # times the size that the card names: a larger file is not even read


def convert(card: ModelCard, sha256: object, file: Path | None = None) -> Path:
    """Makes safetensors of a card's pickled weights, in this file or fetched from the Hub, and returns their folder.

    Raises PlaygroundError where the card needs none of it or the hash is no hash, WeightsUnavailable for a file that is missing, is not the one that is meant,
    or does not hold this model; nothing is written then, and what an earlier conversion wrote stays.
    """
    if card.hub is None or not card.hub.pickled:
        raise PlaygroundError(f"{card.id} needs no conversion: its weights are safetensors.")
    if not isinstance(sha256, str) or not SHA256.fullmatch(sha256.lower()):
        raise PlaygroundError(f"--sha256 must be the 64 hex digits that {hub.pickle_url(card)} shows, got {str(sha256)[:70]!r}.")
    path = _fetched(card) if file is None else file
    raw = _read_bytes(card, path)
    found = hashlib.sha256(raw).hexdigest()
    if found != sha256.lower():
        raise WeightsUnavailable(f"{path.name} is not the file that is meant: its SHA-256 is {found}. It was not opened.")
    state = _opened(card, raw, path.name)
    _write(card, state, {"repo_id": card.hub.repo_id, "file": card.hub.pickled, "sha256": found, "bytes": len(raw)})
    return hub.converted(card)


def converted_state(card: ModelCard) -> dict[str, Tensor]:
    """The tensors that the command made of a card's weights, by name. Raises WeightsUnavailable while there are none, and where they are not those it wrote."""
    from safetensors.torch import load_file

    path = hub.require(card) / weights.NAME
    with hub.reading(card):
        if weights.sha256(path) != hub.conversion(card)["safetensors_sha256"]:
            raise ValueError("another hash than the recorded one")
        return load_file(path)


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


def _read_bytes(card: ModelCard, path: Path) -> bytes:
    """The file, read once: what is hashed is what is opened, whatever becomes of the file meanwhile."""
    if not path.is_file():
        raise WeightsUnavailable(f"--file must name the weights file {card.hub.pickled}; there is none of the name {path.name!r}.")
    try:
        size_bytes = path.stat().st_size
        if size_bytes > AT_MOST * card.hub.size_bytes:
            raise WeightsUnavailable(
                f"{path.name} is not the file that is meant: it has {hub.in_words(size_bytes)}, not {hub.size_of(card)}. It was not opened."
            )
        return path.read_bytes()
    except OSError as error:
        raise WeightsUnavailable(f"{path.name} cannot be read: {error.strerror}.") from error


def _opened(card: ModelCard, raw: bytes, name: str) -> dict[str, Tensor]:
    """The tensors of a pickle as the card's network holds them: float32, each on its own, finite."""
    import torch

    with warnings.catch_warnings(action="ignore"):  # about pickle protocols, and about networks of no width that a wrong file asks for
        try:
            state = torch.load(io.BytesIO(raw), map_location="cpu", weights_only=True)
        except Exception as error:
            raise WeightsUnavailable(
                f"{name} is damaged or holds something other than plain tensors ({type(error).__name__}): it is not used."
            ) from error
        try:
            if not isinstance(state, dict) or not all(
                isinstance(key, str) and isinstance(each, torch.Tensor) for key, each in state.items()
            ):
                raise ValueError("no names with tensors")
            network = importlib.import_module(card.load.partition(":")[0]).of_state(state)
            height, width, channels = network.shape
            if (height, width) != card.hub.shape[:2] or channels not in (1, card.hub.shape[2]):
                raise ValueError("pictures of another shape")
        except Exception as error:
            raise WeightsUnavailable(
                f"{name} does not hold the weights of {card.id} ({type(error).__name__}): names or shapes are others."
            ) from error
    state = {key: each.contiguous() for key, each in network.state_dict().items()}
    if not all(each.isfinite().all() for each in state.values()):
        raise WeightsUnavailable(f"{name} does not hold the weights of {card.id}: some of its numbers are not finite.")
    return state


def _write(card: ModelCard, state: dict[str, Tensor], record: dict[str, Any]) -> None:
    """Puts safetensors and their record in the place of what was there, both or none."""
    from safetensors.torch import save_file

    out = hub.converted(card)
    with _written(card):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{card.id}-") as work:
            made = Path(work) / "made"
            made.mkdir()
            save_file(state, made / weights.NAME)
            weights.write_json(made / "record.json", {**record, "safetensors_sha256": weights.sha256(made / weights.NAME)})
            if out.exists():
                out.rename(Path(work) / "before")
            made.rename(out)


@contextlib.contextmanager
def _written(card: ModelCard) -> Iterator[None]:
    """Turns a full or closed disk into one sentence."""
    try:
        yield
    except Exception as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise WeightsUnavailable(
            f"The safetensors of {card.id} could not be written among the Hub's assets ({why}): make room, or let HF_HOME name another place."
        ) from error

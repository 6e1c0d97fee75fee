"""One file of a data set: below PLAYGROUND_DATA, else fetched once."""

from __future__ import annotations

import os
from pathlib import Path

from playground.errors import DataUnavailable


def found(file: str, source: str) -> Path:
    """The file below PLAYGROUND_DATA if it is there, else fetched once from its source into the Hub's cache folder. Raises DataUnavailable."""
    folder = os.environ.get("PLAYGROUND_DATA")
    if folder and (path := Path(folder) / file).is_file():
        return path
    from huggingface_hub.constants import HF_HOME, HF_HUB_OFFLINE

    path = Path(HF_HOME) / "playground" / file
    if path.is_file():
        return path
    if not HF_HUB_OFFLINE:
        import httpx

        try:
            answer = httpx.get(source, timeout=30.0, follow_redirects=True).raise_for_status()
        except httpx.HTTPError as error:
            raise DataUnavailable(_missing(file, type(error).__name__)) from error
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(answer.content)
        os.replace(part, path)
        return path
    raise DataUnavailable(_missing(file, "offline"))


def _missing(file: str, why: str) -> str:
    return f"{file} is not on this machine and could not be fetched ({why}). Set PLAYGROUND_DATA to a folder that holds {file}."

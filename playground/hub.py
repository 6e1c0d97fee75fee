"""The Hugging Face Hub: whether a card's files are on this machine, fetching them, and where they may be used. The one place that asks it for models.

Nothing is fetched before somebody asks for it, and of a repository only what the card lists: safetensors, JSON and text, so that no file can
run code. On a public page (a Space, or --share) no card of the Hub is offered at all. A safety checker looks at a finished
picture; this page shows every step on the way, SD-Turbo comes without one, and a checker of 0.6 GB on the two
cores of a free Space would leave nobody a picture. On one's own machine these models are one's own responsibility.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import HubRepo, ModelCard

POLL_SECONDS = 0.5  # between two reports of a download


def is_public() -> bool:
    """True on a Hugging Face Space, and where app.py was started with --share."""
    return bool(os.environ.get("SPACE_ID") or os.environ.get("PLAYGROUND_PUBLIC"))


def is_offered(card: ModelCard) -> bool:
    """True for every card that may be used here."""
    return card.hub is None or not is_public()


def check_offered(card: ModelCard) -> None:
    """Raises PlaygroundError for a card that may not be used here."""
    if not is_offered(card):
        raise PlaygroundError(
            f"{card.id} is not offered on a public page, where nothing checks what it draws: run this page on your own machine for it."
        )


def is_offline() -> bool:
    """True where HF_HUB_OFFLINE forbids to ask the Hub (python app.py --offline sets it)."""
    from huggingface_hub import constants

    return constants.is_offline_mode()


def folder(card: ModelCard) -> Path | None:
    """The folder with all files that the card needs, as the Hub's cache holds it; None while one is missing. Asks no network."""
    from huggingface_hub import constants, try_to_load_from_cache

    repo = _repo(card)
    found = try_to_load_from_cache(repo.repo_id, repo.needed[0], cache_dir=constants.HF_HUB_CACHE, revision=repo.revision)
    if not isinstance(found, str):
        return None
    snapshot = Path(found).parents[repo.needed[0].count("/")]
    return snapshot if all((snapshot / name).is_file() for name in repo.needed) else None


def is_here(card: ModelCard) -> bool:
    """True for a card that can be loaded without the Hub: every shipped one, and one whose files have come."""
    return card.hub is None or folder(card) is not None


def require(card: ModelCard) -> Path:
    """The same folder. Raises WeightsUnavailable that says what to do while a file is missing."""
    found = folder(card)
    if found is None:
        raise WeightsUnavailable(missing(card))
    return found


def missing(card: ModelCard) -> str:
    """One sentence: that a card's files are not here, and what can be done about it."""
    what = f"{_repo(card).repo_id} ({size_of(card)})"
    if is_offline():
        return (
            f"{what} is not on this machine and the Hub may not be asked (--offline or HF_HUB_OFFLINE): start without that to download it, "
            "or use a model that is shipped with this page."
        )
    return f"{what} is not on this machine yet: download it first, with its button or python -m playground download {card.id}."


def size_of(card: ModelCard) -> str:
    """How much there is to download, in words."""
    return f"{_repo(card).size_bytes / 1e9:.1f} GB"


def commit(card: ModelCard) -> str | None:
    """The commit that the card's revision stands for on this machine; None while its files are not here."""
    found = folder(card)
    return None if found is None else found.name


def fetch(card: ModelCard) -> Iterator[int]:
    """Downloads a card's files into the Hub's cache and yields the bytes that have come so far, twice a second, at the end all.

    Files that are here already are not fetched again, an interrupted download goes on where it was, and closing the generator ends it.
    Raises PlaygroundError where the card is not offered, WeightsUnavailable in one sentence where it cannot be fetched.
    """
    check_offered(card)
    repo = _repo(card)
    if folder(card) is not None:
        yield repo.size_bytes
        return
    if is_offline():
        raise WeightsUnavailable(missing(card))
    _check_disk(card)
    stop, ended, counts = threading.Event(), queue.Queue(), {}

    def work() -> None:
        try:
            _download(repo, stop, counts)
            ended.put(None)
        except Exception as error:
            ended.put(error)

    threading.Thread(target=work, name="playground-download", daemon=True).start()
    try:
        while True:
            try:
                error = ended.get(timeout=POLL_SECONDS)
                break
            except queue.Empty:
                yield min(max(counts.values(), default=0), repo.size_bytes)
    finally:
        stop.set()
    if error is not None:
        raise WeightsUnavailable(_why(card, error)) from error
    if folder(card) is None:
        raise WeightsUnavailable(
            f"{repo.repo_id} has changed, a file that {card.id} needs is not in it: use a model that is shipped with this page."
        )
    yield repo.size_bytes


def _download(repo: HubRepo, stop: threading.Event, counts: dict[int, int]) -> None:
    """Fetches the files of a repository; counts holds the bytes so far by progress bar. stop makes the next report raise."""
    from huggingface_hub import constants, snapshot_download
    from tqdm.std import tqdm

    class Count(tqdm):
        """A progress bar that only counts: what huggingface_hub reports to."""

        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **{**options, "disable": True})
            self.in_bytes = options.get("unit") == "B"

        def update(self, n: float | None = 1) -> None:
            if stop.is_set():
                raise InterruptedError("the download was stopped")
            if self.in_bytes:
                self.n += n or 0
                counts[id(self)] = int(self.n)

    snapshot_download(
        repo.repo_id,
        revision=repo.revision,
        allow_patterns=list(repo.files),
        cache_dir=constants.HF_HUB_CACHE,
        endpoint=constants.ENDPOINT,
        tqdm_class=Count,
    )


def _check_disk(card: ModelCard) -> None:
    """Raises WeightsUnavailable where the Hub's cache has no room for a card."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE).expanduser().absolute()
    there = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < card.hub.size_bytes:
        raise WeightsUnavailable(
            f"{card.hub.repo_id} takes {size_of(card)} of disk, {free / 1e9:.1f} GB are free: make room, or let HF_HOME name a larger disk."
        )


def _why(card: ModelCard, error: Exception) -> str:
    """One sentence on why a download failed, and what to do."""
    from huggingface_hub import errors

    repo = _repo(card)
    if isinstance(error, errors.GatedRepoError):
        return f"{repo.repo_id} is given only to people who accept its licence: do so on {repo.url}, then log in with hf auth login."
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError):
        return f"{repo.repo_id} ({repo.revision}) is not on the Hub any more: use a model that is shipped with this page."
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return f"{repo.repo_id} ({size_of(card)}) did not fit on the disk: make room, then download again."
    return (
        f"{repo.repo_id} could not be downloaded ({type(error.__cause__ or error).__name__}): see whether {repo.url} can be reached, "
        "then try again; what has come so far is kept."
    )


def _repo(card: ModelCard) -> HubRepo:
    if card.hub is None:
        raise ValueError(f"{card.id} is shipped with this repository.")
    return card.hub

"""Fetching a card's files from the Hugging Face Hub: asked what there is, room checked, downloaded, every file's hash checked, written down.

The one place that asks the Hub for models. The commit, files and bytes of a card's first download are its lock: a later one fetches that
commit again, so that a repository that changes under its name changes nothing here. `python -m playground download CARD --renew` forgets it.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playground import device, hub, registry, weights
from playground.errors import WeightsUnavailable
from playground.types import HubRepo, ModelCard

POLL_SECONDS = 0.5  # between two reports of a download
CHUNK_BYTES = 1 << 18  # read at once from the line
HASHED_AT_ONCE = 1 << 22  # bytes
TRIES, PAUSE_SECONDS = 5, 1.0  # of a file on a bad line, without anything new; between two of them


@dataclass(frozen=True)
class Progress:
    """How far a download is: bytes here, bytes in all (the card's rounded size until the Hub has said it), and what is being done."""

    done: int
    total: int
    doing: str = "downloading"


@dataclass(frozen=True)
class _Listed:
    """A file as the Hub lists it: bytes, and the hash of what it holds (SHA-256 of a large file, git's SHA-1 of a small one)."""

    size_bytes: int
    sha256: str | None
    sha1: str | None


class _Torn(Exception):
    """A file whose hash is not the listed one."""


def fetch(card: ModelCard) -> Iterator[Progress]:
    """Downloads a card's files into the Hub's cache and yields how far it is, twice a second.

    Files that are here already are not fetched again, an interrupted download goes on where it was, and closing the generator ends it.
    Raises PlaygroundError where the card is not offered, WeightsUnavailable in one sentence where it cannot be fetched.
    """
    hub.check_offered(card)
    repo = hub.repo_of(card)
    if hub.is_here(card):
        yield Progress(repo.size_bytes, repo.size_bytes, "here")
        return
    if hub.is_offline() or repo.pickled:
        raise WeightsUnavailable(hub.missing(card))
    _check_memory(card)
    yield from _fetch_all([each for each in hub.parts(card) if hub.folder(each) is None])


def _fetch_all(cards: Sequence[ModelCard]) -> Iterator[Progress]:
    """Fetches one card's files after the other's, counted as one download."""
    before = 0
    for k, card in enumerate(cards):
        later = sum(hub.repo_of(other).size_bytes for other in cards[k + 1 :])
        for found in _fetch(card):
            last = found.total
            if found.doing != "here" or k == len(cards) - 1:
                yield Progress(before + found.done, before + found.total + later, found.doing)
        before += last


def _fetch(card: ModelCard) -> Iterator[Progress]:
    """Fetches the files of one card, in a thread of its own that is told to stop when the generator is closed."""
    repo = hub.repo_of(card)
    _check_disk(card, repo.size_bytes)
    state = _State(repo.size_bytes)
    ended: queue.Queue[Exception | None] = queue.Queue()

    def work() -> None:
        try:
            _download(card, state)
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
                yield state.progress()
    finally:
        state.stop.set()
    if error is not None:
        raise error if isinstance(error, WeightsUnavailable) else WeightsUnavailable(why(repo, error)) from error
    yield Progress(state.total, state.total, "here")


def renew(card: ModelCard) -> Iterator[Progress]:
    """Asks what the card's branch stands for today and fetches that in place of what the first download stood for, as fetch does."""
    hub.check_offered(card)
    hub.lock(card).unlink(missing_ok=True)
    yield from _fetch(card)


class _State:
    """What the thread that downloads tells the one that reports, and the other way round: bytes here and in all, what is done, and to stop."""

    def __init__(self, total: int):
        self.stop, self.total, self.here, self.doing = threading.Event(), total, 0, "asking"

    def progress(self) -> Progress:
        return Progress(min(self.here, self.total), self.total, self.doing)

    def check(self) -> None:
        """Raises InterruptedError once it is to stop."""
        if self.stop.is_set():
            raise InterruptedError("the download was stopped")


def _download(card: ModelCard, state: _State) -> None:
    """The whole of it, in a thread of its own."""
    from huggingface_hub import constants, snapshot_download

    repo = hub.repo_of(card)
    known = hub.resolved(card)
    revision = repo.revision if known is None else known.commit
    commit, files = listed(repo, revision)
    if lacking := [name for name in repo.needed if name not in files]:
        raise WeightsUnavailable(
            f"{repo.repo_id} does not hold {', '.join(lacking[:3])}, which {card.id} needs: it has changed, or never was of that kind; "
            "use a model that is shipped with this page."
        )
    if not any(name.endswith(".safetensors") for name in files):
        raise WeightsUnavailable(
            f"{repo.repo_id} holds no safetensors that {card.id} knows, and nothing else is ever read: use another model."
        )
    store = Path(constants.HF_HUB_CACHE).expanduser() / f"models--{repo.repo_id.replace('/', '--')}"
    snapshot = store / "snapshots" / commit
    for name, file in files.items():
        path = snapshot / name
        if path.is_file() and path.stat().st_size != file.size_bytes:
            _remove(path)
    before = {name for name in files if (snapshot / name).is_file()}
    state.total = sum(file.size_bytes for file in files.values())
    state.here = sum(files[name].size_bytes for name in before)
    _check_disk(card, state.total - state.here)
    state.doing = "downloading"
    for name, file in files.items():
        if file.sha256 and name not in before:
            _fetch_large(repo, commit, name, file, store / "blobs" / file.sha256, state)
    came = snapshot_download(  # the small files; of the large ones it finds that they are there
        repo.repo_id,
        revision=revision,
        allow_patterns=list(files),
        cache_dir=constants.HF_HUB_CACHE,
        endpoint=constants.ENDPOINT,
        tqdm_class=_quiet(),
    )
    state.check()
    if Path(came).name != commit:
        raise WeightsUnavailable(f"{repo.repo_id} was changed while it was downloaded: download again.")
    state.doing = "checking"
    for name, file in files.items():
        if name not in before and not _is_as_listed(snapshot / name, file):
            _remove(snapshot / name)
            raise _Torn(name)
    path = hub.lock(card)
    path.parent.mkdir(parents=True, exist_ok=True)
    sizes = {name: file.size_bytes for name, file in sorted(files.items())}
    hashes = {name: file.sha256 for name, file in sorted(files.items()) if file.sha256}
    weights.write_json(path, {"repo_id": repo.repo_id, "commit": commit, "files": sizes, "sha256": hashes})


def _fetch_large(repo: HubRepo, commit: str, name: str, file: _Listed, blob: Path, state: _State) -> None:
    """Fetches a large file into its place in the cache, going on where an earlier try was cut off: huggingface_hub begins anew."""
    if blob.is_file():
        state.here += file.size_bytes
        return
    blob.parent.mkdir(parents=True, exist_ok=True)
    part = blob.with_name(f"{blob.name}.part")
    here = part.stat().st_size if part.is_file() else 0
    state.here += here
    tries = 0
    while here < file.size_bytes:
        try:
            _append(repo, commit, name, part, here, state)
        except OSError:  # the Hub refuses, the disk is full, or somebody stopped it: trying again is no use
            raise
        except Exception:  # the line was cut: what has come is kept, and a few tries without anything new are enough
            tries += 1
            if tries > TRIES:
                raise
            state.stop.wait(PAUSE_SECONDS)
        come = part.stat().st_size if part.is_file() else 0
        tries, here = (tries, here) if come == here else (0, come)
    part.replace(blob)


def _append(repo: HubRepo, commit: str, name: str, part: Path, here: int, state: _State) -> None:
    """Asks for a file from byte `here` on and writes what comes behind what is there; a server that sends it all has it all written anew."""
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    url = hf_hub_url(repo.repo_id, name, revision=commit, endpoint=constants.ENDPOINT)
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", **({"Range": f"bytes={here}-"} if here else {})}
    asked = get_session().stream("GET", url, headers=headers, timeout=constants.HF_HUB_DOWNLOAD_TIMEOUT, follow_redirects=True)
    with asked as response:
        hf_raise_for_status(response)
        again = here > 0 and response.status_code == 200
        state.here -= here if again else 0
        with part.open("wb" if again or not here else "ab") as sink:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                state.check()
                sink.write(chunk)
                sink.flush()
                state.here += len(chunk)


def listed(repo: HubRepo, revision: str) -> tuple[str, dict[str, _Listed]]:
    """The commit of a revision as the Hub knows it, and those of its files that a card takes, by name."""
    from huggingface_hub import HfApi, constants
    from huggingface_hub.utils import filter_repo_objects

    info = HfApi(endpoint=constants.ENDPOINT).model_info(repo.repo_id, revision=revision, files_metadata=True)
    found = {each.rfilename: each for each in info.siblings or ()}
    files = {}
    for name in filter_repo_objects(found, allow_patterns=list(repo.files)):
        each = found[name]
        sha256 = each.lfs.sha256 if each.lfs else None
        files[name] = _Listed(each.size or 0, sha256, None if sha256 else each.blob_id)
    return info.sha, files


def _quiet() -> type:
    """A class of progress bars that show nothing."""
    from tqdm.std import tqdm

    class Quiet(tqdm):
        def __init__(self, *args: Any, **options: Any):
            super().__init__(*args, **{**options, "disable": True})

    return Quiet


def _is_as_listed(path: Path, file: _Listed) -> bool:
    """Whether a file holds what the Hub says: bytes counted, and their hash."""
    size = path.stat().st_size
    if size != file.size_bytes:
        return False
    if file.sha256 is None and file.sha1 is None:
        return True
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as source:
        while part := source.read(HASHED_AT_ONCE):
            digest.update(part)
    return digest.hexdigest() == (file.sha256 or file.sha1)


def _remove(path: Path) -> None:
    """Takes a file out of the cache, and what its link stands for."""
    real = path.resolve()
    path.unlink(missing_ok=True)
    real.unlink(missing_ok=True)


def _check_disk(card: ModelCard, needed: int) -> None:
    """Raises WeightsUnavailable where the Hub's cache has no room for so many bytes."""
    from huggingface_hub import constants

    place = Path(constants.HF_HUB_CACHE).expanduser().absolute()
    there = next(path for path in (place, *place.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise WeightsUnavailable(
            f"{card.hub.repo_id} takes {hub.in_words(needed)} of disk, {hub.in_words(free)} are free: make room, or let HF_HOME name a larger disk."
        )


def _check_memory(card: ModelCard) -> None:
    """Raises WeightsUnavailable where this machine could never load a card, whatever else is closed."""
    limit, needed = device.limit_bytes(), registry.memory_bytes(card)
    if limit is not None and limit < needed:
        other = registry.smaller(card, limit)
        raise WeightsUnavailable(
            f"{card.title} needs about {hub.in_words(needed)} of memory, this machine has {hub.in_words(limit)}: "
            f"choose {'a smaller model' if other is None else other.title}."
        )


def why(repo: HubRepo, error: Exception) -> str:
    """One sentence on why the Hub could not be asked for a repository or its files, and what to do."""
    from huggingface_hub import errors

    if isinstance(error, errors.LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        error = error.__cause__
    status = getattr(getattr(error, "response", None), "status_code", None)
    kept = "what has come so far is kept"
    if isinstance(error, errors.GatedRepoError):
        return f"{repo.repo_id} is given only to people who accept its licence: do so on {repo.url}, then log in with hf auth login."
    if isinstance(error, errors.RepositoryNotFoundError | errors.RevisionNotFoundError | errors.RemoteEntryNotFoundError):
        return f"{repo.repo_id} ({repo.revision}) is not on the Hub any more, or is private: use a model that is shipped with this page."
    if isinstance(error, _Torn):
        return f"{error} of {repo.repo_id} did not arrive as the Hub lists it (its hash is another) and was removed: download again."
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return f"{repo.repo_id} ({hub.in_words(repo.size_bytes)}) did not fit on the disk: make room, then download again; {kept}."
    if status == 429:
        return f"The Hub asks this machine to wait (too many requests for {repo.repo_id}): try again in some minutes; {kept}."
    if status in (401, 403):
        return f"The Hub does not give {repo.repo_id} to this machine ({status}): see {repo.url}, log in with hf auth login if it asks for that."
    if status is not None and status >= 500:
        return f"The Hub could not answer for {repo.repo_id} ({status}): try again in some minutes; {kept}."
    return (
        f"{repo.repo_id} could not be downloaded ({type(error.__cause__ or error).__name__}): see whether {repo.url} can be reached, "
        f"then try again; {kept}."
    )

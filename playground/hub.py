"""The Hugging Face Hub's models on this machine: whether a card's files are here, what they need, and where they may be used.

Of a repository only what the card lists is ever taken: safetensors, JSON and text, so that no file can run code. What a card's first
download resolved to is kept to from then on (playground.download). On a public page (a Space, or --share) only cards are offered whose
warning a visitor can be left alone with (HubRepo.public): a safety checker looks at a finished picture; this page shows every step on the
way, SD-Turbo comes without one, and a checker of 0.6 GB on the two cores of a free Space would leave nobody a picture.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from playground import registry, weights
from playground.errors import PlaygroundError, WeightsUnavailable
from playground.types import SHA256, HubRepo, ModelCard, Resolved


def is_public() -> bool:
    """True on a Hugging Face Space, and where app.py was started with --share."""
    return bool(os.environ.get("SPACE_ID") or os.environ.get("PLAYGROUND_PUBLIC"))


def is_offered(card: ModelCard) -> bool:
    """True for every card that may be used here."""
    return card.hub is None or card.hub.public or not is_public()


def check_offered(card: ModelCard) -> None:
    """Raises PlaygroundError for a card that may not be used here."""
    if not is_offered(card):
        raise PlaygroundError(
            f"{card.id} is not offered on a public page, where nothing checks what it makes: run this page on your own machine for it."
        )


def is_offline() -> bool:
    """True where HF_HUB_OFFLINE forbids to ask the Hub (python app.py --offline sets it)."""
    from huggingface_hub import constants

    return constants.is_offline_mode()


def resolved(card: ModelCard) -> Resolved | None:
    """What the card's first download on this machine stood for; None before, and for a repository that came by other means."""
    try:
        found = json.loads(lock(card).read_text(encoding="utf-8"))
        return Resolved(str(found["repo_id"]), str(found["commit"]), {str(k): int(v) for k, v in found["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def lock(card: ModelCard) -> Path:
    """Where that is written down: a file among the Hub's assets."""
    return assets() / "locks" / f"{card.id}.json"


def converted(card: ModelCard) -> Path:
    """The folder of what was made of a card's pickled weights (playground.convert), among the Hub's assets."""
    return assets() / "converted" / card.id


def conversion(card: ModelCard) -> dict[str, Any] | None:
    """What playground.convert wrote down of a card's weights; None where there is nothing to be read, or no weights beside it."""
    try:
        found = json.loads((converted(card) / "record.json").read_text(encoding="utf-8"))
        known = {"file": str(found["file"]), "bytes": int(found["bytes"])}
        known |= {name: str(found[name]) for name in ("sha256", "safetensors_sha256")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return known if (converted(card) / weights.NAME).is_file() else None


def pickle_url(card: ModelCard) -> str:
    """The Hub's page of a card's pickle, which shows its SHA-256."""
    return f"{repo_of(card).url}/blob/{repo_of(card).revision}/{repo_of(card).pickled}"


def convert_command(card: ModelCard) -> str:
    """What a person types to make safetensors of a card's pickle, HEX standing for the hash that its page shows."""
    given = f" --file {repo_of(card).pickled}" if is_offline() else ""
    return f"python -m playground convert {card.id} --sha256 HEX{given}"


def assets() -> Path:
    """Where this project keeps what it knows of repositories: a folder among the Hub's assets."""
    from huggingface_hub import constants

    return Path(constants.HF_ASSETS_CACHE) / "generative-playground"


def folder(card: ModelCard) -> Path | None:
    """The folder with all files that the card needs, as the Hub's cache holds it; None while one is missing or torn. Asks no network.

    Once a download is on record, its commit alone counts, whatever the branch stands for today.
    """
    from huggingface_hub import constants, try_to_load_from_cache

    if repo_of(card).pickled:
        return None if conversion(card) is None else converted(card)
    repo, known = repo_of(card), resolved(card)
    revision = repo.revision if known is None else known.commit
    found = try_to_load_from_cache(repo.repo_id, repo.needed[0], cache_dir=constants.HF_HUB_CACHE, revision=revision)
    if not isinstance(found, str):
        return None
    snapshot = Path(found).parents[repo.needed[0].count("/")]
    whole = all((snapshot / name).is_file() for name in repo.needed)
    if whole and known is not None:
        whole = all((snapshot / name).is_file() and (snapshot / name).stat().st_size == size for name, size in known.files.items())
    return snapshot if whole else None


def origin(card: ModelCard) -> Resolved | None:
    """What a card's files on this machine are, as downloaded or as found; None of a shipped card and while they are not here."""
    found = None if card.hub is None or card.hub.remote else folder(card)
    if found is None:
        return None
    if card.hub.pickled:
        known = conversion(card)
        return None if known is None else Resolved(card.hub.repo_id, f"{SHA256}{known['sha256']}", {known["file"]: known["bytes"]})
    if known := resolved(card):
        return known
    sizes = {path.relative_to(found).as_posix(): path.stat().st_size for path in sorted(found.rglob("*")) if path.is_file()}
    return Resolved(repo_of(card).repo_id, found.name, sizes)


def is_here(card: ModelCard) -> bool:
    """True for a card that can be loaded without the Hub: every shipped one, and one whose files have come."""
    return card.hub is None or bool(card.hub.remote) or all(folder(each) is not None for each in parts(card))


def parts(card: ModelCard) -> tuple[ModelCard, ...]:
    """The cards whose files a card works with: its own, and those that come with it."""
    return (card, *map(registry.get, repo_of(card).comes_with))


def require(card: ModelCard) -> Path | None:
    """The card's own folder, None of an engine on another machine. Raises WeightsUnavailable that says what to do while a file of it or of what comes with it is missing."""
    if not is_here(card):
        raise WeightsUnavailable(missing(card))
    return None if card.hub.remote else folder(card)


def missing(card: ModelCard) -> str:
    """One sentence: that a card's files are not here, and what can be done about it."""
    what = f"{repo_of(card).repo_id} ({size_of(card)})"
    if repo_of(card).pickled:
        return (
            f"{what} holds its weights as a pickle, which this page never opens: make safetensors of them with {convert_command(card)}, "
            f"HEX being the SHA-256 that {pickle_url(card)} shows, or use a model that is shipped with this page."
        )
    if is_offline():
        return (
            f"{what} is not on this machine and the Hub may not be asked (--offline or HF_HUB_OFFLINE): start without that to download it, "
            "or use a model that is shipped with this page."
        )
    return f"{what} is not on this machine yet: download it first, with its button or python -m playground download {card.id}."


@contextlib.contextmanager
def reading(card: ModelCard) -> Iterator[None]:
    """Turns whatever goes wrong while a card's files are read into WeightsUnavailable, one sentence without a path."""
    try:
        yield
    except PlaygroundError:
        raise
    except Exception as error:
        again = f"remove models--{repo_of(card).repo_id.replace('/', '--')} from the Hub's cache and download it again"
        if repo_of(card).pickled:
            again = f"make them again with {convert_command(card)}"
        raise WeightsUnavailable(f"The files of {repo_of(card).repo_id} could not be read ({type(error).__name__}): {again}.") from error


def size_of(card: ModelCard) -> str:
    """How much there is to download, in words."""
    return in_words(repo_of(card).size_bytes)


def in_words(size_bytes: int) -> str:
    """Bytes as people say them: in GB, or in MB below a tenth of one."""
    return f"{size_bytes / 1e9:.1f} GB" if size_bytes >= 1e8 else f"{size_bytes / 1e6:.1f} MB"


def commit(card: ModelCard) -> str | None:
    """The commit that the card's files on this machine are of; None while they are not here."""
    found = origin(card)
    return None if found is None else found.commit


def repo_of(card: ModelCard) -> HubRepo:
    """The card's repository. Raises ValueError for a shipped one."""
    if card.hub is None:
        raise ValueError(f"{card.id} is shipped with this repository.")
    return card.hub

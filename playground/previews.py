"""What the page shows at first paint: recorded samples of every card that draws, and the tabs' exhibits. Reading them needs no torch."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from playground import (
    data,
    excerpts,
    exhibits,
    feedback,
    inside,
    registry,
    repaint,
    run,
    settings,
    transcript,
    two_ways,
    units,
    walks,
    weights,
)
from playground.controls import equal_shares
from playground.errors import PlaygroundError
from playground.exhibits import Row
from playground.sprite import cut, read_png, tile, write_png
from playground.transcript import Transcript
from playground.types import Images, ModelCard, Step, Translation

PREVIEWS = weights.ASSETS / "previews"
N, SEED, COLUMNS = 32, 7, 8
TRANSLATED = "Monday, 24 December 1990"
RECORDED = (
    exhibits,
    inside,
    repaint,
    feedback,
    two_ways,
    walks,
)  # the parts whose first paint is recorded: recorded(card, seed) -> (name, rows, settings)
MAP_SHOWN = 20  # pictures along each side of a latent map
MAP_FINE = 31  # and of the finer sprite from which the browser takes the picture under the pointer
MAP_FINE_LARGE = 21  # the same for pictures of more than MAP_SIDE points a side: the sprite must stay light
MAP_SIDE = 32  # points that each picture of a map shows at most; a larger one is averaged down


def drawn() -> tuple[ModelCard, ...]:
    """The cards that have a preview: those that draw pictures from shipped weights."""
    return tuple(card for card in registry.shipped() if "sample" in card.can and card.kind == "image")


def draw(card: ModelCard) -> run.Run:
    """The run that a preview records: N samples at the default setting, labels in equal shares."""
    return run.sample(card.id, N, SEED, **equal_shares(card.controls, N))


def write(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Draws the previews of the given cards (none: of all) and writes CARD.png and CARD.json; returns the pictures' paths.

    Raises WeightsUnavailable for a card without weights.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for card_id in card_ids:
        registry.get(card_id)  # an unknown one is named before anything is drawn
    paths = []
    for card in [card for card in drawn() if not card_ids or card.id in card_ids]:
        found = draw(card)
        pixels, labels = found.samples.uint8(), found.samples.labels
        write_png(folder / f"{card.id}.png", tile(pixels, COLUMNS), settings.of_picture(found))
        about = {
            "card": card.id,
            "n": N,
            "seed": SEED,
            "controls": found.controls,
            "labels": None if labels is None else labels.tolist(),
            "columns": COLUMNS,
            "seconds": round(found.seconds, 4),
            "nfe": found.nfe,
            "device": found.device,
            "weights": _hashes(card.id),
        }
        weights.write_json(folder / f"{card.id}.json", about)
        paths.append(folder / f"{card.id}.png")
    return paths


def read(card_id: str, folder: Path = PREVIEWS) -> tuple[Images, dict[str, Any]]:
    """The recorded samples of a card and how they were drawn. Raises PlaygroundError where there is no readable preview."""
    try:
        about = json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8"))
        pixels = cut(read_png(folder / f"{card_id}.png"), about["n"], about["columns"])
        labels = None if about["labels"] is None else np.asarray(about["labels"], dtype=np.int64)
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError(f"{card_id} has no readable preview: make it with python -m playground previews.") from error
    return Images(pixels, labels), about


def written() -> tuple[ModelCard, ...]:
    """The cards that have a recorded text: those that write from shipped weights."""
    return tuple(card for card in registry.shipped() if "sample" in card.can and card.kind == "text")


def draw_text(card: ModelCard) -> tuple[run.Run, Transcript]:
    """The run that a recorded text is, with what stood to choose from."""
    *_, last = transcript.follow(run.stream(card.id, 1, SEED, views=("choices",)))
    return last


def write_texts(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Writes CARD.json with a text of the given cards (none: of all) as they write by default; returns the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for card in [card for card in written() if not card_ids or card.id in card_ids]:
        found, told = draw_text(card)
        about = {"card": card.id, "n": found.n, "seed": found.seed, "controls": found.controls, "seconds": round(found.seconds, 4)}
        about |= {"nfe": found.nfe, "device": found.device, "weights": _hashes(card.id), "written": transcript.record(told)}
        paths.append(folder / f"{card.id}.json")
        weights.write_json(paths[-1], about, indent=None)
    return paths


def read_text(card_id: str, folder: Path = PREVIEWS) -> tuple[run.Run, Transcript]:
    """The recorded text of a card as the run that wrote it. Raises PlaygroundError where there is no readable one."""
    try:
        about = json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8"))
        told = transcript.restore(about["written"])
        controls = {name: tuple(value) if isinstance(value, list) else value for name, value in about["controls"].items()}
        step = Step(told.texts, 1, 1, about["nfe"])
        return run.Run(card_id, step, about["n"], about["seed"], controls, about["seconds"], about["device"], done=True), told
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError(f"{card_id} has no readable text: make it with python -m playground previews {card_id}.") from error


def write_translations(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Writes CARD.json with a translation by the given cards (none: by all that can); returns the paths."""
    paths = []
    for card in [card for card in registry.shipped() if "translate" in card.can and (not card_ids or card.id in card_ids)]:
        found = run.translate(card.id, [TRANSLATED])
        rows = {"source": found.sources[0], "target": found.targets[0], "attention": found.attention[0].round(4).tolist()}
        paths.append(folder / f"{card.id}.json")
        weights.write_json(paths[-1], {"card": card.id, "text": TRANSLATED, **rows, "weights": _hashes(card.id)}, indent=None)
    return paths


def read_translation(card_id: str, folder: Path = PREVIEWS) -> Translation:
    """The recorded translation of a card. Raises PlaygroundError where there is none."""
    try:
        about = json.loads((folder / f"{card_id}.json").read_text(encoding="utf-8"))
        return Translation((tuple(about["source"]),), (tuple(about["target"]),), (np.asarray(about["attention"], np.float32),))
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError(f"{card_id} has no recorded translation: make it with python -m playground previews {card_id}.") from error


def write_states(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Writes CARD-state.json, what the units of the given cards (none: of all) hold over the excerpt of their data set; returns the paths."""
    paths = []
    for card in [card for card in registry.shipped() if "remember" in card.can and (not card_ids or card.id in card_ids)]:
        seen = draw_state(card)
        about = {"card": card.id, "feature": seen.feature, "total": seen.total, "text": "".join(seen.pieces), "weights": _hashes(card.id)}
        about |= {"found": [list(asdict(each).values()) for each in seen.found], "values": base64.b64encode(seen.values.tobytes()).decode()}
        paths.append(folder / f"{card.id}-state.json")
        weights.write_json(paths[-1], about, indent=None)
    return paths


def draw_state(card: ModelCard) -> units.Look:
    """What write_states records of a card."""
    return units.look(*run.remember(card.id, excerpts.read(card.dataset)), next(iter(units.features("a"))))


def read_state(card_id: str, folder: Path = PREVIEWS) -> units.Look:
    """The recorded state of a card. Raises PlaygroundError where there is none."""
    try:
        about = json.loads((folder / f"{card_id}-state.json").read_text(encoding="utf-8"))
        found = tuple(units.Tracking(*each) for each in about["found"])
        values = np.frombuffer(base64.b64decode(about["values"]), np.int8).reshape(-1, len(found))
        return units.Look(tuple(about["text"]), values, found, about["total"], about["feature"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlaygroundError(f"{card_id} has no recorded state: make it with python -m playground previews {card_id}.") from error


def write_more(card_ids: tuple[str, ...] = (), folder: Path = PREVIEWS) -> list[Path]:
    """Writes what the tabs show of the given cards (none: of all) besides samples: exhibits and maps; returns the pictures' paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for card in [card for card in drawn() if not card_ids or card.id in card_ids]:
        if exhibits.has_map(card):
            paths += write_map(card.id, folder)
        for name, rows, told in itertools.chain.from_iterable(part.recorded(card, SEED) for part in RECORDED):
            paths.append(write_rows(card.id, name, rows, told, folder))
    return paths


def write_rows(card_id: str, name: str, rows: Sequence[Row], told: Mapping[str, Any], folder: Path = PREVIEWS) -> Path:
    """Writes an exhibit's rows as CARD-NAME.png, all pictures in one sprite, and CARD-NAME.json; returns the picture's path."""
    about = {"card": card_id, **told}
    pixels = np.concatenate([row.images.uint8() for row in rows])
    write_png(folder / f"{card_id}-{name}.png", tile(pixels, COLUMNS), _in_picture(card_id, name, told))
    entries = [{"name": row.name, "n": len(row.images), "error": None if row.error is None else round(row.error, 5)} for row in rows]
    weights.write_json(folder / f"{card_id}-{name}.json", {**about, "rows": entries, "columns": COLUMNS, "weights": _hashes(card_id)})
    return folder / f"{card_id}-{name}.png"


def read_rows(card_id: str, name: str, folder: Path = PREVIEWS) -> tuple[tuple[Row, ...], dict[str, Any]]:
    """The rows of a recorded exhibit and how they were made. Raises PlaygroundError where there is no readable one."""
    try:
        about = json.loads((folder / f"{card_id}-{name}.json").read_text(encoding="utf-8"))
        ends = np.cumsum([entry["n"] for entry in about["rows"]])
        parts = np.split(cut(read_png(folder / f"{card_id}-{name}.png"), int(ends[-1]), about["columns"]), ends[:-1])
        return tuple(Row(entry["name"], Images(part), entry["error"]) for entry, part in zip(about["rows"], parts, strict=True)), about
    except (OSError, ValueError, KeyError) as error:
        raise PlaygroundError(f"{card_id} has no recorded {name}: make it with python -m playground previews {card_id}.") from error


def write_map(card_id: str, folder: Path = PREVIEWS) -> list[Path]:
    """Decodes a card's plane into CARD-plane.png (MAP_SHOWN squared pictures) and the finer CARD-map.png, with one CARD-map.json."""
    card = registry.get(card_id)
    centre, limit = exhibits.window(card)
    fine = MAP_FINE if data.get(card.dataset).shape[0] <= MAP_SIDE else MAP_FINE_LARGE
    paths = []
    for name, count in (("plane", MAP_SHOWN), ("map", fine)):
        pixels = exhibits.plane(card_id, count, centre, limit).uint8()
        paths.append(folder / f"{card_id}-{name}.png")
        about = _in_picture(card_id, name, {"count": count, "limit": limit})
        write_png(paths[-1], tile(_small(pixels) if name == "plane" else pixels, count), about)
    about = {"card": card_id, "count": fine, "shown": MAP_SHOWN, "centre": list(centre), "limit": limit, "weights": _hashes(card_id)}
    weights.write_json(folder / f"{card_id}-map.json", about)
    return paths


def read_map(card_id: str, folder: Path = PREVIEWS) -> tuple[Images, dict[str, Any]]:
    """The finer pictures of a card's map, row by row from the top left, and how they were made. Raises PlaygroundError where there is none."""
    about = map_files(card_id, folder)[0]
    return Images(cut(read_png(folder / f"{card_id}-map.png"), about["count"] ** 2, about["count"])), about


def map_files(card_id: str, folder: Path = PREVIEWS) -> tuple[dict[str, Any], Path, Path]:
    """How a card's map was made, and its two sprites: what is shown, and what is looked up. Raises PlaygroundError where one is missing."""
    shown, fine = folder / f"{card_id}-plane.png", folder / f"{card_id}-map.png"
    try:
        about = json.loads((folder / f"{card_id}-map.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise PlaygroundError(f"{card_id} has no map: make it with python -m playground previews {card_id}.") from error
    if not (shown.is_file() and fine.is_file()):
        raise PlaygroundError(f"{card_id} has no map: make it with python -m playground previews {card_id}.")
    return about, shown, fine


def _small(pixels: np.ndarray) -> np.ndarray:
    """Pictures uint8 (n, h, w, c) averaged down by a whole number to at most MAP_SIDE points a side."""
    n, height, width, channels = pixels.shape
    k = -(-height // MAP_SIDE)
    return np.round(pixels.reshape(n, height // k, k, width // k, k, channels).mean((2, 4))).astype(np.uint8)


def _in_picture(card_id: str, name: str, told: Mapping[str, Any]) -> dict[str, Any]:
    """What an exhibit's picture holds: its settings, and a link to its model and seed that says that the exhibit itself is not in it."""
    seed = {"seed": told["seed"]} if "seed" in told else {}
    return {"model": card_id, **told, settings.LINK: settings.link_of(registry.get(card_id).family, {"model": card_id, **seed}, (name,))}


def _hashes(card_id: str) -> dict[str, str]:
    return {name: entry["sha256"] for name, entry in weights.record(card_id)["files"].items()}

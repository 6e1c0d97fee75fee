"""The settings of a result, as every picture and every link holds them: one writer and one reader. No torch.

A PNG holds them as JSON in its text chunk "playground": `model`, `n`, `seed` and the controls, what came of the run (`seconds`, `nfe`), and
`link`, the query string of the page that brings them back. What no link can hold (a given picture, a mask) is named in it: `missing=given,mask`.
"""

from __future__ import annotations

import html
import io
import json
import math
import urllib.parse
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from playground import registry
from playground.controls import Adjust, Control, Label, Turns
from playground.errors import ControlError
from playground.types import Run

NOT_TAKEN = {  # by tab, what it takes from no link
    "autoencoder": ("draw",),
    "autoregressive": ("n", "repetition_penalty", "continued"),
    "transformer": ("into",),
}
WITHOUT_ADJUSTS = ("vae",)  # tabs that take no factor that is asked for
NOT_OFFERED = ("vae2d-mnist", "t5-small-translate", "t5-small-summarise")  # models that are no tab's choice
KEY = "playground"  # of the text chunk
LINK, MISSING = "link", "missing"
LONGEST_LINK = 16_000  # characters; two prompts of 300 emoji make 7,200
LONGEST = 65_536  # bytes of a text chunk that is read, packed or not
XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description xmlns:playground="urn:playground" playground:settings="{}"/></rdf:RDF></x:xmpmeta>'
)
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def of_run(run: Run) -> dict[str, Any]:
    """What is needed to repeat a run, small and JSON-ready: card, n, seed and the controls that are numbers or words."""
    plain = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in run.controls.items()
        if isinstance(value, str | int | float | tuple | list) and value not in ((), [])
    }
    return {"model": run.card, "n": run.n, "seed": run.seed, **plain}


def not_in_link(run: Run) -> tuple[str, ...]:
    """The names of a run's controls that are pictures, which no link can hold."""
    return tuple(name for name, value in run.controls.items() if isinstance(value, np.ndarray))


def query(tab: str, missing: Sequence[str] = (), **values: Any) -> str:
    """The query string that opens a tab with these values, numbers with all their digits. missing: what was used and is not in it."""
    told = {name: written(value) for name, value in values.items()}
    return "?" + urllib.parse.urlencode({"tab": tab, **told, **({MISSING: ",".join(missing)} if missing else {})}, safe=":,")


def link_of(tab: str, settings: Mapping[str, Any], missing: Sequence[str] = ()) -> str:
    """The query string that opens a tab with a model's settings; values at their default are left out.

    What the tab takes from no link is named as missing, as is what `missing` names.
    """
    known = {control.name: control for control in registry.get(settings["model"]).controls}
    told = {name: value for name, value in settings.items() if name not in known or known[name].default != value}
    if told.get("n") == 1 and "n" in NOT_TAKEN.get(tab, ()):
        del told["n"]  # a tab without a number of samples draws one
    left_out = [name for name, value in told.items() if not _is_taken(tab, name, value, known.get(name))]
    plain = {
        name: json.dumps(value, ensure_ascii=False) if isinstance(known.get(name), Turns) and isinstance(value, list) else value
        for name, value in told.items()
        if name not in left_out
    }
    return query(tab, tuple(dict.fromkeys((*missing, *left_out))), **plain)


def _is_taken(tab: str, name: str, value: Any, control: Control | None) -> bool:
    """True for what a tab takes from a link."""
    if name == "model":
        return value not in NOT_OFFERED
    if isinstance(control, Label) and isinstance(value, list | tuple):
        return False  # a label for each sample is no choice of the page's
    return name not in NOT_TAKEN.get(tab, ()) and not (isinstance(control, Adjust) and tab in WITHOUT_ADJUSTS)


def link_of_run(run: Run, tab: str | None = None, missing: Sequence[str] = ()) -> str:
    """The query string that opens a run's settings on a tab (none: that of its family), and says what of the run it cannot hold."""
    return link_of(tab or registry.get(run.card).family, of_run(run), (*not_in_link(run), *missing))


def missing_of(link: str) -> tuple[str, ...]:
    """What a link names as missing from it."""
    return tuple(filter(None, dict(urllib.parse.parse_qsl(link.lstrip("?"))).get(MISSING, "").split(",")))


def of_picture(run: Run, tab: str | None = None, missing: Sequence[str] = (), **more: Any) -> dict[str, Any]:
    """What the picture of a run holds: its settings, link, seconds and network calls; of a model of the Hub, which files drew it.

    more: further settings, of which `missing` are in no link.
    """
    about = {**of_run(run), **more, LINK: link_of_run(run, tab, missing), "seconds": round(run.seconds, 3), "nfe": run.nfe}
    if run.origin is None:
        return about
    return about | {"repo_id": run.origin.repo_id, "commit": run.origin.commit, "bytes": sum(run.origin.files.values())}


def written(value: Any) -> str:
    """A value as a link writes it: a number with all its digits and no more, a list with commas."""
    if isinstance(value, list | tuple):
        return ",".join(map(written, value))
    if isinstance(value, float | np.floating):
        number = float(value)
        return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
    return str(value)


def png(picture: np.ndarray | Image.Image, settings: Mapping[str, Any] | None = None, optimize: bool = False) -> bytes:
    """A picture, uint8 (h, w, 1 or 3) or Pillow's, as PNG that holds the settings. Raises ValueError for settings without a link."""
    about = PngInfo()
    if settings:
        about.add_text(KEY, text_of(settings))
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=optimize, pnginfo=about)
    return buffer.getvalue()


def in_film(kind: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The options of Pillow's save() for a film that holds the settings: a GIF's comment, a WebP's XMP."""
    text = text_of(settings)
    if kind == "GIF":
        return {"comment": f"{KEY}\0{text}".encode("ascii")}
    return {"xmp": XMP.format(html.escape(text, quote=True)).encode("ascii")}


def text_of(settings: Mapping[str, Any]) -> str:
    """The settings as the text of a picture, all ASCII. Raises ValueError where they have no link that the page would take."""
    link = settings.get(LINK)
    if not isinstance(link, str) or not link.startswith("?"):
        raise ValueError(f"the settings of a picture must have a link that begins with ?, got {link!r}")
    return json.dumps(_plain(settings), ensure_ascii=True, allow_nan=False)


def _plain(value: Any) -> Any:
    """A value as every reader of JSON takes it: NumPy's numbers as Python's, null for what is no finite number."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(data: bytes) -> dict[str, Any]:
    """The settings that a PNG holds, in a plain, packed or international text chunk. Raises ControlError where there are none."""
    if not data.startswith(SIGNATURE):
        raise ControlError("This is no PNG: choose one that was taken away from this page.")
    for text in _texts(data):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):  # the second: of lists within lists
            continue
        link = found.get(LINK) if isinstance(found, dict) else None
        if isinstance(link, str) and link.startswith("?") and len(link) <= LONGEST_LINK:
            return found
    raise ControlError("This picture carries no settings: choose a PNG that was taken away from this page.")


def _texts(data: bytes) -> Iterator[str]:
    """The texts of a PNG's chunks of our key."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        body = data[at + 8 : at + 8 + length]
        if kind == b"IEND" or len(body) < length:
            return
        if kind in (b"tEXt", b"zTXt", b"iTXt") and length <= LONGEST and body.startswith(KEY.encode() + b"\0"):
            text = _unpacked(kind, body[len(KEY) + 1 :])
            if text is not None:
                yield text
        at += 12 + length


def _unpacked(kind: bytes, body: bytes) -> str | None:
    """The text of a chunk after its key (PNG specification, 11.3.3); None for a damaged one, or one that unpacks to more than is read."""
    packed = kind == b"zTXt"
    if packed:
        body = body[1:]
    elif kind == b"iTXt":
        packed, parts = body[:1] == b"\1", body[2:].split(b"\0", 2)
        body = parts[-1] if len(parts) == 3 else b""
    try:
        if packed:
            unpacking = zlib.decompressobj()
            body = unpacking.decompress(body, LONGEST)
            if not unpacking.eof:
                return None
        return body.decode("utf-8" if kind == b"iTXt" else "latin-1")
    except (zlib.error, ValueError):
        return None

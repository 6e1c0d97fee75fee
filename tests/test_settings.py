"""The settings inside a picture: every kind of text chunk is read, by Python as by the page, and what is none is one sentence."""

from __future__ import annotations

import io
import json
import subprocess
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st
from PIL import Image, PngImagePlugin

from playground import registry, settings
from playground.errors import ControlError
from tests.conftest import ROOT
from tests.node import NODE

SOME = {"model": "gan-mnist", "seed": 7, "truncation": 0.30000000000000004, "words": "é 火 \U0001f600 \"'<&>", "link": "?tab=gan&seed=7"}
SHEET = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
FAMILIES = sorted({card.family for card in registry.cards() if "sample" in card.can})


def chunk(kind: bytes, body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")


def rewritten(kind: str, about: Any, where: str = "front", key: bytes = b"playground") -> bytes:
    """A PNG whose settings stand in a chunk of that kind, as tools write them that change no point: front of the pixels or behind them."""
    plain = settings.png(SHEET)
    text = about if isinstance(about, bytes) else json.dumps(about, ensure_ascii=not kind.startswith("iTXt")).encode()
    body = key + b"\0"
    body += {
        "tEXt": text,
        "zTXt": b"\0" + zlib.compress(text, 9),
        "iTXt": b"\0\0en\0title\0" + text,
        "iTXt packed": b"\1\0\0\0" + zlib.compress(text, 9),
    }[kind]
    at = 33 if where == "front" else len(plain) - 12
    return plain[:at] + chunk(kind[:4].encode(), body) + plain[at:]


KINDS = ("tEXt", "zTXt", "iTXt", "iTXt packed")
READ = {f"{kind}, {where}": rewritten(kind, SOME, where) for kind in KINDS for where in ("front", "back")}
READ["a damaged one before"] = rewritten("zTXt", SOME)[:33] + chunk(b"zTXt", b"playground\0\0no zlib") + rewritten("zTXt", SOME)[33:]
READ["saved again by Pillow"] = b""  # filled in below
UNREAD = {
    "none": settings.png(SHEET),
    "another key": rewritten("tEXt", SOME, key=b"parameters"),
    "no JSON": rewritten("zTXt", b"{"),
    "lists within lists": rewritten("tEXt", b"[" * 60_000),
    "a list": rewritten("tEXt", [1]),
    "no link": rewritten("iTXt", {"model": "gan-mnist"}),
    "another address": rewritten("tEXt", {"link": "https://evil.example/?tab=gan"}),
    "too long": rewritten("zTXt", {"link": "?" + "a" * 20_000}),
    "a bomb": rewritten("zTXt", b'{"link":"?tab=gan","x":"' + b"a" * 5_000_000 + b'"}'),
    "a bomb in iTXt": rewritten("iTXt packed", b'{"link":"?tab=gan","x":"' + b"a" * 5_000_000 + b'"}'),
    "cut off": rewritten("tEXt", SOME)[:60],
    "a cut iTXt": settings.png(SHEET)[:33] + chunk(b"iTXt", b"playground\0\0") + settings.png(SHEET)[33:],
    "packed, cut": settings.png(SHEET)[:33]
    + chunk(b"zTXt", b"playground\0\0" + zlib.compress(json.dumps(SOME).encode())[:-6])
    + settings.png(SHEET)[33:],
}


def again_by_pillow() -> bytes:
    """A PNG of ours opened and saved with its text, as an editor does."""
    with Image.open(io.BytesIO(settings.png(SHEET, SOME))) as image:
        about = PngImagePlugin.PngInfo()
        about.add_itxt("playground", image.text["playground"], zip=True)
        buffer = io.BytesIO()
        image.save(buffer, "PNG", pnginfo=about, optimize=True)
    return buffer.getvalue()


READ["saved again by Pillow"] = again_by_pillow()


@pytest.mark.parametrize("name", READ)
def test_settings_are_read_from_every_kind_of_text_chunk(name: str) -> None:
    assert settings.read(READ[name]) == SOME


@pytest.mark.parametrize("name", UNREAD)
def test_a_picture_without_settings_is_one_sentence(name: str) -> None:
    with pytest.raises(ControlError, match=r"^This picture carries no settings: [^\n]+\.$"):
        settings.read(UNREAD[name])
    with pytest.raises(ControlError, match="^This is no PNG"):
        settings.read(b"BM" + UNREAD[name])


@trials(max_examples=50, deadline=None, derandomize=True)
@given(st.binary(max_size=60), st.sampled_from([b"tEXt", b"zTXt", b"iTXt"]), st.binary(max_size=30))
def test_any_bytes_are_read_or_refused_in_one_sentence(body: bytes, kind: bytes, after: bytes) -> None:
    data = settings.png(SHEET)[:33] + chunk(kind, b"playground\0" + body) + after
    with pytest.raises(ControlError, match="^This picture carries no settings"):
        settings.read(data)


def test_numbers_of_numpy_and_those_that_are_none_are_written_as_any_reader_takes_them() -> None:
    about = {"link": "?tab=gan", "seed": np.int64(7), "distances": [np.float32(0.5), float("nan"), float("inf")], "z": np.arange(2)}
    assert settings.read(settings.png(SHEET, about)) == {"link": "?tab=gan", "seed": 7, "distances": [0.5, None, None], "z": [0, 1]}


def test_no_picture_is_written_with_settings_that_the_page_could_not_take_back() -> None:
    for about in ({"model": "gan-mnist"}, {"link": "tab=gan"}, {"link": None}):
        with pytest.raises(ValueError, match="must have a link"):
            settings.png(SHEET, about)


def films() -> dict[str, bytes]:
    from tabs import pictures

    frames = [np.full((8, 8, 1), value, np.uint8) for value in (0, 90, 200)]
    return {kind: pictures.animation(frames, kind, settings=SOME | {"more": "x" * 900}) for kind in ("GIF", "WEBP")}


def test_the_page_reads_what_python_writes_and_the_other_way_round(tmp_path: Path) -> None:
    files = {
        **READ,
        **{f"no: {name}": data for name, data in UNREAD.items()},
        **films(),
        "no: BM": b"BM" + bytes(40),
        "no: short": b"\x89PNG",
    }
    for k, data in enumerate(files.values()):
        (tmp_path / str(k)).write_bytes(data)
    code = """
        const fs = require("fs"), [folder, count] = process.argv.slice(2);
        eval(fs.readFileSync("assets/settings.js", "utf8"));
        (async () => {
            const found = [];
            for (let k = 0; k < count; k++) {
                const bytes = Uint8Array.from(fs.readFileSync(`${folder}/${k}`));
                try { found.push(await playgroundSettings.read(bytes)); } catch (error) { found.push(error.message); }
            }
            fs.writeFileSync(`${folder}/back`, playgroundSettings.write(Uint8Array.from(fs.readFileSync(`${folder}/plain`)), found[0]));
            console.log(JSON.stringify(found));
        })();
    """
    (tmp_path / "plain").write_bytes(UNREAD["none"])
    (tmp_path / "run.js").write_text(code)
    done = subprocess.run(
        [NODE, str(tmp_path / "run.js"), str(tmp_path), str(len(files))], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    for name, found in zip(files, json.loads(done.stdout), strict=True):
        if name.startswith("no: "):
            assert isinstance(found, str) and found.startswith("This ") and found.endswith("."), (name, found)
        else:
            assert {key: found[key] for key in SOME} == SOME, name
    assert settings.read((tmp_path / "back").read_bytes()) == SOME
    with Image.open(tmp_path / "back") as image:
        assert np.array_equal(np.asarray(image), SHEET)


def test_what_is_kept_over_a_reload_has_three_limits() -> None:
    code = """
        globalThis.window = globalThis;
        eval(require("fs").readFileSync("assets/visits.js", "utf8"));
        const { within } = playgroundVisits, run = (size, at = 0) => ({ bytes: { length: size }, at }), now = 1000;
        console.log(JSON.stringify([
            within([], now), within(Array(30).fill(run(10)), now), within(Array(5).fill(run(6e6)), now), within([run(3e7)], now),
            within([run(1, now), run(1, now - 25 * 3600e3), run(1, now)], now),
        ]));
    """
    done = subprocess.run([NODE, "-e", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout or done.stderr) == [0, 24, 3, 0, 1]

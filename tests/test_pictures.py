"""Every picture that comes from outside is read by one reader, whoever sends it and however it was saved."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from playground import data, registry
from playground.controls import Given
from playground.data import photographs, picture_files
from playground.data.ink import ink_of
from playground.errors import ControlError, PlaygroundError, RemoteError
from tests.conftest import ROOT, drawing
from tests.picture_making import card, even, oriented, scene, sixteen, uri

TAKING = [card for card in registry.cards() if any(isinstance(control, Given) for control in card.controls)]


@pytest.mark.slow
def test_every_endpoint_that_takes_a_picture_or_a_mask_goes_through_the_one_reader(monkeypatch: pytest.MonkeyPatch):
    """Swept over the API description itself: a parameter named as a picture's control, in any endpoint, must reach picture_files.from_uri."""
    import gradio as gr

    from tabs import api

    class Reached(Exception):
        """Raised by the reader."""

    def reached(sent: object, name: str = "given") -> None:
        raise Reached(f"{name}: {sent}")

    functions: dict[str, object] = {}
    register = gr.api
    monkeypatch.setattr(api, "guarded", lambda function: function)
    monkeypatch.setattr(
        gr,
        "api",
        lambda function, api_name, **options: functions.update({api_name: function}) or register(function, api_name=api_name, **options),
    )
    with gr.Blocks() as page:
        api.build()
    described = page.get_api_info()["named_endpoints"]
    pictured = {control.name for card in TAKING for control in card.controls if isinstance(control, Given)}
    assert pictured == {"given", "mask"}
    monkeypatch.setattr(picture_files, "from_uri", reached)
    able = {
        name: next(card.id for card in registry.shipped() if what in card.can)
        for name, what in (("reconstruct", "reconstruct"), ("classify", "score"))
    }
    found = []
    for path, about in described.items():
        name = path.removeprefix("/")
        parameters = about["parameters"]
        for parameter in parameters:
            if parameter["parameter_name"] not in pictured:
                continue
            values = {each["parameter_name"]: each.get("parameter_default") for each in parameters}
            values |= {"model": able[name]} if name in able else {"n": 1, "seed": 1}
            values |= {parameter["parameter_name"]: "sent by a stranger"}
            with pytest.raises(Reached, match=f"{parameter['parameter_name']}: sent by a stranger"):
                functions[name](*values.values())
            found.append((name, parameter["parameter_name"]))
    offered = {f"sample_{card.id.replace('-', '_')}" for card in TAKING if f"/sample_{card.id.replace('-', '_')}" in described}
    assert {name for name, _ in found} == offered | {"reconstruct", "classify"}


def test_no_other_source_opens_a_picture_from_outside():
    """Image.open stands in the reader, and where our own files and the data sets' are read; always with a list of formats where bytes are a stranger's."""
    opening = {
        path.relative_to(ROOT).as_posix()
        for folder in ("playground", "tabs")
        for path in (ROOT / folder).rglob("*.py")
        if "Image.open(" in path.read_text()
    }
    assert opening == {
        "playground/data/picture_files.py",
        "playground/data/mnist.py",
        "playground/metrics/photographed.py",
        "playground/sprite.py",
        "playground/stories.py",
    }


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO", "TGA", "PCX", "EPS"])
def test_only_a_closed_list_of_formats_is_opened(kind: str, tmp_path: Path):
    path = tmp_path / f"picture.{kind.lower()}"
    scene().save(path, kind)
    with pytest.raises(ControlError, match="given must be a picture file"):
        picture_files.from_file(path)
    with pytest.raises(ControlError, match="given must be a PNG, JPEG or WebP"):
        picture_files.from_uri(f"data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()}")


@pytest.mark.slow
def test_what_a_remote_engine_sends_passes_the_same_reader():
    from playground.models import remote

    buffer = io.BytesIO()
    stored, exif = oriented(scene(), 6)
    stored.save(buffer, "JPEG", quality=100, exif=exif)
    found = remote._fitted(Image.open(buffer), (64, 96, 3))
    assert np.abs(found.astype(int) - np.asarray(scene())).mean() < 6
    buffer = io.BytesIO()
    scene().save(buffer, "GIF")
    with pytest.raises(RemoteError, match="PNG, JPEG, WEBP; got GIF"):
        remote._fitted(Image.open(buffer), (64, 96, 3))


@pytest.mark.parametrize("kind", picture_files.FORMATS)
def test_the_endpoint_and_the_command_line_read_the_same(kind: str, tmp_path: Path):
    path = tmp_path / "picture"  # the name does not matter
    scene().save(path, kind)
    sent = f"data:image/{kind.lower()};base64,{base64.b64encode(path.read_bytes()).decode()}"
    assert np.array_equal(picture_files.from_file(path), picture_files.from_uri(sent))
    for model in TAKING:
        for control in (each for each in model.controls if isinstance(each, Given)):
            assert np.array_equal(data.given(control, model.dataset, path), data.given(control, model.dataset, sent))


def test_a_request_may_hold_four_million_points_and_a_file_more(tmp_path: Path):
    large = Image.new("1", (4000, 1001))
    large.save(tmp_path / "large.png")
    with pytest.raises(ControlError, match="at most 4 million points, got 4000 x 1001"):
        picture_files.from_uri(uri(large))
    assert picture_files.from_file(tmp_path / "large.png").shape == (1001, 4000, 1)
    Image.new("1", (8001, 8001)).save(tmp_path / "huge.png")
    with pytest.raises(ControlError, match="at most 64 million points"):
        picture_files.from_file(tmp_path / "huge.png")


@pytest.mark.parametrize("path", ["nonesuch.png", ".", "a\0b", ""])
def test_a_file_that_cannot_be_read_is_refused(path: str):
    with pytest.raises(ControlError, match="given must be a picture file"):
        picture_files.from_file(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", picture_files.FORMATS)
def test_a_picture_with_an_exif_orientation_is_read_upright(kind: str, orientation: int):
    stored, exif = oriented(scene(), orientation)
    options = {"quality": 100, "subsampling": 0} if kind == "JPEG" else {"lossless": True} if kind == "WEBP" else {}
    found = picture_files.from_uri(uri(stored, kind, exif=exif, **options))
    assert found.shape == (64, 96, 3)
    assert np.abs(found.astype(int) - np.asarray(scene())).mean() < 3
    turned = Image.open(io.BytesIO(base64.b64decode(uri(stored, kind, exif=exif, **options).split(",")[1])))
    assert np.array_equal(picture_files.pixels_of(turned), found), "an opened picture given from Python, too"


def test_a_digit_and_a_mask_lying_on_their_side_are_read_as_the_upright_ones():
    for upright, read in (
        (drawing("7"), lambda sent: data.from_picture("mnist", sent)),
        (drawing("7"), lambda sent: data.from_mask("faces", sent)),
    ):
        stored, exif = oriented(upright, 6)
        plain, turned = (
            read(picture_files.from_uri(uri(image, "PNG", **more))) for image, more in ((upright, {}), (stored, {"exif": exif}))
        )
        assert np.array_equal(plain.pixels, turned.pixels)


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03", b"garbage"], ids=repr
)
def test_a_broken_exif_block_turns_nothing(exif: bytes):
    assert picture_files.from_uri(uri(scene(), "JPEG", exif=exif)).shape == (64, 96, 3)


@pytest.mark.parametrize("low", [0, 1])
def test_a_16_bit_grey_png_is_read_as_its_8_bit_twin(low: int):
    image = scene().convert("L")
    found = picture_files.from_uri(uri(sixteen(image, low)))
    assert np.array_equal(found[..., 0], np.asarray(image))
    assert np.array_equal(data.from_picture("mnist", sixteen(drawing("5"), low)).pixels, data.from_picture("mnist", drawing("5")).pixels)
    assert np.array_equal(data.from_mask("faces", sixteen(drawing("5"), low)).pixels, data.from_mask("faces", drawing("5")).pixels)


@pytest.mark.parametrize(
    "mode",
    [
        "I;16",
        "I",
        "I small",
        "F to 1",
        "F to 255",
        "F to 65535",
        "1",
        "P",
        "RGB",
        "CMYK",
        "YCbCr",
        "HSV",
        "LA",
        "PA",
        "RGBa",
        "RGBX",
        "array16",
        "bool",
    ],
)
def test_every_mode_of_pillow_is_read_as_the_8_bit_picture(mode: str):
    grey = drawing("7")
    values = np.asarray(grey)
    image = {
        "I;16": lambda: sixteen(grey, 1),
        "I": lambda: Image.fromarray(values.astype(np.int32) * 257),
        "I small": lambda: Image.fromarray(values.astype(np.int32)),
        "F to 1": lambda: Image.fromarray(values.astype(np.float32) / 255),
        "F to 255": lambda: Image.fromarray(values.astype(np.float32)),
        "F to 65535": lambda: Image.fromarray(values.astype(np.float32) * 257),
        "P": lambda: grey.convert("RGB").quantize(64),
        "array16": lambda: values.astype(np.uint16) * np.uint16(257),
        "bool": lambda: values > 127,
        "HSV": lambda: grey.convert("RGB").convert("HSV"),
        "RGBa": lambda: grey.convert("RGBA").convert("RGBa"),
    }.get(
        mode,
        lambda: (
            grey.convert("RGB").convert(mode)
            if mode in ("CMYK", "YCbCr", "RGBX")
            else grey.convert("1", dither=0)
            if mode == "1"
            else grey.convert(mode)
        ),
    )()
    found = data.from_picture("mnist", image).float32()
    assert np.abs(found - data.from_picture("mnist", grey).float32()).mean() < 0.02


@pytest.mark.parametrize(
    "shades",
    [
        np.full((9, 9), 70_000, np.int32),
        np.full((9, 9), -1, np.int32),
        np.full((9, 9), np.nan, np.float32),
        np.full((9, 9), -0.5, np.float32),
    ],
    ids=["above", "below", "nan", "negative"],
)
def test_shades_outside_of_all_ranges_are_refused(shades: np.ndarray):
    with pytest.raises(ControlError, match=r"\[0, 65535\]"):
        picture_files.pixels_of(Image.fromarray(shades))


def png_of(depth: int, kind: int, rows: np.ndarray, clear: bytes | None = None) -> bytes:
    """A PNG of that bit depth and colour type, written by hand: Pillow writes no 16-bit colour. rows: uint8 (h, bytes), big-endian samples."""
    import struct
    import zlib

    channels = {0: 1, 2: 3, 4: 2, 6: 4}[kind]
    width = rows.shape[1] * 8 // depth // channels

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    parts = chunk(b"IHDR", head) + (chunk(b"tRNS", clear) if clear else b"") + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize("kind", [0, 2, 4, 6], ids=["grey", "RGB", "grey with alpha", "RGB with alpha"])
def test_every_16_bit_png_is_read_as_its_8_bit_twin(kind: int):
    rng = np.random.default_rng(0)
    small = rng.integers(0, 256, (6, 5, {0: 1, 2: 3, 4: 2, 6: 4}[kind]), dtype=np.uint8)
    large = (small.astype(np.uint16) * 257).astype(">u2")
    twins = [png_of(8, kind, small.reshape(6, -1)), png_of(16, kind, large.reshape(6, -1).view(np.uint8))]
    read = [picture_files.from_uri(f"data:image/png;base64,{base64.b64encode(each).decode()}") for each in twins]
    assert np.array_equal(*read)


def test_the_transparent_colour_of_a_16_bit_png_is_the_8_bit_one():
    grey = np.full((6, 6), 40, np.uint8)
    grey[2:4] = 200
    for kind, channels in ((0, 1), (2, 3)):
        rows = np.repeat(grey[..., None], channels, 2)
        twins = [
            png_of(8, kind, rows.reshape(6, -1), b"\0\x28" * channels),
            png_of(16, kind, (rows.astype(np.uint16) * 257).astype(">u2").reshape(6, -1).view(np.uint8), b"\x28\x28" * channels),
        ]
        read = [picture_files.from_uri(f"data:image/png;base64,{base64.b64encode(each).decode()}") for each in twins]
        assert np.array_equal(*read) and read[0].shape == (6, 6, 4)
        assert np.array_equal(read[0][..., 3] == 0, grey == 40)


def layer(colour: tuple[int, int, int], text: str = "7") -> Image.Image:
    """Strokes of one colour on a transparent layer."""
    image = Image.new("RGBA", (200, 200), (*colour, 0))
    image.putalpha(drawing(text))
    return image


def two_tones(top: tuple[int, int, int], bottom: tuple[int, int, int]) -> Image.Image:
    """Strokes on a transparent layer whose colour changes half way down."""
    colours = Image.new("RGB", (200, 200), top)
    colours.paste(bottom, (0, 100, 200, 200))
    colours.putalpha(drawing("7"))
    return colours


TRANSPARENT = {
    "white card, transparent margin": card(),
    "white card, margin of another colour under alpha 0": Image.composite(card(), Image.new("RGBA", (280, 280), (90, 0, 90, 0)), card().getchannel("A")),
    "black card, transparent margin": card(ink=255, paper=0),
    "grey card, transparent margin": card(ink=30, paper=190),
    "small digit on a white card": card(margin=100),
    "alpha 254 all over": even(254, drawing("7", ink=0, paper=255)),
    "alpha 254 all over, white on black": even(254, drawing("7")),
    "alpha 100 all over": even(100, drawing("7", ink=0, paper=255)),
    "alpha 100 all over, white on black": even(100, drawing("7")),
    "alpha 255 all over": even(255, drawing("7")),
    "black strokes": layer((0, 0, 0)),
    "white strokes": layer((255, 255, 255)),
    "red strokes": layer((220, 20, 30)),
    "strokes in two colours": two_tones((20, 20, 160), (140, 10, 30)),
    "half-transparent strokes": Image.merge("RGBA", [*layer((10, 10, 10)).split()[:3], layer((0, 0, 0)).getchannel("A").point(lambda v: v // 3)]),
    "a stencil: the digit is cut out of a black sheet": Image.merge("RGBA", [*layer((0, 0, 0)).split()[:3], layer((0, 0, 0)).getchannel("A").point(lambda v: 255 - v)]),
    "a stencil in white": Image.merge("RGBA", [*layer((255, 255, 255)).split()[:3], layer((0, 0, 0)).getchannel("A").point(lambda v: 255 - v)]),
    "grey with alpha": card().convert("LA"),
}  # fmt: skip


@pytest.mark.parametrize("name", TRANSPARENT)
def test_alpha_is_ink_only_where_the_colour_is_flat(name: str):
    plain = data.from_picture("mnist", drawing("7")).float32()
    found = data.from_picture("mnist", picture_files.from_uri(uri(TRANSPARENT[name]))).float32()
    assert np.abs(found - plain).mean() < 0.04, "the same digit as on an opaque sheet"


def test_a_picture_of_which_nothing_is_visible_is_empty():
    for image in (even(0, drawing("7")), Image.new("RGBA", (50, 50))):
        with pytest.raises(ControlError, match="empty"):
            data.from_picture("mnist", image)


def test_what_is_transparent_of_a_photograph_is_white():
    found = photographs.square(card(margin=40), 64).pixels[0]
    assert (found[:6] == 255).all()


SHAPES = st.tuples(st.integers(2, 40), st.integers(2, 40), st.sampled_from([1, 3, 4]))


def read_all(picture: np.ndarray) -> None:
    """Every reader gives a sample or one sentence."""
    for read in (data.from_picture, data.from_mask):
        for name in ("mnist", "faces"):
            try:
                found = read(name, picture)
            except PlaygroundError as error:
                assert len(str(error)) < 300 and "\n" not in str(error)
                continue
            assert found.pixels.shape == (1, *data.get(name).shape) and found.pixels.dtype == np.uint8


def any_picture(shape: tuple[int, int, int], seed: int, kinds: int) -> np.ndarray:
    """Noise, or a few flat shades, in any number of channels."""
    rng = np.random.default_rng(seed)
    return (
        rng.choice(rng.integers(0, 256, max(1, kinds), dtype=np.uint8), shape) if kinds < 9 else rng.integers(0, 256, shape, dtype=np.uint8)
    )


def damaged(seed: int, kind: str, places: list[tuple[int, int]], cut: int) -> str:
    """A picture file with bytes changed, or its end cut off, as a data URI."""
    buffer = io.BytesIO()
    stored, exif = oriented(Image.fromarray(np.random.default_rng(seed).integers(0, 256, (12, 17, 3), dtype=np.uint8)), 6)
    stored.save(buffer, kind, exif=exif)
    sent = bytearray(buffer.getvalue())
    for place, value in places:
        sent[place % len(sent)] = value
    return f"data:image/{kind.lower()};base64,{base64.b64encode(bytes(sent[: len(sent) - cut % len(sent)])).decode()}"


PLACES = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6)


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(shape=SHAPES, seed=st.integers(0, 10**6), kinds=st.integers(1, 12))
def test_any_picture_is_read_or_refused_in_one_sentence(shape, seed, kinds):
    read_all(any_picture(shape, seed, kinds))


@settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 3), kind=st.sampled_from(picture_files.FORMATS), places=PLACES, cut=st.integers(0, 40))
def test_a_damaged_file_is_read_or_refused_in_one_sentence(seed, kind, places, cut):
    try:
        read_all(picture_files.from_uri(damaged(seed, kind, places, cut)))
    except PlaygroundError as error:
        assert len(str(error)) < 300 and "\n" not in str(error)


@pytest.mark.nightly
@settings(max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
@given(shape=SHAPES, seed=st.integers(0, 10**6), kinds=st.integers(1, 12))
def test_any_picture_is_read_or_refused_in_one_sentence_at_length(shape, seed, kinds):
    read_all(any_picture(shape, seed, kinds))


@pytest.mark.nightly
@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 3), kind=st.sampled_from(picture_files.FORMATS), places=PLACES, cut=st.integers(0, 40))
def test_a_damaged_file_is_read_or_refused_in_one_sentence_at_length(seed, kind, places, cut):
    try:
        read_all(picture_files.from_uri(damaged(seed, kind, places, cut)))
    except PlaygroundError as error:
        assert len(str(error)) < 300 and "\n" not in str(error)


def test_a_flat_picture_has_no_ink():
    assert not ink_of(np.full((9, 9, 3), 77, np.uint8)).any()

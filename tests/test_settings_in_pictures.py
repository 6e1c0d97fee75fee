"""Every picture that the product makes holds its settings: previews, pages, endpoints, command line, films."""

from __future__ import annotations

import base64
import importlib
import io
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from playground import previews, registry, settings
from playground.types import Images, Run, Step
from tests.conftest import drawing


def held(html: str) -> Iterator[tuple[str, bytes]]:
    """Every PNG, GIF and WebP of a piece of the page, with its words: pictures in sight and files to take away."""
    from tabs import stills

    for tag in re.findall(r"<(?:img|a class=\"take\")[^>]*>", html):
        source = re.search(r'(?:src|href)="([^"]+)"', tag)
        if source and source[1].startswith(f"{stills.FOLDER}/"):
            yield tag, stills._held[source[1].partition("/")[2]]
        elif source and source[1].startswith("data:image/"):
            yield re.sub(r'base64,[^"]*', "", tag), base64.b64decode(source[1].split(",", 1)[1])


def about_of(data: bytes) -> dict[str, Any]:
    """What a picture of the page holds, of any of its kinds."""
    if data.startswith(settings.SIGNATURE):
        return settings.read(data)
    with Image.open(io.BytesIO(data)) as image:
        if image.format == "GIF":
            return json.loads(image.info["comment"].decode().removeprefix("playground\0"))
        import html

        return json.loads(html.unescape(re.search(r'playground:settings="([^"]*)"', image.info["xmp"].decode())[1]))


WITHOUT = ("real samples", "a real picture at t", 'alt=""')  # what no model made
LOSSY = "data:image/webp"  # moments on the way


@pytest.mark.slow
def test_every_picture_of_the_first_paint_holds_settings() -> None:
    import gradio as gr

    from tabs import launch

    count = 0
    for block in launch.build().blocks.values():
        if isinstance(block, gr.HTML) and isinstance(block.value, str):
            for words, data in held(block.value):
                if any(each in words for each in WITHOUT) or LOSSY in words or data[:4] == b"RIFF" or len(data) < 60:
                    continue
                assert about_of(data)["link"].startswith("?tab="), words
                count += 1
    assert count > 60


@pytest.mark.parametrize("path", sorted(previews.PREVIEWS.glob("*.png")), ids=lambda path: path.stem)
def test_every_shipped_preview_holds_settings_of_the_one_schema(path: Path) -> None:
    about = settings.read(path.read_bytes())
    assert registry.get(about["model"]) and about["link"].startswith("?tab=") and "controls" not in about and "card" not in about


@pytest.mark.slow
def test_the_command_line_writes_what_the_page_reads(tmp_path: Path) -> None:
    from playground.__main__ import main

    out = tmp_path / "x.png"
    assert (
        main(["sample", "gan-mnist", "-n", "3", "--seed", "5", "--set", "truncation=0.123456789", "--set", "label=4", "--out", str(out)])
        == 0
    )
    about = settings.read(out.read_bytes())
    assert about["link"] == "?tab=gan&model=gan-mnist&n=3&seed=5&label=4&truncation=0.123456789"
    assert (about["model"], about["n"], about["truncation"], about["label"]) == ("gan-mnist", 3, 0.123456789, "4")
    assert main(["sample", "gan-mnist", "-n", "3", "--seed", "5", "--out", str(out)]) == 0
    about = settings.read(out.read_bytes())
    assert about["label"] == ["0", "1", "2"] and settings.missing_of(about["link"]) == ("label",)


def uris(answer: Any) -> Iterator[str]:
    """Every picture in an answer."""
    if isinstance(answer, dict):
        answer = list(answer.values())
    if isinstance(answer, list):
        for each in answer:
            yield from uris(each)
    elif isinstance(answer, str) and answer.startswith("data:image/"):
        yield answer


def digit() -> str:
    buffer = io.BytesIO()
    drawing().save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


FACE = ("stable-diffusion-faces", "a face with a red bob")
CALLS: dict[str, Callable[[Any], Any]] = {
    "reconstruct": lambda api: api.reconstruct("vae-mnist", digit()),
    "classify": lambda api: api.classify("classifier-mnist", digit()),
    "mix": lambda api: api.mix("gan-mnist", 3, 4),
    "walk": lambda api: [api.walk("gan-mnist", 3, 4, "5"), api.walk("gan-faces", 3, 4)],
    "copies": lambda api: api.copies("gan-faces", 2, 5),
    "sample_gan_mnist": lambda api: api.sampler(registry.get("gan-mnist"))(2, 3, "any", 0.5),
}
SLOW_CALLS: dict[str, Callable[[Any], Any]] = {
    "compare": lambda api: api.compare(2, 5, "3"),
    "write_number": lambda api: api.write_number("12", 5),
    "look_at_words": lambda api: api.look_at_words(*FACE),
    "swap_word": lambda api: api.swap_word(*FACE, "red", "black"),
    "turn_up_guidance": lambda api: api.turn_up_guidance(*FACE, 2),
}
LONG = ("turn_up_guidance", "compare")


@pytest.mark.parametrize(
    "name", [*CALLS, *(pytest.param(name, marks=pytest.mark.nightly if name in LONG else pytest.mark.slow) for name in SLOW_CALLS)]
)
def test_every_picture_of_an_endpoint_holds_settings(name: str) -> None:
    from tabs import api

    found = list(uris((CALLS | SLOW_CALLS)[name](api)))
    assert found, "an endpoint that draws"
    for uri in found:
        about = settings.read(base64.b64decode(uri.split(",", 1)[1]))
        assert about["link"].startswith("?tab=")


def test_no_endpoint_that_draws_is_left_out() -> None:
    from tabs import api

    source = Path(api.__file__).read_text(encoding="utf-8")
    drawing = {each.split("(")[0] for each in source.split("\ndef ")[1:] if "_png(" in each or "answer(" in each or "_family(" in each}
    assert drawing & set(api.ENDPOINTS) == (set(CALLS) | set(SLOW_CALLS)) & set(api.ENDPOINTS)


def test_pictures_of_one_result_and_its_films_hold_the_same_link() -> None:
    from tabs import widgets

    card = registry.get("diffusion-mnist")
    run = Run(card.id, Step(Images(np.zeros((2, 28, 28, 1), np.uint8)), 1, 1, 1), 2, 7, {"eta": 0.123456789}, 0.1, "cpu", done=True)
    frames = [np.full((28, 28, 1), value, np.uint8) for value in (0, 90, 200)]
    found = [about_of(data)["link"] for _, data in held(widgets.result(run, "diffusion", frames=frames))]
    assert len(found) == 4 and set(found) == {"?tab=diffusion&model=diffusion-mnist&n=2&seed=7&eta=0.123456789"}


def digits(n: int = 4) -> Images:
    return Images(np.arange(n * 28 * 28, dtype=np.uint8).reshape(n, 28, 28, 1))


def tab(name: str) -> Any:
    return importlib.import_module(f"tabs.{name}")


def finished(card_id: str, n: int = 4, **controls: Any) -> Run:
    return Run(card_id, Step(digits(n), 1, 1, 1), n, 7, controls, 0.1, "cpu", done=True)


def rows() -> list[Any]:
    from playground.exhibits import Row

    return [Row("first", digits()), Row("second", digits())]


def lesson() -> Any:
    from playground import feedback

    return feedback.restored(*previews.read_rows(feedback.CARD, "feedback"))[1]


def photograph() -> str:
    from playground import repaint

    found, about = previews.read_rows("vae-faces", "photograph")
    return tab("photographs")._result(registry.get("vae-faces"), "a flower", repaint.restored(found, about), "vae")


def back(given: np.ndarray | None) -> str:
    asked = None if given is not None else {"kind": "7", "which": 1, "strength": 0.123456789, "as": "any"}
    trip, run = tab("return_trip"), finished("diffusion-mnist", given=given, strength=0.123456789)
    return trip._row(run.samples, "x", trip._about(run, "diffusion", asked)) + trip._take(run, "diffusion", asked)


RESULTS: dict[str, tuple[Callable[[], str], str]] = {  # what the page shows of a live result, and what its link names as missing
    "gan": (lambda: tab("widgets").result(finished("gan-mnist", label=("1",) * 4), "gan"), "label"),
    "gan, walk": (lambda: tab("gan")._walk_film(finished("gan-mnist", 2), [digits(1).pixels[0]] * tab("gan").WALK_FRAMES), "walk"),
    "gan, mix": (lambda: tab("mixing")._shown("gan-faces", rows(), 3, 4, "live", "gan"), ""),
    "gan, copies": (lambda: tab("people")._shown(registry.get("gan-mnist"), rows(), [9.0] * 4, 7, "live", "gan"), "nearest"),
    "vae, slide": (
        lambda: tab("vae")._slide_film("vae-mnist", digits(2), digits(5), {"first": "3", "last": "8", "seed": 7}, "live"),
        "",
    ),
    "vae, photograph": (photograph, "photograph"),
    "autoencoder": (
        lambda: tab("autoencoder")._finished(registry.get("autoencoder-mnist"), "bottleneck", rows(), {"n": 4, "seed": 7}, "1 s"),
        "",
    ),
    "diffusion, from a test picture": (lambda: back(None), ""),
    "diffusion, from one's own": (lambda: back(np.zeros((1, 28, 28, 1), np.float32)), "given"),
    "compare, a number": (lambda: tab("compare")._take_away(("2", "0"), 7, {"gan": digits(2)}, [("gan", digits(2))]), ""),
    "compare, samples": (lambda: tab("compare")._column("gan", registry.get("gan-mnist"), digits(), "", "", finished("gan-mnist")), ""),
    "compare, walk": (
        lambda: tab("walking")._shown({"gan": registry.get("gan-mnist")}, rows(), {"first": 3, "second": 4, "label": "5"}, "live"),
        "",
    ),
    "compare, blind test": (lambda: tab("blind")._round(7, [digits().pixels], [], "compare"), ""),
    "start": (lambda: tab("start")._drawn("3", 7, {}, "live"), ""),
    "feedback, somebody made up": (lambda: tab("feedback")._result(lesson(), "live"), ""),
    "feedback, a visitor": (lambda: tab("feedback")._result(replace(lesson(), who=""), "live"), "choices"),
    "start, four steps": (lambda: tab("four_steps").cells({"latent": digits(6)}, "live", "", tab("four_steps")._about("start", 7)), ""),
}


@pytest.mark.parametrize("name", RESULTS)
def test_every_picture_of_a_tabs_result_holds_settings(name: str) -> None:
    made, missing = RESULTS[name]
    found = list(held(made()))
    assert found
    for words, data in found:
        if 'class="chip' not in words and len(data) > 60:
            link = about_of(data)["link"]
            assert link.startswith("?tab=") and ",".join(settings.missing_of(link)) == missing, words

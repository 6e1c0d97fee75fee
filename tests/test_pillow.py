"""The release of Pillow is the newest that gradio allows."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT


def pinned(package: str) -> str:
    """The release of a package that requirements.txt asks for."""
    (line,) = (line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.partition("==")[0] == package)
    return line.partition("==")[2]


def allowed_by_gradio(requirements: list[str]) -> str:
    """What a release of gradio asks of Pillow, such as "<13.0,>=8.0"."""
    (asked,) = (line.partition(";")[0].strip() for line in requirements if line.startswith("pillow") and "extra" not in line)
    return asked.removeprefix("pillow")


def test_the_pinned_pillow_is_one_that_gradio_allows():
    numbers = [
        tuple(map(int, each.split(".")))
        for each in (pinned("pillow"), *allowed_by_gradio(importlib.metadata.requires("gradio")).strip("<>=").split(",>="))
    ]
    assert numbers[2] <= numbers[0] < numbers[1]
    assert importlib.metadata.version("pillow") == pinned("pillow")


@pytest.mark.nightly
def test_the_pin_of_pillow_can_move_when_a_gradio_that_our_pin_allows_takes_a_newer_one():
    """Asks the package index. Fails on the day that the newest gradio of our pin takes a newer Pillow: then raise pillow in requirements.txt."""

    def newest(asked: str) -> dict:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--dry-run",
            "--quiet",
            "--no-deps",
            "--ignore-installed",
            "--report",
            "-",
            asked,
        ]
        return json.loads(subprocess.run(command, capture_output=True, check=True, text=True, timeout=120).stdout)["install"][0]["metadata"]

    gradio = newest(f"gradio=={pinned('gradio')}")
    pillow = newest(f"pillow{allowed_by_gradio(gradio['requires_dist'])}")
    assert pillow["version"] == pinned("pillow"), f"gradio {gradio['version']} allows Pillow {pillow['version']}: raise the pin"

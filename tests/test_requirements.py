"""What is imported directly is declared: a distribution that only comes along with another may stay away with its next release."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
from collections.abc import Iterator
from functools import cache

import pytest

from tests.conftest import ROOT

OURS = {"playground", "tabs", "tests", "app"}
OF_A_SPACE = {"spaces"}  # Hugging Face installs it beside Gradio where a GPU is lent; playground.zero goes on without it
ELSEWHERE = {ROOT / "tests" / "read_midi.py"}  # run in environments of their own, which hold what they import
SOURCES = sorted(path for folder in ("playground", "tabs", "tests") for path in (ROOT / folder).rglob("*.py") if path not in ELSEWHERE)
SOURCES.append(ROOT / "app.py")


def declared(*files: str) -> dict[str, str]:
    """The requirements of some files: what follows the name, by the name as PyPI compares it."""
    lines = (line for file in files for line in (ROOT / file).read_text(encoding="utf-8").splitlines())
    found = (re.match(r"([A-Za-z0-9._-]+)(\S*)", line) for line in lines if line.strip() and not line.startswith("#"))
    return {normalised(each.group(1)): each.group(2) for each in found if each}


def normalised(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def distributions() -> dict[str, list[str]]:
    """The installed distributions by the module that they bring."""
    return dict(importlib.metadata.packages_distributions())


def modules(source: str) -> Iterator[str]:
    """The top-level modules that a source imports from elsewhere, anywhere in it; those that pytest is asked to import, too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield str(node.module).partition(".")[0]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("pytest.importorskip", "importlib.import_module"):
            if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                yield node.args[0].value.partition(".")[0]


def undeclared(source: str, known: dict[str, str]) -> set[str]:
    """The modules that a source imports and no known requirement brings."""
    others = set(modules(source)) - set(sys.stdlib_module_names) - OURS - OF_A_SPACE
    return {each for each in others if not {normalised(name) for name in distributions().get(each, [each])} & set(known)}


def test_every_direct_import_is_declared() -> None:
    found = {}
    for path in SOURCES:
        files = ("requirements.txt", "tests/requirements.txt") if path.is_relative_to(ROOT / "tests") else ("requirements.txt",)
        if missing := undeclared(path.read_text(encoding="utf-8"), declared(*files)):
            found[path.relative_to(ROOT).as_posix()] = sorted(missing)
    assert not found, "declare them"


def test_every_requirement_names_one_version() -> None:
    loose = {name for name, pin in declared("requirements.txt", "tests/requirements.txt").items() if not pin.startswith("==")}
    assert not loose


@pytest.mark.parametrize(
    "line", ["import httpx", "from httpx import get", "def f():\n    import httpx", "import httpx._client as client", "import absent"]
)
def test_an_undeclared_import_is_found_wherever_it_stands(line: str) -> None:
    assert undeclared(line, {"gradio": "==6.31.*"}) and not undeclared("import gradio, json, playground.data", {"gradio": "==6.31.*"})

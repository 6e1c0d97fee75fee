"""The house rules that the source itself must keep: who may import whom, what an import may do, how large a file may be.

One test a rule; a test that fails names every offender. Each file is read and parsed once.
"""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from playground import data
from tests.conftest import ROOT

HEAVY = ("torch", "diffusers", "transformers")
SOURCES = sorted(path for folder in ("playground", "tabs", "tests") for path in (ROOT / folder).rglob("*.py")) + [ROOT / "app.py"]
NOT_OURS = {".git", "runs", "data", ".venv", "venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".gradio"}
METHODS = tuple(path.stem for path in sorted((ROOT / "playground" / "models").glob("*.py")) if path.stem != "__init__")
LINES = 500


def below(*folders: str) -> list[Path]:
    """The sources in some folders of the repository."""
    return [path for path in SOURCES if any(path.is_relative_to(ROOT / folder) for folder in folders)]


OURS = [*below("playground", "tabs"), ROOT / "app.py"]


def name_of(path: Path) -> str:
    """A path as it is named in a message, the same on every machine."""
    return path.relative_to(ROOT).as_posix()


@functools.cache
def text_of(path: Path) -> str:
    """The text of a source."""
    return path.read_text(encoding="utf-8")


@functools.cache
def tree_of(path: Path) -> ast.Module:
    """The syntax tree of a source."""
    return ast.parse(text_of(path))


@functools.cache
def nodes_of(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of a source."""
    return tuple(ast.walk(tree_of(path)))


@functools.cache
def imports(path: Path) -> frozenset[str]:
    """The dotted names of all modules that a file imports; "from a import b" gives both a and a.b, a relative import its dots as well."""
    found: set[str] = set()
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            found |= {module} | {f"{module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def touching(paths: Iterable[Path], *packages: str) -> list[str]:
    """Those of the files that import one of the packages or something below it, each with what it imports."""
    return [
        f"{name_of(path)} imports {name}"
        for path in paths
        for name in sorted(imports(path))
        if any(name == package or name.startswith(package + ".") for package in packages)
    ]


def nobody(offenders: Iterable[str]) -> None:
    """Fails with all offenders, a line each."""
    found = list(offenders)
    assert not found, "\n" + "\n".join(found)


def docstrings(path: Path) -> set[int]:
    """The ids of all docstring nodes of a file: prose, which may give an example."""
    owners = [node for node in nodes_of(path) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    return {id(node.body[0].value) for node in owners if node.body and isinstance(node.body[0], ast.Expr)}


def test_no_import_is_relative():
    nobody(f"{name_of(path)} imports {name}" for path in SOURCES for name in imports(path) if name.startswith("."))


def test_core_imports_neither_gradio_nor_the_page():
    nobody(touching(below("playground"), "gradio", "tabs", "app"))


def test_page_and_cards_import_no_torch():
    nobody(touching([*below("tabs", "playground/cards"), ROOT / "app.py"], *HEAVY))


def test_tabs_reach_models_through_the_doors_only():
    nobody(touching(below("tabs"), "playground.models", "playground.training.loop", "app"))


def test_methods_never_import_each_other():
    for method in METHODS:
        others = [f"playground.models.{other}" for other in METHODS if other != method]
        nobody(touching([ROOT / "playground" / "models" / f"{method}.py"], *others))


def test_metrics_loop_and_sampling_know_no_method():
    nobody(touching([*below("playground/metrics", "playground/sampling"), ROOT / "playground/training/loop.py"], "playground.models"))


def test_tabs_and_sampling_name_no_data_set():
    nobody(_data_sets_named(below("tabs", "playground/sampling")))


def _data_sets_named(paths: Iterable[Path]) -> Iterator[str]:
    names = data.names()
    for path in paths:
        prose = docstrings(path)
        for node in nodes_of(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                named = [name for name in names if node.value == name or f"-{name}" in node.value]  # faces are also a word
            else:
                named = [name for name in names if name in (getattr(node, "id", None), getattr(node, "attr", None))]
            yield from (f"{name_of(path)} names {name}, line {node.lineno}" for name in named)


def test_no_pickle_is_imported():
    nobody(touching(OURS, "pickle", "dill", "joblib", "cloudpickle", "torch.load", "torch.serialization"))


def test_no_remote_code_and_torch_load_in_one_place_with_weights_only():
    nobody(_unsafe_loads(OURS))


def _unsafe_loads(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        for node in nodes_of(path):
            if isinstance(node, ast.Attribute) and node.attr == "load" and ast.unparse(node) == "torch.load":
                if path != ROOT / "playground" / "convert.py":
                    yield f"{name_of(path)} calls torch.load, line {node.lineno}"
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
                if [ast.unparse(each.value) for each in node.keywords if each.arg == "weights_only"] != ["True"]:
                    yield f"{name_of(path)} loads without weights_only=True, line {node.lineno}"
            if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "allow_pickle"):
                if not (isinstance(node.value, ast.Constant) and node.value.value is False):
                    yield f"{name_of(path)} sets {node.arg}, line {node.value.lineno}"


def test_no_global_seed():
    """torch.manual_seed may be called in a trainee's __init__ alone: its weights are the first thing that is drawn."""
    nobody(_global_seeds(OURS))


def _global_seeds(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        allowed = {
            id(node)
            for cls in nodes_of(path)
            if isinstance(cls, ast.ClassDef) and cls.name.endswith("Trainee")
            for method in cls.body
            if isinstance(method, ast.FunctionDef) and method.name == "__init__"
            for node in ast.walk(method)
        }
        for node in nodes_of(path):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "seed"
                and ast.unparse(node) in ("np.random.seed", "numpy.random.seed", "random.seed")
            ):
                yield f"{name_of(path)} seeds everything, line {node.lineno}"
            if isinstance(node, ast.Call) and id(node) not in allowed and ast.unparse(node.func) == "torch.manual_seed":
                yield f"{name_of(path)} calls torch.manual_seed outside a trainee's __init__, line {node.lineno}"


def test_only_app_sets_the_environment():
    nobody(_environment_set(below("playground", "tabs")))


def _environment_set(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        for node in nodes_of(path):
            targets: list[ast.expr] = []
            if isinstance(node, (ast.Assign, ast.Delete)):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            if any(ast.unparse(target).startswith("os.environ") for target in targets):
                yield f"{name_of(path)} sets os.environ, line {node.lineno}"
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name in ("os.putenv", "os.environ.setdefault", "os.environ.update", "os.environ.pop"):
                    yield f"{name_of(path)} calls {name}, line {node.lineno}"


def test_no_source_file_is_over_500_lines():
    nobody(f"{name_of(path)} has {lines} lines" for path in SOURCES if (lines := len(text_of(path).splitlines())) > LINES)


def test_every_public_thing_has_a_docstring():
    nobody(_undocumented(OURS))


def _undocumented(paths: Iterable[Path]) -> Iterator[str]:
    for path in paths:
        if not ast.get_docstring(tree_of(path)):
            yield f"{name_of(path)} has none"
        for node in tree_of(path).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_") and not ast.get_docstring(node):
                yield f"{name_of(path)}: {node.name} has none, line {node.lineno}"


def test_no_file_is_larger_than_a_space_takes():
    large = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in NOT_OURS or Path(folder, name) == ROOT / "playground" / "data"]
        large += [path for path in (Path(folder) / name for name in files) if path.stat().st_size > 10_000_000]
    nobody(map(name_of, large))


MODULES = ("playground.run", "playground.previews", "playground.__main__", "playground.metrics.__main__", "tabs.launch", "app")
FRESH = f"""
import contextlib, importlib, io, sys
def heavy(after):
    found = [name for name in {HEAVY!r} if name in sys.modules]
    if found:
        sys.exit(f"{{after}} loads {{found}}")
for module in {MODULES!r}:
    importlib.import_module(module)
    heavy("importing " + module)
with contextlib.redirect_stdout(io.StringIO()):
    sys.modules["playground.__main__"].main(["list"])
heavy("python -m playground list")
sys.modules["tabs.launch"].build()
heavy("building the page")
"""


@pytest.mark.slow
def test_no_heavy_library_is_loaded_before_a_model_is_needed():
    """In a fresh interpreter: what a first paint or a first command imports, the list of all cards, then the page itself."""
    found = subprocess.run([sys.executable, "-c", FRESH], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert found.returncode == 0, found.stdout + found.stderr

"""The house rules that the source itself must keep: who may import whom, what an import may do, how large a file may be."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from playground import data
from tests.conftest import ROOT

HEAVY = ("torch", "diffusers", "transformers")


def name_of(path: Path) -> str:
    """A path as a test id, the same on every machine."""
    return path.relative_to(ROOT).as_posix()


SOURCES = sorted(path for folder in ("playground", "tabs", "tests") for path in (ROOT / folder).rglob("*.py")) + [ROOT / "app.py"]
NOT_OURS = {".git", "runs", "data", ".venv", "venv", "__pycache__", ".pytest_cache", ".ruff_cache", ".gradio"}
METHODS = tuple(path.stem for path in sorted((ROOT / "playground" / "models").glob("*.py")) if path.stem != "__init__")


def below(folder: str) -> list[Path]:
    """The sources in a folder of the repository."""
    return [path for path in SOURCES if path.is_relative_to(ROOT / folder)]


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """The dotted names of all modules that a file imports; "from a import b" gives both a and a.b."""
    found: set[str] = set()
    for node in statements(path, top_level_only):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} has a relative import"
            found |= {node.module or ""} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def statements(path: Path, top_level_only: bool) -> Iterator[ast.AST]:
    """All nodes of a file, or only its top-level statements."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return iter(tree.body) if top_level_only else ast.walk(tree)


def touches(names: set[str], *packages: str) -> set[str]:
    """Those of the names that are one of the packages or below it."""
    return {name for name in names if any(name == package or name.startswith(package + ".") for package in packages)}


def docstrings(tree: ast.AST) -> set[int]:
    """The ids of all docstring nodes: prose, which may give an example."""
    owners = [node for node in ast.walk(tree) if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))]
    return {id(node.body[0].value) for node in owners if node.body and isinstance(node.body[0], ast.Expr)}


@pytest.mark.parametrize("path", below("playground"), ids=name_of)
def test_core_imports_neither_gradio_nor_the_page(path: Path):
    assert not touches(imports(path), "gradio", "tabs", "app")


@pytest.mark.parametrize("path", [*below("tabs"), *below("playground/cards"), ROOT / "app.py"], ids=name_of)
def test_page_and_cards_import_no_torch(path: Path):
    assert not touches(imports(path), *HEAVY)


@pytest.mark.parametrize("path", below("tabs"), ids=name_of)
def test_tabs_reach_models_through_the_doors_only(path: Path):
    assert not touches(imports(path), "playground.models", "playground.training.loop", "app")


@pytest.mark.parametrize("method", METHODS)
def test_methods_never_import_each_other(method: str):
    others = [f"playground.models.{other}" for other in METHODS if other != method]
    assert not touches(imports(ROOT / "playground" / "models" / f"{method}.py"), *others)


@pytest.mark.parametrize(
    "path", [*below("playground/metrics"), ROOT / "playground/training/loop.py", *below("playground/sampling")], ids=name_of
)
def test_metrics_loop_and_sampling_know_no_method(path: Path):
    assert not touches(imports(path), "playground.models")


@pytest.mark.parametrize("path", [*below("tabs"), *below("playground/sampling")], ids=name_of)
def test_tabs_and_sampling_name_no_data_set(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings(tree):
            named = [name for name in data.names() if node.value == name or f"-{name}" in node.value]  # faces are also a word
            assert not named, f"line {node.lineno}"
        assert not [name for name in data.names() if name in (getattr(node, "id", None), getattr(node, "attr", None))]


@pytest.mark.parametrize("path", [*below("playground"), *below("tabs"), ROOT / "app.py"], ids=name_of)
def test_no_pickle_no_remote_code_no_global_seed(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not touches(imports(path), "pickle", "dill", "joblib", "cloudpickle", "torch.load", "torch.serialization")
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            assert ast.unparse(node) not in ("np.random.seed", "numpy.random.seed", "random.seed"), f"line {node.lineno}"
            assert ast.unparse(node) != "torch.load" or path == ROOT / "playground" / "convert.py", f"line {node.lineno}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            assert [ast.unparse(each.value) for each in node.keywords if each.arg == "weights_only"] == ["True"], f"line {node.lineno}"
        if isinstance(node, ast.keyword) and node.arg in ("trust_remote_code", "allow_pickle"):
            assert isinstance(node.value, ast.Constant) and node.value.value is False, f"line {node.value.lineno}"
    allowed = {
        id(node)
        for cls in ast.walk(tree)
        if isinstance(cls, ast.ClassDef) and cls.name.endswith("Trainee")
        for method in cls.body
        if isinstance(method, ast.FunctionDef) and method.name == "__init__"
        for node in ast.walk(method)
    }
    seeds = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.manual_seed"]
    assert all(id(node) in allowed for node in seeds), "torch.manual_seed outside a trainee's __init__"


@pytest.mark.parametrize("path", [*below("playground"), *below("tabs")], ids=name_of)
def test_only_app_sets_the_environment(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.Delete)):
            targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [node.target]
            assert not [t for t in targets if ast.unparse(t).startswith("os.environ")], f"line {node.lineno}"
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            assert name not in ("os.putenv", "os.environ.setdefault", "os.environ.update", "os.environ.pop"), f"line {node.lineno}"


@pytest.mark.parametrize(
    "module", ["app", "tabs.launch", "playground.__main__", "playground.previews", "playground.run", "playground.metrics.__main__"]
)
def test_importing_loads_no_heavy_library(module: str):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout.strip()) == (0, "[]"), found.stdout + found.stderr


def test_building_the_page_loads_no_heavy_library():
    code = f"import sys; from tabs import launch; launch.build(); print([name for name in {HEAVY!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (found.returncode, found.stdout.strip().splitlines()[-1:]) == (0, ["[]"]), found.stdout + found.stderr


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_no_source_file_is_over_500_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", [*below("playground"), *below("tabs"), ROOT / "app.py"], ids=name_of)
def test_every_public_thing_has_a_docstring(path: Path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the module has none"
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{node.name}, line {node.lineno}"


def test_no_file_is_larger_than_a_space_takes():
    large = []
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in NOT_OURS or Path(folder, name) == ROOT / "playground" / "data"]
        large += [path for path in (Path(folder) / name for name in files) if path.stat().st_size > 10_000_000]
    assert not large

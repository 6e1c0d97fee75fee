"""A standalone script that trains one racer again, exactly: torch and numpy, nothing of this project but, for digits, the file that holds them.

It is cut out of the code that ran.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
from pathlib import Path

from playground import race, weights
from playground.data import digits, points
from playground.race import Plan

SHIPPED = digits.SHIPPED.relative_to(weights.ASSETS.parent).as_posix()  # where a script finds the digits, in a copy of this project
HEAD = """from __future__ import annotations

import hashlib
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
"""


def script(wanted: Plan, family: str, steps: int) -> str:
    """The script of a family's run of so many steps; its last line prints the metrics that the race gave that run."""
    module, _, name = wanted.kind.learners[family].partition(":")
    found: dict[tuple[str, int], str] = {}
    found["TARGET", 0] = f"TARGET = {_target(wanted, found)}"
    for place, what in (
        ("playground.sampling.noise", "seed_of"),
        ("playground.models.points.learner", "Settings"),
        (module, name),
        (wanted.kind.metrics, "judge"),
    ):
        _collect(place, what, found)
    needs = f" and {SHIPPED}, or another path to it as the only argument" if wanted.target.side else ""
    title = f'"""{race.TITLES[family]} on {wanted.target.title.lower()}: {steps} steps of {race.BATCH} {wanted.kind.noun}, seed {wanted.seed}. Needs torch and numpy{needs}."""'
    last = _main(wanted, family, name, steps, found)
    return "\n\n\n".join([title, HEAD.strip(), *found.values(), last]) + "\n"


def _target(wanted: Plan, found: dict[tuple[str, int], str]) -> str:
    """The expression that makes the target; what it needs is added to found."""
    known = wanted.target
    if isinstance(known, digits.Digits):
        _collect(digits.__name__, "read", found)
        given = "None" if known.given is None else f"np.array({known.given.tolist()!r}, dtype=np.float32)"
        return f"read(sys.argv[1] if len(sys.argv) > 1 else {SHIPPED!r}, {known.side}, {given})"
    _collect(points.__name__, "Target", found)
    if known.given is not None:
        _collect(points.__name__, "_around", found)
        rows = ", ".join(f"({x!r}, {y!r})" for x, y in known.given.tolist())
        return f"Target({known.name!r}, {known.title!r}, _around(np.array([{rows}]), {known.spread!r}))"
    source, defined, _ = _read(points.__name__)
    calls = [node for node in ast.walk(defined["TARGETS"]) if isinstance(node, ast.Call) and ast.unparse(node.func) == "Target"]
    call = next(node for node in calls if ast.literal_eval(node.args[0]) == known.name)
    for name in _used(call):
        if name in defined:
            _collect(points.__name__, name, found)
    return ast.get_source_segment(source, call) or ""


def _collect(module: str, name: str, found: dict[tuple[str, int], str]) -> None:
    """Adds a definition of a module to found, after all that it uses of this project."""
    source, defined, imported = _read(module)
    if name not in defined:  # handed on from another module
        return _collect(*imported[name], found)
    node = defined[name]
    key = (module, node.lineno)
    if key in found:
        return
    found[key] = ""  # what uses itself is not followed again
    for used in _used(node):
        if used in defined:
            _collect(module, used, found)
        elif used in imported:
            _collect(*imported[used], found)
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))])
    del found[key]  # to stand after what it uses
    found[key] = "\n".join(source.splitlines()[first - 1 : node.end_lineno])


@functools.cache
def _read(module: str) -> tuple[str, dict[str, ast.stmt], dict[str, tuple[str, str]]]:
    """A module's source, its definitions by name, and what it imports of this project: by name, from which module under which name."""
    spec = importlib.util.find_spec(module)
    source = Path((spec and spec.origin) or "").read_text(encoding="utf-8")
    defined: dict[str, ast.stmt] = {}
    imported: dict[str, tuple[str, str]] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("playground"):
            imported |= {each.asname or each.name: (str(node.module), each.name) for each in node.names}
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined[node.name] = node
        elif isinstance(node, ast.Assign):
            defined |= {each.id: node for target in node.targets for each in ast.walk(target) if isinstance(each, ast.Name)}
    return source, defined, imported


def _used(node: ast.AST) -> list[str]:
    return list(dict.fromkeys(each.id for each in ast.walk(node) if isinstance(each, ast.Name)))


def _main(wanted: Plan, family: str, name: str, steps: int, found: dict[tuple[str, int], str]) -> str:
    """What trains and measures; what it needs is added to found."""
    changes = {"side": wanted.target.side} if wanted.target.side else {}
    changes |= {"learning_rate": race.LEARNING_RATE, **wanted.changes.get(family, {})}
    count = changes.get("points")
    batch = f"TARGET.sample({race.BATCH}, seed_of(SEED, 'batch', k))"
    if count is not None:
        batch = f"POOL[np.random.default_rng(seed_of(SEED, 'batch', k)).integers({int(count)}, size={race.BATCH})]"
    if changes.get("noise"):
        _collect(race.__name__, "blurred", found)
        batch = f"blurred({batch}, {changes['noise']!r}, seed_of(SEED, 'batch', k))"
    pool = "" if count is None else f"    POOL = TARGET.sample({int(count)}, seed_of(SEED, 'pool'))\n"
    return (
        f'SEED, STEPS = {wanted.seed}, {steps}\n\nif __name__ == "__main__":\n{pool}'
        f"    learner = {name}(Settings(seed_of(SEED, {family!r}), **{changes!r}))\n"
        "    for k in range(STEPS):\n"
        f"        x = torch.from_numpy({batch})\n"
        f"        losses = learner.step(x, torch.Generator().manual_seed(seed_of(SEED, {family!r}, k)))\n"
        f"    drawn = learner.sample({wanted.kind.judged}, torch.Generator().manual_seed(seed_of(SEED, 'look'))).numpy()\n"
        f"    print(judge(drawn, TARGET.held_out({wanted.kind.judged}, seed_of(SEED, 'held out')), TARGET))"
    )

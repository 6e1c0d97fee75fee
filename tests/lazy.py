"""Heavy modules that a test file names at its top and that are imported when first used, so that collecting the tests stays quick."""

from __future__ import annotations

import importlib
from typing import Any


def lazy(name: str) -> Any:
    """A module by its full name, imported when the first of its attributes is asked for; to be patched by its name alone."""
    return _Lazy(name)


class _Lazy:
    """What stands for a module until it is needed, and passes everything on to it then."""

    def __init__(self, name: str):
        object.__setattr__(self, "_name", name)

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith(("__", "_pytest", "_mock")):  # what pytest asks of everything in a file while it collects
            raise AttributeError(attribute)
        return getattr(importlib.import_module(self._name), attribute)

    def __setattr__(self, attribute: str, value: Any) -> None:
        raise TypeError(f"patch {self._name}.{attribute} by that name: monkeypatch cannot put back what stands for a module")

"""A node to run the page's scripts without a browser: the machine's, else the one that playwright brings."""

from __future__ import annotations

import shutil
from pathlib import Path

import playwright

NODE = shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")

"""Virtual environments of their own, for what another release of a library makes of our files. Built by pip, in a minute or so each: nightly tests alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ALONE = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "PYTHONPATH": ""}


def make(folder: Path, *packages: str) -> Path:
    """A new environment with some packages, pip being told what requirements.txt pins of torch; its python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    done = subprocess.run([python, "-m", "pip", "install", "-q", *packages], capture_output=True, text=True)
    assert done.returncode == 0, f"pip could not install {packages}: {done.stderr[-2000:]}"
    return python


def run(python: Path, *words: str | Path, timeout: float = 600, **environment: str) -> str:
    """What a command of an environment prints; fails with what it says on the way out."""
    done = subprocess.run([python, *words], capture_output=True, text=True, timeout=timeout, env=os.environ | ALONE | environment)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout

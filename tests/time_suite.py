"""How long the tests of two commits take, in turn on one machine: `python tests/time_suite.py OLD [--new COMMIT] [--repeat 3]`.

Each commit is checked out into a folder of its own; its test command is the one of its README, without the installing. The old one runs once, the new
one as often as asked. Then the new commit's fast lane and its collection, each once. Run it in the environment that the tests need.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FAST = 'python -m pytest -n logical --maxprocesses 4 --dist loadgroup -m "not slow and not browser and not nightly"'
COLLECT = "python -m pytest --collect-only"


def test_command(folder: Path) -> str:
    """The README's command that passes the tests, without what it installs. Raises ValueError where there is none."""
    found = re.search(
        r"^pip install .*?-r tests/requirements\.txt && (.*)$", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    if found is None:
        raise ValueError("README.md names no test command")
    return found[1]


def seconds_of(command: str, folder: Path) -> tuple[float, str]:
    """How long a command takes in a folder, and the last line that it printed; what a reader sees if it fails."""
    start = time.perf_counter()
    done = subprocess.run(
        command, shell=True, cwd=folder, capture_output=True, text=True, env={**os.environ, "PLAYGROUND_BROWSER_REQUIRED": "1"}
    )
    counts = re.findall(r"^.*\b(?:passed|failed|collected|tests? collected)\b.* in .*$", done.stdout, re.MULTILINE)
    return time.perf_counter() - start, f"status {done.returncode}; " + " + ".join(line.strip("= ") for line in counts)


def main() -> None:
    """Prints a line a run, then the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", help="the commit to compare with")
    parser.add_argument("--new", default="HEAD", help="the commit that is compared (default: HEAD)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of the new one (default: 3)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folders = {}
        for name in ("old", "new"):
            folders[name] = Path(place, name)
            subprocess.run(["git", "worktree", "add", "--detach", "-q", str(folders[name]), getattr(args, name)], cwd=ROOT, check=True)
        try:
            took: dict[str, list[float]] = {"old": [], "new": []}
            for name in ["new"] * (args.repeat // 2) + ["old"] + ["new"] * (args.repeat - args.repeat // 2):
                seconds, said = seconds_of(test_command(folders[name]), folders[name])
                took[name].append(seconds)
                print(f"{name} {getattr(args, name)}: {seconds:.0f} s; {said}", flush=True)
            for what, command in (("fast lane", FAST), ("collection", COLLECT)):
                seconds, said = seconds_of(command, folders["new"])
                print(f"{what}: {seconds:.1f} s; {said}", flush=True)
            ratios = [f"{each / took['old'][0]:.3f}" for each in took["new"]]
            print(f"new / old: {', '.join(ratios)}; {os.cpu_count()} cores, Python {sys.version.split()[0]}")
        finally:
            for folder in folders.values():
                subprocess.run(["git", "worktree", "remove", "--force", str(folder)], cwd=ROOT, check=False)


if __name__ == "__main__":
    main()

"""Metrics in several processes, as accelerate starts them: two processes draw half each and find the same numbers as one, and one of them writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from playground import run
from playground.metrics import shared
from playground.metrics.live import live
from tests.test_processes import launch

ROOT = Path(__file__).resolve().parent.parent
N, SEED = 37, 5  # not a multiple of two
WORK = f"""
import json, sys
from playground.metrics import shared
from playground.metrics.live import live
drawn = shared.draw("gan-mnist", {N}, {SEED})
found = live(drawn, drawn.labels, "mnist")
found["sum"] = int(drawn.uint8().astype("int64").sum())
if shared.is_main():
    print("FOUND " + json.dumps(found | {{"processes": shared.processes()}}))
"""


def measured(tmp_path: Path, processes: int) -> list[dict]:
    """What is printed by a script that measures, started with so many processes as the README says."""
    (tmp_path / "work.py").write_text(WORK)
    start = [sys.executable, *launch(processes), str(tmp_path / "work.py")]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", "ACCELERATE_USE_CPU": "true"}
    done = subprocess.run(start, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(row.partition("FOUND ")[2]) for row in done.stdout.splitlines() if "FOUND " in row]


@pytest.mark.slow
def test_two_processes_find_the_same_numbers_as_one_and_one_of_them_says_so(tmp_path: Path):
    drawn = shared.draw("gan-mnist", N, SEED)
    one = live(drawn, drawn.labels, "mnist") | {"sum": int(drawn.uint8().astype("int64").sum())}
    two = measured(tmp_path, 2)
    assert shared.processes() == 1 and len(two) == 1 and two[0].pop("processes") == 2
    assert two[0].keys() == one.keys() and one["n"] == N
    for name, value in one.items():
        assert two[0][name] == pytest.approx(value, rel=1e-4, abs=1e-6), name


def test_a_part_is_what_it_is_among_all():
    whole = run.sample("gan-mnist", 9, 3, label="any").samples
    found = run.part("gan-mnist", 9, 3, 4, 7, label="any").samples
    assert len(found) == 3 and np.array_equal(found.labels, whole.labels[4:7])
    assert np.abs(found.pixels - whole.pixels[4:7]).max() <= 2 / 127.5
    for first, last in ((-1, 3), (3, 3), (0, 10)):
        with pytest.raises(ValueError, match="rows must be within"):
            run.part("gan-mnist", 9, 3, first, last)


def test_alone_it_draws_them_all():
    assert shared.processes() == 1 and shared.is_main()
    assert np.array_equal(shared.draw("gan-mnist", 3, 1).pixels, run.sample("gan-mnist", 3, 1).samples.pixels)

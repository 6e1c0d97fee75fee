"""Several processes that share a training: started by the command that the README gives, counted, and refused where they do not know each other."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playground import processes
from playground.errors import PlaygroundError
from tests.conftest import ROOT

DOCUMENTED = "ACCELERATE_USE_CPU=true accelerate launch --multi_gpu --num_processes 2 -m playground.training gan-mnist"
TINY = ("num_steps=6", "batch_size=8", "channels=4", "features=8")


def launch(count: int) -> list[str]:
    """The documented launcher as words for python, on a free port of its own."""
    words = DOCUMENTED.partition(" -m ")[0].split()[3:]
    return ["-m", "accelerate.commands.launch", *words[:-1], str(count), "--main_process_port", "0"]


def train(folder: Path, data_folder: Path, **environment: str) -> subprocess.CompletedProcess:
    """Two processes that train a tiny classifier."""
    words = ["classifier-mnist", "--out", folder / "out", "--work", folder / "work"]
    settings = [word for setting in TINY for word in ("--set", setting)]
    env = {name: value for name, value in os.environ.items() if name not in ("ACCELERATE_USE_CPU", "PLAYGROUND_DEVICE")}
    env |= {"PLAYGROUND_DATA": str(data_folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, *launch(2), "-m", "playground.training", *words, *settings]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def test_the_readme_gives_the_command_that_the_tests_run():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert DOCUMENTED in text
    for command in re.findall(r"^.*accelerate launch .*--cpu.*$", text, re.MULTILINE):
        assert "starts one" in command, "it starts one process alone"


@pytest.mark.parametrize(
    ("started", "count", "is_right"), [("1", 1, True), ("2", 2, True), ("2", 1, False), ("4", 2, False), ("1", 2, False)]
)
def test_as_many_processes_as_were_started_must_know_each_other(monkeypatch, started: str, count: int, is_right: bool):
    monkeypatch.setenv("WORLD_SIZE", started)
    if is_right:
        return processes.check(count, 0)
    with pytest.raises(PlaygroundError, match=f"{started} processes were started, and each takes itself for number 0 of {count}") as caught:
        processes.check(count, 0)
    assert "ACCELERATE_USE_CPU=true" in str(caught.value) and "\n" not in str(caught.value)


def test_how_many_there_are_is_said_in_words():
    assert processes.in_words(1, "cpu") == "1 process on cpu" and processes.in_words(2, "cuda") == "2 processes on cuda"


@pytest.mark.slow
def test_the_documented_command_trains_in_two_processes_and_says_so(tmp_path: Path, tiny_mnist: Path):
    done = train(tmp_path, tiny_mnist, ACCELERATE_USE_CPU="true")
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("Training classifier-mnist: 2 processes on cpu") == 1
    record = json.loads((tmp_path / "out" / "card.json").read_text())
    assert record["processes"] == 2 and record["steps"] == 6


@pytest.mark.slow
def test_processes_that_do_not_know_each_other_train_nothing(tmp_path: Path, tiny_mnist: Path):
    import torch

    if torch.cuda.device_count() > 1:
        pytest.skip("the two find a GPU each")
    done = train(tmp_path, tiny_mnist)
    assert done.returncode != 0 and "2 processes were started, and each takes itself for number 0 of 1" in done.stderr
    assert not (tmp_path / "out").exists() and not (tmp_path / "work").exists()

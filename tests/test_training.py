"""Training goes on where it was after a kill, and follows its schedule; on a tiny made-up data set."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file

from playground import data, registry, weights
from playground.errors import PlaygroundError
from playground.training import __main__ as training
from playground.training.branches import settings_of
from playground.training.recipe import Recipe, log_spaced
from playground.training.settings import with_settings
from tests.conftest import ROOT, tiny_mnist_only
from tests.lazy import lazy

loop = lazy("playground.training.loop")
STEPS = 120
SETTINGS = [f"num_steps={STEPS}", "batch_size=8", "channels=4", "features=8"]


def words_of(folder: Path) -> list[str]:
    """What the command line of a run says after the module's name."""
    places = ["--out", str(folder / "out"), "--work", str(folder / "work"), "--save-seconds", "0"]
    return ["classifier-mnist", *places, *(word for setting in SETTINGS for word in ("--set", setting))]


def start(folder: Path, data_folder: Path, *more: str) -> subprocess.Popen:
    """A training run in a process of its own, on one thread so that sums are repeatable."""
    env = {**os.environ, "PLAYGROUND_DATA": str(data_folder), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "playground.training", *words_of(folder), *more]
    return subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def here(folder: Path, data_folder: Path, *more: str) -> int:
    """The exit status of the same command in this process, on one thread as well."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with tiny_mnist_only(data_folder):
            return training.main([*words_of(folder), *more])
    finally:
        torch.set_num_threads(before)


def step_of(checkpoint: Path) -> int:
    """The step a checkpoint holds; -1 where there is none."""
    try:
        with safe_open(checkpoint, framework="pt") as file:
            return json.loads(file.metadata()["progress"])["step"]
    except (FileNotFoundError, OSError, SafetensorError):
        return -1


def story(folder: Path) -> list[dict[str, float]]:
    """The logged losses of a finished run."""
    return json.loads((folder / "out" / "story.json").read_text())["log"]


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory, tiny_mnist: Path) -> Path:
    """The folder of a run that nobody disturbed."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    assert here(folder, tiny_mnist) == 0
    return folder


@pytest.mark.slow
def test_a_killed_run_goes_on_where_it_was(tmp_path: Path, tiny_mnist: Path, uninterrupted: Path):
    checkpoint = tmp_path / "work" / "checkpoint.safetensors"
    process = start(tmp_path, tiny_mnist)
    end = time.monotonic() + 300
    while step_of(checkpoint) < 10:
        assert process.poll() is None and time.monotonic() < end, "it ended or hung before it could be killed"
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    killed_at = step_of(checkpoint)
    assert 10 <= killed_at < STEPS, "the checkpoint is whole and the run was in the middle"
    assert not (tmp_path / "out").exists()
    assert here(tmp_path, tiny_mnist, "--resume") == 0
    assert story(tmp_path) == story(uninterrupted)
    assert [row["step"] for row in story(tmp_path)] == list(range(1, STEPS + 1))
    ours, theirs = (json.loads((folder / "out" / "card.json").read_text()) for folder in (tmp_path, uninterrupted))
    assert ours["files"] == theirs["files"], "the weights are the same, bit for bit"


def test_minutes_stops_early_with_a_status_of_its_own(tmp_path: Path, tiny_mnist: Path):
    assert here(tmp_path, tiny_mnist, "--minutes", "0") == 3
    assert not (tmp_path / "out").exists()


def test_card_json_says_how_to_repeat_it(uninterrupted: Path):
    record = json.loads((uninterrupted / "out" / "card.json").read_text())
    assert record["steps"] == STEPS and record["samples_seen"] == 8 * STEPS and record["config"]["channels"] == 4
    assert record["command"] == "python -m playground.training classifier-mnist " + " ".join(f"--set {setting}" for setting in SETTINGS)


def test_wrong_requests_are_refused_before_anything_is_loaded(monkeypatch, capsys):
    monkeypatch.setattr("playground.training.loop.train", lambda *_, **__: pytest.fail("it was trained"))
    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("data were loaded"))
    for words in (["nonesuch"], ["classifier-mnist", "--set", "nonesuch=1"], ["classifier-mnist", "--set", "num_steps=many"]):
        assert training.main(words) == 2
        told = capsys.readouterr().err
        assert len(told.strip().splitlines()) == 1, told


def test_the_learning_rate_warms_up_holds_and_falls_to_zero():
    recipe = Recipe("tiny", "mnist", None, lambda: None, num_steps=100, batch_size=1, warmup_steps=10, decay_from=0.5)
    factors = [recipe.learning_rate_factor(i) for i in range(101)]
    assert factors[:10] == pytest.approx([(i + 1) / 10 for i in range(10)])
    assert factors[10:51] == [1.0] * 41
    assert factors[75] == pytest.approx(0.5) and factors[100] == pytest.approx(0.0)
    assert all(a >= b for a, b in zip(factors[50:], factors[51:], strict=False))


def test_the_average_moves_by_what_its_decay_leaves():
    average, module = (torch.nn.Linear(2, 1) for _ in range(2))
    with torch.no_grad():
        average.weight.fill_(0.0)
        module.weight.fill_(1.0)
        loop._average(average, module, 0.9)
    assert average.weight.tolist() == [pytest.approx([0.1, 0.1])] and module.weight.tolist() == [[1.0, 1.0]]


def test_story_moments_run_from_the_first_step_to_the_last():
    steps = log_spaced(7000, 14)
    assert steps[0] == 0 and steps[-1] == 7000 and 10 <= len(steps) <= 14
    assert list(steps) == sorted(set(steps))


def test_a_run_from_a_card_s_own_weights_goes_on_counting(tmp_path: Path, tiny_mnist: Path, uninterrupted: Path, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    shutil.copytree(uninterrupted / "out", tmp_path / "classifier-mnist")
    card = registry.get("classifier-mnist")
    recipe = with_settings(card, registry.resolve(card.recipe)(card), SETTINGS)
    with tiny_mnist_only(tiny_mnist):
        assert loop.train(recipe, tmp_path / "out", tmp_path / "work", start_from=card.id, command="again", quiet=True)
    before, after = (json.loads((folder / "out" / "card.json").read_text()) for folder in (uninterrupted, tmp_path))
    assert after["steps"] == 2 * STEPS and after["samples_seen"] == 2 * before["samples_seen"]
    assert after["seconds"] > before["seconds"] and after["lineage"] == [before["command"], "again"]
    assert [row["step"] for row in story(tmp_path)] == list(range(1, 2 * STEPS + 1))
    assert story(tmp_path)[:STEPS] == story(uninterrupted) and after["files"] != before["files"]
    assert after["losses"] == story(tmp_path)[-1] != before["losses"]


def test_a_run_of_no_steps_keeps_what_the_run_before_it_told(tmp_path: Path, tiny_mnist: Path, uninterrupted: Path, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path)
    shutil.copytree(uninterrupted / "out", tmp_path / "classifier-mnist")
    card = registry.get("classifier-mnist")
    recipe = with_settings(card, registry.resolve(card.recipe)(card), [*SETTINGS, "num_steps=0"])
    with tiny_mnist_only(tiny_mnist):
        assert loop.train(recipe, tmp_path / "out", tmp_path / "work", start_from=card.id, command="again", quiet=True)
    before, after = (json.loads((folder / "out" / "card.json").read_text()) for folder in (uninterrupted, tmp_path))
    assert after["losses"] == before["losses"] == story(uninterrupted)[-1] and after["steps"] == before["steps"]
    assert story(tmp_path) == story(uninterrupted) and after["lineage"] == [before["command"], "again"]


@pytest.mark.slow
def test_again_repeats_all_runs_that_the_weights_came_from(tmp_path: Path, tiny_mnist: Path, uninterrupted: Path, monkeypatch, capsys):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path / "shipped")
    shipped = tmp_path / "shipped" / "classifier-mnist"
    shutil.copytree(uninterrupted / "out", shipped)
    before = weights.record("classifier-mnist")
    more = f"{before['command']} --set learning_rate=0.0005 --from classifier-mnist"
    weights.write_json(shipped / "card.json", {**before, "lineage": [before["command"], more]})
    words = ["classifier-mnist", "--again", "--work", str(tmp_path / "work"), "--out", str(tmp_path / "out")]
    with tiny_mnist_only(tiny_mnist):
        assert training.main([*words, "--minutes", "0"]) == 3 and not (tmp_path / "out").exists()
        assert training.main(words) == 0
        first, when = tmp_path / "work" / "1-of-2" / "weights", weights.record("classifier-mnist")
        made = json.loads((first / "card.json").read_text())
        assert training.main([*words, "--resume"]) == 0, "what is finished is not trained again"
    after = json.loads((tmp_path / "out" / "card.json").read_text())
    assert made["steps"] == STEPS and made["lineage"] == [before["command"]] and json.loads((first / "card.json").read_text()) == made
    assert after["steps"] == 2 * STEPS and after["lineage"] == [before["command"], more] and weights.record("classifier-mnist") == when
    assert story(tmp_path)[:STEPS] == json.loads((first / "story.json").read_text())["log"], "the second goes on from what the first made"
    assert [line.split(": ")[0] for line in capsys.readouterr().err.splitlines() if " of 2: " in line] == [
        "1 of 2",
        "1 of 2",
        "2 of 2",
        "2 of 2",
    ]


def test_of_branches_the_mean_is_kept_with_what_they_began_from(tmp_path: Path, tiny_mnist: Path, uninterrupted: Path, monkeypatch):
    monkeypatch.setattr(weights, "WEIGHTS", tmp_path / "shipped")
    shipped = tmp_path / "shipped" / "classifier-mnist"
    shutil.copytree(uninterrupted / "out", shipped)
    before, work = weights.record("classifier-mnist"), tmp_path / "work"
    branched = [f"--branch={branch}" for branch in ("num_steps=20", "num_steps=30,seed=1")]
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    words = ["classifier-mnist", *settings, *branched, "--from", "classifier-mnist", "--work", str(work), "--out", str(shipped)]
    with tiny_mnist_only(tiny_mnist):
        assert training.main([*words, "--minutes", "0"]) == 3 and weights.record("classifier-mnist") == before
        shutil.copytree(shipped, tmp_path / "start")
        assert training.main(words) == 0
        made = [work / f"branch-{k}" / "weights" for k in (1, 2)]
        when = [(folder / "card.json").read_text() for folder in made]
        weights.verify("classifier-mnist")
        after = weights.record("classifier-mnist")
        with weights.elsewhere("classifier-mnist", tmp_path / "start"):
            assert training.main([*words, "--resume"]) == 0
    assert [(folder / "card.json").read_text() for folder in made] == when and weights.record("classifier-mnist") == after
    file = "classifier/model.safetensors"
    start, one, two, mean = (load_file(folder / file) for folder in (tmp_path / "start", *made, shipped))
    for key, value in mean.items():
        wanted = (start[key] + one[key] + two[key]) / 3 if value.is_floating_point() else start[key]
        torch.testing.assert_close(value, wanted)
    assert not torch.equal(one["head.weight"], two["head.weight"])
    first, second, log = (json.loads((folder / "story.json").read_text())["log"] for folder in (*made, shipped))
    assert [row["step"] for row in log] == list(range(1, STEPS + 51)) and log[: STEPS + 20] == first
    assert [row["loss"] for row in log[-30:]] == [row["loss"] for row in second[-30:]] and after["losses"] == log[-1]
    assert after["steps"] == STEPS + 20 + 30 and after["samples_seen"] == 8 * after["steps"] and after["config"]["num_steps"] == 20
    assert after["lineage"] == [before["command"], after["command"]] and "--branch num_steps=30,seed=1" in after["command"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--branch", "num_steps=2"], "--branch goes with --from classifier-mnist: weights have a mean where they began alike, got None."),
        (["--from", "classifier-mnist", "--branch", ","], "--branch must be KEY=VALUE or several of them with commas between, got ','."),
        (["--from", "classifier-mnist", "--branch", "num_steps=x"], "num_steps must be int, got 'x'."),
    ],
)
def test_branches_that_cannot_be_are_refused_before_anything_is_trained(tmp_path: Path, capsys, words: list[str], told: str):
    assert training.main(["classifier-mnist", *words, "--work", str(tmp_path), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err == told + "\n" and not any(tmp_path.iterdir())


def test_a_setting_that_is_true_or_false_is_said_so():
    card = registry.get("diffusion-faces")
    recipe = registry.resolve(card.recipe)(card)
    assert [with_settings(card, recipe, [f"even={word}"]).config.even for word in ("false", "True")] == [False, True]
    with pytest.raises(PlaygroundError, match="even must be true or false, got '0'"):
        with_settings(card, recipe, ["even=0"])


def test_again_is_refused_with_settings_of_ones_own(capsys):
    assert training.main(["classifier-mnist", "--again", "--set", "num_steps=1"]) == 2
    assert capsys.readouterr().err == "--again repeats the runs that card.json names: it goes without --set, --branch and --from.\n"


@pytest.mark.parametrize("card", registry.shipped(), ids=lambda card: card.id)
def test_every_run_that_shipped_weights_came_from_is_a_command_of_today(card):
    for command in weights.record(card.id)["lineage"]:
        args = training._parser().parse_args(command.removeprefix("python -m playground.training ").split())
        its = registry.get(args.card)
        for branch in args.branches or [""]:
            settings = [*args.settings, *(settings_of(branch) if branch else ())]
            assert with_settings(its, registry.resolve(its.recipe)(its), settings).num_steps >= 0 and not args.again

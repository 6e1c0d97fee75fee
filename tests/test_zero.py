"""A lent GPU: a real forked process behind a stand-in for the spaces package, asked for the right seconds, and a processor when there is none."""

from __future__ import annotations

import multiprocessing
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from playground import device, registry, run, zero
from playground.cards.hub import STABLE_DIFFUSION_1_5
from playground.cards.hub_text import GPT2
from playground.errors import PlaygroundError
from playground.gate import GATE
from tests import hub_layout
from tests.test_unconditional import CARDS

ROOT = Path(__file__).resolve().parent.parent
DDPM = CARDS[0]


class QuotaExceeded(Exception):
    """As the real package says that a visitor's day is used up (there a gradio.Error)."""


class Lender(ModuleType):
    """The part of the spaces package that is used: a generator runs in a forked process, and what it yields comes back pickled.

    asked: the seconds of every call. quota: calls that are served. killed_after: results after which the process is taken away.
    """

    def __init__(self) -> None:
        super().__init__("spaces")
        self.asked: list[float] = []
        self.quota, self.killed_after = 100, 10_000

    def GPU(self, duration: Callable[..., float]) -> Callable[[Callable[..., Iterator]], Callable[..., Iterator]]:
        def wrap(task: Callable[..., Iterator]) -> Callable[..., Iterator]:
            def call(*args: object) -> Iterator:
                self.asked.append(duration(*args))
                if len(self.asked) > self.quota:
                    raise QuotaExceeded("You have exceeded your ZeroGPU quota")
                yield from self._forked(task, args)

            return call

        return wrap

    def _forked(self, task: Callable[..., Iterator], args: tuple) -> Iterator:
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe(duplex=False)

        def work() -> None:
            for found in task(*args):
                theirs.send(found)
            theirs.send(None)

        process = context.Process(target=work, daemon=True)
        process.start()
        theirs.close()
        try:
            for _ in range(self.killed_after):
                if (found := ours.recv()) is None:
                    return
                yield found
            raise EOFError("GPU task aborted")
        finally:
            process.kill()
            process.join()


@pytest.fixture
def lender(tmp_path: Path, monkeypatch) -> Iterator[Lender]:
    """A Space with ZeroGPU and a small diffusion model of the Hub in its cache."""
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("huggingface_hub.constants.HF_ASSETS_CACHE", str(tmp_path / "assets"))
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setenv("SPACE_ID", "somebody/playground")
    found = Lender()
    monkeypatch.setitem(sys.modules, "spaces", found)
    for known in (zero._wrapped, device.pick_device):
        known.cache_clear()
    registry.unload()
    hub_layout.lay_out(DDPM, tmp_path / "cache")
    yield found
    for known in (zero._wrapped, device.pick_device):
        known.cache_clear()
    registry.unload()


def test_a_model_of_the_hub_is_drawn_in_the_process_that_is_lent_a_gpu(lender, monkeypatch):
    steps = [found.step.i for found in run.stream(DDPM.id, 2, 7, num_inference_steps=3)]
    there = run.sample(DDPM.id, 2, 7, num_inference_steps=3)
    assert steps == [1, 2, 3] and there.done and len(lender.asked) == 2
    assert DDPM.id not in registry.loaded(), "nothing of it is loaded here"
    monkeypatch.delenv("SPACES_ZERO_GPU")
    here = run.sample(DDPM.id, 2, 7, num_inference_steps=3)
    assert np.abs(there.samples.pixels - here.samples.pixels).max() < 1e-4 and len(lender.asked) == 2


def test_a_shipped_model_takes_nobodys_time_on_a_gpu(lender):
    assert run.sample("vae-mnist", 1, 0).device == "cpu" and not lender.asked


def test_a_day_that_is_used_up_falls_back_to_the_processor_and_says_so(lender):
    lender.quota = 0
    found = run.sample(DDPM.id, 1, 7, num_inference_steps=2)
    assert found.done and found.device == zero.USED_UP and found.seed == 7


def test_what_is_wrong_with_a_request_is_said_as_ever(lender):
    with pytest.raises(PlaygroundError, match="num_inference_steps"):
        run.sample(DDPM.id, 1, 7, num_inference_steps=0)
    assert not lender.asked
    weights = next((Path(sys.modules["huggingface_hub"].constants.HF_HUB_CACHE)).rglob("*.safetensors"))
    weights.write_bytes(b"torn")
    with pytest.raises(PlaygroundError, match="could not be read"):
        run.sample(DDPM.id, 1, 7, num_inference_steps=2)


def test_a_gpu_that_is_taken_away_on_the_way_is_one_sentence(lender):
    lender.killed_after = 2
    with pytest.raises(PlaygroundError, match="taken away before the end"):
        run.sample(DDPM.id, 1, 7, num_inference_steps=5)


def test_stop_ends_the_process(lender):
    steps = run.stream(DDPM.id, 1, 7, num_inference_steps=50)
    next(steps)
    assert multiprocessing.active_children()
    steps.close()
    assert not multiprocessing.active_children()


def test_a_gate_that_was_shut_when_the_process_was_forked_shuts_nobody_out(lender):
    with GATE.step():
        assert run.sample(DDPM.id, 1, 7, num_inference_steps=1).done


def test_the_seconds_grow_with_the_work_and_have_bounds():
    few, many = (zero.seconds(STABLE_DIFFUSION_1_5, n, {"num_inference_steps": 20, "guidance_scale": 7.5}) for n in (1, 4))
    assert zero.SECONDS[0] < few < many <= zero.SECONDS[1]
    assert zero.seconds(GPT2, 1, {"max_new_tokens": 60}) == zero.SECONDS[0]


def test_elsewhere_nothing_is_lent_and_the_package_is_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "spaces", None)
    zero.prepare()
    assert not zero.is_here() and not zero.is_lent_to(DDPM)


def test_the_pins_of_such_a_space_are_ours_but_for_torch():
    ours, theirs = ((ROOT / name).read_text().splitlines() for name in ("requirements.txt", "assets/zerogpu/requirements.txt"))
    known = [row for row in theirs if not row.startswith(("#", "torch==", "spaces=="))]
    assert known == [row for row in ours if not row.startswith("torch==")]
    assert [row for row in theirs if re.fullmatch(r"torch==2\.(8\.0|9\.1|10\.0|11\.\*)", row)]

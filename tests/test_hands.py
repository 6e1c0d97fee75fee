"""Hands on a race: settings moved on the way take hold, single updates touch one network alone, and a line lets one race run at a time."""

from __future__ import annotations

import threading
import time

import pytest
import torch

from playground import hands, race, race_script
from playground.errors import ControlError
from playground.gate import GATE
from playground.hands import Hands
from playground.line import Line

pytestmark = pytest.mark.slow


def held(*families: str, steps: int = 20) -> Hands:
    mine = Hands()
    assert all(frame.family in families for frame in mine.begin(race.plan(steps=steps, families=families)))
    return mine


def numbers(net: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten().clone() for p in net.parameters()])


@pytest.mark.parametrize("only", ["critic", "generator", "both"])
def test_an_update_by_hand_moves_what_it_names_and_nothing_else(only: str):
    mine = held("gan")
    gan = mine.racers[0].learner
    before = {"critic": numbers(gan.critic), "generator": numbers(gan.generator)}
    frame = mine.step("gan", 3, only)
    for name, old in before.items():
        assert torch.equal(old, numbers(getattr(gan, name))) == (only not in (name, "both")), name
    assert frame.step == 23 and frame.part > 1 and not mine.is_untouched
    assert mine.done == [f"GAN: 3 updates by hand{'' if only == 'both' else f' of the {only}'}"]


@pytest.mark.parametrize("name", hands.LIVE)
def test_a_setting_moved_in_a_race_takes_hold_where_it_belongs(name: str):
    slider, families = race.OPTIONS[name]
    mine = held(*race.LEARNERS)
    value = slider.maximum
    assert f"{slider.title.lower()} {value:g}" in mine.move(name, value)
    for racer in mine.racers:
        if name == "noise":
            assert racer.noise == value
        elif name == "learning_rate":
            optimizers = getattr(racer.learner, "optimizers", None) or [racer.learner.optimizer]
            assert {group["lr"] for optimizer in optimizers for group in optimizer.param_groups} == {value}
        elif racer.family in families:
            assert getattr(racer.learner, name) == value
    assert mine.step("diffusion").points.shape == (race.JUDGED, 2), "it goes on"
    done = list(mine.done)
    assert mine.move(name, value) == "" and mine.done == done, "told once, however often it is sent"


@pytest.mark.parametrize(("name", "value"), [("width", 16), ("layers", 1)])
def test_a_size_moved_in_a_race_makes_new_networks_that_begin_where_it_is(name: str, value: int):
    mine = held("flow", "gan")
    mine.move("learning_rate", 0.01)
    before = {racer.family: racer.learner.parameters for racer in mine.racers}
    assert "from Flow matching step 20, GAN step 20 on, with new networks" in mine.move(name, value)
    for racer in mine.racers:
        assert racer.learner.parameters < before[racer.family] / 2 and racer.steps == 20
        optimizers = getattr(racer.learner, "optimizers", None) or [racer.learner.optimizer]
        assert {group["lr"] for optimizer in optimizers for group in optimizer.param_groups} == {0.01}, "what was moved before stays so"
    frame = mine.step("flow", 2)
    assert frame.step == 22 and frame.parameters == mine.racers[0].learner.parameters and "velocity error" in frame.losses


def test_what_cannot_be_moved_or_stepped_is_one_sentence():
    mine = Hands()
    assert mine.move("beta", 2.0) == "" and mine.is_untouched, "without a race there is nothing to move"
    for wrong in (lambda: mine.step("gan"), mine.more):
        with pytest.raises(ControlError, match="start"):
            wrong()
    mine = held("gan")
    with pytest.raises(ControlError, match="must be one of learning_rate"):
        mine.move("height", 2)
    with pytest.raises(ControlError, match="there is no VAE"):
        mine.step("vae")
    for wrong in (lambda: mine.move("noise", 9), lambda: mine.step("gan", 0), lambda: mine.step("gan", 1, "painter")):
        with pytest.raises(ControlError):
            wrong()
    assert mine.is_untouched and GATE.is_free


def test_a_race_goes_on_where_it_was_stopped_and_then_once_more(monkeypatch):
    monkeypatch.setattr(race, "SLICE", 0.01)
    wanted = race.plan(steps=60, families=("flow", "vae"))
    mine = Hands()
    looks = mine.begin(wanted)
    for _ in range(3):
        next(looks)
    looks.close()  # as Stop does
    assert all(racer.steps < 60 for racer in mine.racers)
    monkeypatch.setattr(race, "SLICE", 600.0)
    last = {frame.family: frame for frame in mine.more()}
    whole = {frame.family: frame for frame in race.run(wanted)}
    assert all((frame.points == whole[family].points).all() for family, frame in last.items()), "stopping changes nothing"
    assert mine.is_untouched
    again = {frame.family: frame for frame in mine.more()}
    assert all(frame.step == 120 and frame.part == 2 for frame in again.values()) and mine.done == ["the budget once more"]


def test_noise_on_the_points_is_in_the_script_too():
    wanted = race.plan("moons", 5, steps=30, families=("vae",), options={"noise": 0.1})
    text = race_script.script(wanted, "vae", 30)
    assert "blurred(TARGET.sample" in text and "def blurred" in text
    found: dict = {}
    exec(compile(text.replace('if __name__ == "__main__":', "if True:").replace("print(", "RESULT = ("), "race.py", "exec"), found)
    *_, last = race.run(wanted)
    assert found["RESULT"]["sliced"] == pytest.approx(last.metrics["sliced"], abs=1e-6)


def test_a_line_lets_one_in_at_a_time_in_order_and_tells_each_its_place(monkeypatch):
    monkeypatch.setattr("playground.line.LOOK", 0.01)
    line, order, places = Line(), [], {}

    def job(name: str, ready: threading.Event) -> None:
        with line.ticket(0.2) as ticket:
            ready.set()
            places[name] = list(dict.fromkeys(ticket.waiting()))
            order.append(name)
            assert ticket.place == 0
            time.sleep(0.2)

    threads = []
    for name in "abc":
        ready = threading.Event()
        threads.append(threading.Thread(target=job, args=(name, ready)))
        threads[-1].start()
        ready.wait(5)
    for thread in threads:
        thread.join(10)
    assert order == ["a", "b", "c"] and places == {"a": [], "b": [1], "c": [2, 1]} and len(line) == 0


def test_a_place_given_up_lets_the_others_on_and_the_wait_is_told():
    line = Line()
    with line.ticket(30) as first, line.ticket(20):
        gone = line.ticket(10)
        with gone as third:
            assert first.place == 0 and first.wait == 0 and third.place == 2 and 49 < third.wait <= 50
        with line.ticket(5) as last:
            assert last.place == 2

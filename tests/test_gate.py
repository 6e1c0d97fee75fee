"""The gate: one at a time, first come first served, never left shut."""

from __future__ import annotations

import threading
import time

import pytest

from playground.gate import Gate


def wait_until(condition, seconds: float = 5.0) -> None:
    """Waits for a condition that another thread brings about."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.001)


def test_only_one_is_inside_at_any_time():
    gate, inside, most = Gate(), [], []

    def work():
        for _ in range(50):
            with gate.step():
                inside.append(1)
                most.append(len(inside))
                time.sleep(0.0002)
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert max(most) == 1 and len(most) == 300
    assert gate.is_free


def test_those_who_wait_enter_in_the_order_they_came():
    gate, order = Gate(), []

    def work(name: int):
        with gate.step():
            order.append(name)

    threads = []
    with gate.step():
        for name in range(8):
            threads.append(threading.Thread(target=work, args=(name,)))
            threads[-1].start()
            wait_until(lambda count=name + 1: len(gate._waiting) == count)
        assert order == []
    [thread.join() for thread in threads]
    assert order == list(range(8))


def test_a_short_job_slips_between_two_long_steps():
    gate, order = Gate(), []

    def short():
        with gate.step():
            order.append("short")

    with gate.step():
        thread = threading.Thread(target=short)
        thread.start()
        wait_until(lambda: len(gate._waiting) == 1)
        order.append("long 1")
    with gate.step():
        order.append("long 2")
    thread.join()
    assert order == ["long 1", "short", "long 2"]


def test_an_exception_inside_frees_the_gate():
    gate = Gate()
    with pytest.raises(RuntimeError):
        with gate.step():
            raise RuntimeError("a step failed")
    assert gate.is_free
    with gate.step():
        assert not gate.is_free


def test_it_may_be_left_on_another_thread_than_it_was_entered():
    gate = Gate()
    held = gate.step()
    held.__enter__()
    thread = threading.Thread(target=held.__exit__, args=(None, None, None))
    thread.start()
    thread.join()
    assert gate.is_free

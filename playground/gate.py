"""One heavy step at a time, first come first served, so that no two computations share two cores."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """A fair lock that is taken for a single step and given back between steps, so that a short job slips between two long steps.

    It is a lock, not a re-entrant one: Gradio resumes one generator on different threads.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._busy = False
        self._waiting: deque[threading.Lock] = deque()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Waits for its turn, then holds the gate for the body. Never keep it across a yield."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> None:
        with self._mutex:
            if not self._busy and not self._waiting:
                self._busy = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append(turn)
        turn.acquire()  # given by _leave, which hands the gate over without opening it

    def _leave(self) -> None:
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._busy = False

    @property
    def is_free(self) -> bool:
        """True while nobody is inside and nobody waits."""
        with self._mutex:
            return not self._busy and not self._waiting


GATE = Gate()
if hasattr(os, "register_at_fork"):  # a forked process has nobody who would open a gate that was shut
    os.register_at_fork(after_in_child=GATE.__init__)

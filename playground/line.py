"""A line for long jobs: one at a time, first come first served, and each that waits is told its place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

LOOK = 0.5  # seconds between two looks of one that waits


class Ticket:
    """A place in a line. seconds: how long the job will take, about, once it has its turn."""

    def __init__(self, line: Line, seconds: float):
        self._line, self.seconds, self.begun = line, seconds, 0.0

    @property
    def place(self) -> int:
        """How many are before this one: 0 has its turn."""
        return self._line.place(self)

    @property
    def wait(self) -> float:
        """Seconds until its turn, about."""
        return self._line.wait(self)

    def waiting(self) -> Iterator[int]:
        """Its place at every look, until it has its turn; ends at once where nobody is before it."""
        while place := self.place:
            yield place
            time.sleep(LOOK)


class Line:
    """Who waits, in order. A ticket given back, by the end of its `with`, lets the next one on: also where its owner has gone away."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._tickets: list[Ticket] = []

    @contextmanager
    def ticket(self, seconds: float) -> Iterator[Ticket]:
        """The last place of the line, for the body."""
        mine = Ticket(self, seconds)
        with self._mutex:
            self._tickets.append(mine)
            self._begin()
        try:
            yield mine
        finally:
            with self._mutex:
                self._tickets.remove(mine)
                self._begin()

    def _begin(self) -> None:
        if self._tickets and not self._tickets[0].begun:
            self._tickets[0].begun = time.monotonic()

    def place(self, ticket: Ticket) -> int:
        """How many are before a ticket."""
        with self._mutex:
            return self._tickets.index(ticket)

    def wait(self, ticket: Ticket) -> float:
        """Seconds until a ticket's turn, about: what those before it said they take, less what the first has had."""
        with self._mutex:
            before = self._tickets[: self._tickets.index(ticket)]
            spent = time.monotonic() - before[0].begun if before else 0.0
            return max(0.0, sum(each.seconds for each in before) - spent)

    def __len__(self) -> int:
        with self._mutex:
            return len(self._tickets)

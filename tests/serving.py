"""The page as a running server for the tests that speak HTTP: one for the whole session, in this process, so that its gate can be watched."""

from __future__ import annotations

import atexit
import functools
import os
import tempfile
import time

import gradio as gr

from playground.bench import free_port
from playground.gate import GATE
from tabs import launch


def url() -> str:
    """The address of the page; ends with a slash."""
    return _served()[1]


@functools.cache
def _served() -> tuple[gr.Blocks, str]:
    """The page, launched on a free port when first asked for."""
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="playground-tests-")
    demo = launch.build()
    _, address, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, server_name="127.0.0.1", server_port=free_port(), **launch.launch_options()
    )
    atexit.register(demo.close, verbose=False)
    return demo, address


def gate_is_free_within(seconds: float) -> bool:
    """True once the gate has stayed free for a fifth of a second (between two steps of a run it is free for a moment only)."""
    end = time.monotonic() + seconds
    free_since = None
    while time.monotonic() < end:
        now = time.monotonic()
        free_since = (free_since or now) if GATE.is_free else None
        if free_since and now - free_since > 0.2:
            return True
        time.sleep(0.002)
    return False


def wait_until_idle(seconds: float = 120) -> None:
    """Waits until the server works on no event and none waits in its queue."""
    queue = _served()[0]._queue
    end = time.monotonic() + seconds
    while any(queue.active_jobs) or len(queue) or not GATE.is_free:
        assert time.monotonic() < end, "the server is still at work"
        time.sleep(0.05)

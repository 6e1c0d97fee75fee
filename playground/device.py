"""Where the numbers are computed: device, threads, and whether half precision pays on this processor."""

from __future__ import annotations

import functools
import gc
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path

from playground.errors import PlaygroundError

CGROUP = Path("/sys/fs/cgroup")
DTYPES = "float32", "bfloat16", "float16"

_lent = False  # this process is one that is lent a GPU (playground.zero)


def cpu_count() -> int:
    """Processor cores this process may use: the smaller of its affinity and its cgroup's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = CGROUP / "cpu.max"
    if quota.is_file():
        limit, period = quota.read_text().split()
        if limit != "max":
            cores = min(cores, max(1, int(limit) // int(period)))
    return max(1, cores)


@functools.lru_cache(maxsize=1)
def pick_device() -> str:
    """ "cuda" where PyTorch finds a GPU of this process's own, else "cpu" with one thread per core. PLAYGROUND_DEVICE and OMP_NUM_THREADS override.

    On a Space with ZeroGPU PyTorch pretends to find one, which a process has only while it is lent.
    """
    import torch

    if _lent or "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(1 if _lent else cpu_count())  # a forked process has none of its parent's threads
    pretended = os.environ.get("SPACES_ZERO_GPU") and not _lent
    return os.environ.get("PLAYGROUND_DEVICE") or ("cuda" if torch.cuda.is_available() and not pretended else "cpu")


def lend() -> None:
    """Says that this process is lent a GPU: what was found out about the device before counts no more."""
    global _lent
    if not _lent:
        _lent = True
        for known in (pick_device, bf16_pays, machine):
            known.cache_clear()


def is_lent() -> bool:
    """True in a process that is lent a GPU."""
    return _lent


def free_bytes() -> int | None:
    """Memory that a model may still take: of the GPU where there is one, else what the system has left, or the cgroup if that is less.
    None where unknown."""
    if pick_device() == "cuda":
        import torch

        return torch.cuda.mem_get_info()[0]
    system, limit, used = Path("/proc/meminfo"), _cgroup_limit(), CGROUP / "memory.stat"
    if not system.is_file() or pick_device() != "cpu":
        return None
    free = _meminfo("MemAvailable")
    if limit is not None and used.is_file():
        held = dict(row.split() for row in used.read_text().splitlines())
        free = min(free, limit - int(held["anon"]))  # the rest of it is a cache that gives way
    return max(0, free)


def limit_bytes() -> int | None:
    """Memory that this process could have if everything else gave way: the GPU's, the system's, or the cgroup's limit if that is less."""
    if pick_device() == "cuda":
        import torch

        return torch.cuda.mem_get_info()[1]
    if not Path("/proc/meminfo").is_file() or pick_device() != "cpu":
        return None
    return min(filter(None, (_meminfo("MemTotal"), _cgroup_limit())))


def give_back() -> None:
    """Gives the memory of objects that are gone back to the system: collects them, then what C's allocator and a GPU's cache keep."""
    import sys

    gc.collect()
    if "torch" in sys.modules and pick_device() == "cuda":
        import torch

        torch.cuda.empty_cache()
    trim = _trim()
    if trim is not None:
        trim(0)


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """What makes C's allocator give back what it keeps, where there is such a thing: glibc alone has it. To find it takes processes of their own."""
    import ctypes
    import ctypes.util
    import sys

    library = ctypes.util.find_library("c") if sys.platform == "linux" else None
    return getattr(ctypes.CDLL(library), "malloc_trim", None) if library else None


def _meminfo(name: str) -> int:
    rows = Path("/proc/meminfo").read_text().splitlines()
    return next(1024 * int(row.split()[1]) for row in rows if row.startswith(f"{name}:"))


def _cgroup_limit() -> int | None:
    limit = CGROUP / "memory.max"
    said = limit.read_text().strip() if limit.is_file() else "max"
    return None if said == "max" else int(said)


def half_dtype() -> str:
    """The dtype of what may be computed in half precision: float16 on a GPU, bfloat16 on a processor where the probe says that it pays,
    else float32. PLAYGROUND_DTYPE overrides."""
    if asked := os.environ.get("PLAYGROUND_DTYPE"):
        if asked not in DTYPES:
            raise PlaygroundError(f"PLAYGROUND_DTYPE must be one of {', '.join(DTYPES)}, got {asked[:40]!r}.")
        return asked
    if pick_device() != "cpu":
        return "float16"
    return "bfloat16" if bf16_pays() else "float32"


@functools.lru_cache(maxsize=1)
def bf16_pays() -> bool:
    """True where a bfloat16 matrix product is at least 1.3 times as fast as a float32 one (a probe of 0.2 s)."""
    import torch

    device = pick_device()

    def seconds(dtype: torch.dtype) -> float:
        a = torch.ones(768, 768, dtype=dtype, device=device)
        best = float("inf")
        for _ in range(4):
            start = time.perf_counter()
            (a @ a).sum().item()
            best = min(best, time.perf_counter() - start)
        return best

    return seconds(torch.float32) > 1.3 * seconds(torch.bfloat16)


def synchronize() -> None:
    """Waits until the GPU has done what was asked of it, so that a clock read afterwards tells the truth."""
    import torch

    if pick_device() == "cuda":
        torch.cuda.synchronize()


@functools.lru_cache(maxsize=1)
def machine() -> str:
    """The processor or GPU in words, for the records beside a number."""
    import torch

    if pick_device() == "cuda":
        return torch.cuda.get_device_name()
    info = Path("/proc/cpuinfo")
    names = (
        [row.split(":", 1)[1].strip() for row in info.read_text().splitlines() if row.startswith("model name")] if info.is_file() else []
    )
    cores = cpu_count()
    return f"{names[0] if names else platform.processor() or platform.machine()}, {cores} {'core' if cores == 1 else 'cores'}"

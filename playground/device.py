"""Where the numbers are computed: device, threads, and whether half precision pays on this processor."""

from __future__ import annotations

import functools
import os
import platform
import time
from pathlib import Path


def cpu_count() -> int:
    """Processor cores this process may use: the smaller of its affinity and its cgroup's quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = Path("/sys/fs/cgroup/cpu.max")
    if quota.is_file():
        limit, period = quota.read_text().split()
        if limit != "max":
            cores = min(cores, max(1, int(limit) // int(period)))
    return max(1, cores)


@functools.lru_cache(maxsize=1)
def pick_device() -> str:
    """ "cuda" where PyTorch finds a GPU, else "cpu" with one thread per core. PLAYGROUND_DEVICE overrides."""
    import torch

    torch.set_num_threads(cpu_count())
    return os.environ.get("PLAYGROUND_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


def free_bytes() -> int | None:
    """Memory that a model on the processor may still take: what the system has left, or the cgroup if that is less. None where unknown,
    and where models run on a GPU."""
    system, limit, used = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.stat")
    if not system.is_file() or pick_device() != "cpu":
        return None
    free = next(1024 * int(row.split()[1]) for row in system.read_text().splitlines() if row.startswith("MemAvailable"))
    if limit.is_file() and used.is_file() and limit.read_text().strip() != "max":
        held = dict(row.split() for row in used.read_text().splitlines())
        free = min(free, int(limit.read_text()) - int(held["anon"]))  # the rest of it is a cache that gives way
    return max(0, free)


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
    return f"{names[0] if names else platform.processor() or platform.machine()}, {cpu_count()} cores"

"""The number of worker processes on this machine, their threads, and their devices."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass

from ...errors import OptionError
from ...machine import memory

__all__ = ["Placement", "check_jobs", "place", "threads_per_process"]

_log = logging.getLogger(__name__)

PROCESS_BYTES = 3 << 30
"""Memory of a process for a photo of 24 megapixels; it limits the number of processes."""


@dataclass(frozen=True)
class Placement:
    """Resources of one process.

    Attributes:
        device: the network runs on.
        threads: CPU threads of the network.
        depth: photos in progress at a time: one in the network, the others being read or written.
    """

    device: str
    threads: int
    depth: int


def check_jobs(jobs: int | None) -> None:
    """Reject a number of processes that is neither None nor an integer of at least 1.

    Raises:
        OptionError: it is something else.
    """
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise OptionError(f"jobs is {jobs!r}; it must be an integer of at least 1")


def place(device: str, jobs: int | None, photos: int) -> list[Placement]:
    """One process per GPU; on the CPU, as many processes as their threads fill the cores.

    Args:
        device: as in `Options`.
        jobs: number of processes; None for one per GPU, or on the CPU as many as cores and memory allow.
        photos: number of photos to render; there are never more processes than photos.

    Raises:
        OptionError: as in `check_jobs`.
    """
    check_jobs(jobs)
    cores = _cores()
    gpus = _gpus(device)
    if gpus:
        count = min(jobs or len(gpus), max(1, photos))
        each = max(1, cores // count)
        return [Placement(gpus[number % len(gpus)], each, min(8, max(2, each))) for number in range(count)]
    threads = threads_per_process()
    if jobs is None:
        jobs = max(1, min(cores // threads, memory().available // PROCESS_BYTES))
    # If memory does not suffice for even one process, it renders one photo at a time.
    depth = 2 if memory().total >= PROCESS_BYTES else 1
    return [Placement(device, threads, depth) for _ in range(min(jobs, max(1, photos)))]


def threads_per_process() -> int:
    """CPU threads of the network in a process: 1, or more if memory does not suffice for a process per core.

    The number divides the number of cores, so that no core is idle.

    It depends on the machine only, not on the batch: results differ in their last bits with the number of
    threads, because elementwise functions round differently at the ends of each thread's share.
    """
    cores = _cores()
    processes = max(1, min(cores, memory().total // PROCESS_BYTES))
    return next(threads for threads in range(-(-cores // processes), cores + 1) if cores % threads == 0)


def _cores() -> int:
    """Number of cores this process may use, within the limits of its container."""
    from joblib import cpu_count

    return int(cpu_count())


def _gpus(device: str) -> list[str]:
    """The GPUs to use, as device names; found without torch, because importing it takes seconds."""
    if device == "cpu":
        return []
    if device not in ("auto", "cuda"):
        return [device]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        count = len([name for name in visible.split(",") if name.strip() not in ("", "-1")])
    else:
        count = _nvidia_gpus()
    if not count and device == "auto" and sys.platform == "darwin" and platform.machine() == "arm64":
        return ["auto"]
    return [f"cuda:{number}" for number in range(count)]


def _nvidia_gpus() -> int:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return 0
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError) as error:
        _log.warning("nvidia-smi failed (%s); no GPU is used", error)
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())

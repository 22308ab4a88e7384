"""How many processes a batch gets on this machine, with how many threads, on which device."""

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

__all__ = ["Placement", "place", "threads_per_process"]

_log = logging.getLogger(__name__)

PROCESS_BYTES = 3 << 30
"""What a process may need for a photo of 24 megapixels; there are never more processes than this allows."""


@dataclass(frozen=True)
class Placement:
    """One process.

    Attributes:
        device: of its network.
        threads: of the CPU for its network.
        depth: photos in hand at a time: one in the network, the others being read or written.
    """

    device: str
    threads: int
    depth: int


def place(device: str, jobs: int | None, photos: int) -> list[Placement]:
    """One process per GPU; on the CPU, as many that their threads add up to the cores.

    Args:
        device: as of `Options`.
        jobs: processes; None for one per GPU, or on the CPU as many as cores and memory allow.
        photos: to be rendered; there are never more processes than photos.

    Raises:
        OptionError: ``jobs`` is no whole number from 1 up.
    """
    if jobs is not None and (isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1):
        raise OptionError(f"jobs is {jobs!r}; give a whole number from 1 up")
    cores = _cores()
    gpus = _gpus(device)
    if gpus:
        count = min(jobs or len(gpus), max(1, photos))
        each = max(1, cores // count)
        return [Placement(gpus[number % len(gpus)], each, min(8, max(2, each))) for number in range(count)]
    threads = threads_per_process()
    if jobs is None:
        jobs = max(1, min(cores // threads, memory().available // PROCESS_BYTES))
    # Where not even one process has what it may need, it takes one photo at a time.
    depth = 2 if memory().total >= PROCESS_BYTES else 1
    return [Placement(device, threads, depth) for _ in range(min(jobs, max(1, photos)))]


def threads_per_process() -> int:
    """CPU threads of a network: one, and more only where memory does not allow a process per core.

    They divide the cores, so that none is idle.

    The number is the machine's, whatever the batch: results differ in their last bits with the number of
    threads, because elementwise functions round differently at the ends of each thread's share.
    """
    cores = _cores()
    processes = max(1, min(cores, memory().total // PROCESS_BYTES))
    return next(threads for threads in range(-(-cores // processes), cores + 1) if cores % threads == 0)


def _cores() -> int:
    """Those this process may use, containers regarded."""
    from joblib import cpu_count

    return int(cpu_count())


def _gpus(device: str) -> list[str]:
    """The GPUs to use, as devices of `Options`; found without torch, whose import takes seconds."""
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
        _log.warning("nvidia-smi does not answer (%s): no GPU is used", error)
        return 0
    return sum(line.startswith("GPU ") for line in listed.splitlines())

"""How much memory there is, and what tile fits into it."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

import torch

__all__ = ["free_bytes", "is_out_of_memory", "largest_tile"]

_GIB = 2**30
_CGROUP = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)


def free_bytes(device: torch.device) -> int:
    """Memory that can be taken on a device without swapping; 4 GiB where the system does not say."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "mps":
        return int(torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory())
    known = [size for size in (_meminfo(), _cgroup(), _windows()) if size is not None]
    if known:
        return max(0, min(known))
    return _physical() // 2


def largest_tile(free: int, bytes_per_pixel: float, choices: tuple[int, ...]) -> int:
    """The largest of ``choices`` (sides in pixels) whose tile fits in ``free`` bytes, else the smallest."""
    fitting = [side for side in choices if side * side * bytes_per_pixel <= free]
    return max(fitting, default=min(choices))


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whatever device."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and ("out of memory" in text or "can't allocate memory" in text)


def _meminfo() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
    except OSError:
        return None
    values = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith("kB")}
    return values.get("MemAvailable")


def _cgroup() -> int | None:
    for limit_file, usage_file in _CGROUP:
        try:
            limit, usage = Path(limit_file).read_text("ascii"), Path(usage_file).read_text("ascii")
        except OSError:
            continue
        if limit.strip() != "max":
            return int(limit) - int(usage)
    return None


def _windows() -> int | None:
    if sys.platform != "win32":
        return None

    class Status(ctypes.Structure):
        _fields_ = (
            ("length", ctypes.c_ulong),
            ("load", ctypes.c_ulong),
            *(
                (name, ctypes.c_ulonglong)
                for name in ("total", "free", "page", "page_free", "v", "v_free", "e")
            ),
        )

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.free)


def _physical() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 8 * _GIB

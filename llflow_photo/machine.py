"""Memory that this process may use: that of the machine, or the limit of its container."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

__all__ = ["Memory", "give_back_memory", "memory"]

_UNLIMITED = 1 << 60
"""Limits of at least this mean no limit: version 1 of control groups uses a number near 2^63."""


@dataclass(frozen=True)
class Memory:
    """Main memory in bytes.

    Attributes:
        total: maximum for this process and its children.
        available: can be allocated now without swapping.
        limited: whether ``total`` is the limit of a container instead of the memory of the machine.
    """

    total: int
    available: int
    limited: bool


@dataclass(frozen=True)
class _Names:
    """File names of a version of Linux control groups."""

    limit: str
    usage: str
    reclaimable: str


_V2 = _Names("memory.max", "memory.current", "inactive_file")
_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def give_back_memory() -> None:
    """Return freed memory to the operating system (Linux with glibc; elsewhere this does nothing).

    glibc keeps blocks of less than 32 MiB for later use: 280 MB after a cancelled rendering of 12 megapixels.
    """
    if not sys.platform.startswith("linux"):
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


def memory(root: Path = Path("/")) -> Memory:
    """The memory of this machine (Linux, macOS, Windows) within the limits of its control groups (Linux).

    Args:
        root: folder that contains ``proc`` and ``sys``; tests use another one.
    """
    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    limits = list(_limits(root))
    lowest = min((limit for limit, _ in limits), default=total)
    available = min([available, *(max(0, limit - used) for limit, used in limits)])
    return Memory(min(total, lowest), min(available, total), lowest < total)


def _limits(root: Path) -> list[tuple[int, int]]:
    """Limit and usage of each control group of this process, and of the groups that contain it."""
    found = []
    for folder, names in _groups(root):
        limit, used = _number(folder / names.limit), _number(folder / names.usage)
        if limit is not None and used is not None and 0 < limit < _UNLIMITED:
            found.append((limit, used - min(used, _reclaimable(folder, names))))
    return found


def _groups(root: Path) -> list[tuple[Path, _Names]]:
    """Folders of the control groups, innermost first.

    Inside a container, the path in ``/proc/self/cgroup`` may not exist; the mount point is then the group.
    """
    try:
        lines = (root / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        lines = ["0::/", "1:memory:/"]
    groups = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers == "":
            mount, names = root / "sys/fs/cgroup", _V2
        elif "memory" in controllers.split(","):
            mount, names = root / "sys/fs/cgroup/memory", _V1
        else:
            continue
        inner = PurePosixPath(path.lstrip("/"))
        groups += [(mount / each, names) for each in (inner, *inner.parents)]
    return list(dict.fromkeys(groups))


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text("ascii"))
    except (OSError, ValueError):  # missing, or "max"
        return None


def _reclaimable(folder: Path, names: _Names) -> int:
    """Bytes of the file cache that count as used and that the system reclaims when needed."""
    try:
        lines = (folder / "memory.stat").read_text("ascii").splitlines()
    except OSError:
        return 0
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    try:
        return int(values.get(names.reclaimable, 0))
    except ValueError:
        return 0

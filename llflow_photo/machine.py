"""How much memory this process may use: the machine's, or less where a container's limit is lower."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import psutil

__all__ = ["Memory", "memory"]

_UNLIMITED = 1 << 60
"""Limits from here on mean none: version 1 of control groups writes a number near 2^63."""


@dataclass(frozen=True)
class Memory:
    """Bytes of main memory.

    Attributes:
        total: that this process and its children may ever have.
        available: that can be taken now without swapping.
        limited: whether a container's limit, not the machine, decides ``total``.
    """

    total: int
    available: int
    limited: bool


@dataclass(frozen=True)
class _Names:
    """Files of a version of Linux' control groups."""

    limit: str
    usage: str
    reclaimable: str


_V2 = _Names("memory.max", "memory.current", "inactive_file")
_V1 = _Names("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def memory(root: Path = Path("/")) -> Memory:
    """The memory of this machine (Linux, macOS, Windows) within the limits of its control groups (Linux).

    Args:
        root: where ``proc`` and ``sys`` are; another one in tests.
    """
    machine = psutil.virtual_memory()
    total, available = int(machine.total), int(machine.available)
    limits = list(_limits(root))
    lowest = min((limit for limit, _ in limits), default=total)
    available = min([available, *(max(0, limit - used) for limit, used in limits)])
    return Memory(min(total, lowest), min(available, total), lowest < total)


def _limits(root: Path) -> list[tuple[int, int]]:
    """Limit and use of each control group this process is in, and of those around it."""
    found = []
    for folder, names in _groups(root):
        limit, used = _number(folder / names.limit), _number(folder / names.usage)
        if limit is not None and used is not None and 0 < limit < _UNLIMITED:
            found.append((limit, used - min(used, _reclaimable(folder, names))))
    return found


def _groups(root: Path) -> list[tuple[Path, _Names]]:
    """Folders of the control groups, the innermost first.

    Inside a container the path that ``/proc/self/cgroup`` names may not exist: the mount is then the group.
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
    except (OSError, ValueError):  # not there, or "max"
        return None


def _reclaimable(folder: Path, names: _Names) -> int:
    """Bytes of cached files, counted as used, that the system gives up before it refuses memory."""
    try:
        lines = (folder / "memory.stat").read_text("ascii").splitlines()
    except OSError:
        return 0
    values = dict(line.split(" ", 1) for line in lines if " " in line)
    try:
        return int(values.get(names.reclaimable, 0))
    except ValueError:
        return 0

"""Memory limits of control groups v1 and v2, from files made by the tests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from llflow_photo.machine import Memory, memory

GIB = 1 << 30


@pytest.fixture(autouse=True)
def large_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=64 * GIB, available=48 * GIB))


def _group(folder: Path, names: tuple[str, str], limit: str, used: int, stat: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(stat)


V2 = ("memory.max", "memory.current")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes")


def _cgroup(root: Path, text: str) -> None:
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(text)


def test_without_control_groups_the_machine_decides(tmp_path: Path) -> None:
    assert memory(tmp_path) == Memory(64 * GIB, 48 * GIB, False)


def test_a_container_of_version_2(tmp_path: Path) -> None:
    _cgroup(tmp_path, "0::/\n")
    stat = f"anon 5\ninactive_file {GIB // 2}\n"
    _group(tmp_path / "sys/fs/cgroup", V2, str(2 * GIB), GIB, stat)
    assert memory(tmp_path) == Memory(2 * GIB, 3 * GIB // 2, True)


def test_a_service_whose_limit_is_that_of_a_group_around_it(tmp_path: Path) -> None:
    _cgroup(tmp_path, "0::/user.slice/app.service\n")
    _group(tmp_path / "sys/fs/cgroup/user.slice/app.service", V2, "max", GIB)
    _group(tmp_path / "sys/fs/cgroup/user.slice", V2, str(4 * GIB), 3 * GIB)
    assert memory(tmp_path) == Memory(4 * GIB, GIB, True)


def test_a_container_of_version_1(tmp_path: Path) -> None:
    _cgroup(tmp_path, "12:cpu,cpuacct:/x\n9:memory:/docker/abc\n")
    _group(tmp_path / "sys/fs/cgroup/memory", V1, str(2 * GIB), GIB, f"total_inactive_file {GIB // 4}\n")
    assert memory(tmp_path) == Memory(2 * GIB, 5 * GIB // 4, True)


@pytest.mark.parametrize(("names", "limit"), [(V2, "max"), (V1, "9223372036854771712")])
def test_groups_without_a_limit(tmp_path: Path, names: tuple[str, str], limit: str) -> None:
    _cgroup(tmp_path, "9:memory:/\n0::/\n")
    folder = "sys/fs/cgroup" if names is V2 else "sys/fs/cgroup/memory"
    _group(tmp_path / folder, names, limit, GIB)
    assert memory(tmp_path) == Memory(64 * GIB, 48 * GIB, False)


def test_more_used_than_allowed_leaves_nothing(tmp_path: Path) -> None:
    _cgroup(tmp_path, "0::/\n")
    _group(tmp_path / "sys/fs/cgroup", V2, str(GIB), 2 * GIB)
    assert memory(tmp_path).available == 0

"""A photo is rendered within 2 GB: planned by a container's limit, which the system enforces."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource, sys
from pathlib import Path
LIMIT, root = 2 << 30, Path(sys.argv[3])
(root / "proc/self").mkdir(parents=True)
(root / "sys/fs/cgroup").mkdir(parents=True)
(root / "proc/self/cgroup").write_text("0::/")
(root / "sys/fs/cgroup/memory.max").write_text(str(LIMIT))
resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
from llflow_photo import Options, enhance_file, machine
real = machine.memory

def limited():
    lines = Path("/proc/self/status").read_text().splitlines()
    used = next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024
    (root / "sys/fs/cgroup/memory.current").write_text(str(used))
    return real(root)

machine.memory = limited  # before any module takes it
import llflow_photo.engine.memory as planning
assert planning.memory is limited and limited().limited
import numpy as np
photo = Path(sys.argv[2])
from PIL import Image
Image.fromarray(np.random.default_rng(0).integers(0, 50, (1000, 1500, 3), np.uint8)).save(photo)
result = enhance_file(photo, photo.with_suffix(".jpg"), Options(model=sys.argv[1]))
assert (result.width, result.height) == (1500, 1000)
try:
    np.ones(LIMIT, np.uint8)
except MemoryError:
    print("within the limit")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems limit memory in other ways")
def test_two_gigabytes(tiny_model: Path, tmp_path: Path) -> None:
    arguments = [str(tiny_model), str(tmp_path / "photo.png"), str(tmp_path / "root")]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *arguments], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "within the limit", done.stderr[-2000:]

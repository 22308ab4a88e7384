"""Worker processes that compute batches end with the training process, however that ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

PROGRAM = """
import time
import numpy as np
import psutil
from llflow_photo.training.crops import CropSource
from llflow_photo.training.pairs import LoadedPair
from llflow_photo.training.prefetch import PrefetchSource

if __name__ == "__main__":
    photo = np.full((16, 16, 3), 100, np.uint8)
    source = PrefetchSource(CropSource([LoadedPair(photo, photo)]), workers=2, ahead=2)
    source.batch(0, 16, 1)
    print(*(child.pid for child in psutil.Process().children()), flush=True)
    time.sleep(3600)
"""
PATIENCE_SECONDS = 120


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signals")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM"])
def test_workers_end_when_the_training_process_is_killed(name: str, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        workers = [psutil.Process(int(pid)) for pid in process.stdout.readline().split()]
        assert len(workers) >= 2
        process.send_signal(getattr(signal, name))
        process.wait()
        until = time.monotonic() + PATIENCE_SECONDS
        while any(map(_runs, workers)) and time.monotonic() < until:
            time.sleep(0.05)
        left = [worker for worker in workers if _runs(worker)]
        for worker in left:
            worker.kill()
        assert not left


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

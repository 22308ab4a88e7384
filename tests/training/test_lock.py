"""One process at a time trains in a folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from llflow_photo.errors import CheckpointError, WriteError
from llflow_photo.training.lock import locked

PROGRAM = """
import sys, time
from pathlib import Path
from llflow_photo.training.lock import locked
with locked(Path(sys.argv[1])):
    print("locked", flush=True)
    time.sleep(3600)
"""


def test_a_folder_is_locked_until_the_process_ends(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(run)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(CheckpointError, match="another process is training in"), locked(run):
            pass
        other.kill()
        other.wait()
    assert list(run.iterdir())  # the file of a killed process, which locks nothing
    with locked(run), pytest.raises(CheckpointError, match="another process"), locked(run):
        pass
    assert not list(run.iterdir())


def test_a_folder_that_stays_empty_is_removed_if_it_is_new(tmp_path: Path) -> None:
    with locked(tmp_path / "new"):
        assert (tmp_path / "new").is_dir()
    assert not (tmp_path / "new").exists()
    (tmp_path / "runs").mkdir()
    with locked(tmp_path / "runs" / "own" / "new"):
        pass
    assert not list((tmp_path / "runs").iterdir())
    with locked(tmp_path / "runs" / "own" / "new"):
        (tmp_path / "runs" / "own" / "file").touch()
    assert [path.name for path in (tmp_path / "runs").rglob("*")] == ["own", "file"]
    with locked(tmp_path):
        pass
    assert tmp_path.is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(WriteError, match="cannot write"), locked(tmp_path / "file"):
        pass

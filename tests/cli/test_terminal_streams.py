"""Standard output and error: readers that close the pipe, names that cannot be encoded, logs of libraries."""

from __future__ import annotations

import errno
import io
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llflow_photo import batch
from llflow_photo.cli import main
from llflow_photo.cli.console import lasting_streams


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., list[str]]:
    """A function that creates photos of the given names, and returns their paths."""

    def photos(*names: str) -> list[str]:
        for number, name in enumerate(names):
            Image.new("RGB", (32, 24), (20 + number, 20, 30)).save(tmp_path / name, "JPEG")
        return [str(tmp_path / name) for name in names]

    return photos


@contextmanager
def closed(name: str) -> Iterator[None]:
    """A context in which ``sys.stdout`` or ``sys.stderr`` is a pipe that its reader has closed.

    It is not a fixture, because pytest sets both again before it calls the test.
    """
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream, pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, name, stream)
        yield


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_photos_are_rendered_after_the_reader_has_closed_the_pipe(
    stream: str, make: Callable[..., list[str]], tiny_model: Path, tmp_path: Path
) -> None:
    photos, out = make("a.jpg", "b.jpg", "c.jpg"), tmp_path / "out"
    (tmp_path / "broken.jpg").write_text("no photo")
    arguments = ["-o", str(out), "--model", str(tiny_model)]
    with closed(stream):
        assert main(["enhance", *photos, *arguments]) == 0
    assert sorted(os.listdir(out)) == ["a.jpg", "b.jpg", "c.jpg"]
    with closed(stream):
        assert main(["enhance", str(tmp_path / "broken.jpg"), *arguments]) == 1


@pytest.mark.parametrize(
    ("stream", "mode"), [("stdout", "--json"), ("stderr", "--quiet"), ("stderr", "--recursive")]
)
def test_a_batch_goes_on_after_the_reader_has_closed_the_pipe(
    stream: str, mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[int] = []
    failed = batch.PhotoRecord("a.jpg", "failed", "a reason")

    def enhance_dir(inputs: list[Path], **settings: Any) -> batch.Report:
        for number in range(3):
            settings["progress"](batch.Event("photo", 3, failed=number, row=failed))
            followed.append(number)
        return batch.Report((), tmp_path)

    monkeypatch.setattr(batch, "enhance_dir", enhance_dir)
    with closed(stream):
        assert main(["enhance", str(tmp_path), mode]) == 0
    assert followed == [0, 1, 2]


@pytest.mark.parametrize("mode", ["--json", "--quiet", "--recursive"])
def test_a_batch_without_standard_streams(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As after ``>&- 2>&-`` in a shell."""
    failed = batch.PhotoRecord("a.jpg", "failed", "a reason")

    def enhance_dir(inputs: list[Path], **settings: Any) -> batch.Report:
        settings["progress"](batch.Event("photo", 1, failed=1, row=failed))
        return batch.Report((failed,), tmp_path)

    monkeypatch.setattr(batch, "enhance_dir", enhance_dir)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdout", None)
        patch.setattr(sys, "stderr", None)
        assert main(["enhance", str(tmp_path), mode, "--debug"]) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="a folder in use cannot be deleted")
def test_a_current_folder_that_was_deleted(
    make: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make("a.jpg")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)
    assert main(["enhance", str(tmp_path), "-o", "out"]) == 1
    assert err.getvalue() == "error: the current folder was deleted; change to another folder\n"


def test_windows_reports_a_closed_pipe_as_an_invalid_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EINVAL, "Invalid argument")

        def fileno(self) -> int:
            return handle

    handle = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    monkeypatch.setattr(sys, "stdout", Closed())
    try:
        for platform, lost in (("linux", 1), ("win32", 0)):
            with monkeypatch.context() as patch:
                patch.setattr(sys, "platform", platform)
                with lasting_streams() as errors, suppress(OSError):
                    sys.stdout.write("a")
            assert len(errors) == lost
    finally:
        os.close(handle)


def test_the_program_ends_in_silence_after_the_reader_has_closed_the_pipe() -> None:
    for arguments in ("--help", "models"):
        reading, writing = os.pipe()
        os.close(reading)
        command = [sys.executable, "-m", "llflow_photo", arguments]
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=600, check=False
        )
        os.close(writing)
        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["--help", "models"])
def test_output_to_a_full_disk_is_an_error(
    arguments: str, unbuffered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    command = [sys.executable, "-m", "llflow_photo", arguments]
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, timeout=600, check=False
        )
    message = "error: the output cannot be written: no space left on the disk; free space\n"
    assert (done.returncode, done.stderr) == (1, message)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
@pytest.mark.parametrize("buffering", [1, -1], ids=["line", "block"])
@pytest.mark.parametrize(
    ("stream", "mode", "code"),
    [("stderr", "--recursive", 0), ("stderr", "--quiet", 0), ("stdout", "--json", 1)],
)
def test_a_batch_writes_its_report_although_its_progress_goes_to_a_full_disk(
    stream: str,
    mode: str,
    code: int,
    buffering: int,
    make: Callable[..., list[str]],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    photos, out = make("a.jpg", "b.jpg"), tmp_path / "out"
    arguments = ["enhance", *photos, "-o", str(out), "--model", str(tiny_model), "--jobs", "1", mode]
    with open("/dev/full", "w", buffering=buffering, encoding="utf-8") as full:
        monkeypatch.setattr(sys, stream, full)
        assert main(arguments) == code  # what --json writes is a result
    assert {"a.jpg", "b.jpg", "report.html"} <= set(os.listdir(out))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no disk that is always full")
def test_messages_to_a_full_disk_do_not_change_the_exit_code(
    make: Callable[..., list[str]], tiny_model: Path, tmp_path: Path
) -> None:
    photos = make("a.jpg")
    arguments = ["enhance", *photos, "-o", str(tmp_path / "out"), "--model", str(tiny_model), "--jobs", "1"]
    for command, code in ((arguments, 0), (["models", "absent"], 2)):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(
                [sys.executable, "-m", "llflow_photo", *command], stderr=full, timeout=600, check=False
            )
        assert done.returncode == code


def test_messages_are_written_again_when_the_disk_has_space(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        is_full = True

        def write(self, text: str) -> int:
            if self.is_full:
                raise OSError(errno.ENOSPC, "No space left on device")
            return super().write(text)

    stream = Full()
    monkeypatch.setattr(sys, "stderr", stream)
    with lasting_streams() as errors:
        sys.stderr.write("lost\n")
        stream.is_full = False
        sys.stderr.write("kept\n")
        assert stream.getvalue() == "kept\n"
    assert errors == []


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_names_that_cannot_be_encoded_are_escaped(
    encoding: str,
    make: Callable[..., list[str]],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    try:
        photos = make("nächt.jpg", "n\udce4cht.jpg", "z.jpg")
    except OSError:
        pytest.skip("this file system supports only UTF-8 names")
    shown = "n\\xe4cht" if encoding == "ascii" else "nächt"
    for more in ([], ["--dry-run"]):
        stream = io.TextIOWrapper(io.BytesIO(), encoding, "strict")
        monkeypatch.setattr(sys, "stdout", stream)
        out = tmp_path / f"out{len(more)}"
        assert main(["enhance", *photos, "-o", str(out), "--model", str(tiny_model), *more]) == 0
        printed = stream.buffer.getvalue().decode(encoding)  # type: ignore[attr-defined]
        assert shown in printed
        assert "n\\udce4cht" in printed
        assert more or len(os.listdir(out)) == 3
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding, "strict"))
    assert main(["models", "night-compact"]) == 0


@pytest.mark.parametrize("debug", [False, True])
def test_libraries_that_set_the_level_of_their_logs_are_quiet_without_debug(
    debug: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(logging.root, "handlers", [])
    monkeypatch.setattr(logging.root, "level", logging.root.level)
    assert main(["models", *["--debug"] * debug]) == 0
    library = logging.getLogger("a library")
    library.setLevel(logging.INFO)
    library.info("a detail")
    library.warning("a warning")
    printed = capsys.readouterr().err
    assert "a warning" in printed
    assert ("a detail" in printed) == debug

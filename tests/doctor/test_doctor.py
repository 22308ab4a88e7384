"""`doctor` detects problems of an installation, and every problem has a command."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from llflow_photo import doctor, install_hints
from llflow_photo.cli import main
from llflow_photo.doctor import Finding, examine
from llflow_photo.models import registry
from llflow_photo.options import DEFAULT_MODEL


@pytest.fixture(autouse=True)
def no_models_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(tmp_path / "users"))


@pytest.fixture
def pretend(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str | None], None]:
    """A function ``(package, version)`` that simulates a version of a package, or a missing one."""
    real = metadata.version
    versions: dict[str, str | None] = {}

    def version(name: str) -> str:
        if name not in versions:
            return real(name)
        if (answer := versions[name]) is None:
            raise metadata.PackageNotFoundError(name)
        return answer

    monkeypatch.setattr(doctor.metadata, "version", version)
    return versions.__setitem__


def about(findings: tuple[Finding, ...], subject: str) -> Finding:
    return next(finding for finding in findings if finding.subject == subject)


def test_a_complete_installation() -> None:
    findings = examine("cpu")
    assert {finding.level for finding in findings} <= {"ok", "hint"}
    assert about(findings, "torch").text == metadata.version("torch")
    assert about(findings, "device").text.startswith("cpu (")
    assert "checksum correct" in about(findings, DEFAULT_MODEL).text
    assert about(findings, "trial").level == "ok"
    assert {"cluster", "evaluate", "napari", "train"} <= {finding.subject for finding in findings}


def test_a_missing_package_skips_the_checks_of_the_machine(
    pretend: Callable[[str, str | None], None],
) -> None:
    pretend("torch", None)
    findings = examine()
    assert about(findings, "torch").level == "problem"
    assert "pip install 'torch>=" in about(findings, "torch").command
    assert not {"device", "trial"} & {finding.subject for finding in findings}


def test_versions_are_compared_as_numbers(pretend: Callable[[str, str | None], None]) -> None:
    pretend("numpy", "1.9.3")
    finding = about(examine(), "numpy")
    assert finding.level == "problem"
    assert "1.9.3 is too old" in finding.text
    pretend("numpy", "10.0.0rc1")
    assert about(examine("cpu"), "numpy").level == "ok"


def test_missing_extras_are_hints_with_their_command(pretend: Callable[[str, str | None], None]) -> None:
    pretend("dask", None)
    pretend("pillow-heif", None)
    findings = examine("cpu")
    cluster = about(findings, "cluster")
    assert (cluster.level, cluster.command) == ("hint", install_hints.pip_install("'llflow-photo[cluster]'"))
    assert "dask not installed" in cluster.text
    assert "pip install 'llflow-photo[heic]'" in about(findings, "heic").command
    assert not [finding for finding in findings if finding.level == "problem"]


def test_an_unavailable_device_is_a_problem() -> None:
    findings = examine("cuda:99")
    assert about(findings, "device").level == "problem"
    assert "'cuda:99'" in about(findings, "device").text


def test_damaged_and_missing_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(registry.__file__).parent
    shipped = tmp_path / "shipped"
    shipped.mkdir()
    for name in (f"{DEFAULT_MODEL}.json", f"{DEFAULT_MODEL}.safetensors"):
        shutil.copyfile(folder / name, shipped / name)
    with (shipped / f"{DEFAULT_MODEL}.safetensors").open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    monkeypatch.setattr(registry, "_SHIPPED", shipped)
    finding = about(examine("cpu"), DEFAULT_MODEL)
    assert finding.level == "problem"
    assert "damaged" in finding.text
    (shipped / f"{DEFAULT_MODEL}.safetensors").unlink()
    finding = about(examine("cpu"), DEFAULT_MODEL)
    assert "missing" in finding.text
    assert finding.command == install_hints.restore_files()


def test_package_files_are_restored_from_their_source(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install_hints, "__file__", str(tmp_path / "llflow_photo" / "install_hints.py"))
    wheel = SimpleNamespace(read_text=lambda name: '{"url": "file:///tmp/some.whl", "archive_info": {}}')
    monkeypatch.setattr(install_hints.metadata, "distribution", lambda name: wheel)
    assert install_hints.restore_files().endswith("pip install --force-reinstall --no-deps /tmp/some.whl")
    (tmp_path / ".git").mkdir()
    assert install_hints.restore_files() == f"git -C {tmp_path} checkout -- llflow_photo/models"


def test_paths_in_commands_are_quoted_for_the_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    assert install_hints.shell_quoted("my run") == "'my run'"
    monkeypatch.setattr(sys, "platform", "win32")
    assert install_hints.shell_quoted(r"C:\runs") == r"C:\runs"
    assert install_hints.shell_quoted(r"C:\my runs") == r'"C:\my runs"'


def test_damaged_models_of_the_user_are_hints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped, users = Path(registry.__file__).parent, tmp_path / "my models"
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(users))
    users.mkdir()
    for name in ("changed", "card"):
        shutil.copyfile(shipped / "lol-compact.safetensors", users / f"{name}.safetensors")
    card = json.loads((shipped / "lol-compact.json").read_text(encoding="utf-8"))
    (users / "changed.json").write_text(json.dumps({**card, "sha256": "0" * 64}))
    (users / "card.json").write_text("{")
    (users / "other.safetensors").write_bytes(b"not weights")
    (users / "folder.safetensors").mkdir()
    (users / "link.safetensors").symlink_to(users / "absent")
    findings = examine("cpu")
    found = {finding.subject: finding for finding in findings if str(users) in finding.text}
    assert found.keys() == {"changed", "card", "other", "folder", "link"}
    assert {finding.level for finding in found.values()} == {"hint"}
    assert "remove changed.json if you changed it" in found["changed"].text  # as the error says
    commands = {name: finding.command for name, finding in found.items() if finding.command}
    assert commands == {"link": f"rm '{users}/link.safetensors'"}  # the card is kept
    assert about(findings, "trial").level == "ok"


def test_a_package_that_cannot_be_loaded_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rawpy", None)
    finding = about(examine("cpu"), "rawpy")
    assert finding.level == "problem"
    assert "cannot be loaded" in finding.text
    assert "--force-reinstall --no-deps rawpy" in finding.command


def test_limited_threads_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(doctor.os, "sched_getaffinity", lambda process: set(range(8)), raising=False)
    finding = doctor._threads(1)
    assert (finding.level, finding.command) == ("hint", "unset OMP_NUM_THREADS")


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--device", "cpu"]) == 0
    shown = capsys.readouterr().out
    assert "Photos can be enhanced here." in shown
    assert main(["doctor", "--json", "--device", "cuda:99"]) == 1
    findings = json.loads(capsys.readouterr().out)
    problems = [finding for finding in findings if finding["level"] == "problem"]
    assert len(problems) == 1
    assert problems[0]["command"]

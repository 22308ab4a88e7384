"""The wheel and the source distribution are complete, and the wheel works when installed."""

from __future__ import annotations

import email
import json
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from llflow_photo import __version__

ROOT = Path(__file__).parents[2]
PARTS = (
    "llflow_photo", "napari_plugin", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "CHANGELOG.md",
    "CITATION.cff", "constraints.txt", "constraints-oldest.txt",
)  # fmt: skip
EXTRAS = {"cluster", "docs", "evaluate", "lint", "napari", "test", "train"}
LARGEST_WHEEL = 60e6


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution, and the wheel built from it, without a network."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in PARTS:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copyfile(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return out


def wheel_of(folder: Path) -> Path:
    (wheel,) = folder.glob("*.whl")
    return wheel


def shipped_files() -> set[str]:
    """The files of the repository that belong in a distribution."""
    models = (ROOT / "llflow_photo" / "models").iterdir()
    samples = (ROOT / "napari_plugin" / "sample_data").iterdir()
    code = (path for room in ("llflow_photo", "napari_plugin") for path in (ROOT / room).rglob("*.py"))
    chosen = [path for path in models if path.suffix in (".json", ".safetensors")]
    chosen += [path for path in samples if path.suffix in (".dng", ".jpg")]
    chosen += [path for path in code if path.parent.name != "sample_data"]
    chosen += (ROOT / "llflow_photo" / "batch" / "recording" / "templates").iterdir()
    names = {path.relative_to(ROOT).as_posix() for path in chosen}
    return names | {"llflow_photo/py.typed", "napari_plugin/napari.yaml"}


def test_both_hold_code_weights_cards_manifest_and_types(distributions: Path) -> None:
    wheel = wheel_of(distributions)
    in_wheel = set(zipfile.ZipFile(wheel).namelist())
    (archive,) = distributions.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        in_source = {name.partition("/")[2] for name in tar.getnames()}
    assert not shipped_files() - in_wheel
    assert not shipped_files() - in_source
    assert {part for part in PARTS if "." in part or part == "LICENSE"} <= in_source
    foreign = [n for n in in_wheel if not n.startswith(("llflow_photo/", "napari_plugin/", "llflow_photo-"))]
    assert not foreign
    assert wheel.stat().st_size < LARGEST_WHEEL
    told = (ROOT / "docs" / "getting-started.md").read_text(encoding="utf-8")
    assert f"The wheel measures {wheel.stat().st_size / 1e6:.0f} MB" in " ".join(told.split())


def test_one_version_everywhere(distributions: Path) -> None:
    assert wheel_of(distributions).name.split("-")[1] == __version__
    cited = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in cited
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {__version__}" in changes


def test_its_metadata_have_license_extras_and_entry_points(distributions: Path) -> None:
    with zipfile.ZipFile(wheel_of(distributions)) as wheel:
        (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
        told = email.message_from_bytes(wheel.read(f"{folder}/METADATA"))
        entry_points = wheel.read(f"{folder}/entry_points.txt").decode()
        assert f"{folder}/licenses/LICENSE" in wheel.namelist()
    assert told["License-Expression"] == "MIT"
    assert set(told.get_all("Provides-Extra", [])) >= EXTRAS
    needed = [line for line in told.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert not [line for line in needed if line.lower().startswith(("napari", "qtpy", "pyside", "pyqt"))]
    assert "llflow-photo = llflow_photo.cli:main" in entry_points
    assert "llflow-photo = napari_plugin:napari.yaml" in entry_points


def test_the_wheel_works_where_it_is_installed(distributions: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, "--target", target, wheel_of(distributions)], check=True, timeout=600)
    code = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import llflow_photo; "
        "from llflow_photo.doctor import examine; "
        "print(json.dumps([llflow_photo.__file__, [[f.area, f.subject, f.level] for f in examine('cpu')]]))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(target)],
        capture_output=True, text=True, timeout=600, check=True, cwd=tmp_path,
    )  # fmt: skip
    where, findings = json.loads(done.stdout)
    assert Path(where).is_relative_to(target)
    assert ["models", "lol-compact", "ok"] in findings
    assert ["trial", "trial", "ok"] in findings

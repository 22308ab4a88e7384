"""The manifest, and which modules its discovery imports."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from npe2 import PluginManifest

import napari_plugin
from llflow_photo.files import RASTER_SUFFIXES, RAW_SUFFIXES

ROOT = Path(napari_plugin.__file__).parent


@pytest.fixture(scope="module")
def manifest() -> Any:
    return PluginManifest.from_file(ROOT / "napari.yaml")


def test_the_manifest_is_valid_and_every_command_exists(manifest: Any) -> None:
    manifest.validate_imports()
    for command in manifest.contributions.commands:
        module, name = command.python_name.split(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_the_reader_accepts_every_supported_extension(manifest: Any) -> None:
    patterns = set(manifest.contributions.readers[0].filename_patterns)
    for suffix in RAW_SUFFIXES | RASTER_SUFFIXES:
        assert {f"*{suffix}", f"*{suffix.upper()}"} <= patterns


def test_the_manifest_has_all_contributions(manifest: Any) -> None:
    contributed = manifest.contributions
    assert len(contributed.sample_data) == 2
    assert [widget.display_name for widget in contributed.widgets] == ["Enhance a night photo"]
    assert "napari/layers/filter" in contributed.menus
    endings = {ending for writer in contributed.writers for ending in writer.filename_extensions}
    assert endings == {".tif", ".tiff", ".jpg", ".jpeg", ".png", ".dng"}


def test_sample_files_are_in_the_package_and_small() -> None:
    folder = files("napari_plugin") / "sample_data"
    sizes = [len((folder / name).read_bytes()) for name in ("night_raw.dng", "night_lamps.jpg")]
    assert sum(sizes) < 600_000


def _loaded_by(code: str) -> set[str]:
    """Modules imported by a new Python process that runs ``code``."""
    command = f"import sys\n{code}\nsys.stdout.write(' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_discovery_loads_neither_torch_nor_qt_nor_the_core() -> None:
    yaml = str(ROOT / "napari.yaml")
    code = f"import napari_plugin\nfrom npe2 import PluginManifest\nPluginManifest.from_file({yaml!r})"
    loaded = _loaded_by(code)
    assert not {"torch", "qtpy", "napari", "rawpy", "llflow_photo.files"} & loaded


def test_the_widget_s_modules_load_no_torch() -> None:
    assert "torch" not in _loaded_by(
        "import napari_plugin.widget, napari_plugin.reader, napari_plugin.writer"
    )


def test_the_core_loads_neither_napari_nor_qt() -> None:
    modules = sorted(
        ".".join(path.with_suffix("").relative_to(ROOT.parent).parts)
        for path in (ROOT.parent / "llflow_photo").rglob("*.py")
        if path.stem not in ("__main__", "__init__")
    )
    code = "import importlib\n" + "".join(
        f"try: importlib.import_module({module!r})\nexcept ImportError: pass\n" for module in modules
    )
    loaded = _loaded_by(code)
    assert "llflow_photo.engine.enhancer" in loaded and "llflow_photo.explore.encoded" in loaded
    unwanted = {"napari", "qtpy", "PySide6", "PyQt5", "PyQt6", "magicgui", "vispy", "npe2"}
    assert not {name.split(".")[0] for name in loaded} & unwanted

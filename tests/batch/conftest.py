"""Folders of small photos, and batches of them with a renderer that needs no network."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from llflow_photo.batch.manifest import holds_outputs
from llflow_photo.batch.run import Batch, run_batch
from llflow_photo.batch.selection import Selection
from llflow_photo.batch.settings import settings_hash
from llflow_photo.batch.work import Job
from llflow_photo.options import Options

RAW = {".nef", ".dng"}
RASTER = {".png", ".jpg", ".tif"}


def make_batch(source: Path, output: Path, **changes: Any) -> Batch:
    """A batch with `FakeRenderer`; ``changes`` are fields of options, selection, job or batch."""
    options = Options(**{name: changes.pop(name) for name in tuple(changes) if hasattr(Options(), name)})
    chosen = {name: changes.pop(name) for name in tuple(changes) if name in Selection.__dataclass_fields__}
    of_job = {name: changes.pop(name) for name in tuple(changes) if name in Job.__dataclass_fields__}
    selection = Selection(
        is_photo=lambda path: path.suffix.lower() in RAW | RASTER,
        is_raw=lambda path: path.suffix.lower() in RAW,
        is_output=holds_outputs,
        **chosen,
    )
    settings = settings_hash({"options": options, **of_job})
    job = Job("fake_renderer:FakeRenderer", options, None, None, settings, "model", str(output), **of_job)
    return Batch((source,), selection, job, ".png", **{"jobs": 1, **changes})


@pytest.fixture
def batch() -> Callable[..., Any]:
    """`run_batch` of `make_batch`."""
    sys.path.insert(0, str(Path(__file__).parent))  # worker processes look where this one does
    return lambda *args, **changes: run_batch(make_batch(*args, **changes))


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes a folder of photos of the names given; each differs from the others."""

    def make(*names: str, folder: str = "in") -> Path:
        root = tmp_path / folder
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            seed = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogateescape")).digest()[:4], "big")
            pixels = np.random.default_rng(seed).integers(0, 60, (12, 16, 3), np.uint8)
            Image.fromarray(pixels).save(path, "PNG")
        return root

    return make


@pytest.fixture
def hashes() -> Callable[[Path], dict[str, str]]:
    """A function that gives the SHA-256 of all files of a folder but manifest and report page."""

    def collect(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "manifest" not in path.name and path.name != "report.html"
        }

    return collect

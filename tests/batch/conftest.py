"""Folders of small photos, and batches of them with a renderer that needs no network."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from batch_helpers import make_batch
from PIL import Image

from llflow_photo.batch.run import run_batch


@pytest.fixture
def batch() -> Callable[..., Any]:
    """`run_batch` of `make_batch`."""
    sys.path.insert(0, str(Path(__file__).parent))  # worker processes use the same module search path
    return lambda *args, **changes: run_batch(make_batch(*args, **changes))


@pytest.fixture
def photos(tmp_path: Path) -> Callable[..., Path]:
    """A function that creates a folder of distinct photos with the given names."""

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
    """A function that returns the SHA-256 of all files of a folder except manifest and report page."""

    def collect(folder: Path) -> dict[str, str]:
        return {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and "manifest" not in path.name and path.name != "report.html"
        }

    return collect

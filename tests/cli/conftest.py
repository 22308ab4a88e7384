"""Pairs to train on, a folder of models, and files that may not be read, even by root."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def deny(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """A function after which files of a name cannot be opened."""
    opened = builtins.open

    def refuse(name: str) -> None:
        def guarded(file: Any, *args: Any, **more: Any) -> Any:
            if str(file).endswith(name):
                raise PermissionError(13, "Permission denied", str(file))
            return opened(file, *args, **more)

        for module in (builtins, io):  # pathlib uses the latter
            monkeypatch.setattr(module, "open", guarded)

    return refuse


@pytest.fixture
def users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the user's models, empty."""
    monkeypatch.setenv("LLFLOW_PHOTO_MODELS", str(tmp_path / "users"))
    return tmp_path / "users"


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Five pairs in the simplest layout."""
    folder = tmp_path / "pairs"
    for kind in ("low", "high"):
        (folder / kind).mkdir(parents=True)
    for number in range(5):
        random = np.random.default_rng(number)
        high = 60 + 150 * random.random((4, 5, 3)).repeat(8, 0).repeat(8, 1)
        Image.fromarray(high.astype(np.uint8)).save(folder / "high" / f"{number}.png")
        Image.fromarray((high / 8).astype(np.uint8)).save(folder / "low" / f"{number}.png")
    return folder

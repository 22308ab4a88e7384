"""Files that may not be read; tests may run as root, for whom permissions do not matter."""

from __future__ import annotations

import builtins
import io
from collections.abc import Callable
from typing import Any

import pytest


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

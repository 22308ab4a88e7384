"""Persistent named values in a JSON file."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["JsonTable"]

_LOG = logging.getLogger(__name__)


class JsonTable:
    """Named values in a JSON file that several windows may write to.

    Args:
        path: the file; it and its folder are created by `save`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, dict[str, Any]] = _read(path)
        self._changed: set[str] = set()

    @property
    def names(self) -> list[str]:
        return list(self._values)

    def get(self, name: str) -> dict[str, Any] | None:
        """The values of a name; None if there are none."""
        return self._values.get(name)

    def put(self, name: str, values: Mapping[str, Any]) -> None:
        """Set the values of a name, in memory until `save`."""
        self._values[name] = dict(values)
        self._changed.add(name)

    def remove(self, name: str) -> None:
        """Remove a name, in memory until `save`."""
        self._values.pop(name, None)
        self._changed.add(name)

    def save(self) -> None:
        """Write the changes since the last call; changes of other windows are kept.

        Raises:
            OSError: the file cannot be written.
        """
        if not self._changed:
            return
        present = _read(self.path)
        for name in self._changed:
            if name in self._values:
                present[name] = self._values[name]
            else:
                present.pop(name, None)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_name(f".{self.path.name}.{os.getpid()}.part")
        # As ASCII, since names of files may contain bytes that are not UTF-8.
        partial.write_text(json.dumps(present, indent=1, sort_keys=True), "utf-8")
        os.replace(partial, self.path)
        self._values = present
        self._changed.clear()


def _read(path: Path) -> dict[str, dict[str, Any]]:
    """The contents of a file; a damaged file is renamed, so that it is not overwritten."""
    try:
        found = json.loads(path.read_text("utf-8"))
        if isinstance(found, dict) and all(isinstance(values, dict) for values in found.values()):
            return found
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _LOG.warning("%s cannot be read: %s", path, error)
    try:
        os.replace(path, path.with_name(f"{path.name}.damaged"))
    except OSError as error:
        _LOG.warning("%s cannot be renamed: %s", path, error)
    return {}

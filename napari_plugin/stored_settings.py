"""Persistent settings: presets by name, and the settings of each photo.

A file contains only what differs from the defaults of `Options`, so that changed defaults take effect.
"""

from __future__ import annotations

import json
import logging
import os
from pathlib import Path
from typing import Any

from llflow_photo.errors import OptionError
from llflow_photo.options import Options

__all__ = ["StoredSettings", "config_folder", "differences"]

_LOG = logging.getLogger(__name__)
_NOT_KEPT = frozenset({"samples", "device", "tile"})
"""Options that do not affect the picture."""


def config_folder() -> Path:
    """The folder of the user's presets."""
    from platformdirs import user_config_path

    return Path(user_config_path("llflow-photo", appauthor=False))


def differences(options: Options) -> dict[str, Any]:
    """The options that affect the picture and differ from the defaults."""
    defaults = Options().of_the_picture()
    return {
        name: value
        for name, value in options.of_the_picture().items()
        if name not in _NOT_KEPT and value != defaults[name]
    }


class StoredSettings:
    """Named settings in a JSON file that several windows may write to.

    Args:
        path: the file; it and its folder are created when settings are saved.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values: dict[str, dict[str, Any]] = _read(path)
        self._changed: set[str] = set()

    @property
    def names(self) -> list[str]:
        return sorted(self._values, key=str.casefold)

    def get(self, name: str) -> Options | None:
        """The settings of a name; options that this version does not support keep their default."""
        values = self._values.get(name)
        if values is None:
            return None
        options = Options()
        for option, value in values.items():
            try:
                options = options.with_changes(**{option: value})
            except (OptionError, TypeError):
                _LOG.warning(
                    "%s: %r: option %s=%r is not supported by this version",
                    self.path.name,
                    name,
                    option,
                    value,
                )
        return options

    def put(self, name: str, options: Options) -> None:
        """Set the settings of a name, in memory until `save`."""
        self._values[name] = differences(options)
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
        partial.write_text(json.dumps(present, indent=1, sort_keys=True, ensure_ascii=False), "utf-8")
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
    except (OSError, ValueError) as error:
        _LOG.warning("%s cannot be read: %s", path, error)
    try:
        os.replace(path, path.with_name(f"{path.name}.damaged"))
    except OSError as error:
        _LOG.warning("%s cannot be renamed: %s", path, error)
    return {}

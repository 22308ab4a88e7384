"""Persistent settings: presets by name, and the settings of each photo.

A file contains only what differs from the defaults of `Options`, so that changed defaults take effect.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from llflow_photo.errors import OptionError
from llflow_photo.options import Options

from .json_table import JsonTable

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
        self._table = JsonTable(path)

    @property
    def path(self) -> Path:
        return self._table.path

    @property
    def names(self) -> list[str]:
        return sorted(self._table.names, key=str.casefold)

    def get(self, name: str) -> Options | None:
        """The settings of a name; options that this version does not support keep their default."""
        values = self._table.get(name)
        if values is None:
            return None
        options = Options()
        for option, value in values.items():
            try:
                options = options.with_changes(**{option: value})
            except (OptionError, TypeError):
                unsupported = f"option {option}={value!r} is not supported by this version"
                _LOG.warning("%s: %r: %s", self.path.name, name, unsupported)
        return options

    def put(self, name: str, options: Options) -> None:
        """Set the settings of a name, in memory until `save`."""
        self._table.put(name, differences(options))

    def remove(self, name: str) -> None:
        """Remove a name, in memory until `save`."""
        self._table.remove(name)

    def save(self) -> None:
        """Write the changes since the last call; changes of other windows are kept.

        Raises:
            OSError: the file cannot be written.
        """
        self._table.save()

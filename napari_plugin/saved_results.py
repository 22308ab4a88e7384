"""Which photos have a result that was saved from the panel, also after a restart."""

from __future__ import annotations

import os
from pathlib import Path

from .json_table import JsonTable

__all__ = ["SavedResults"]


class SavedResults:
    """Paths of saved results by photo, in a JSON file.

    Args:
        path: the file; it and its folder are created by `note`.
    """

    def __init__(self, path: Path) -> None:
        self._table = JsonTable(path)

    def note(self, photo: Path, result: Path) -> None:
        """Record that a result of a photo was saved.

        Raises:
            OSError: the file cannot be written.
        """
        state = os.stat(photo)
        self._table.put(
            str(photo.absolute()),
            {"result": str(result.absolute()), "size": state.st_size, "mtime_ns": state.st_mtime_ns},
        )
        self._table.save()

    def result_of(self, photo: Path) -> Path | None:
        """The saved result of a photo; None if there is none, or if the photo has changed since."""
        known = self._table.get(str(photo.absolute()))
        if known is None:
            return None
        try:
            state, result = os.stat(photo), Path(known["result"])
            unchanged = (state.st_size, state.st_mtime_ns) == (known["size"], known["mtime_ns"])
            return result if unchanged and result.is_file() else None
        except (OSError, KeyError, TypeError):
            return None

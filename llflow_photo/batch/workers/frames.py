"""Reading frames of a series for the decision about it, in worker processes as renderings are made.

A photo that ends its process, as broken files may, so never ends the batch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...series import FrameSummary
from .renderer import Cancel

if TYPE_CHECKING:
    from ...photo import Photo
    from .work import Job, Stage, Task

__all__ = ["FRAME_READER", "FrameReader", "FrameWorker", "SeenFrame"]

FRAME_READER = f"{__name__}:FrameReader"
"""What `Job.renderer` names where frames are only to be looked at."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SeenFrame:
    """What `FrameWorker` gives of a task.

    Attributes:
        source: of the task.
        summary: of its photo; None where it cannot be read.
    """

    source: str
    summary: FrameSummary | None


class FrameReader:
    """Reads photos as they are read for rendering; loads no model."""

    def __init__(self, job: Job) -> None:
        self._raw: Any = job.raw

    def read(self, path: Path) -> Photo:
        """Read a photo; see `files.read`."""
        from ... import files

        return files.read(path, self._raw)


class FrameWorker:
    """Looks at the photos of tasks.

    Args:
        reader: reads them.
        stage: told source and ``series`` whenever a photo is begun.
        cancel: asked before each photo.
    """

    def __init__(self, reader: FrameReader, stage: Stage, cancel: Cancel) -> None:
        self._reader, self._stage, self._cancel = reader, stage, cancel

    def __call__(self, task: Task) -> SeenFrame:
        """Look at one photo; what goes wrong with it is said when it is rendered."""
        if self._cancel():
            return SeenFrame(task.source, None)
        self._stage(task.source, "series")
        try:
            return SeenFrame(task.source, FrameSummary.of(self._reader.read(Path(task.path))))
        except Exception as error:  # the border between one photo and all others
            _log.info("%s is not looked at for its series: %s", task.source, error)
            return SeenFrame(task.source, None)

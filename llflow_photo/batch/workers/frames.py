"""Read frames of a series for the decision about it, in worker processes like those that render.

A file that crashes its process, as broken files may, therefore does not end the batch.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...callbacks import Cancel
from ...series import FrameSummary
from ..job import Job, Stage, Task

if TYPE_CHECKING:
    from ...photo import Photo

__all__ = ["FRAME_READER", "FrameReader", "FrameResult", "FrameWorker"]

FRAME_READER = f"{__name__}:FrameReader"
"""Value of `Job.renderer` for jobs that only summarize frames."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrameResult:
    """Result of `FrameWorker` for one task.

    Attributes:
        source: of the task.
        summary: of its photo; None if the photo cannot be read.
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
    """Summarizes the photos of tasks.

    Args:
        reader: reads the photos.
        stage: called with the source and ``series`` whenever a photo is begun.
        cancel: called before each photo; True skips it.
    """

    def __init__(self, reader: FrameReader, stage: Stage, cancel: Cancel) -> None:
        self._reader, self._stage, self._cancel = reader, stage, cancel

    def __call__(self, task: Task) -> FrameResult:
        """Summarize one photo. Errors are not reported here, because rendering the photo reports them."""
        if self._cancel():
            return FrameResult(task.source, None)
        self._stage(task.source, "series")
        try:
            return FrameResult(task.source, FrameSummary.of(self._reader.read(Path(task.path))))
        except Exception as error:  # an error of one photo must not affect the others
            _log.info("%s does not count for its series: %s", task.source, error)
            return FrameResult(task.source, None)

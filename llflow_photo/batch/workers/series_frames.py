"""Read frames of undecided series, in processes on this machine, wherever the photos will be rendered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace

from ...callbacks import Cancel
from ..job import Job, Task
from ..series_decisions import SeriesDecisions
from .frames import FRAME_READER, FrameResult
from .pipeline import run_local
from .placement import place

__all__ = ["read_frames"]


def read_frames(
    decisions: SeriesDecisions,
    wanted: Collection[str],
    job: Job,
    jobs: int | None = None,
    begun: Callable[[str], None] = lambda source: None,
    cancel: Cancel = lambda: False,
) -> bool:
    """Read `SeriesDecisions.frames_to_read`, so that all series with a photo to render are decided.

    Args:
        decisions: receives the summaries of the frames.
        wanted: sources of the photos that are to be rendered.
        job: how photos are developed.
        jobs: number of processes; None for as many as fit.
        begun: called with the source of each frame when reading it begins.
        cancel: called several times a second; True stops.

    Returns:
        False if ``cancel`` stopped it.

    Raises:
        WorkerError: processes cannot be started.
    """
    frames = decisions.frames_to_read(wanted)
    if not frames:
        return True
    reading = replace(job, renderer=FRAME_READER)
    tasks = [Task(frame.source, str(frame.path), 0, 0, (), "") for frame in frames]
    with closing(run_local(reading, tasks, place("cpu", jobs, len(tasks)))) as outputs:
        for kind, content in outputs:
            if kind == "stage":
                begun(content[0])
            elif kind == "result":  # a PhotoRecord if reading the frame has crashed its processes
                summary = content.summary if isinstance(content, FrameResult) else None
                decisions.add_summary(content.source, summary)
            if cancel():
                return False
    return True

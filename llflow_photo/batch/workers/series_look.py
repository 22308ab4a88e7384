"""Looking at frames of open series, in processes on this machine, wherever the photos will be rendered."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import replace

from ..series_decisions import SeriesDecisions
from .frames import FRAME_READER, SeenFrame
from .pipeline import run_local
from .placement import place
from .work import Job, Task

__all__ = ["look"]


def look(
    decisions: SeriesDecisions,
    wanted: Collection[str],
    job: Job,
    jobs: int | None = None,
    begun: Callable[[str], None] = lambda source: None,
    cancel: Callable[[], bool] = lambda: False,
) -> bool:
    """Have `SeriesDecisions.frames_to_see` read, so that all series with a photo to render are decided.

    Args:
        decisions: takes what is seen.
        wanted: sources of the photos that are to be rendered.
        job: how photos are developed.
        jobs: processes; None for as many as fit.
        begun: told the source of each frame that is looked at.
        cancel: asked several times a second.

    Returns:
        False where ``cancel`` ended it.

    Raises:
        WorkerError: processes cannot be started.
    """
    frames = decisions.frames_to_see(wanted)
    if not frames:
        return True
    reading = replace(job, renderer=FRAME_READER)
    tasks = [Task(frame.source, str(frame.path), 0, 0, (), "") for frame in frames]
    with closing(run_local(reading, tasks, place("cpu", jobs, len(tasks)))) as outputs:
        for kind, content in outputs:
            if kind == "stage":
                begun(content[0])
            elif kind == "row":  # of a photo that ended its process it is a row, indeed
                decisions.see(content.source, content.summary if isinstance(content, SeenFrame) else None)
            if cancel():
                return False
    return True

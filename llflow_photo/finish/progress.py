"""Progress of a stage as part of the total progress, and of the steps of a stage."""

from __future__ import annotations

from collections.abc import Iterator

from ..callbacks import Cancel, Progress, raise_if_cancelled

__all__ = ["of_stage", "watched_steps"]

_STEPS = 1000


def of_stage(progress: Progress | None, stage: int, stages: int) -> Progress | None:
    """Report the progress of one stage as total progress, in thousandths of a stage."""
    if progress is None:
        return None
    return lambda done, total: progress(stage * _STEPS + _STEPS * done // max(total, 1), stages * _STEPS)


def watched_steps(count: int, cancel: Cancel | None, progress: Progress | None) -> Iterator[int]:
    """The numbers of steps; ``cancel`` is called before each one, ``progress`` with the steps done.

    Raises:
        CancelledError: ``cancel`` returned true.
    """
    for done in range(count):
        raise_if_cancelled(cancel)
        if progress:
            progress(done, count)
        yield done

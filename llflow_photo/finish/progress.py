"""Progress of a stage as part of the total progress."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "of_stage"]

Progress = Callable[[int, int], None]
_STEPS = 1000


def of_stage(progress: Progress | None, stage: int, stages: int) -> Progress | None:
    """Report the progress of one stage as total progress, in thousandths of a stage."""
    if progress is None:
        return None
    return lambda done, total: progress(stage * _STEPS + _STEPS * done // max(total, 1), stages * _STEPS)

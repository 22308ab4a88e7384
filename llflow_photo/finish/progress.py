"""Progress of a stage as part of the total progress."""

from __future__ import annotations

from ..callbacks import Progress

__all__ = ["of_stage"]

_STEPS = 1000


def of_stage(progress: Progress | None, stage: int, stages: int) -> Progress | None:
    """Report the progress of one stage as total progress, in thousandths of a stage."""
    if progress is None:
        return None
    return lambda done, total: progress(stage * _STEPS + _STEPS * done // max(total, 1), stages * _STEPS)

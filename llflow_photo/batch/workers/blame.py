"""Which photo is to blame when a worker process dies: one policy for local workers and for clusters.

A process can have several photos in progress. When it dies, all photos that it had begun are suspects. Each
is tried again with no other photo in progress in its process, after all photos that are not suspects. A photo
is given up when `MAX_DEATHS_ALONE` processes have died while it was the only suspect.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from ..job import Job, Task
from ..recording.record import PhotoRecord

__all__ = ["MAX_DEATHS_ALONE", "Deaths", "given_up", "suspects"]

MAX_DEATHS_ALONE = 2
"""Deaths of workers with a photo as the only suspect after which it is given up."""


@dataclass(frozen=True)
class Deaths:
    """Worker processes that died while a photo was in progress.

    Attributes:
        among_others: deaths for which there were other suspects.
        alone: deaths for which it was the only suspect.
    """

    among_others: int = 0
    alone: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether the photo must be tried with no other photo in progress."""
        return self.among_others + self.alone > 0

    @property
    def is_to_blame(self) -> bool:
        """Whether the photo is given up."""
        return self.alone >= MAX_DEATHS_ALONE

    def one_more(self, suspects: int) -> Deaths:
        """With one more death, for which there were this many suspects."""
        if suspects == 1:
            return replace(self, alone=self.alone + 1)
        return replace(self, among_others=self.among_others + 1)

    @classmethod
    def of_unfinished_starts(cls, starts: int) -> Deaths:
        """Deaths where only the number of unfinished starts of a photo is known, as on a cluster.

        Other photos may have been in progress at the first start; at all later ones, the photo was alone.
        """
        return cls(min(starts, 1), max(0, starts - 1))


def suspects(in_progress: Collection[str], begun: Collection[str]) -> tuple[str, ...]:
    """The photos that may have killed a process.

    Photos that were submitted to a process that was already dying are not begun, and therefore no suspects.
    If no photo was begun, all are suspects.
    """
    return tuple(source for source in in_progress if source in begun or not begun)


def given_up(task: Task, job: Job, cause: str, deaths: Deaths) -> PhotoRecord:
    """The record of a photo that is to blame for the death of worker processes.

    Args:
        cause: how the last process died.
    """
    return PhotoRecord(
        task.source,
        "failed",
        f"{cause}, {deaths.alone} times with only this photo in progress",
        "WorkerError",
        size=task.size,
        mtime_ns=task.mtime_ns,
        settings=job.settings,
        model=job.model,
    )

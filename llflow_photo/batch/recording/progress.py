"""Progress of a batch, reported to a callable."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from .record import PhotoRecord

__all__ = ["Event", "EventCallback", "Tally"]

_WINDOW = 30


@dataclass(frozen=True)
class Event:
    """An event of a batch.

    Attributes:
        kind: ``start``, ``stage`` (a photo has reached another stage), ``photo`` (a photo is finished, see
            ``row``) or ``end``.
        total: number of photos of the batch, including those done before.
        done: number of photos rendered in this run.
        skipped: number of photos that were not rendered because they did not need to be.
        failed: number of photos that failed.
        current: photos in progress, in the order in which they were begun.
        rate: photos per second in this run; 0 if unknown.
        seconds_remaining: None if unknown.
        source: the photo of the event; empty for ``start`` and ``end``.
        stage: for ``stage``: ``series`` (read for the decision about its series), ``handed out`` (submitted
            to a cluster), ``reading``, ``network`` or ``writing``; else empty.
        row: for ``photo``, the record of the photo; else None.
    """

    kind: Literal["start", "stage", "photo", "end"]
    total: int
    done: int = 0
    skipped: int = 0
    failed: int = 0
    current: tuple[str, ...] = ()
    rate: float = 0.0
    seconds_remaining: float | None = None
    source: str = ""
    stage: str = ""
    row: PhotoRecord | None = None


EventCallback = Callable[[Event], None]


class Tally:
    """Counts finished photos and reports events.

    Args:
        progress: called with each `Event`, in the thread that runs the batch.
        total: number of photos of the batch.
        clock: current time in seconds, for the rate.
    """

    def __init__(
        self, progress: EventCallback | None, total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._progress, self.total = progress, total
        self.done = self.skipped = self.failed = 0
        self._clock = clock
        self._current: dict[str, str] = {}
        self._begun = False
        self._finished: deque[float] = deque([clock()], maxlen=_WINDOW)

    def start(self) -> None:
        """Report that the batch begins."""
        self._emit("start")

    def count(self, records: Iterable[PhotoRecord]) -> None:
        """Count photos that need no rendering."""
        for record in records:
            self._add(record)

    def series_frame(self, source: str) -> None:
        """Report that a photo is read for its series; this does not affect the rate."""
        self._current[source] = "series"
        self._emit("stage", source=source, stage="series")
        del self._current[source]

    def stage(self, source: str, stage: str) -> None:
        """Report that a photo has reached another stage."""
        if not self._begun:  # the rate does not include loading the model
            self._begun = True
            self._finished = deque([self._clock()], maxlen=_WINDOW)
        self._current[source] = stage
        self._emit("stage", source=source, stage=stage)

    def returned(self, sources: Iterable[str]) -> None:
        """Note that photos are no longer in progress, although they are not finished."""
        for source in sources:
            self._current.pop(source, None)

    def photo(self, record: PhotoRecord) -> None:
        """Report that a photo is finished."""
        self._current.pop(record.source, None)
        self._add(record)
        self._finished.append(self._clock())
        self._emit("photo", source=record.source, record=record)

    def end(self) -> None:
        """Report that the batch ends."""
        self._current.clear()
        self._emit("end")

    def _add(self, record: PhotoRecord) -> None:
        if record.status == "failed":
            self.failed += 1
        elif record.status == "done":
            self.done += 1
        elif record.status != "cancelled":
            self.skipped += 1

    def _emit(
        self,
        kind: Literal["start", "stage", "photo", "end"],
        source: str = "",
        stage: str = "",
        record: PhotoRecord | None = None,
    ) -> None:
        if self._progress is None:
            return
        rate = self._rate()
        left = self.total - self.done - self.skipped - self.failed
        self._progress(
            Event(
                kind,
                self.total,
                self.done,
                self.skipped,
                self.failed,
                tuple(self._current),
                rate,
                left / rate if rate else None,
                source,
                stage,
                record,
            )
        )

    def _rate(self) -> float:
        """Photos per second over the last photos; decreases while no photo is finished."""
        finished = len(self._finished) - 1
        span = self._clock() - self._finished[0]
        return finished / span if finished and span > 0 else 0.0

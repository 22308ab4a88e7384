"""How far a batch is, told to a plain callable."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from .record import PhotoRecord

__all__ = ["Event", "Progress", "Tally"]

_WINDOW = 30


@dataclass(frozen=True)
class Event:
    """Something happened.

    Attributes:
        kind: ``start``, ``stage`` (a photo went on to ``reading``, ``network`` or ``writing``; before any is
            rendered, some are looked at for their ``series``), ``photo`` (a photo is finished, see ``row``),
            ``end``.
        total: photos of the batch, those done before included.
        done: photos rendered, in this run.
        skipped: photos that needed nothing.
        failed: photos that failed.
        current: photos in hand, the longest in hand first.
        rate: photos a second in this run, 0 while unknown.
        seconds_remaining: None while unknown.
        source: the photo this is about; empty for ``start`` and ``end``.
        stage: for ``stage``, as above.
        row: for ``photo``.
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


Progress = Callable[[Event], None]


class Tally:
    """Counts what happened and tells it on.

    Args:
        tell: called with each `Event`, from the thread that runs the batch.
        total: photos of the batch.
        clock: seconds, for the rate.
    """

    def __init__(
        self, tell: Progress | None, total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self.total = tell, total
        self.done = self.skipped = self.failed = 0
        self._clock = clock
        self._current: dict[str, str] = {}
        self._begun = False
        self._finished: deque[float] = deque([clock()], maxlen=_WINDOW)

    def start(self) -> None:
        """The work begins."""
        self._emit("start")

    def count(self, rows: Iterable[PhotoRecord]) -> None:
        """Photos that were settled before the work began."""
        for row in rows:
            self._add(row)

    def look(self, source: str) -> None:
        """A photo is looked at for its series; that is no part of the rate."""
        self._current[source] = "series"
        self._emit("stage", source=source, stage="series")
        del self._current[source]

    def stage(self, source: str, stage: str) -> None:
        """A photo went on to another stage."""
        if not self._begun:  # loading the model is no part of the rate
            self._begun = True
            self._finished = deque([self._clock()], maxlen=_WINDOW)
        self._current[source] = stage
        self._emit("stage", source=source, stage=stage)

    def give_back(self, sources: Iterable[str]) -> None:
        """Photos are no longer in hand, though not finished."""
        for source in sources:
            self._current.pop(source, None)

    def photo(self, row: PhotoRecord) -> None:
        """A photo is finished."""
        self._current.pop(row.source, None)
        self._add(row)
        self._finished.append(self._clock())
        self._emit("photo", source=row.source, row=row)

    def end(self) -> None:
        """Nothing more will be done."""
        self._current.clear()
        self._emit("end")

    def _add(self, row: PhotoRecord) -> None:
        if row.status == "failed":
            self.failed += 1
        elif row.status == "done":
            self.done += 1
        elif row.status != "cancelled":
            self.skipped += 1

    def _emit(
        self,
        kind: Literal["start", "stage", "photo", "end"],
        source: str = "",
        stage: str = "",
        row: PhotoRecord | None = None,
    ) -> None:
        if self._tell is None:
            return
        rate = self._rate()
        left = self.total - self.done - self.skipped - self.failed
        self._tell(
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
                row,
            )
        )

    def _rate(self) -> float:
        """Over the last photos, and slower the longer the next one lets wait."""
        finished = len(self._finished) - 1
        span = self._clock() - self._finished[0]
        return finished / span if finished and span > 0 else 0.0

"""The reference of each series of a batch: kept from earlier runs, or computed from a few of its frames."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..series import FrameSummary, SeriesReference, same_scene
from .recording.series_record import SeriesRecord, rejection_key
from .selecting.series import DEFAULT_MODE, FoundSeries, Frame, Mode, development_of

__all__ = ["NOT_DECIDED", "SeriesDecisions", "Shared"]

_MAX_FRAMES = 9
"""Maximum number of frames for a decision, evenly spread over the series; odd, so that there is a median."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What the frames of a photo's series share.

    Attributes:
        reference: of the series; None for photos without a series.
        decided: False if the reference has not been computed yet.
    """

    reference: SeriesReference | None = None
    decided: bool = True

    @property
    def key(self) -> str | None:
        """The value of `PhotoRecord.series` for a photo rendered with it; None if not decided yet."""
        if not self.decided:
            return None
        return "" if self.reference is None else self.reference.key


NOT_DECIDED = Shared(decided=False)


class SeriesDecisions:
    """The series of a batch, each with its record if there is one.

    Args:
        found: result of `find_series`. A single photo, such as one selected alone, stays in the series of an
            earlier run.
        records: of earlier runs.
        mode: how series were found.
        basis: as `SeriesRules.basis`; records of another basis are used only for a series of the same photos
            that are developed in the same way, because the gap alone does not change its reference.
        force: whether to ignore earlier decisions.
    """

    def __init__(
        self,
        found: FoundSeries,
        records: Iterable[SeriesRecord] = (),
        mode: Mode = DEFAULT_MODE,
        basis: str = "",
        force: bool = False,
    ) -> None:
        self._mode, self._basis = mode, basis
        self._records = {record.key: record for record in records}
        self._series = list(found.series)
        self._chosen: list[SeriesRecord | None] = [
            None if force else self._best(frames) for frames in self._series
        ]
        for frame in found.others:
            record = self._best([frame], any_gap=False)
            if record is not None and record.mode == mode:
                self._series.append((frame,))
                self._chosen.append(record)
        self._awaited: dict[str, int] = {}
        self._missing: dict[int, int] = {}
        self._summaries: dict[int, dict[str, FrameSummary | None]] = {}

    def shared(self) -> dict[str, Shared]:
        """What the frames of its series share, for each photo in a series, by source."""
        return {
            frame.source: NOT_DECIDED if record is None else Shared(record.reference)
            for frames, record in zip(self._series, self._chosen, strict=True)
            for frame in frames
        }

    def frames_to_read(self, wanted: Collection[str]) -> list[Frame]:
        """Frames to read, so that each undecided series with a photo among ``wanted`` can be decided.

        Args:
            wanted: sources of the photos that are to be rendered.
        """
        frames = []
        for number, series in enumerate(self._series):
            if self._chosen[number] is None and any(frame.source in wanted for frame in series):
                selected = _spread(series)
                self._awaited.update((frame.source, number) for frame in selected)
                self._missing[number] = len(selected)
                self._summaries[number] = dict.fromkeys(frame.source for frame in selected)
                frames += selected
        return frames

    def add_summary(self, source: str, summary: FrameSummary | None) -> None:
        """Add the summary of a frame, in any order; the series is decided when all of its frames are there.

        Args:
            source: of one of `frames_to_read`.
            summary: of the frame; None if it cannot be read, in which case it does not count.
        """
        number = self._awaited.pop(source)
        self._summaries[number][source] = summary
        self._missing[number] -= 1
        if self._missing[number]:
            return
        summaries = [each for each in self._summaries.pop(number).values() if each is not None]
        if summaries:  # if no frame can be read, rendering the photos reports the errors
            self._chosen[number] = self._decided(self._series[number], summaries)

    def records(self) -> Iterator[SeriesRecord]:
        """The records to keep for later runs. A photo belongs to one record, the one used last."""
        members: dict[str, dict[str, str]] = {}
        used = {record.key: record for record in self._chosen if record is not None}
        for frames, record in zip(self._series, self._chosen, strict=True):
            if record is not None:
                members.setdefault(record.key, dict(record.members)).update(_members(frames))
        for key, record in used.items():
            yield replace(record, members=members[key])
        decided = zip(self._series, self._chosen, strict=True)
        taken = {frame.source for frames, record in decided if record is not None for frame in frames}
        for key, record in self._records.items():
            rest = {source: each for source, each in record.members.items() if source not in taken}
            if key not in used and rest:
                yield replace(record, members=rest)

    def _best(self, frames: Sequence[Frame], any_gap: bool = True) -> SeriesRecord | None:
        """The record that contains most of the frames.

        Args:
            frames: of a series.
            any_gap: whether to use a record of another gap, too, if it is of exactly these frames.
        """
        members = _members(frames)
        usable = [
            record
            for record in self._records.values()
            if (record.basis == self._basis or (any_gap and self._differs_in_gap(record, members)))
            and not (record.reference is None and self._mode != "auto")
        ]
        counts = {record.key: _common(frames, record.members) for record in usable}
        best = max(usable, key=lambda record: (counts[record.key], record.key), default=None)
        return replace(best, basis=self._basis) if best is not None and counts[best.key] else None

    def _differs_in_gap(self, record: SeriesRecord, members: Mapping[str, str]) -> bool:
        """Whether a record is of these members and this development; its gap may differ or be unknown."""
        return record.members == members and development_of(record.basis) == development_of(self._basis)

    def _decided(self, frames: Sequence[Frame], summaries: Sequence[FrameSummary]) -> SeriesRecord:
        members = _members(frames)
        if self._mode == "auto" and not same_scene(summaries):
            _log.info(
                "%s and %d more photos are no series: they show different scenes",
                frames[0].source,
                len(frames) - 1,
            )
            return SeriesRecord(rejection_key(members), self._mode, self._basis, members, None)
        reference = SeriesReference.of(summaries)
        return SeriesRecord(reference.key, self._mode, self._basis, members, reference)


def _spread(frames: Sequence[Frame]) -> list[Frame]:
    """At most `_MAX_FRAMES` of the frames, evenly spread from the first to the last."""
    count = min(len(frames), _MAX_FRAMES)
    return [frames[round(number * (len(frames) - 1) / max(1, count - 1))] for number in range(count)]


def _members(frames: Iterable[Frame]) -> dict[str, str]:
    return {frame.source: frame.identity for frame in frames}


def _common(frames: Iterable[Frame], members: Mapping[str, str]) -> int:
    return sum(members.get(frame.source) == frame.identity for frame in frames)

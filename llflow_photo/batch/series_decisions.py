"""What each series of a batch shares: kept from earlier runs, or decided now from a few of its frames."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from ..series import FrameSummary, SeriesReference, same_scene
from .recording.series_record import SeriesRecord, rejection_key
from .selecting.series import DEFAULT_MODE, Found, Frame, Mode

__all__ = ["NOT_DECIDED", "SeriesDecisions", "Shared"]

_LOOKED_AT = 9
"""Frames that a decision is made from, at most: evenly spread over the series. An odd number has a median."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Shared:
    """What is known of the series that a photo belongs to.

    Attributes:
        reference: what its frames share; None of photos that share nothing.
        decided: False of series whose reference is still to be made.
    """

    reference: SeriesReference | None = None
    decided: bool = True

    @property
    def key(self) -> str | None:
        """What `PhotoRecord.series` is of a photo rendered so; None where that is not known yet."""
        if not self.decided:
            return None
        return "" if self.reference is None else self.reference.key


NOT_DECIDED = Shared(decided=False)


class SeriesDecisions:
    """The series of a batch, each with its record where it has one.

    Args:
        found: by `find_series`. A photo by itself, such as one asked for alone, keeps to the series that it
            was a frame of.
        records: of earlier runs.
        mode: how they were found.
        development: identifies how photos are developed; records made under another are not used.
        force: whether to decide all anew.
    """

    def __init__(
        self,
        found: Found,
        records: Iterable[SeriesRecord] = (),
        mode: Mode = DEFAULT_MODE,
        development: str = "",
        force: bool = False,
    ) -> None:
        self._mode, self._development = mode, development
        self._records = {record.key: record for record in records}
        self._series = list(found.series)
        self._chosen: list[SeriesRecord | None] = [
            None if force else self._best(frames) for frames in self._series
        ]
        for frame in found.others:
            record = self._best([frame])
            if record is not None and record.mode == mode:
                self._series.append((frame,))
                self._chosen.append(record)
        self._awaited: dict[str, int] = {}
        self._unseen: dict[int, int] = {}
        self._seen: dict[int, dict[str, FrameSummary | None]] = {}

    def shared(self) -> dict[str, Shared]:
        """By source, of all photos that belong to a series."""
        return {
            frame.source: NOT_DECIDED if record is None else Shared(record.reference)
            for frames, record in zip(self._series, self._chosen, strict=True)
            for frame in frames
        }

    def frames_to_see(self, wanted: Collection[str]) -> list[Frame]:
        """Frames to look at, so that each open series with a photo among ``wanted`` can be decided.

        Args:
            wanted: sources of the photos that are to be rendered.
        """
        frames = []
        for number, series in enumerate(self._series):
            if self._chosen[number] is None and any(frame.source in wanted for frame in series):
                looked_at = _spread(series)
                self._awaited.update((frame.source, number) for frame in looked_at)
                self._unseen[number] = len(looked_at)
                self._seen[number] = dict.fromkeys(frame.source for frame in looked_at)
                frames += looked_at
        return frames

    def see(self, source: str, summary: FrameSummary | None) -> None:
        """Take what a frame adds, in any order; the last one of its series decides.

        Args:
            source: of one of `frames_to_see`.
            summary: of the frame; None where it cannot be read, so that it does not count.
        """
        number = self._awaited.pop(source)
        self._seen[number][source] = summary
        self._unseen[number] -= 1
        if self._unseen[number]:
            return
        summaries = [each for each in self._seen.pop(number).values() if each is not None]
        if summaries:  # else nothing of it can be read, which each photo's own row will say
            self._chosen[number] = self._decided(self._series[number], summaries)

    def records(self) -> Iterator[SeriesRecord]:
        """All that is to be kept for later runs: a photo belongs to one record, the one used last."""
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

    def _best(self, frames: Sequence[Frame]) -> SeriesRecord | None:
        """The record that most of the frames are in."""
        usable = [
            record
            for record in self._records.values()
            if record.development == self._development
            and not (record.reference is None and self._mode != "auto")
        ]
        counts = {record.key: _common(frames, record.members) for record in usable}
        best = max(usable, key=lambda record: (counts[record.key], record.key), default=None)
        return best if best is not None and counts[best.key] else None

    def _decided(self, frames: Sequence[Frame], summaries: Sequence[FrameSummary]) -> SeriesRecord:
        members = _members(frames)
        if self._mode == "auto" and not same_scene(summaries):
            _log.info(
                "%s and %d more: no series, they show different scenes", frames[0].source, len(frames) - 1
            )
            return SeriesRecord(rejection_key(members), self._mode, self._development, members, None)
        reference = SeriesReference.of(summaries)
        return SeriesRecord(reference.key, self._mode, self._development, members, reference)


def _spread(frames: Sequence[Frame]) -> list[Frame]:
    """At most `_LOOKED_AT` of them, from the first to the last."""
    count = min(len(frames), _LOOKED_AT)
    return [frames[round(number * (len(frames) - 1) / max(1, count - 1))] for number in range(count)]


def _members(frames: Iterable[Frame]) -> dict[str, str]:
    return {frame.source: frame.identity for frame in frames}


def _common(frames: Iterable[Frame], members: Mapping[str, str]) -> int:
    return sum(members.get(frame.source) == frame.identity for frame in frames)

"""Which photos of a batch form series: by what their EXIF says, or because the user says so."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ...errors import OptionError

if TYPE_CHECKING:  # the command line wants the defaults alone
    from ...files.metadata.capture import Capture
    from .selection import Source

__all__ = ["DEFAULT_GAP_S", "DEFAULT_MODE", "Found", "Frame", "Mode", "SeriesRules", "find_series"]

Mode = Literal["auto", "all", "off"]

DEFAULT_MODE: Mode = "auto"
DEFAULT_GAP_S = 30.0
"""Seconds from the end of one exposure to the beginning of the next; most time-lapses at night wait less."""

_FEWEST = {"auto": 3, "all": 2, "off": 0}
"""Frames that make a series. A pair is more often two tries than a sequence."""


@dataclass(frozen=True)
class SeriesRules:
    """How series are found.

    Attributes:
        capture_of: reads how a photo was taken.
        is_raw: whether a photo is RAW by its name.
        mode: ``auto``: three photos or more of one folder and camera, taken with the same exposure settings,
            each within ``gap_s`` of the one before. ``all``: all photos of one folder and camera. ``off``:
            none.
        gap_s: seconds from the end of one exposure to the beginning of the next, at most.
        development: identifies how photos are developed; decisions made under another are not used.
    """

    capture_of: Callable[[Path], Capture]
    is_raw: Callable[[Path], bool]
    mode: Mode = DEFAULT_MODE
    gap_s: float = DEFAULT_GAP_S
    development: str = ""

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise OptionError(f"series is {self.mode!r}; give one of {', '.join(get_args(Mode))}")
        is_number = isinstance(self.gap_s, (int, float)) and not isinstance(self.gap_s, bool)
        if not (is_number and math.isfinite(self.gap_s) and self.gap_s >= 0):
            raise OptionError(f"series_gap is {self.gap_s!r}; give seconds, 0 or more")


@dataclass(frozen=True)
class Frame:
    """A photo of a series.

    Attributes:
        source: path relative to the input, by which the batch knows it.
        path: where it is.
        identity: size and moment; together with ``source`` they tell it from a later file of the same name.
    """

    source: str
    path: Path
    identity: str


class Found(NamedTuple):
    """Photos of a batch, by series.

    Attributes:
        series: frames in the order in which they were taken, series by the names of their first frames.
        others: photos that belong to none; none where series are off.
    """

    series: list[tuple[Frame, ...]]
    others: list[Frame]


def find_series(sources: Iterable[Source], rules: SeriesRules) -> Found:
    """The series among some photos.

    A RAW and a JPEG never share a series: they are developed differently.
    """
    if rules.mode == "off":
        return Found([], [])
    groups: dict[object, list[tuple[Source, Capture]]] = defaultdict(list)
    others = []
    for source in sources:
        capture = rules.capture_of(source.path)
        key: tuple[object, ...] = (source.relative.parent, rules.is_raw(source.path), capture.camera)
        if rules.mode == "auto":
            if not capture.camera or capture.taken is None or capture.exposure_s is None:
                others.append(_frame(source, capture))
                continue
            key = (*key, capture.settings)
        groups[key].append((source, capture))
    series = []
    for group in groups.values():
        group.sort(key=lambda pair: (pair[1].taken or datetime.min, pair[0].relative))
        for run in _runs(group, rules.gap_s) if rules.mode == "auto" else [group]:
            frames = tuple(_frame(*pair) for pair in run)
            if len(frames) >= _FEWEST[rules.mode]:
                series.append(frames)
            else:
                others += frames
    return Found(sorted(series, key=lambda frames: frames[0].source), others)


def _runs(group: Sequence[tuple[Source, Capture]], gap_s: float) -> list[list[tuple[Source, Capture]]]:
    """Cut where a photo follows too late on the one before."""
    runs: list[list[tuple[Source, Capture]]] = []
    for pair in group:
        before = runs[-1][-1][1] if runs else None
        if before is None or _seconds_between(before, pair[1]) > gap_s:
            runs.append([])
        runs[-1].append(pair)
    return runs


def _seconds_between(before: Capture, after: Capture) -> float:
    assert before.taken is not None and after.taken is not None
    return (after.taken - before.taken).total_seconds() - (before.exposure_s or 0.0)


def _frame(source: Source, capture: Capture) -> Frame:
    taken = capture.taken.isoformat() if capture.taken else ""
    name = source.relative.as_posix()
    identity = hashlib.sha256(f"{source.size} {taken}".encode()).hexdigest()[:16]
    return Frame(name, source.path, identity)

"""Which photos of a batch form a series: detected from EXIF, or specified by the user."""

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
from .folders import real_folders

if TYPE_CHECKING:  # the command line needs only the defaults
    from ...files.metadata.capture import Capture
    from .selection import Source

__all__ = [
    "DEFAULT_GAP_S",
    "DEFAULT_MODE",
    "FoundSeries",
    "Frame",
    "Mode",
    "SeriesRules",
    "development_of",
    "find_series",
]

Mode = Literal["auto", "all", "off"]

DEFAULT_MODE: Mode = "auto"
DEFAULT_GAP_S = 30.0
"""Seconds from the end of one exposure to the beginning of the next; time-lapses rarely pause longer."""

_MIN_FRAMES = {"auto": 3, "all": 2, "off": 0}
"""Minimum number of frames of a series; two photos are more often two attempts."""

_GAP = " gap "


@dataclass(frozen=True)
class SeriesRules:
    """How series are found.

    Attributes:
        capture_of: reads the camera, time and exposure settings of a photo.
        is_raw: whether a photo is RAW, judged by its name.
        mode: ``auto``: three photos or more of one folder and camera, taken with the same exposure settings,
            each within ``gap_s`` of the previous one. ``all``: all photos of one folder and camera. ``off``:
            none.
        gap_s: maximum time in seconds from the end of one exposure to the beginning of the next.
        development: identifies how photos are developed.
    """

    capture_of: Callable[[Path], Capture]
    is_raw: Callable[[Path], bool]
    mode: Mode = DEFAULT_MODE
    gap_s: float = DEFAULT_GAP_S
    development: str = ""

    def __post_init__(self) -> None:
        if self.mode not in get_args(Mode):
            raise OptionError(f"series is {self.mode!r}; it must be one of {', '.join(get_args(Mode))}")
        is_number = isinstance(self.gap_s, (int, float)) and not isinstance(self.gap_s, bool)
        if not (is_number and math.isfinite(self.gap_s) and self.gap_s >= 0):
            raise OptionError(f"series_gap is {self.gap_s!r}; it must be a number of seconds of at least 0")

    @property
    def basis(self) -> str:
        """Identifies what decisions depend on besides photos and mode: the development and the gap.

        The default gap is not part of it, and manifests of older versions contain no gap.
        """
        has_gap = self.mode == "auto" and self.gap_s != DEFAULT_GAP_S
        return f"{self.development}{_GAP}{float(self.gap_s):g}" if has_gap else self.development


def development_of(basis: str) -> str:
    """The part of a `SeriesRules.basis` that identifies how photos are developed, without the gap."""
    return basis.partition(_GAP)[0]


@dataclass(frozen=True)
class Frame:
    """A photo of a series.

    Attributes:
        source: path relative to the input, which identifies the photo.
        path: of the file.
        identity: hash of size and time of capture; distinguishes it from a later file of the same name.
    """

    source: str
    path: Path
    identity: str


class FoundSeries(NamedTuple):
    """Photos of a batch, grouped into series.

    Attributes:
        series: frames in the order in which they were taken; series are sorted by the names of first frames.
        others: photos that are in no series; empty if ``mode`` is ``off``.
    """

    series: list[tuple[Frame, ...]]
    others: list[Frame]


def find_series(sources: Iterable[Source], rules: SeriesRules) -> FoundSeries:
    """Find series among photos.

    A RAW and a JPEG are never in the same series, because they are developed differently.
    """
    if rules.mode == "off":
        return FoundSeries([], [])
    sources = list(sources)
    folders = real_folders(source.path for source in sources)
    groups: dict[object, list[tuple[Source, Capture]]] = defaultdict(list)
    others = []
    for source in sources:
        capture = rules.capture_of(source.path)
        folder = folders[source.path.parent]
        key: tuple[object, ...] = (folder, rules.is_raw(source.path), capture.camera)
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
            if len(frames) >= _MIN_FRAMES[rules.mode]:
                series.append(frames)
            else:
                others += frames
    return FoundSeries(sorted(series, key=lambda frames: frames[0].source), others)


def _runs(group: Sequence[tuple[Source, Capture]], gap_s: float) -> list[list[tuple[Source, Capture]]]:
    """Split the photos where the pause is longer than ``gap_s``."""
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

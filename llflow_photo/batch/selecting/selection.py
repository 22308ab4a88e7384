"""Which photos a batch takes: folders, patterns, dates, pairs of RAW and JPEG."""

from __future__ import annotations

import logging
import os
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Literal

from ...errors import OptionError, ReadError
from ...files.metadata.sidecars import sidecars_of
from ...files.sniff import kind_of_head
from ...files.source import special_kind
from ...paths import resolved
from ..recording.record import PhotoRecord
from .caches import is_cache
from .folders import real_folders
from .globs import matches_any
from .naming import folded
from .overlaps import Found, each_once

__all__ = ["EARLIER_OUTPUT", "Pairs", "Selection", "Source", "parse_newer_than", "select"]

Pairs = Literal["raw", "jpeg", "both"]
EARLIER_OUTPUT = "an output of an earlier batch"
"""Reason of a skipped photo that a batch wrote to the input folder."""

_JPEG = {".jpg", ".jpeg", ".jpe", ".heic", ".heif", ".hif"}
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Source:
    """A photo to take.

    Attributes:
        path: of the file.
        relative: path relative to the input, which identifies the photo.
        size: in bytes.
        mtime_ns: modification time in nanoseconds.
        sidecars: paths of its XMP sidecars.
        sidecar_state: names, sizes and modification times of the sidecars, to detect changes.
    """

    path: Path
    relative: PurePosixPath
    size: int
    mtime_ns: int
    sidecars: tuple[Path, ...] = ()
    sidecar_state: str = ""


@dataclass(frozen=True)
class Selection:
    """Rules for selecting photos.

    Attributes:
        include: glob patterns, see `matches_any`; empty takes all photos.
        exclude: glob patterns of photos to leave out; a folder that matches is not entered.
        recursive: whether to enter subfolders.
        newer_than: only photos modified after this time, in seconds since 1970.
        pairs: which file to take of a RAW and a JPEG with the same name: ``raw``, ``jpeg`` or ``both``.
        is_photo: whether a path is a photo, judged by its name.
        is_raw: whether a photo is RAW, judged by its name.
        is_output: whether a subfolder contains outputs of a batch; it is not entered.
        outputs_in: the outputs that batches wrote to an input folder, relative to it and `folded`; they are
            not taken.
    """

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    recursive: bool = True
    newer_than: float | None = None
    pairs: Pairs = "raw"
    is_photo: Callable[[Path], bool] = field(default=lambda path: True)
    is_raw: Callable[[Path], bool] = field(default=lambda path: False)
    is_output: Callable[[Path], bool] = field(default=lambda path: False)
    outputs_in: Callable[[Path], Collection[str]] = field(default=lambda path: ())


def select(inputs: Sequence[Path], selection: Selection) -> tuple[list[Source], list[PhotoRecord]]:
    """The photos to take, sorted by relative path, and a record of each file and folder that is skipped.

    Photos are identified by their path within the input folder; with several inputs, the path begins with
    the name of the folder. A photo that several inputs contain is taken once, see `each_once`. Folders
    reached again through symbolic links are not entered twice. Hidden files and folders (their name begins
    with a dot) and previews and trash of other programs (see `is_cache`) are ignored. A file that is an
    input itself is a photo by its name or by its content.

    Raises:
        ReadError: an input does not exist.
        and any error of ``outputs_in``.
    """
    found: dict[PurePosixPath, Source] = {}
    named: dict[PurePosixPath, Path] = {}
    records: list[PhotoRecord] = []
    included = [
        [
            file
            for file in _files_of(given, len(inputs) > 1, selection, records)
            if not selection.include or matches_any(file.relative, selection.include)
        ]
        for given in inputs
    ]
    for file in each_once(inputs, included):
        key = _unique_key(file.relative, file.path, named)
        named[key] = file.path
        source = _source_of(file, key, selection, records)
        if source is not None:
            found[key] = source
    sources = [found[key] for key in sorted(found)]
    return _without_pairs(sources, selection, records), records


def parse_newer_than(value: str | float | datetime | timedelta | None, now: datetime) -> float | None:
    """A point in time as seconds since 1970.

    Args:
        value: an ISO date or time (local time without a zone), a duration before now (``36h``, ``7d``,
            ``90m``, a timedelta), seconds since 1970, or None.
        now: the current time.

    Raises:
        OptionError: the value is none of these, or is in the future, so that it would leave out all photos.
    """
    if value is None:
        return None
    try:
        moment = _seconds_since_1970(value, now)
    except (ValueError, OverflowError, TypeError, AttributeError) as error:
        raise OptionError(
            f"newer_than is {value!r}; give a date (2024-11-03), a time (2024-11-03T18:30), a duration (36h)"
        ) from error
    if not moment <= now.timestamp():
        raise OptionError(
            f"newer_than is {value!r}, which is no time in the past; give a date, or a duration such as 7d"
        )
    return moment


def _seconds_since_1970(value: str | float | datetime | timedelta, now: datetime) -> float:
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, timedelta):
        return (now - value).timestamp()
    seconds = {"m": 60, "h": 3600, "d": 86400, "w": 604800}.get(value[-1:].lower())
    if seconds is not None:
        return now.timestamp() - float(value[:-1]) * seconds
    return datetime.fromisoformat(value).timestamp()


def _files_of(given: Path, several: bool, selection: Selection, records: list[PhotoRecord]) -> list[Found]:
    """The files of an input, which is one of several or the only one.

    Raises:
        ReadError: it does not exist.
    """
    if os.path.isdir(given):
        return _walk(given, PurePosixPath(resolved(given).name if several else ""), selection, records)
    if os.path.exists(given):
        return [Found(given, PurePosixPath(given.name), given=True)]
    raise ReadError(f"{given} does not exist or cannot be accessed; give a folder or a photo")


def _walk(top: Path, prefix: PurePosixPath, selection: Selection, records: list[PhotoRecord]) -> list[Found]:
    """All files that are not hidden, with relative paths; symbolic links to folders are followed last."""
    files: list[Found] = []
    outputs = selection.outputs_in(top)
    folders = [(top, prefix)]
    links: list[tuple[Path, PurePosixPath]] = []
    visited: set[str] = set()
    while folders or links:
        folder, relative = folders.pop() if folders else links.pop(0)
        identity = os.path.realpath(folder)
        if identity in visited:
            continue
        visited.add(identity)
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            records.append(_unlisted(str(top) if folder == top else relative.as_posix(), error))
            continue
        for entry in entries:
            path, here = Path(entry.path), relative / entry.name
            if entry.name.startswith(".") or matches_any(here, selection.exclude):
                continue
            if not _is_folder(entry):
                if outputs and folded(path.relative_to(top).as_posix()) in outputs:
                    records.append(PhotoRecord(here.as_posix(), "skipped", EARLIER_OUTPUT))
                else:
                    files.append(Found(path, here))
            elif is_cache(entry.name):
                records.append(PhotoRecord(here.as_posix(), "skipped", "a folder of previews or trash"))
            elif selection.recursive and selection.is_output(path):
                records.append(PhotoRecord(here.as_posix(), "skipped", "a folder with outputs of a batch"))
            elif selection.recursive:
                (links if entry.is_symlink() else folders).append((path, here))
    return files


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _unlisted(name: str, error: OSError) -> PhotoRecord:
    if isinstance(error, PermissionError):
        reason = "the folder may not be read; check its permissions"
    else:
        reason = f"the folder cannot be listed: {error.strerror or error}; check its disk"
    _log.warning("%s: %s", name, reason)
    return PhotoRecord(name, "failed", reason, type(error).__name__)


def _source_of(
    file: Found, relative: PurePosixPath, selection: Selection, records: list[PhotoRecord]
) -> Source | None:
    """The file as a source; or None and, if it needs an explanation, a record with the reason."""
    path = file.path
    if not file.given and not selection.is_photo(path):
        records.append(PhotoRecord(relative.as_posix(), "skipped", "not a photo"))
        return None
    try:
        state = path.stat()
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        if isinstance(error, PermissionError):
            reason = "the file may not be read; check the permissions of its folder"
        records.append(PhotoRecord(relative.as_posix(), "failed", reason, type(error).__name__))
        return None
    if selection.newer_than is not None and state.st_mtime <= selection.newer_than:
        records.append(PhotoRecord(relative.as_posix(), "skipped", "not newer than the given time"))
        return None
    if kind := special_kind(state.st_mode):
        records.append(PhotoRecord(relative.as_posix(), "skipped", f"not a photo but {kind}"))
        return None
    if not selection.is_photo(path) and not _begins_like_a_photo(path):
        records.append(PhotoRecord(relative.as_posix(), "skipped", "not a photo"))
        return None
    sidecars, sidecar_state = _sidecars(path)
    return Source(path, relative, state.st_size, state.st_mtime_ns, sidecars, sidecar_state)


def _begins_like_a_photo(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(kind_of_head(file.read(64)))
    except OSError:  # reading the photo reports the error
        return True


def _sidecars(path: Path) -> tuple[tuple[Path, ...], str]:
    """The sidecars of a photo, and a string that changes with them."""
    try:
        found = sidecars_of(path)
        states = [(each.name, each.stat()) for each in found]
    except OSError:  # reading the photo reports the error
        return (), ""
    return found, "; ".join(f"{name} {state.st_size} {state.st_mtime_ns}" for name, state in states)


def _unique_key(relative: PurePosixPath, path: Path, named: Mapping[PurePosixPath, Path]) -> PurePosixPath:
    """The relative path, numbered if another input with the same name has it."""
    key, number = relative, 2
    while key in named and os.path.realpath(named[key]) != os.path.realpath(path):
        top = relative.parts[0]
        first = (
            f"{Path(top).stem}-{number}{Path(top).suffix}" if len(relative.parts) == 1 else f"{top}-{number}"
        )
        key, number = PurePosixPath(first, *relative.parts[1:]), number + 1
    return key


def _without_pairs(
    sources: Iterable[Source], selection: Selection, records: list[PhotoRecord]
) -> list[Source]:
    """Take one of each pair of RAW and JPEG of the same frame."""
    sources = list(sources)
    if selection.pairs == "both":
        return sources
    folders = real_folders(source.path for source in sources)
    frames: dict[tuple[str, str], list[Source]] = defaultdict(list)
    for source in sources:
        frames[folders[source.path.parent], source.path.stem.casefold()].append(source)
    dropped: dict[PurePosixPath, str] = {}
    for frame in frames.values():
        raws = [each for each in frame if selection.is_raw(each.path)]
        jpegs = [each for each in frame if each.relative.suffix.lower() in _JPEG]
        if raws and jpegs:
            kept, left = (raws, jpegs) if selection.pairs == "raw" else (jpegs, raws)
            dropped.update((each.relative, kept[0].relative.name) for each in left)
    records.extend(
        PhotoRecord(relative.as_posix(), "skipped", f"the same frame as {kept}")
        for relative, kept in dropped.items()
    )
    return [source for source in sources if source.relative not in dropped]

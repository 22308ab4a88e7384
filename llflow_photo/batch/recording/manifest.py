"""The manifest: an SQLite file next to the outputs that records what was done, so that a batch can resume.

Every change is a transaction that is on disk before the next step, so that the file stays consistent whenever
the program is killed. One batch at a time holds it. Other programs can read it, too::

    sqlite3 llflow-photo-manifest.sqlite "select source, reason from photos where status = 'failed'"
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from ...errors import BatchError
from ..selecting.naming import folded
from .record import PhotoRecord
from .series_record import SeriesRecord

__all__ = [
    "MANIFEST_NAME",
    "Manifest",
    "Stored",
    "holds_outputs",
    "outputs_in",
    "read_manifest",
    "why_not_written",
]

MANIFEST_NAME = "llflow-photo-manifest.sqlite"

_TABLES = """
create table if not exists photos (
    source text primary key, status text, reason text, error text, size integer, mtime_ns integer, content
    text, settings text, model text, seed integer, outputs text, seconds text, finished text default
    current_timestamp, row text not null
);
create table if not exists written (name text primary key);
create table if not exists series (
    key text primary key, mode text, development text, members text, reference text
);
create table if not exists runs (
    id integer primary key, started text default current_timestamp, version text, settings text, given text
);
"""
_COLUMNS = (
    "source, status, reason, error, size, mtime_ns, content, settings, model, seed, outputs, seconds, row"
)
_IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_NO_ACCESS = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH}
_DISK_ERRORS = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}
_log = logging.getLogger(__name__)


class Stored(NamedTuple):
    """Contents of a manifest.

    Attributes:
        records: of each photo, by source.
        written: `folded` names of all outputs that batches wrote to the folder or were about to write.
        series: decisions about series of photos.
    """

    records: dict[str, PhotoRecord]
    written: set[str]
    series: tuple[SeriesRecord, ...]


def holds_outputs(folder: Path) -> bool:
    """Whether a batch wrote to a folder, which therefore has a manifest."""
    return os.path.exists(folder / MANIFEST_NAME)  # False, too, if access is denied


def outputs_in(folder: Path) -> set[str]:
    """`folded` names of all outputs that batches wrote to a folder or were about to write, relative to it.

    Raises:
        BatchError: as in `read_manifest`.
    """
    return read_manifest(folder).written


def read_manifest(folder: Path) -> Stored:
    """Read the manifest of a folder without changing it; empty if there is no manifest.

    Raises:
        BatchError: a batch is writing to it, it is damaged or not a manifest, or it cannot be read.
    """
    path = folder / MANIFEST_NAME
    if not os.path.exists(path):
        return Stored({}, set(), ())
    try:
        # SQLite rolls back an unfinished transaction on opening, which writes; so a copy is opened.
        with tempfile.TemporaryDirectory() as temporary:
            copied = Path(temporary, MANIFEST_NAME)
            _ensure_free(path)
            for end in ("-journal", ""):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f"{path}{end}", f"{copied}{end}")
            with contextlib.closing(sqlite3.connect(copied)) as connection:
                return _stored(connection)
    except sqlite3.Error as error:
        if _kind(error) in _NO_ACCESS | _DISK_ERRORS:
            raise BatchError(
                f"{path} cannot be read ({error}); check its permissions and its disk"
            ) from error
        raise _damaged(path, error) from error
    except PermissionError as error:
        raise BatchError(f"{path} may not be read; check its permissions") from error
    except OSError as error:
        advice = f"free space on the disks of it and of {tempfile.gettempdir()}, or attach its disk"
        raise BatchError(f"{path} cannot be read: {error.strerror or error}; {advice}") from error


def _ensure_free(path: Path) -> None:
    """
    Raises:
        BatchError: a batch holds the manifest.
    """
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        try:
            connection.execute("select 1 from sqlite_master")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname == "SQLITE_BUSY":
                raise _held(path) from error
            if error.sqlite_errorname != "SQLITE_READONLY_ROLLBACK":
                raise


class Manifest:
    """The manifest of an output folder, held by one batch; a context manager.

    Args:
        folder: the output folder; it must exist.

    Attributes:
        path: of the file.
        records: of each photo, by source.
        written: `folded` names of all outputs that batches wrote to the folder or were about to write.
        series: decisions about series of photos.

    Raises:
        BatchError: another batch holds it, it is damaged, or the disk is full or not writable.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / MANIFEST_NAME
        self._connection = self._open()
        try:
            self.records, self.written, self.series = _stored(self._connection)
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(self.path, error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def begin_run(self, version: str, settings: Mapping[str, Any], given: str) -> None:
        """Record the start of a batch: package version, settings, and the inputs as given.

        Raises:
            BatchError: the manifest cannot be written, for example because the disk is full.
        """
        values = (version, json.dumps(settings, default=str), _storable(given))
        try:
            with self._connection:
                self._connection.execute(
                    "insert into runs (version, settings, given) values (?, ?, ?)", values
                )
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error

    def record(self, records: Iterable[PhotoRecord]) -> None:
        """Store records, each replacing an earlier one of its source; they are on disk when this returns.

        If the folder was deleted in the meantime, the manifest is written again with all its contents.

        Raises:
            sqlite3.Error: the disk is full or was removed; earlier records are safe.
            OSError: likewise.
            BatchError: likewise, and the folder was deleted.
        """
        records = list(records)
        self.records.update((record.source, record) for record in records)
        names = {folded(name) for record in records for name in record.outputs} - self.written
        self.written |= names
        if self._was_deleted():
            self._ensure_same_disk()
            _log.warning("%s was deleted during a batch; writing it again", self.path)
            self._connection.close()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
            records, names = list(self.records.values()), self.written
            self._put_series()
        with self._connection:
            self._connection.executemany(
                f"insert or replace into photos ({_COLUMNS}) values ({_COLUMNS.count(',') * '?, '}?)",
                map(_values, records),
            )
            self._connection.executemany(
                "insert or ignore into written values (?)", ((_storable(name),) for name in names)
            )

    def record_series(self, records: Iterable[SeriesRecord]) -> None:
        """Store the decisions about series, replacing all earlier ones.

        Raises:
            sqlite3.Error: the disk is full or was removed; earlier records are safe.
        """
        self.series = tuple(records)
        self._put_series()

    def _put_series(self) -> None:
        with self._connection:
            self._connection.execute("delete from series")
            self._connection.executemany(
                "insert or replace into series values (?, ?, ?, ?, ?)",
                (each.to_row() for each in self.series),
            )

    def _open(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(self.path, timeout=1.0)
        except sqlite3.Error as error:
            raise _unusable(self.path, error) from error
        try:
            # The operating system releases the lock when the process ends, however it ends.
            connection.execute("pragma locking_mode = exclusive")
            connection.execute("pragma synchronous = full")
            connection.executescript(f"begin exclusive; {_TABLES} commit;")
        except sqlite3.Error as error:
            connection.close()
            raise _unusable(self.path, error) from error
        state = os.stat(self.path)
        self._inode, self._device = state.st_ino, state.st_dev
        return connection

    def _ensure_same_disk(self) -> None:
        """Raise an error if the disk was removed: its mount point then belongs to another disk."""
        existing = next(folder for folder in self.path.parents if os.path.exists(folder))
        if os.stat(existing).st_dev != self._device:
            raise FileNotFoundError(errno.ENOENT, "its disk was removed", str(self.path))

    def _was_deleted(self) -> bool:
        try:
            return os.stat(self.path).st_ino != self._inode
        except FileNotFoundError:
            return True


def _stored(connection: sqlite3.Connection) -> Stored:
    """
    Raises:
        sqlite3.Error: the file is damaged, or the values of a row are.
    """
    try:
        return Stored(_records(connection), _written(connection), _series(connection))
    except (ValueError, TypeError, LookupError, AttributeError) as error:  # of JSON and its values
        raise sqlite3.DatabaseError(f"a row is damaged: {error}") from error


def _records(connection: sqlite3.Connection) -> dict[str, PhotoRecord]:
    stored = (
        PhotoRecord.from_json(json.loads(text)) for (text,) in connection.execute("select row from photos")
    )
    return {record.source: record for record in stored}


def _written(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("select name from written")}


def _series(connection: sqlite3.Connection) -> tuple[SeriesRecord, ...]:
    if not connection.execute("select 1 from sqlite_master where name = 'series'").fetchone():
        return ()  # of a version without series
    rows = connection.execute("select key, mode, development, members, reference from series order by key")
    return tuple(SeriesRecord.from_row(*row) for row in rows)


def _values(record: PhotoRecord) -> tuple[Any, ...]:
    return (
        _storable(record.source),
        record.status,
        _storable(record.reason),
        record.error,
        record.size,
        record.mtime_ns,
        record.content,
        record.settings,
        record.model,
        record.seed,
        json.dumps(record.outputs),
        json.dumps(record.seconds),
        json.dumps(record.to_json()),
    )


def _storable(text: str) -> str:
    """Escape file names that are not valid UTF-8; the JSON column keeps the exact names."""
    return text.encode("utf-8", "backslashreplace").decode()


def why_not_written(folder: Path, error: Exception) -> str:
    """Why the manifest of a folder cannot be written, and what to do.

    Args:
        folder: the output folder.
        error: raised by SQLite or the operating system.
    """
    denied = _kind(error) in _NO_ACCESS or isinstance(error, PermissionError)
    advice = "check its permissions, free space" if denied else "free space"
    return f"the output folder {folder} cannot be written to ({error}); {advice} or attach its disk"


def _kind(error: Exception) -> int:
    """SQLite's primary result code; 0 for other errors."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _unusable(path: Path, error: sqlite3.Error) -> BatchError:
    """The error for a manifest that is held, cannot be written, or is damaged."""
    if _kind(error) in _IN_USE:
        return _held(path)
    if _kind(error) in _NO_ACCESS | _DISK_ERRORS:
        return BatchError(why_not_written(path.parent, error))
    return _damaged(path, error)


def _held(path: Path) -> BatchError:
    return BatchError(f"another batch is writing to {path.parent}; wait for it, or choose another folder")


def _damaged(path: Path, error: sqlite3.Error) -> BatchError:
    return BatchError(
        f"{path} cannot be used ({error}); move it away to start again, or choose another folder"
    )

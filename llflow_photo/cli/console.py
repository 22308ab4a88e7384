"""Terminal output: results go to standard output, everything else to standard error."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext, redirect_stderr, redirect_stdout, suppress
from typing import Any, TextIO, cast

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

__all__ = [
    "lasting_streams",
    "output",
    "print_error",
    "print_message",
    "print_table",
    "progress_bar",
    "stderr_console",
]

_WIDE = 10_000
"""Columns of a table that is not shown on a terminal."""


class _Lasting:
    """A text stream that never stops the work: what cannot be written is lost.

    Photos are worth more than messages: neither ``llflow-photo enhance ... | head`` nor a log on a full disk
    stops the work.

    Args:
        is_result: whether the stream holds results; then the first error is kept.
    """

    def __init__(self, stream: TextIO, is_result: bool) -> None:
        self._stream, self._is_result = stream, is_result
        self.error: OSError | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write or discard a text; returns its length."""
        try:
            return self._stream.write(text)
        except OSError as error:
            self._lose(error)
            return len(text)

    def flush(self) -> None:
        """Flush the stream; if that fails, it holds the text until it can be written."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)

    def end(self) -> None:
        """Write what the stream holds, or discard it."""
        try:
            self._stream.flush()
        except OSError as error:
            self._lose(error)
            with suppress(OSError):  # a stream without a file
                self.discard()

    def _lose(self, error: OSError) -> None:
        """Discard everything from now on if the pipe is closed; otherwise keep the error of results."""
        is_closed = isinstance(error, BrokenPipeError)
        if sys.platform == "win32":
            is_closed = is_closed or error.errno == errno.EINVAL
        if is_closed:
            self.discard()
        elif self._is_result:
            self.error = self.error or error

    def discard(self) -> None:
        """Discard what the stream holds and what is written to it."""
        # The stream itself still holds text, which the interpreter writes when it ends.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


@contextmanager
def lasting_streams() -> Iterator[list[OSError]]:
    """A context in which standard output and error can write any file name, and may be closed by a reader.

    Characters that their encoding lacks, and bytes of names that are not UTF-8, are written as escapes. What
    is written to a stream that was closed before the program began is discarded.

    Yields:
        a list, which at the end gets the error of standard output if it could not be written, for example to
        a full disk.
    """
    errors: list[OSError] = []
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    with ExitStack() as stack:
        out, err = (
            _Lasting(stream or stack.enter_context(open(os.devnull, "w", encoding="utf-8")), is_result)
            for stream, is_result in ((sys.stdout, True), (sys.stderr, False))
        )
        with redirect_stdout(cast("TextIO", out)), redirect_stderr(cast("TextIO", err)):
            try:
                yield errors
            finally:
                out.end()
                err.end()
                errors += [out.error] if out.error is not None else []


def output() -> Console:
    """Console for results, on standard output."""
    return Console(highlight=False)


def print_table(table: Table) -> None:
    """Print a table on standard output; if that is not a terminal, nothing is cut off or wrapped."""
    console = output()
    if not console.is_terminal:
        console.width = _WIDE
    console.print(table)


def stderr_console() -> Console:
    """Console for progress and messages, on standard error."""
    return Console(stderr=True, highlight=False)


def print_message(text: str) -> None:
    """Print a message as plain text."""
    stderr_console().print(escape(text), soft_wrap=True)


def print_error(text: str) -> None:
    """Print an error message on one line."""
    stderr_console().print(f"[bold red]error:[/] {escape(' '.join(text.split()))}", soft_wrap=True)


@contextmanager
def progress_bar(title: str, total: int | None, quiet: bool = False) -> Iterator[tuple[Progress, TaskID]]:
    """A progress bar with count, remaining time and the field ``name``; hidden if not on a terminal."""
    console = stderr_console()
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )
    # Before rich 14.1 a disabled bar leaves an empty line when it stops, so it is not started.
    with nullcontext() if bar.disable else bar:
        yield bar, bar.add_task(title, total=total, name="")

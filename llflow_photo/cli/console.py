"""Terminal output: results go to standard output, everything else to standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["output", "print_error", "print_message", "progress_bar", "stderr_console"]


def output() -> Console:
    """Console for results, on standard output."""
    return Console(highlight=False)


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

"""What goes to the terminal: results to standard output, everything else to standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

__all__ = ["output", "progress_bar", "say", "say_error", "told"]


def output() -> Console:
    """Where results go."""
    return Console(highlight=False)


def told() -> Console:
    """Where progress and remarks go."""
    return Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """A remark, as plain text."""
    told().print(escape(text), soft_wrap=True)


def say_error(text: str) -> None:
    """An error in one line."""
    told().print(f"[bold red]error:[/] {escape(' '.join(text.split()))}", soft_wrap=True)


@contextmanager
def progress_bar(title: str, total: int | None, quiet: bool = False) -> Iterator[tuple[Progress, TaskID]]:
    """A bar with count, time left and the current name (field ``name``); hidden where nobody watches."""
    console = told()
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

"""Display of the progress of a batch: live on a terminal, one line per photo in a log, or JSON lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from .console import stderr_console

if TYPE_CHECKING:
    from ..batch import Event

__all__ = ["Mode", "event_to_json", "watch_batch"]

Mode = Literal["live", "json", "quiet"]
_SHOWN_CURRENT = 3


@contextmanager
def watch_batch(mode: Mode, console: Console | None = None) -> Iterator[Callable[[Event], None]]:
    """A context manager with a callable for ``enhance_dir(progress=...)``.

    Args:
        mode: ``live`` redraws on a terminal and prints one line per photo elsewhere; ``json`` prints one
            object per event to standard output; ``quiet`` prints only failures.
        console: to write to instead of standard error.
    """
    console = console or stderr_console()
    if mode == "json":
        yield _write_json
    elif mode == "quiet":
        yield lambda event: _print_failure(console, event)
    elif console.is_terminal:
        display = _Display()
        with Live(display, console=console, refresh_per_second=8, transient=True) as live:

            def follow(event: Event) -> None:
                display.update(event)
                _print_failure(live.console, event)

            yield follow
    else:
        yield lambda event: _print_line(console, event)


def event_to_json(event: Event) -> dict[str, Any]:
    """An event as plain values, without thumbnails and histograms."""
    return {
        "kind": event.kind,
        "total": event.total,
        "done": event.done,
        "skipped": event.skipped,
        "failed": event.failed,
        "current": list(event.current),
        "photos_per_second": round(event.rate, 5),
        "seconds_remaining": None if event.seconds_remaining is None else round(event.seconds_remaining, 1),
        "source": event.source,
        "stage": event.stage,
        "row": event.row.to_json(stats=False) if event.row is not None else None,
    }


def _write_json(event: Event) -> None:
    sys.stdout.write(json.dumps(event_to_json(event)) + "\n")
    sys.stdout.flush()


class _Display:
    """A progress bar, the photos in progress, and the number of failures."""

    def __init__(self) -> None:
        self._bar = Progress(
            TextColumn("photos"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            expand=True,
        )
        self._task = self._bar.add_task("photos", total=None, rate="", left="")
        self._stages: dict[str, str] = {}
        self._current: tuple[str, ...] = ()
        self._failed = 0

    def update(self, event: Event) -> None:
        """Update the display with an event."""
        if event.kind == "stage":
            self._stages[event.source] = event.stage
        elif event.kind == "photo":
            self._stages.pop(event.source, None)
        self._current, self._failed = event.current, event.failed
        self._bar.update(
            self._task,
            total=event.total,
            completed=event.done + event.skipped + event.failed,
            rate=_rate(event.rate),
            left=_left(event.seconds_remaining),
        )

    def __rich__(self) -> Group:
        lines = [
            Text(f"{self._stages.get(source, ''):>11} {source}", no_wrap=True, overflow="ellipsis")
            for source in self._current[:_SHOWN_CURRENT]
        ]
        if len(self._current) > _SHOWN_CURRENT:
            lines.append(Text(f"{'':>11} and {len(self._current) - _SHOWN_CURRENT} more"))
        if self._failed:
            lines.append(Text(f"{self._failed} failed so far", style="red"))
        return Group(self._bar, *lines)


def _rate(rate: float) -> str:
    if not rate:
        return ""
    return f"{rate:.1f}/s" if rate >= 1 else f"{rate * 60:.1f}/min"


def _left(seconds: float | None) -> str:
    return "" if seconds is None else f"{timedelta(seconds=round(seconds))} left"


def _print_failure(console: Console, event: Event) -> None:
    if event.row is not None and event.row.status == "failed":
        reason = " ".join(event.row.reason.split())
        console.print(
            Text.assemble(("failed: ", "bold red"), f"{event.row.source}: {reason}"), soft_wrap=True
        )


def _print_line(console: Console, event: Event) -> None:
    """Print one line per photo, for logs."""
    if event.row is None:
        return
    if event.row.status == "failed":
        _print_failure(console, event)
        return
    counted = f"{event.done + event.skipped + event.failed}/{event.total}"
    remark = event.row.reason or f"{sum(event.row.seconds.values()):.1f} s"
    left = _left(event.seconds_remaining)
    console.print(
        Text(f"{counted} {event.row.source}: {remark}" + (f", {left}" if left else "")), soft_wrap=True
    )

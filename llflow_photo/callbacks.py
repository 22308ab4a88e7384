"""Types of the callables through which callers follow and cancel long operations."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Cancel", "Progress"]

Cancel = Callable[[], bool]
"""Called often during an operation; True cancels it, which raises `CancelledError`."""

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the total number of steps."""

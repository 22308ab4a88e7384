"""Types of the callables through which callers follow and cancel long operations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

__all__ = ["Cancel", "Gate", "Progress"]

Cancel = Callable[[], bool]
"""Called often during an operation; True cancels it, which raises `CancelledError`."""

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the total number of steps."""

Gate = Callable[[], AbstractContextManager[None]]
"""Returns a context manager that is entered whenever the network runs, and left for color work."""

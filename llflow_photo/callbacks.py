"""Types of the callables through which callers follow and cancel long operations."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from .errors import CancelledError

__all__ = ["Cancel", "Gate", "Progress", "raise_if_cancelled"]

Cancel = Callable[[], bool]
"""Called often during an operation; True cancels it, which raises `CancelledError`."""

Progress = Callable[[int, int], None]
"""Called with the number of steps done and the total number of steps."""

Gate = Callable[[], AbstractContextManager[None]]
"""Returns a context manager that is entered whenever the network runs, and left for color work."""


def raise_if_cancelled(cancel: Cancel | None) -> None:
    """Raise `CancelledError` if ``cancel`` returns true."""
    if cancel and cancel():
        raise CancelledError("cancelled; no result was kept")

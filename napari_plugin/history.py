"""Undo and redo of a photo's settings and of other actions on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["History", "State"]

_MOST = 200
"""Maximum number of undo steps."""


@dataclass(frozen=True)
class State:
    """The state of the controls for one photo.

    Attributes:
        values: the value of every control, by the name of its option.
        picked: a latent that was picked and that the controls cannot express, or None.
        replaced: values that the user had set and that a picked latent replaced, by the name of the option.
    """

    values: Mapping[str, Any]
    picked: Any = None
    replaced: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class History:
    """The undo history of one photo.

    Attributes:
        settled: the state after the latest step.
    """

    settled: State
    _past: list[tuple[Callable[[], None], Callable[[], None]]] = field(default_factory=list)
    _future: list[tuple[Callable[[], None], Callable[[], None]]] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        return bool(self._past)

    @property
    def can_redo(self) -> bool:
        return bool(self._future)

    def note(self, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Add a step; steps that were undone before are discarded."""
        self._past.append((undo, redo))
        del self._past[:-_MOST]
        self._future.clear()

    def settle(self, state: State, restore: Callable[[State], None]) -> bool:
        """Add a step if the state differs from the latest one.

        Args:
            restore: sets the controls to a state.
        """
        before = self.settled
        if state == before:
            return False
        self.settled = state

        def go(to: State) -> None:
            self.settled = to
            restore(to)

        self.note(lambda: go(before), lambda: go(state))
        return True

    def undo(self) -> None:
        """Undo one step, if there is one."""
        if self._past:
            step = self._past.pop()
            self._future.append(step)
            step[0]()

    def redo(self) -> None:
        """Redo one step, if there is one."""
        if self._future:
            step = self._future.pop()
            self._past.append(step)
            step[1]()

"""Steps back and forth: settings of each photo, and what was made with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["History", "State"]

_MOST = 200
"""Steps that are kept."""


@dataclass(frozen=True)
class State:
    """What the controls say for one photo.

    Attributes:
        values: of every control, by the name of its option.
        picked: a latent that was picked and that the controls cannot say, or None.
    """

    values: Mapping[str, Any]
    picked: Any = None


@dataclass
class History:
    """The steps of one photo.

    Attributes:
        settled: the state after the last step.
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
        """Something was done; what had been undone before is forgotten."""
        self._past.append((undo, redo))
        del self._past[:-_MOST]
        self._future.clear()

    def settle(self, state: State, restore: Callable[[State], None]) -> bool:
        """The controls came to rest: a step if they say something else than before.

        Args:
            restore: moves the controls to a state.
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
        """One step back, if there is one."""
        if self._past:
            step = self._past.pop()
            self._future.append(step)
            step[0]()

    def redo(self) -> None:
        """One step forth, if there is one."""
        if self._future:
            step = self._future.pop()
            self._past.append(step)
            step[1]()

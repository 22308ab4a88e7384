"""Undo and redo: for each photo a history of its settings and results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

from .history import History, State

__all__ = ["Steps"]

_SETTLED_MS = 700
"""Time without changes after which the state of the controls becomes a step."""


class Steps:
    """The histories of all photos, one of which is the current photo.

    Args:
        state: returns the current state of the controls.
        restore: sets the controls to a state.
        first: returns the state that a photo starts with.

    Attributes:
        on_change: called with whether there is something to undo, and whether to redo.
    """

    def __init__(
        self,
        state: Callable[[], State],
        restore: Callable[[State], None],
        first: Callable[[Any], State],
    ) -> None:
        self._state = state
        self._restore = restore
        self._first = first
        self._histories: dict[Any, History] = {}
        self._present: Any = None
        self._restless = QTimer()
        self._restless.setSingleShot(True)
        self._restless.setInterval(_SETTLED_MS)
        self._restless.timeout.connect(self.settle)
        self.on_change: Callable[[bool, bool], None] = lambda can_undo, can_redo: None

    def turn_to(self, layer: Any) -> State | None:
        """Make another photo the current one.

        Returns:
            its latest state; for a new photo, the one that it starts with; None without a photo.
        """
        self.settle()  # of the previous photo
        self._present = layer
        self._notify()
        return None if layer is None else self._of(layer).settled

    def moved(self) -> None:
        """A control has changed: add a step after a time without changes."""
        self._restless.start()

    def settle(self) -> None:
        """Add the current state of the controls as a step, if it differs from the latest one."""
        self._restless.stop()
        if self._present is not None:
            self._of(self._present).settle(self._state(), self._restore)
            self._notify()

    def change(self, layer: Any, state: State) -> None:
        """Set the state of any photo, as a step of its history."""
        self.settle()
        changed = self._of(layer).settle(state, self._restore)
        if changed and layer == self._present:
            self._restore(state)
        self._notify()

    def note(self, layer: Any, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Add a step to the history of a photo."""
        self.settle()
        self._of(layer).note(undo, redo)
        self._notify()

    def state_of(self, layer: Any) -> State | None:
        """The latest state of a photo; None if it has no history yet."""
        self.settle()
        history = self._histories.get(layer)
        return None if history is None else history.settled

    def undo(self) -> None:
        """Undo the last step of the current photo."""
        self._go(History.undo)

    def redo(self) -> None:
        """Redo the next step of the current photo."""
        self._go(History.redo)

    def _go(self, step: Callable[[History], None]) -> None:
        self.settle()
        if self._present is not None:
            step(self._of(self._present))
            self._notify()

    def _of(self, layer: Any) -> History:
        if layer not in self._histories:
            self._histories[layer] = History(self._first(layer))
        return self._histories[layer]

    def _notify(self) -> None:
        history = None if self._present is None else self._of(self._present)
        self.on_change(history is not None and history.can_undo, history is not None and history.can_redo)

    def forget(self, layer: Any) -> None:
        """Discard the history of a removed photo."""
        self._histories.pop(layer, None)

    def close(self) -> None:
        """Stop recording steps."""
        self._restless.stop()
        self._histories.clear()

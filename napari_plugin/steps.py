"""Undo and redo: for each photo a history of the controls as they came to rest, and of applies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QTimer

from .history import History, State

__all__ = ["Steps"]

_SETTLED_MS = 700
"""Controls that were not moved for so long are a step."""


class Steps:
    """Histories of photos, one of which is the present one.

    Args:
        state: what the controls say now.
        restore: moves the controls to a state.
        kept: gives the state a photo begins with; None where it begins with what the controls say.

    Attributes:
        on_told: called with whether there is something to undo, and to redo.
    """

    def __init__(
        self,
        state: Callable[[], State],
        restore: Callable[[State], None],
        kept: Callable[[Any], State | None] = lambda layer: None,
    ) -> None:
        self._state = state
        self._restore = restore
        self._kept = kept
        self._histories: dict[Any, History] = {}
        self._present: Any = None
        self._restless = QTimer()
        self._restless.setSingleShot(True)
        self._restless.setInterval(_SETTLED_MS)
        self._restless.timeout.connect(self.settle)
        self.on_told: Callable[[bool, bool], None] = lambda can_undo, can_redo: None

    def turn_to(self, layer: Any) -> State | None:
        """Another photo is the present one.

        Returns:
            what the controls said last for it; of a new photo, what is kept for it or what they say now; None
            without a photo.
        """
        self.settle()  # the photo that was left
        self._present = layer
        self._tell()
        return None if layer is None else self._of(layer).settled

    def moved(self) -> None:
        """A control was moved: once they rest, it is a step."""
        self._restless.start()

    def settle(self) -> None:
        """The controls are at rest, or have to be taken as they are."""
        self._restless.stop()
        if self._present is not None:
            self._of(self._present).settle(self._state(), self._restore)
            self._tell()

    def change(self, layer: Any, state: State) -> None:
        """A photo, which may not be the present one, is given another state: a step of its history."""
        self.settle()
        changed = self._of(layer).settle(state, self._restore)
        if changed and layer == self._present:
            self._restore(state)
        self._tell()

    def note(self, layer: Any, undo: Callable[[], None], redo: Callable[[], None]) -> None:
        """Something was done to a photo."""
        self.settle()
        self._of(layer).note(undo, redo)
        self._tell()

    def undo(self) -> None:
        """One step back: the last change of the controls, or the last apply."""
        self._go(History.undo)

    def redo(self) -> None:
        """One step forth again."""
        self._go(History.redo)

    def _go(self, step: Callable[[History], None]) -> None:
        self.settle()
        if self._present is not None:
            step(self._of(self._present))
            self._tell()

    def _of(self, layer: Any) -> History:
        if layer not in self._histories:
            self._histories[layer] = History(self._kept(layer) or self._state())
        return self._histories[layer]

    def _tell(self) -> None:
        history = None if self._present is None else self._of(self._present)
        self.on_told(history is not None and history.can_undo, history is not None and history.can_redo)

    def forget(self, layer: Any) -> None:
        """The photo is gone."""
        self._histories.pop(layer, None)

    def close(self) -> None:
        """No more steps."""
        self._restless.stop()
        self._histories.clear()

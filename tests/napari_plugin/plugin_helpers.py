"""How long the window's thread is busy."""

from __future__ import annotations

import time

from qtpy.QtCore import Qt, QTimer


class Pulse:
    """How much the window's thread computed between two ticks of its timer, which is due every 20 ms.

    The thread's own time is measured, not the clock's: other work on the machine must not fail a test.
    """

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = time.thread_time()
        self.longest = 0.0
        self._timer.start(20)

    def _tick(self) -> None:
        now = time.thread_time()
        self.longest = max(self.longest, now - self._last)
        self._last = now

    def stop(self) -> float:
        """The longest time, in seconds."""
        self._timer.stop()
        return self.longest

"""Measuring how long the GUI thread is busy."""

from __future__ import annotations

import time

from qtpy.QtCore import Qt, QTimer


class Pulse:
    """Measures the CPU time of the GUI thread between two ticks of a timer that is due every 20 ms.

    CPU time is measured instead of elapsed time, so that a busy machine does not fail a test.
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

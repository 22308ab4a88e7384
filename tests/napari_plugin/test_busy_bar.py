"""Signs that something is computed move, but seldom: each move composes the whole window again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qtpy.QtCore import QEvent, QObject

Until = Callable[..., None]


class _Frames(QObject):
    """Counts how often a window is composed."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802 (Qt's name)
        self.count += event.type() == QEvent.Type.UpdateRequest
        return False


@pytest.fixture
def running(window: Any, until: Until, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The panel while the preview and a full-size rendering are computed, which report no progress."""
    release = threading.Event()

    def slow(photo: Any, *_: Any) -> Any:
        release.wait(60)
        return photo

    monkeypatch.setattr("llflow_photo.explore.fullsize.render_full_size", slow)
    until(lambda: not window.work.running)
    window.apply.apply_button.click()
    window.view_panel.show_busy(True)
    yield window
    window.view_panel.show_busy(False)
    release.set()
    until(lambda: not window.work.running)


def test_the_window_is_composed_a_few_times_per_second(running: Any, qtbot: Any) -> None:
    qtbot.wait(1500)  # longer than until a job gets a bar in the activity dock
    frames = _Frames()
    running.window().installEventFilter(frames)
    qtbot.wait(1000)
    running.window().removeEventFilter(frames)
    assert 1 <= frames.count <= 10


def test_the_bar_moves_only_while_something_is_computed(running: Any, qtbot: Any) -> None:
    bar = running.view_panel.bar
    seen = set()
    for _ in range(4):
        seen.add(bytes(bar.grab().toImage().constBits()))
        qtbot.wait(300)
    assert len(seen) >= 2
    running.view_panel.show_busy(False)
    still = bar.grab().toImage()
    qtbot.wait(400)
    assert bar.grab().toImage() == still

"""How long the napari panel lets a photographer wait, in a real window: python benchmarks/panel.py PHOTO...

For each photo: seconds from opening to the first coarse preview and to the fine one, from a move of a control
to its effect, and how late a timer of the window came that was due every ten milliseconds. The model is
loaded before. Without a display it starts itself again under xvfb-run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

MOVES = (
    ("exposure", "exposure_ev", 0.5),
    ("brightness, first use", "brightness", 0.5),
    ("brightness, second use", "brightness", -0.5),
    ("temperature", "temperature", 0.8),
    ("strength", "strength", 0.6),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", type=Path, nargs="+")
    arguments = parser.parse_args()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        command = shutil.which("xvfb-run")
        if command is None:
            parser.error("there is no display; install xvfb (apt-get install xvfb), or start one")
        screen = "-screen 0 1920x1200x24"
        os.execv(command, [command, "-a", "-s", screen, sys.executable, *sys.argv])
    bench = Bench()
    found = {path.name: bench.measure(path) for path in arguments.photos}
    sys.stdout.write(json.dumps(found, indent=2) + "\n")
    bench.viewer.close()


class Bench:
    """A window with the panel, its model loaded."""

    def __init__(self) -> None:
        import napari
        from drive_napari import Pulse

        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1600, 1000)
        self.pulse = Pulse()
        _, self.panel = self.viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
        self.viewer.open_sample("llflow-photo", "night_street")
        self._wait(lambda: self._rests() and not self.panel.work.running)

    def measure(self, path: Path) -> dict[str, Any]:
        """Times of one photo, in seconds."""
        panel = self.panel
        found: dict[str, Any] = {}
        self.pulse.start()
        started = time.monotonic()
        (layer,) = self.viewer.open(str(path), plugin="llflow-photo")
        panel.show_photo(layer)
        self._wait(lambda: panel.preview.rendering is not None)
        found["coarse preview"] = round(time.monotonic() - started, 3)
        self._wait(self._rests)
        found["fine preview"] = round(time.monotonic() - started, 3)
        found["timer late while opening"] = self.pulse.stop()
        for name, option, value in MOVES:
            before, started = panel.preview.rendering, time.monotonic()
            panel.settings.control(option).value = value
            self._wait(lambda before=before: panel.preview.rendering is not before)
            found[name] = round(time.monotonic() - started, 3)
            self._wait(self._rests)
        self.viewer.layers.remove(layer)
        return found

    def _rests(self) -> bool:
        return self.panel.preview.rendering is not None and not self.panel.preview.newest.busy

    def _wait(self, condition: Callable[[], bool], limit: float = 600.0) -> None:
        """Run the window's event loop, as napari does, until a condition holds.

        Processing events in a loop would keep Python's interpreter lock from the threads that render.
        """
        from qtpy.QtCore import QEventLoop, QTimer

        loop, timer = QEventLoop(), QTimer()
        end = time.monotonic() + limit

        def check() -> None:
            if condition():
                loop.exit(0)
            elif time.monotonic() > end:
                loop.exit(1)

        timer.timeout.connect(check)
        timer.start(2)
        if loop.exec():
            raise SystemExit("the window waited too long")


if __name__ == "__main__":
    main()

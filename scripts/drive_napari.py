"""Operate the napari plugin in a real window, as a user exploring a night photo, and save screenshots.

    python scripts/drive_napari.py OUTPUT [--photo FILE]

Without a display the script restarts itself under ``xvfb-run`` (Debian: xvfb, libgl1-mesa-dri). It also
writes ``timings.json``: the seconds until each step is visible, and the delay of a timer that is due every
ten milliseconds, while idle and during a full-size rendering.
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

SCREEN = "1600x1000x24"
ROOT = Path(__file__).resolve().parent.parent
_TICK = 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path, help="folder for the screenshots")
    parser.add_argument("--photo", type=Path, help="a photo to use instead of the sample")
    arguments = parser.parse_args()
    if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
        command = shutil.which("xvfb-run")
        if command is None:
            parser.error("there is no display; install xvfb (apt-get install xvfb), or start one")
        os.environ.pop("QT_QPA_PLATFORM", None)
        os.execv(command, [command, "-a", "-s", f"-screen 0 {SCREEN}", sys.executable, *sys.argv])
    arguments.output.mkdir(parents=True, exist_ok=True)
    Drive(arguments.output).run(arguments.photo)


class Pulse:
    """Measures the delay of a timer: how long the window does not respond."""

    def __init__(self) -> None:
        from qtpy.QtCore import Qt, QTimer

        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._last = 0.0
        self._late: list[float] = []

    def start(self) -> None:
        self._late = []
        self._last = time.monotonic()
        self._timer.start(round(1000 * _TICK))

    def stop(self) -> dict[str, float]:
        """Delay in seconds: median, 99th percentile and maximum."""
        self._timer.stop()
        late = sorted(self._late) or [0.0]
        ranks = {"median": len(late) // 2, "99 %": 99 * len(late) // 100, "longest": len(late) - 1}
        return {name: round(late[rank], 4) for name, rank in ranks.items()}

    def _tick(self) -> None:
        now = time.monotonic()
        self._late.append(max(0.0, now - self._last - _TICK))
        self._last = now


class Drive:
    """One session in a window."""

    def __init__(self, output: Path) -> None:
        import napari
        from napari.settings import get_settings

        get_settings().application.save_window_geometry = False
        self.output = output
        self.timings: dict[str, float] = {}
        self.viewer = napari.Viewer(show=True)
        self.viewer.window.resize(1580, 960)
        self._steps = 0
        self.pulse = Pulse()

    def run(self, photo: Path | None) -> None:
        """Run all steps."""
        self.settle(1.0)
        self.open(photo)
        self.controls()
        self.explore()
        self.judge()
        self.compare()
        self.apply_and_save()
        self.folder()
        self.answer_during_a_long_run()
        self.small_window()
        (self.output / "timings.json").write_text(json.dumps(self.timings, indent=2) + "\n")
        self.viewer.close()

    def open(self, photo: Path | None) -> None:
        if photo is None:
            self.viewer.open_sample("llflow-photo", "night_raw")
        else:
            self.viewer.open(str(photo), plugin="llflow-photo")
        self.settle(1.0)
        self.shot("photo")
        started = time.monotonic()
        _, self.widget = self.viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
        self.until(
            lambda: self.widget.preview.rendering is not None, "first look, model loading included", started
        )
        self.rendered()
        self.timings["first preview, model loading included"] = time.monotonic() - started
        self.shot("preview")

    def controls(self) -> None:
        for name, value in (("temperature", 0.8), ("brightness", 0.5), ("exposure_ev", -0.5)):
            self.timed(name, lambda name=name, value=value: self.set(name, value))
        self.shot("controls")
        for name, value in (("brightness", 0.0), ("exposure_ev", 0.0), ("temperature", 0.0)):
            self.set(name, value)
        self.rendered()
        self.widget.full_resolution()
        self.settle(0.4)
        self.rendered()
        self.shot("full_resolution_crop")
        self.viewer.reset_view()
        self.settle(0.4)
        self.rendered()

    def explore(self) -> None:
        panel, gallery = self.widget.explore, self.widget.explore.gallery
        started = time.monotonic()
        panel.buttons["draw"].click()
        last = gallery.count() - 1
        self.until(
            lambda: not gallery.item(gallery.count() - 1).icon().isNull(), "nine renderings drawn", started
        )
        self.settle(0.3)
        gallery.setCurrentRow(last)
        self.rendered()
        panel.buttons["second"].click()
        panel.buttons["lock"].click()
        gallery.setCurrentRow(0)
        self.rendered()
        panel.buttons["first"].click()
        self.shot("renderings")
        self.timed("interpolation", lambda: setattr(panel.position, "value", 0.5))
        self.shot("interpolation")
        panel.buttons["around"].click()
        self.until(
            lambda: not gallery.item(gallery.count() - 1).icon().isNull(),
            "renderings around one",
            time.monotonic(),
        )
        self.settle(0.3)
        self.shot("around")
        for name in ("mean", "disagreement"):
            layers = len(self.viewer.layers)
            started = time.monotonic()
            self.widget.statistics.buttons[name].click()
            self.until(lambda layers=layers: len(self.viewer.layers) > layers, name, started)
            self.shot(name)
            self.viewer.layers.pop()

    def judge(self) -> None:
        self.widget.tabs.setCurrentIndex(2)
        layers = len(self.viewer.layers)
        started = time.monotonic()
        self.widget.artifacts.button.click()
        self.until(lambda: len(self.viewer.layers) > layers, "artifact map", started)
        self.shot("artifacts")
        self.viewer.layers.pop()
        self.widget.tabs.setCurrentWidget(self.widget.explore)

    def compare(self) -> None:
        self.widget.compare_mode.value = "Split line"
        self.until(lambda: self.widget.compare.layer is not None, "split", time.monotonic())
        self.shot("split")
        self.widget.compare_mode.value = "Side by side"
        self.settle(0.5)
        self.rendered()
        self.shot("side_by_side")
        self.widget.compare_mode.value = "Off"
        self.settle(0.3)

    def apply_and_save(self) -> None:
        layers = len(self.viewer.layers)
        started = time.monotonic()
        self.widget.apply.apply_button.click()
        self.settle(0.3)
        self.shot("applying")
        self.until(lambda: len(self.viewer.layers) > layers, "full size", started)
        self.shot("applied")
        path = self.output / "saved.tif"
        started = time.monotonic()
        self.widget.apply.save(path)
        self.until(lambda: path.exists() and not self.widget.work.running, "save", started)
        self.shot("saved")
        self.close_notifications()  # they show a path of this machine

    def folder(self) -> None:
        """Show the filmstrip of the sample images and open one of them."""
        folder_view, photo, started = self.widget.folder_view, self.widget.photo.value, time.monotonic()
        self.widget.tabs.setCurrentWidget(self.widget.batch)
        self.widget.batch.folder.value = ROOT / "sample_images"
        self.until(lambda: bool(folder_view.states), "folder listed", started)
        strip = folder_view.strip
        self.until(lambda: all(map(strip.has_picture, strip.sources)), "thumbnails of the folder", started)
        folder_view.open("sodium-lane.jpg")
        self.settle(0.5)
        self.rendered()
        self.widget.batch.folder.line_edit.value = (
            "~/photos/night"  # the screenshot must not show a path of this machine
        )
        self.shot("folder")
        folder_view.close()
        self.widget.photo.value = photo

    def answer_during_a_long_run(self) -> None:
        """Measure the timer while idle and while rendering a photo of four times the size; then cancel."""
        import numpy as np

        photo = self.widget.photo.value
        self.viewer.add_image(np.tile(photo.data, (2, 2, 1)), rgb=True, contrast_limits=(0, 1), name="Large")
        self.viewer.reset_view()
        self.settle(0.5)
        self.rendered()
        self.pulse.start()
        self.settle(2.0)
        self.note_pulse("idle")
        apply = self.widget.apply
        apply.apply_button.click()
        self.pulse.start()
        layers, started = len(self.viewer.layers), time.monotonic()
        self.until(lambda: len(self.viewer.layers) > layers, "full size, four times the pixels", started)
        self.note_pulse("during a full-size run")
        apply.apply_button.click()
        self.settle(0.5)
        started = time.monotonic()
        apply.cancel_button.click()
        self.until(apply.apply_button.isEnabled, "cancel, until another run can start", started)
        self.until(lambda: not self.widget.work.running, "cancel, until nothing runs", started)

    def note_pulse(self, when: str) -> None:
        for name, seconds in self.pulse.stop().items():
            self.timings[f"window's timer late {when}, {name}"] = seconds

    def small_window(self) -> None:
        self.viewer.window.resize(1280, 800)
        self.settle(0.5)
        self.rendered()
        self.shot("small_window")

    def close_notifications(self) -> None:
        from qtpy.QtWidgets import QApplication

        for widget in QApplication.allWidgets():
            if type(widget).__name__ == "NapariQtNotification":
                widget.close()

    def set(self, name: str, value: float) -> None:
        self.widget.settings.control(name).value = value

    def timed(self, name: str, change: Callable[[], Any]) -> None:
        """Measure the time until a change is visible."""
        before, started = self.widget.preview.rendering, time.monotonic()
        change()
        self.until(lambda: self.widget.preview.rendering is not before, f"{name} changed", started)
        self.rendered()

    def rendered(self) -> None:
        """Wait until the preview is up to date."""
        self.settle(0.1)
        self.until(lambda: not self.widget.preview.newest.busy)
        self.settle(0.2)

    def settle(self, seconds: float) -> None:
        """Process the window's events for some time."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end)

    def until(self, condition: Callable[[], bool], name: str = "", started: float = 0.0) -> None:
        """Process the window's events until a condition holds; record the seconds since ``started``."""
        from qtpy.QtWidgets import QApplication

        limit = time.monotonic() + 1800
        while not condition():
            QApplication.processEvents()
            if time.monotonic() > limit:
                raise SystemExit(f"timeout while waiting for {name or 'the window'}")
            time.sleep(0.005)
        if name:
            self.timings[name] = round(time.monotonic() - started, 3)

    def shot(self, name: str) -> None:
        """Save a screenshot of the whole window."""
        self.settle(0.2)
        self._steps += 1
        self.viewer.screenshot(self.output / f"{self._steps:02d}_{name}.png", canvas_only=False, flash=False)


if __name__ == "__main__":
    main()

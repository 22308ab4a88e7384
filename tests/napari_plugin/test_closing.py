"""Closing the window at any time: Python exits cleanly with every Qt binding; in a separate process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CODE = """
import gc, sys, time, warnings
warnings.filterwarnings("error", message=r"viewer\\.(camera|grid)")  # what napari 0.9 moved
from pathlib import Path
import numpy as np, napari
from qtpy.QtWidgets import QApplication
from napari.settings import get_settings
from llflow_photo.api import load_enhancer
from llflow_photo.errors import CancelledError
import llflow_photo.explore.fullsize as fullsize
from napari_plugin.render_cache import RenderCache

model, folder, moments = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
RenderCache.enhancer = lambda cache, options: load_enhancer(model)

def forever(photo, latents, options, enhancer, progress, cancel):
    while not cancel():
        progress(1, 10)
        time.sleep(0.001)
    progress(2, 10)
    raise CancelledError("cancelled")

def live(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)

def until(condition):
    limit = time.monotonic() + 600  # a busy machine is no failure
    while not condition():
        QApplication.processEvents()
        assert time.monotonic() < limit
        time.sleep(0.005)

get_settings().application.save_window_geometry = False
photo = np.random.default_rng(0).integers(0, 60, (200, 300, 3), np.uint8)
whole = fullsize.render_full_size
for moment in moments:
    viewer = napari.Viewer(show=True)
    viewer.add_image(photo, rgb=True, name="night")
    _, panel = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    work = panel.work
    fullsize.render_full_size = forever
    if moment != "at once":
        until(lambda: panel.preview.rendering is not None)
    if moment == "several jobs":
        panel.apply.apply_button.click()
        until(lambda: panel.apply.bar.maximum() == 10)
        panel.explore.buttons["draw"].click()
        panel.artifacts.button.click()
        panel.compare_mode.value = "Side by side"
        panel.settings.control("exposure_ev").value = 1.0
        live(0.1)
    if moment == "save":
        fullsize.render_full_size = whole
        panel.apply.apply_button.click()
        until(lambda: "night enhanced" in viewer.layers)
        panel.apply.save(folder / "saved.tif")
    if moment == "dock":
        panel.apply.apply_button.click()
        viewer.window.remove_dock_widget(panel)
        live(0.2)
    viewer.close()
    del panel
    until(lambda: not work.running)
    live(0.2)
    assert gc.get_freeze_count() == 0
    print("closed:", moment, flush=True)
assert "save" not in moments or (folder / "saved.tif").stat().st_size > 1000
"""

_MOMENTS = ("several jobs", "save", "dock", "at once")


def test_closing_at_any_time_exits_cleanly(drawn: None, tiny_model: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", _CODE, str(tiny_model), str(tmp_path), *_MOMENTS]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    closed = [line for line in run.stdout.splitlines() if line.startswith("closed")]
    assert run.returncode == 0 and len(closed) == len(_MOMENTS), (closed, run.stderr[-4000:])
    for word in ("Traceback", "has been deleted", "Fatal", "Exception"):
        assert word not in run.stderr, run.stderr[-4000:]

"""Closing the panel's dock and opening it again leaves no layer, thread, callback or panel in memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

_CODE = """
import gc, sys, threading, time, weakref
from pathlib import Path
import numpy as np, napari
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QApplication
from napari.settings import get_settings
from llflow_photo.api import load_enhancer
from napari_plugin.render_cache import RenderCache

RenderCache.enhancer = lambda cache, options: load_enhancer(sys.argv[1])
get_settings().application.save_window_geometry = False

def until(condition):
    limit = time.monotonic() + 600  # a busy machine is no failure
    while not condition():
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
        assert time.monotonic() < limit
        time.sleep(0.005)

def live(seconds):
    end = time.monotonic() + seconds
    until(lambda: time.monotonic() > end)

def callbacks():
    layers = viewer.layers
    parts = {"layers": layers, "selection": layers.selection, "dims": viewer.dims, "photo": photo}
    return {
        (part, name): len(emitter.callbacks)
        for part, owner in parts.items()
        for name, emitter in owner.events.emitters.items()
    }

viewer = napari.Viewer(show=True)
pixels = np.random.default_rng(0).integers(0, 60, (200, 300, 3), np.uint8)
photo = viewer.add_image(pixels, rgb=True, name="night")
live(0.5)
before = callbacks()
for turn in range(2):
    _, panel = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    until(lambda: panel.preview.rendering is not None and not panel.preview.newest.busy)
    panel.compare_mode.value = "Split line"
    until(lambda: "Before" in viewer.layers)
    live(0.2)
    if turn == 1:
        panel.batch.folder.value = Path(sys.argv[2])
        until(lambda: panel.folder_view.strip.has_picture("dark.png"))
    work, gone = panel.work, weakref.ref(panel)
    viewer.window.remove_dock_widget(panel)  # removes two layers before the next frame
    del _, panel
    until(lambda: not work.running)
    live(0.3)
    assert [layer.name for layer in viewer.layers] == ["night"]
    assert callbacks() == before
    assert not [one.name for one in threading.enumerate() if one.name.startswith("llflow")]
    until(lambda: gc.collect() >= 0 and gone() is None)
    print("closed", flush=True)
viewer.close()
"""


def test_reopening_the_panel_leaves_nothing(drawn: None, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (64, 48), (30, 20, 10)).save(folder / "dark.png")
    command = [sys.executable, "-X", "faulthandler", "-c", _CODE, str(tiny_model), str(folder)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0 and run.stdout.count("closed") == 2, run.stdout + run.stderr[-4000:]
    assert "has been deleted" not in run.stderr and "Traceback" not in run.stderr, run.stderr[-4000:]

"""At 100 % one pixel of the photo is one physical pixel of the screen, at pixel ratios 1, 1.5 and 2."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_CODE = """
import sys, time
import numpy as np, napari
from qtpy.QtWidgets import QApplication
from napari.settings import get_settings
from llflow_photo.api import load_enhancer
from napari_plugin.render_cache import RenderCache
from napari_plugin.view import camera
from napari_plugin.widget import EnhanceWidget

RenderCache.enhancer = lambda cache, options: load_enhancer(sys.argv[1])
get_settings().application.save_window_geometry = False
viewer = napari.Viewer(show=True)
viewer.window.resize(820, 520)
photo = np.random.default_rng(0).integers(0, 256, (1500, 2000, 3), np.uint8)
layer = viewer.add_image(photo, rgb=True, name="noise")
panel = EnhanceWidget(viewer)
viewer.window.add_dock_widget(panel)
panel.settings.control("strength").value = 0.0  # the original photo
panel.settings.control("protect_highlights").value = False

def until(condition):
    limit = time.monotonic() + 600  # a busy machine is no failure
    while not condition():
        QApplication.processEvents()
        assert time.monotonic() < limit
        time.sleep(0.01)

def rest():
    end = time.monotonic() + 0.6
    until(lambda: time.monotonic() > end)
    until(lambda: not panel.preview.newest.busy)

rest()
# At 1.5, a canvas with an odd number of logical pixels has a fractional size and is slightly scaled.
canvas = panel.canvas.widget
viewer.window.resize(820 + canvas.width() % 2, 520 + canvas.height() % 2)
rest()
assert canvas.width() % 2 == canvas.height() % 2 == 0
for center in ((0, 700.3, 900.8),):
    camera(viewer).center = center
    panel.view_panel.buttons["full"].click()
    rest()
    until(lambda: panel.preview.rendering.region.is_full_size)
    rest()
    layer.visible = False
    panel.preview.layer.visible = True
    rest()
    image = viewer.window._qt_viewer.canvas._scene_canvas.native.grabFramebuffer()
    image = image.convertToFormat(image.Format.Format_RGB888)
    height, width, line = image.height(), image.width(), image.bytesPerLine()
    bits = image.constBits()
    if hasattr(bits, "setsize"):
        bits.setsize(height * line)
    shot = np.frombuffer(bits, np.uint8).reshape(height, line)[:, : 3 * width].reshape(height, width, 3)
    ratio = panel.canvas.pixel_ratio
    assert abs(width - panel.canvas.widget.width() * ratio) <= 1, (width, ratio)
    world = np.asarray(camera(viewer).center[-2:])
    top, left = (round(float(at)) for at in world - np.array([height, width]) / 2 + 0.5)
    wanted = photo[top : top + height, left : left + width].astype(int)
    same = (np.abs(shot.astype(int) - wanted) <= 3).all(-1)
    print(ratio, same.mean())
    assert same.mean() > 0.99, (ratio, same.mean())
    layer.visible = True
panel.shut_down()
until(lambda: not panel.work.running)
viewer.close()
print("compared")
"""


@pytest.mark.parametrize("ratio", ["1", "1.5", "2"])
def test_one_pixel_of_the_photo_is_one_of_the_screen(drawn: None, tiny_model: Path, ratio: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": ratio}
    command = [sys.executable, "-c", _CODE, str(tiny_model)]
    run = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert run.returncode == 0 and "compared" in run.stdout, run.stdout + run.stderr[-3000:]
    assert float(run.stdout.split()[0]) == float(ratio)

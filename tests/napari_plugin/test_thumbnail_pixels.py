"""Thumbnails of photos and variations have the screen's resolution, at pixel ratios 1, 1.5 and 2."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_CODE = """
from pathlib import Path
import numpy as np
from PIL import Image
from qtpy.QtWidgets import QApplication
from llflow_photo.batch import PhotoState
from llflow_photo.engine.latent import Latent
from napari_plugin.filmstrip import THUMBNAIL_SIDE, Filmstrip
from napari_plugin.gallery import Entry, Gallery

app = QApplication([])
blocks = np.random.default_rng(0).choice(np.array([0, 255], np.uint8), (84, 112))
photo = np.kron(blocks, np.ones((2, 2), np.uint8))  # of the size of the folder view's thumbnails
strip = Filmstrip()
strip.resize(700, strip.sizeHint().height())
strip.show_photos([PhotoState(Path("a.jpg"), "a.jpg", "done")], lambda source: False)
strip.set_picture("a.jpg", np.repeat(photo[..., None], 3, 2))
strip.show()
for _ in range(20):
    app.processEvents()
grabbed = strip.list.viewport().grab().toImage()
image = grabbed.convertToFormat(grabbed.Format.Format_RGB888)
height, width, line = image.height(), image.width(), image.bytesPerLine()
bits = image.constBits()
if hasattr(bits, "setsize"):
    bits.setsize(height * line)
shot = np.frombuffer(bits, np.uint8).reshape(height, line)[:, : 3 * width].reshape(height, width, 3)[..., 0]
ratio = strip.devicePixelRatioF()
size = (round(THUMBNAIL_SIDE * ratio), round(84 * ratio))
shot = np.pad(shot, (0, max(size)))
wanted = np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BOX), float)
part = np.s_[size[1] // 3 :, : size[0] // 2]  # without the mark
errors = {}
for top in range(0, 40):
    for left in range(0, 40):
        seen = shot[top : top + size[1], left : left + size[0]].astype(float)
        errors[top, left] = np.abs(seen[part] - wanted[part]).mean()
best = min(errors, key=errors.get)
marked = grabbed.pixelColor(best[1] + size[0] - round(4 * ratio), best[0] + round(10 * ratio))
print(ratio, errors[best], (marked.red(), marked.green(), marked.blue()))
assert errors[best] < 5, errors[best]  # scaled by Qt, it would be above 40
assert marked.green() > 150 > marked.red()

gallery = Gallery()
gallery.resize(700, 200)
gallery.show()
app.processEvents()
gallery.show_entries([entry := Entry(Latent(), "a variation")])
gallery.set_picture(entry, np.zeros((75, 100, 3), np.float32))
filled = gallery.item(0).icon().pixmap(gallery.iconSize(), ratio)
assert gallery.iconSize().width() > 200
assert filled.width() == round(gallery.iconSize().width() * ratio), (filled.width(), gallery.iconSize())
print("compared")
"""


@pytest.mark.parametrize("ratio", ["1", "1.5", "2"])
def test_thumbnails_have_the_resolution_of_the_screen(drawn: None, ratio: str) -> None:
    environment = {**os.environ, "QT_SCALE_FACTOR": ratio}
    command = [sys.executable, "-c", _CODE]
    run = subprocess.run(command, check=False, env=environment, capture_output=True, text=True)
    assert run.returncode == 0 and "compared" in run.stdout, run.stdout + run.stderr[-3000:]
    assert float(run.stdout.split()[0]) == float(ratio)

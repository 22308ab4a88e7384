"""Disabling and enabling the plugin in napari's plugin manager, with the panel open and closed.

In a separate process, because napari registers the commands of plugins once per process.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PIL import Image

_CODE = """
import sys, time
from pathlib import Path
import numpy as np, napari
from napari.settings import get_settings
from napari.utils.notifications import notification_manager
from npe2 import PluginManager
from qtpy.QtCore import QCoreApplication, QEvent
from qtpy.QtWidgets import QApplication
from llflow_photo.api import load_enhancer
from napari_plugin.render_cache import RenderCache

PLUGIN, PANEL = "llflow-photo", "Enhance a night photo"
RenderCache.enhancer = lambda cache, options: load_enhancer(sys.argv[1])
get_settings().application.save_window_geometry = False
messages = []
notification_manager.notification_ready.connect(lambda event: messages.append(str(event.message)))

def until(condition):
    limit = time.monotonic() + 100
    while not condition():
        QApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, int(QEvent.Type.DeferredDelete.value))
        assert time.monotonic() < limit
        time.sleep(0.005)

def open_panel():
    _, panel = viewer.window.add_plugin_dock_widget(PLUGIN, PANEL)
    panel.live.value = True
    until(lambda: panel.preview.rendering is not None and not panel.preview.newest.busy)
    return panel

viewer = napari.Viewer(show=True)
viewer.add_image(np.full((200, 300, 3), 30, np.uint8), rgb=True, name="night")
manager = PluginManager.instance()

panel = open_panel()
panel.batch.folder.value = Path(sys.argv[2])
until(lambda: panel.folder_view.states)
manager.disable(PLUGIN)
panel.settings.control("strength").value = 0.5  # an open panel still works
until(lambda: panel.preview.rendering.options.strength == 0.5)
panel.folder_view.open("dark.png")  # but this plugin reads no files
assert "dark" not in viewer.layers and any("dark.png" in text for text in messages), messages
manager.enable(PLUGIN)
panel.folder_view.open("dark.png")
until(lambda: "dark preview" in viewer.layers)
work = panel.work
viewer.window.remove_dock_widget(panel)
until(lambda: not work.running)

manager.disable(PLUGIN)
try:
    open_panel()
except Exception as error:
    print("refused:", type(error).__name__)
manager.enable(PLUGIN)
work = open_panel().work
viewer.close()
until(lambda: not work.running)
print("done")
"""


def test_the_plugin_can_be_disabled_and_enabled_with_the_panel_open_and_closed(
    drawn: None, tiny_model: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.new("RGB", (64, 48), (30, 20, 10)).save(folder / "dark.png")
    command = [sys.executable, "-X", "faulthandler", "-c", _CODE, str(tiny_model), str(folder)]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    assert run.returncode == 0 and "done" in run.stdout, run.stdout + run.stderr[-4000:]
    assert "refused:" in run.stdout
    assert "Traceback" not in run.stderr, run.stderr[-4000:]

"""Viewers in windows with a real canvas: if there is no display, Xvfb is started.

Without Xvfb, windows are offscreen, and tests that need drawn frames are skipped. Processes that share
the tests have a display each, since a window can lose the keyboard focus to another one of its display.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("napari", reason="napari is not installed (extra 'napari')")
pytest.importorskip("pytestqt", reason="pytest-qt is not installed (extra 'test')")

os.environ["NAPARI_CONFIG"] = ""  # the user's settings of napari are neither read nor written

# Closing a viewer under PySide 6.12 drops about ten thousand references to None that it does not own; before
# Python 3.12 this ends the process after a few viewers. These extra references are never freed.
_REFERENCES_TO_NONE = [None] * 3_000_000
ctypes.pythonapi.Py_IncRef(ctypes.py_object(_REFERENCES_TO_NONE))


def _start_display(command: str) -> None:
    """Start an X server, which runs until Python exits."""
    prctl = ctypes.CDLL(None).prctl  # found before the fork: another thread could hold the loader's lock

    def end_with_parent() -> None:
        """In the child: end the server with the tests even if they crash (Linux: PR_SET_PDEATHSIG is 1)."""
        prctl(1, signal.SIGTERM)

    reading, writing = os.pipe()
    options = ["-displayfd", str(writing), "-screen", "0", "1920x1200x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        [command, *options],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
        preexec_fn=end_with_parent,  # noqa: PLW1509
    )
    os.close(writing)
    atexit.register(server.kill)
    with os.fdopen(reading) as pipe:
        os.environ["DISPLAY"] = f":{pipe.readline().strip()}"


if sys.platform.startswith("linux") and os.environ.get("QT_QPA_PLATFORM", "xcb") == "xcb":
    _has_display = bool(os.environ.get("DISPLAY"))
    if _xvfb := shutil.which("Xvfb"):
        if not _has_display or "PYTEST_XDIST_WORKER" in os.environ:
            _start_display(_xvfb)
    elif not _has_display:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"


@pytest.fixture(autouse=True)
def _graphics(monkeypatch: pytest.MonkeyPatch) -> None:
    """Offscreen windows have no OpenGL to query its limits; nothing is drawn, so any values will do."""
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        from napari._vispy import canvas
        from napari._vispy.layers import base, image, labels
        from napari._vispy.utils import gl

        for module in (canvas, base, image, labels, gl):
            monkeypatch.setattr(module, "get_gl_extensions", lambda: "", raising=False)
            monkeypatch.setattr(module, "get_max_texture_sizes", lambda: (16384, 2048), raising=False)


@pytest.fixture(scope="session", autouse=True)
def _manifests_are_read_once() -> Iterator[None]:
    """Do not read the manifests of all installed plugins again for every viewer."""
    from npe2 import PluginManifest

    found = list(PluginManifest.discover())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PluginManifest, "discover", lambda paths=(): iter(found))
        yield


@pytest.fixture(autouse=True)
def _plugin_is_known(_manifests_are_read_once: None) -> None:
    """Register the manifest if the package is not installed; otherwise its entry point is found."""
    from npe2 import PluginManager, PluginManifest

    manager = PluginManager.instance()
    manager.discover()
    if "llflow-photo" not in manager:
        from pathlib import Path

        import napari_plugin

        manager.register(PluginManifest.from_file(Path(napari_plugin.__file__).parent / "napari.yaml"))


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary folder for presets and settings, instead of the user's."""
    folder = tmp_path / "config"
    monkeypatch.setattr("napari_plugin.widget.config_folder", lambda: folder)
    return folder


@pytest.fixture
def dark_photo() -> np.ndarray:
    """A dim scene, 120 x 160 x 3, float32, sRGB-encoded: ramps, a lamp, some noise."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[0:120, 0:160] / 160
    picture = np.stack([0.06 + 0.08 * x, 0.05 + 0.1 * y, 0.1 - 0.06 * x * y], -1)
    picture[40:70, 50:90] += (0.05, 0.02, -0.02)
    picture[15:22, 120:127] = (0.9, 0.8, 0.5)
    picture += rng.normal(0, 0.01, picture.shape)
    return np.clip(picture, 0, 1).astype(np.float32)


@pytest.fixture
def until(qtbot: Any) -> Callable[..., None]:
    """Process the window's events until a condition holds."""

    def wait(condition: Callable[[], Any], seconds: float = 300.0) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=int(seconds * 1000))

    return wait


@pytest.fixture
def drawn() -> None:
    """Skip tests that need drawn frames if nothing is drawn."""
    if os.environ.get("QT_QPA_PLATFORM") == "offscreen":
        pytest.skip("no display and no Xvfb: nothing is drawn")


@pytest.fixture
def messages() -> Iterator[list[str]]:
    """The notifications that napari shows."""
    from napari.utils.notifications import notification_manager

    shown: list[str] = []

    def collect(event: Any) -> None:
        shown.append(str(event.message))

    notification_manager.notification_ready.connect(collect)
    yield shown
    notification_manager.notification_ready.disconnect(collect)


@pytest.fixture
def widget(make_napari_viewer: Any, dark_photo: np.ndarray, until: Any) -> Iterator[Any]:
    """The panel in a viewer with one dark photo and its first preview."""
    made = open_panel(make_napari_viewer(), dark_photo, until)
    yield made
    made.shut_down()
    until(lambda: not made.work.running)


@pytest.fixture
def small_network(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A very fast network, for tests that do not check the rendering; request it before `widget`."""
    from llflow_photo.api import load_enhancer
    from napari_plugin.render_cache import RenderCache

    monkeypatch.setattr(RenderCache, "enhancer", lambda _cache, _options: load_enhancer(tiny_model))


@pytest.fixture
def window(
    make_napari_viewer: Any, dark_photo: np.ndarray, until: Any, drawn: None, small_network: None
) -> Iterator[Any]:
    """Like `widget`, with a tiny network, in a visible window of 1280 x 720."""
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 720)
    made = open_panel(viewer, dark_photo, until)
    yield made
    made.shut_down()
    until(lambda: not made.work.running)


def open_panel(viewer: Any, photo: np.ndarray, until: Any) -> Any:
    """Open the panel in a viewer with one photo, and wait for the first preview."""
    viewer.add_image(photo, rgb=True, name="night")
    _, made = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    until(lambda: made.preview.rendering is not None and not made.preview.newest.busy)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six photos of different sizes, one of them in a subfolder, and a text file."""
    made = tmp_path / "photos"
    (made / "more").mkdir(parents=True)
    rng = np.random.default_rng(4)
    for number, name in enumerate(("a.jpg", "b.png", "c[1].jpg", "d.jpg", "e.jpg", "more/f.jpg")):
        Image.fromarray(rng.integers(5, 60, (60 + number, 90, 3), np.uint8)).save(made / name)
    (made / "notes.txt").write_text("no photo")
    return made


@pytest.fixture
def folder_view(window: Any, folder: Path, until: Any) -> Any:
    """The filmstrip of that folder with all thumbnails."""
    window.batch.folder.value = folder
    folder_view = window.folder_view
    until(
        lambda: (
            folder_view.states and all(folder_view.strip.has_picture(source) for source in folder_view.states)
        )
    )
    return folder_view

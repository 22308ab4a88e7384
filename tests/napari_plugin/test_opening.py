"""Large photos: a first picture at once, pixels from a thread, a window that answers all the while."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from plugin_helpers import Pulse
from qtpy.QtCore import QTimer

from napari_plugin.first_look import first_look
from napari_plugin.layers import KEY, pyramid
from napari_plugin.opening import PendingPixels

Until = Callable[..., None]


@pytest.fixture(scope="module")
def large_jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 megapixels, with an orientation that turns them."""
    y, x = np.mgrid[0:3000, 0:4000]
    pixels = np.stack([x // 100, y // 75, (x + y) // 120], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x8298] = 6, "Someone"
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    Image.fromarray(pixels).save(path, quality=90, exif=exif)
    return path


def test_the_first_look_is_small_and_upright(large_jpeg: Path, tmp_path: Path) -> None:
    look = first_look(large_jpeg)
    assert look is not None and look.shape == (4000, 3000)
    assert look.image is not None and look.image.shape[0] > look.image.shape[1]
    assert look.image.shape[0] * look.image.shape[1] < 1_500_000
    small = tmp_path / "small.png"
    Image.new("RGB", (40, 30)).save(small)
    assert first_look(small) is None  # read outright
    assert first_look(tmp_path / "missing.jpg") is None


def test_pending_pixels_show_a_preview_and_wait_for_numpy() -> None:
    preview = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    pending = PendingPixels((4, 8, 3), preview)
    assert pending[1:3, 2:6].shape == (2, 4, 3)
    np.testing.assert_array_equal(pending[3, 7], preview[1, 3])
    np.testing.assert_array_equal(pending[:, :, 0], np.repeat(np.repeat(preview[..., 0], 2, 0), 2, 1))
    pixels = np.ones((4, 8, 3), np.float32)
    QTimer.singleShot(0, lambda: None)
    threading.Timer(0.05, pending.set, [pixels]).start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(np.asarray, pending)
        assert np.asarray(pending).shape == (4, 8, 3)  # the window's thread does not wait
        assert waiting.result() is pixels
    np.testing.assert_array_equal(pending[0, 0], (1, 1, 1))


def test_a_pyramid_halves_by_means() -> None:
    pixels = np.random.default_rng(0).random((1801, 2001, 3), np.float32)
    levels = pyramid(pixels)
    assert levels[0] is pixels and [level.shape[:2] for level in levels[1:]] == [(900, 1000)]
    np.testing.assert_allclose(levels[1][5, 7], pixels[10:12, 14:16].mean((0, 1)), rtol=1e-5)
    assert len(pyramid(pixels[:100, :100])) == 1


@pytest.mark.usefixtures("small_network")
def test_a_large_photo_opens_is_previewed_and_applied_in_a_window_that_answers(
    window: Any, until: Until, large_jpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brighter(photo: Any, *_: Any) -> Any:
        """In place of twelve megapixels through a network: what the window does with the result is tested."""
        return photo.with_pixels(photo.pixels * np.float32(2))

    monkeypatch.setattr("llflow_photo.explore.fullsize.render_full_size", brighter)
    viewer, pulse = window.viewer, Pulse()
    window.settings.control("strength").value = 0.5
    (layer,) = viewer.open(str(large_jpeg), plugin="llflow-photo")
    assert layer.data[0].shape == (4000, 3000, 3)
    assert not isinstance(layer.data[0], np.ndarray)  # the pixels are being read
    window.fit()
    until(lambda: isinstance(layer.data[0], np.ndarray))
    opening = pulse.stop()
    assert layer.metadata[KEY].facts.metadata.exif is not None
    until(lambda: "large preview" in viewer.layers and not window.preview.newest.busy)
    pulse = Pulse()
    window.apply.apply_button.click()
    until(lambda: "large enhanced" in viewer.layers and not window.work.running)
    applying = pulse.stop()
    assert viewer.layers["large enhanced"].multiscale
    np.testing.assert_allclose(layer.data[0][2000, 1500] * 255, (20, 20, 29), atol=12)
    # Read outright, the window would stand still for seconds; how long exactly depends on the machine.
    assert max(opening, applying) < 0.6, (opening, applying)


def test_a_large_file_that_cannot_be_read_is_told_and_leaves_no_layer(
    make_napari_viewer: Any, until: Until, large_jpeg: Path, tmp_path: Path, messages: list[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(large_jpeg.read_bytes()[:200_000])
    viewer = make_napari_viewer()
    try:
        viewer.open(str(broken), plugin="llflow-photo")
    except Exception:  # refused at once
        return
    until(lambda: not viewer.layers)
    assert any("broken.jpg" in message for message in messages)

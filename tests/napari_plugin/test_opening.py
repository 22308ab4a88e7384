"""Large photos: preview first, pixels from a thread, and a responsive window."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image
from plugin_helpers import Pulse
from qtpy.QtCore import QTimer

import napari_plugin
from llflow_photo import files
from llflow_photo.color.spaces import SRGB
from llflow_photo.errors import CancelledError, ReadError
from llflow_photo.explore.region import Region
from llflow_photo.photo import Photo
from napari_plugin import opening
from napari_plugin.display_layers import add_above
from napari_plugin.histogram import BINS
from napari_plugin.layers import KEY, pyramid
from napari_plugin.pending import PREVIEWS, PendingPixels
from napari_plugin.photo_size import reads_long, size_of
from napari_plugin.render_cache import RenderCache, reduced
from napari_plugin.small_pictures import small_picture

Until = Callable[..., None]


@pytest.fixture(scope="module")
def large_jpeg(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """12 megapixels, with an EXIF orientation of 90 degrees."""
    y, x = np.mgrid[0:3000, 0:4000]
    pixels = np.stack([x // 100, y // 75, (x + y) // 120], -1).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112], exif[0x8298] = 6, "Someone"
    path = tmp_path_factory.mktemp("large") / "large.jpg"
    Image.fromarray(pixels).save(path, quality=90, exif=exif)
    return path


def test_raw_files_are_read_in_a_thread_at_smaller_sizes_because_they_are_developed() -> None:
    assert reads_long(Path("night.dng"), (600, 700)) and not reads_long(Path("night.jpg"), (600, 700))
    assert reads_long(Path("night.jpg"), (1200, 1600)) and not reads_long(Path("night.DNG"), (400, 600))


def test_size_of_returns_the_size_of_the_upright_photo(large_jpeg: Path, tmp_path: Path) -> None:
    assert size_of(large_jpeg) == (4000, 3000)
    look = small_picture(large_jpeg, 768)
    assert look is not None and look.shape[0] > look.shape[1]
    assert look.shape[0] * look.shape[1] < 1_500_000
    assert size_of(Path(napari_plugin.__file__).parent / "sample_data" / "night_raw.dng") is not None
    (tmp_path / "broken.nef").write_bytes(b"no photo")
    assert size_of(tmp_path / "broken.nef") is None and size_of(tmp_path / "missing.jpg") is None


def test_pending_pixels_show_a_preview_and_wait_for_numpy() -> None:
    preview = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    pending = PendingPixels((4, 8, 3))
    assert not np.asarray(pending).any() and pending[1:3].shape == (2, 8, 3)  # black at first
    pending.show(preview)
    assert pending[1:3, 2:6].shape == (2, 4, 3)
    np.testing.assert_array_equal(pending[3, 7], preview[1, 3])
    np.testing.assert_array_equal(pending[:, :, 0], np.repeat(np.repeat(preview[..., 0], 2, 0), 2, 1))
    pixels = np.ones((4, 8, 3), np.float32)
    QTimer.singleShot(0, lambda: None)
    threading.Timer(0.05, pending.set, [pixels]).start()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(np.asarray, pending)
        assert np.asarray(pending).shape == (4, 8, 3)  # the GUI thread does not wait
        assert waiting.result() is pixels
    np.testing.assert_array_equal(pending[0, 0], (1, 1, 1))


def test_waiting_for_pixels_can_be_cancelled() -> None:
    pending = PendingPixels((4, 8, 3))
    with pytest.raises(CancelledError):
        pending.small(lambda: True)
    pending.show(preview := np.zeros((2, 4, 3), np.float32))
    assert pending.small() is preview
    with pytest.raises(CancelledError):
        pending.wait(lambda: True)
    pending.set(pixels := np.ones((4, 8, 3), np.float32))
    assert pending.small() is None and pending.wait() is pixels
    (without := PendingPixels((4, 8, 3))).show(None)
    assert without.small() is None
    without.set(None)
    with pytest.raises(ReadError):
        without.wait()


def test_reading_waits_for_a_rendering_of_the_small_picture_if_a_preview_is_on() -> None:
    pending = PendingPixels((4, 8, 3))
    pending.let_renderings_pass(lambda: True)  # there is no live preview
    preview = Mock(enabled=True)
    PREVIEWS.add(preview)
    with pytest.raises(CancelledError):  # it waits for a rendering to begin
        pending.let_renderings_pass(lambda: True)
    with pending.rendering(), pytest.raises(CancelledError):  # and to end
        pending.let_renderings_pass(lambda: True)
    pending.let_renderings_pass(lambda: True)
    PREVIEWS.discard(preview)


def test_a_small_picture_is_halved_while_it_has_the_pixels_of_the_frame() -> None:
    photo = Photo(np.ones((401, 600, 3), np.float32), SRGB)
    frames = {(100, 150): (100, 150), (101, 150): (200, 300), (300, 400): (401, 600)}
    for frame, shape in frames.items():
        region = Region((4010, 6000), frame, (0, frame[0]), (0, frame[1]))
        made = reduced(photo, region)
        assert made is not None and made.pixels.shape[:2] == shape
    assert reduced(photo, Region((4010, 6000), (402, 600), (0, 402), (0, 600))) is None


def test_a_pyramid_halves_by_means() -> None:
    pixels = np.random.default_rng(0).random((1801, 2001, 3), np.float32)
    levels = pyramid(pixels)
    assert levels[0] is pixels and [level.shape[:2] for level in levels[1:]] == [(900, 1000)]
    np.testing.assert_allclose(levels[1][5, 7], pixels[10:12, 14:16].mean((0, 1)), rtol=1e-5)
    assert len(pyramid(pixels[:100, :100])) == 1


@pytest.mark.usefixtures("small_network")
def test_the_window_responds_while_a_large_photo_is_opened_and_rendered(
    window: Any, until: Until, large_jpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def brighter(photo: Any, *_: Any) -> Any:
        """Replaces rendering twelve megapixels; the test is about the window."""
        return photo.with_pixels(photo.pixels * np.float32(2))

    opened = threading.Event()

    def held_back(path: Path, *options: Any) -> Any:
        """Reads once the layer has been added, which takes some versions of napari longer than reading."""
        assert threading.current_thread() is not threading.main_thread() and opened.wait(60)
        return read(path, *options)

    read = files.read
    monkeypatch.setattr(files, "read", held_back)
    monkeypatch.setattr("llflow_photo.explore.fullsize.render_full_size", brighter)
    viewer = window.viewer
    _add_small_pyramid(window, until)  # OpenGL compiles its programs at the first one
    usual = _add_small_pyramid(window, until)
    pulse = Pulse()
    window.settings.control("strength").value = 0.5
    (layer,) = viewer.open(str(large_jpeg), plugin="llflow-photo")
    assert layer.data[0].shape == (4000, 3000, 3)
    assert not isinstance(layer.data[0], np.ndarray)  # the pixels are being read
    opened.set()
    window.fit()
    until(lambda: isinstance(layer.data[0], np.ndarray))
    opened_in = pulse.stop()
    assert layer.metadata[KEY].facts.metadata.exif is not None
    monkeypatch.setattr(files, "read", read)
    until(lambda: "large preview" in viewer.layers and not window.preview.newest.busy)
    pulse = Pulse()
    window.apply.apply_button.click()
    until(lambda: "large enhanced" in viewer.layers and not window.work.running)
    applied_in = pulse.stop()
    assert viewer.layers["large enhanced"].multiscale
    np.testing.assert_allclose(layer.data[0][2000, 1500] * 255, (20, 20, 29), atol=12)
    # Reading in the GUI thread would block the window for seconds. Adding a layer of any size takes napari
    # some time, above all with software OpenGL: 0.6 s with napari 0.6.6, 0.1 to 0.2 s with 0.9.2. Nothing
    # else may take long; `benchmarks/panel.py` measures how long the window really does not respond.
    assert max(opened_in, applied_in) < max(0.6, 3.0 * usual), (opened_in, applied_in, usual)


@pytest.mark.usefixtures("small_network")
def test_the_pixels_are_read_after_the_first_preview(
    window: Any, until: Until, large_jpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode, read, rendered, before = RenderCache.encoded_small, files.read, threading.Event(), []

    def encode_later(*given: Any) -> Any:
        made = encode(*given)
        time.sleep(0.1)
        rendered.set()
        return made

    def note(path: Path, *options: Any) -> Any:
        before.append(rendered.is_set())
        return read(path, *options)

    monkeypatch.setattr("napari_plugin.pending._BEGINS_WITHIN_S", 60.0)
    monkeypatch.setattr("napari_plugin.pending._ENDS_WITHIN_S", 60.0)
    monkeypatch.setattr(RenderCache, "encoded_small", encode_later)
    monkeypatch.setattr(files, "read", note)
    (layer,) = window.viewer.open(str(large_jpeg), plugin="llflow-photo")
    window.fit()  # before, a part of the photo is visible for which the small picture does not suffice
    until(lambda: isinstance(layer.data[0], np.ndarray) and not window.preview.newest.busy)
    assert before == [True]
    assert window.preview.rendering.region.frame > (400, 400)  # of the pixels


@pytest.mark.usefixtures("small_network")
def test_adding_a_preview_does_not_change_the_selection_for_a_moment(window: Any, until: Until) -> None:
    layers = window.viewer.layers
    night, preview = layers["night"], layers["night preview"]
    layers.selection.active = night
    seen: list[Any] = []
    layers.selection.events.active.connect(lambda event: seen.append(event.value))
    made = add_above(window.viewer, night, np.zeros((8, 8, 3), np.uint8), "above")
    assert layers.index(made) == layers.index(night) + 1 and layers.selection.active == night
    layers.selection = {night, preview}
    seen.clear()
    other = add_above(window.viewer, night, np.zeros((8, 8, 3), np.uint8), "above")
    assert set(layers.selection) == {night, preview} and not seen
    for layer in (made, other):
        layers.remove(layer)


@pytest.mark.usefixtures("small_network")
def test_the_first_preview_does_not_wait_for_the_pixels(
    window: Any, until: Until, large_jpeg: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, release, repaired = files.read, threading.Event(), []

    def held_back(path: Path, *options: Any) -> Any:
        assert release.wait(60)
        return read(path, *options)

    def repair(pixels: np.ndarray, **_given: Any) -> tuple[np.ndarray, int]:
        repaired.append(pixels.shape)
        return pixels, 0

    monkeypatch.setattr(files, "read", held_back)
    monkeypatch.setattr("llflow_photo.explore.encoded.repaired", repair)
    (layer,) = window.viewer.open(str(large_jpeg), plugin="llflow-photo")
    window.fit()
    until(lambda: window.preview.rendering is not None)
    coarse, number = window.preview.rendering, window.photos.subject(layer).number
    assert not isinstance(layer.data[0], np.ndarray)
    assert coarse.region.photo == (4000, 3000) and coarse.region.is_whole
    window.settings.control("strength").value = 0.5  # takes effect before the pixels are there
    until(lambda: window.preview.rendering.options.strength == 0.5)
    assert not isinstance(layer.data[0], np.ndarray) and not repaired
    coarse = window.preview.rendering
    release.set()
    until(lambda: isinstance(layer.data[0], np.ndarray) and not window.preview.newest.busy)
    fine = window.preview.rendering
    assert fine.region.shape > coarse.region.shape and fine.region.photo == coarse.region.photo
    assert window.photos.subject(layer).number == number  # what was begun was continued
    assert len(repaired) == 1
    means = [rendering.histograms[0].shares @ np.arange(BINS) / BINS for rendering in (coarse, fine)]
    np.testing.assert_allclose(*means, atol=0.01)  # the same part of the photo
    assert window.photos.subject(layer).photo.metadata.exif is not None


def _add_small_pyramid(window: Any, until: Until) -> float:
    """The longest time the GUI thread is busy while napari adds a small layer."""
    viewer, pulse = window.viewer, Pulse()
    levels = [np.full((side, side, 3), 0.05, np.float32) for side in (64, 32)]
    layer = viewer.add_image(levels, rgb=True, multiscale=True, name="small")
    until(lambda: "small preview" in viewer.layers and not window.preview.newest.busy)
    busy = pulse.stop()
    viewer.layers.remove(layer)
    until(lambda: "small preview" not in viewer.layers)
    return busy


@pytest.mark.usefixtures("small_network")
def test_a_photo_too_small_for_a_pyramid_opens_in_a_thread_too(
    window: Any, until: Until, tmp_path: Path, messages: list[str]
) -> None:
    path = tmp_path / "two.jpg"
    Image.new("RGB", (1600, 1200), (30, 20, 10)).save(path)
    (layer,) = window.viewer.open(str(path), plugin="llflow-photo")
    until(lambda: isinstance(layer.data[0], np.ndarray))
    assert [level.shape for level in layer.data] == [(1200, 1600, 3)]
    until(lambda: "two preview" in window.viewer.layers and not window.preview.newest.busy)
    assert not messages


def test_a_large_file_that_cannot_be_read_gives_an_error_and_no_layer(
    make_napari_viewer: Any, until: Until, large_jpeg: Path, tmp_path: Path, messages: list[str]
) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(large_jpeg.read_bytes()[:200_000])
    viewer = make_napari_viewer()
    try:
        viewer.open(str(broken), plugin="llflow-photo")
    except Exception:  # rejected immediately
        return
    until(lambda: not viewer.layers)
    assert any("broken.jpg" in message for message in messages)


def test_a_photo_that_is_removed_is_not_read(
    make_napari_viewer: Any,
    until: Until,
    large_jpeg: Path,
    monkeypatch: pytest.MonkeyPatch,
    messages: list[str],
) -> None:
    removed, read = threading.Event(), []
    monkeypatch.setattr(opening, "small_picture", lambda *_, **__: removed.wait(60) and None)
    monkeypatch.setattr(files, "read", read.append)
    viewer = make_napari_viewer()
    (layer,) = viewer.open(str(large_jpeg), plugin="llflow-photo")
    viewer.layers.remove(layer)
    removed.set()
    until(lambda: not opening._work().running)
    assert not read and not messages


def test_slices_of_a_large_level_are_taken_from_the_preview() -> None:
    preview = np.random.default_rng(1).random((30, 40, 3), np.float32)
    pending = PendingPixels((1200, 1600, 3))
    pending.show(preview)
    np.testing.assert_array_equal(pending[80:120:20, 400:440:40, :], preview[2:3, 10:11][[0, 0]])
    assert pending[:40, :40, 1].shape == (40, 40)

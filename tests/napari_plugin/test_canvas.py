"""The preview covers the visible region: tested with drawn frames and napari's `corner_pixels`."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_plugin.photo_choice import photo_of
from napari_plugin.view import camera, grid

Until = Callable[..., None]


@pytest.fixture
def large_photo() -> np.ndarray:
    """900 x 1400 x 3, uint8: a ramp and noise, so that all places differ."""
    y, x = np.mgrid[0:900, 0:1400]
    picture = np.stack([10 + 40 * x / 1400, 10 + 30 * y / 900, np.full(x.shape, 25.0)], -1)
    picture += np.random.default_rng(2).normal(0, 6, picture.shape)
    return np.clip(picture, 0, 255).astype(np.uint8)


def _at_rest(panel: Any, until: Until) -> None:
    """Wait until the view was drawn and has stopped moving, and the preview is up to date."""
    end = time.monotonic() + 0.35
    until(lambda: time.monotonic() > end)
    until(lambda: not panel.preview.newest.busy)


def _canvas(viewer: Any) -> Any:
    """napari's canvas (private API, used by tests only)."""
    return getattr(viewer, "__wrapped__", viewer).window._qt_viewer.canvas


def _seen(panel: Any, layer: Any) -> tuple[np.ndarray, np.ndarray]:
    """The visible region of a layer according to the canvas: (y, x) of two corners, in its pixels."""
    canvas = _canvas(panel.viewer)
    names = ("_viewbox_corners_in_world", "_canvas_corners_in_world")  # napari 0.9 and before
    corners = next(getattr(canvas, name) for name in names if hasattr(canvas, name))
    low, high = (np.asarray(layer.world_to_data(at[-2:])) for at in corners)
    shape = np.array(layer.data.shape[:2])
    return np.clip(low, -0.5, shape - 0.5), np.clip(high, -0.5, shape - 0.5)


def _covered(panel: Any) -> bool:
    """Whether the preview covers the visible region at the resolution of the screen or the photo."""
    if panel.preview.rendering is None:
        return False
    layer, region = panel.photo.value, panel.preview.rendering.region
    low, high = _seen(panel, layer)
    first = np.array(region.offset) - np.array(region.step) / 2
    last = first + np.array(region.shape) * region.step
    finest = max(1.0, 1.0 / (camera(panel.viewer).zoom * panel.canvas.pixel_ratio))
    around = (last - first) - (high - low)
    return bool(
        (first <= low + 1e-6).all()
        and (last >= high - 1e-6).all()
        and np.allclose(region.step, finest, rtol=0.01)
        and (around <= 2 * 48 * finest).all()  # 32 pixels of context, and the 8 of the latent's grid
    )


def test_the_preview_of_each_photo_lies_right_above_it(
    window: Any, until: Until, large_photo: np.ndarray
) -> None:
    layers = window.viewer.layers
    layers.selection.active = layers["night"]
    window.viewer.add_image(large_photo, rgb=True, name="second")
    until(lambda: "second preview" in layers and not window.preview.newest.busy)
    assert window.photo.value.name == "second"
    assert [layer.name for layer in layers] == ["night", "night preview", "second", "second preview"]
    assert photo_of(layers["night preview"], window.viewer) == layers["night"]
    assert window.preview.layer == layers["second preview"]
    first = layers["night preview"].data
    window.settings.control("exposure_ev").value = 3.0
    _at_rest(window, until)
    assert layers["night preview"].data is first  # only the current photo's is rendered
    shot = window.viewer.screenshot(canvas_only=True, flash=False)[..., :3]
    assert shot[shot.shape[0] // 2, shot.shape[1] // 2].mean() > 2 * large_photo.mean()
    layers.move(0, 4)  # the first photo above all: its preview follows it
    until(lambda: [layer.name for layer in layers][-2:] == ["night", "night preview"])
    assert [layer.name for layer in layers][:2] == ["second", "second preview"]
    layers["second"].visible = False
    assert not layers["second preview"].visible
    layers.remove("second")
    until(lambda: [layer.name for layer in layers] == ["night", "night preview"])


def test_settings_belong_to_their_photo(window: Any, until: Until, large_photo: np.ndarray) -> None:
    window.settings.control("exposure_ev").value = 1.0
    window.viewer.add_image(large_photo, rgb=True, name="second")
    assert window.settings.control("exposure_ev").value == 1.0  # a new photo starts with the current settings
    window.settings.control("exposure_ev").value = -0.5
    window.photo.value = window.viewer.layers["night"]
    assert window.settings.control("exposure_ev").value == 1.0
    window.photo.value = window.viewer.layers["second"]
    assert window.settings.control("exposure_ev").value == -0.5
    _at_rest(window, until)
    assert window.preview.rendering.options.exposure_ev == -0.5


def test_the_visible_region_is_previewed_after_every_move(
    window: Any, until: Until, large_photo: np.ndarray
) -> None:
    viewer = window.viewer
    viewer.add_image(large_photo, rgb=True, name="large")
    viewer.reset_view()
    until(lambda: _covered(window))

    def wheel() -> None:
        canvas = _canvas(viewer)
        canvas.view.camera.zoom(0.5, center=(300, 300))  # as by the mouse wheel

    moves: list[Callable[[], Any]] = [
        wheel,
        lambda: setattr(camera(viewer), "center", (0, 200, 300)),
        lambda: setattr(camera(viewer), "zoom", 3.0),
        viewer.reset_view,
        window.full_resolution,
        lambda: viewer.window.resize(900, 620),
        lambda: viewer.window.resize(1700, 900),
        window.fit,
    ]
    for move in moves:
        move()
        _at_rest(window, until)
        until(lambda: _covered(window))


def test_nothing_is_rendered_if_the_photo_is_not_visible(window: Any, until: Until) -> None:
    before = window.preview.rendering
    camera(window.viewer).center = (0, 5000, 5000)
    _at_rest(window, until)
    assert window.preview.rendering is before
    window.view_panel.buttons["fit"].click()
    until(lambda: _covered(window))


def test_fit_shows_the_whole_photo_and_no_more(window: Any, until: Until, large_photo: np.ndarray) -> None:
    layer = window.viewer.add_image(large_photo, rgb=True, name="large", scale=(0.25, 0.25))
    camera(window.viewer).zoom = 40
    window.view_panel.buttons["fit"].click()
    _at_rest(window, until)
    low, high = _seen(window, layer)
    assert (low == -0.5).all() and (high == np.array(large_photo.shape[:2]) - 0.5).all()
    height, width = (np.array(large_photo.shape[:2]) * 0.25 * camera(window.viewer).zoom).tolist()
    assert max(height / window.canvas.widget.height(), width / window.canvas.widget.width()) > 0.95


def test_side_by_side_fits_both_and_restores_the_view(
    window: Any, until: Until, large_photo: np.ndarray
) -> None:
    viewer = window.viewer
    viewer.add_image(large_photo, rgb=True, name="large")
    window.settings.control("exposure_ev").value = 3.0
    window.fit()
    _at_rest(window, until)
    zoom, center = camera(viewer).zoom, camera(viewer).center
    window.compare_mode.value = "Side by side"
    _at_rest(window, until)
    assert [layer.name for layer in viewer.layers if layer.visible] == ["large", "large preview"]
    shot = viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)
    half = shot.shape[1] // 2
    left, right = shot[:, :half].max(-1), shot[:, half:].max(-1)
    for part in (left, right):  # the photo is entirely visible
        rows, columns = np.flatnonzero((part > 6).any(1)), np.flatnonzero((part > 6).any(0))
        assert rows[0] > 0 and rows[-1] < part.shape[0] - 1
        assert columns[-1] - columns[0] > 0.9 * half
    middle = slice(shot.shape[0] // 2 - 20, shot.shape[0] // 2 + 20)
    assert right[middle].mean() > 1.5 * left[middle].mean()  # before left, after right
    window.compare_mode.value = "Off"
    assert not grid(viewer).enabled and all(layer.visible for layer in viewer.layers)
    assert camera(viewer).zoom == pytest.approx(zoom) and camera(viewer).center == pytest.approx(center)


def test_side_by_side_stays_so_when_layers_are_moved(
    window: Any, until: Until, large_photo: np.ndarray
) -> None:
    viewer = window.viewer
    viewer.add_image(large_photo, rgb=True, name="large")
    _at_rest(window, until)
    window.compare_mode.value = "Side by side"
    _at_rest(window, until)

    def place() -> tuple[int, int]:
        boxes, index = grid(viewer), viewer.layers.index(window.photo.value)
        try:
            return tuple(boxes.position(index, viewer.layers))
        except TypeError:  # before napari 0.8
            return tuple(boxes.position(index, len(viewer.layers)))

    assert place() == (0, 0)
    viewer.layers.move(viewer.layers.index("night"), len(viewer.layers))  # now the photo is the first of all
    until(lambda: place() == (0, 0), 10)
    _at_rest(window, until)
    assert place() == (0, 0) and [layer.name for layer in viewer.layers if layer.visible] == [
        "large", "large preview",
    ]  # fmt: skip


@pytest.mark.parametrize("live", [True, False])
def test_the_split_and_the_preview_follow_a_moved_photo(
    window: Any, until: Until, large_photo: np.ndarray, live: bool
) -> None:
    photo = window.viewer.add_image(large_photo, rgb=True, name="large")
    _at_rest(window, until)
    window.full_resolution()
    window.live.value = live
    window.compare_mode.value = "Split line"
    until(lambda: window.compare.layer is not None)
    _at_rest(window, until)
    for name, value in (("translate", (60.0, 200.0)), ("scale", (3.0, 3.0))):
        setattr(photo, name, value)
        _at_rest(window, until)
        assert not live or _covered(window)
        low, _ = _seen(window, photo)
        split = window.compare.layer
        first = np.asarray(photo.world_to_data(split.data_to_world((-0.5, -0.5))))
        assert (first <= low + 1e-6).all() and (first >= low - 2 * 48).all()


def test_the_split_is_drawn_over_the_preview(window: Any, until: Until, dark_photo: np.ndarray) -> None:
    window.settings.control("exposure_ev").value = 3.0
    window.fit()
    window.compare_mode.value = "Split line"
    until(lambda: window.compare.layer is not None)
    _at_rest(window, until)
    shot = window.viewer.screenshot(canvas_only=True, flash=False)[..., :3].astype(float)
    height, width = shot.shape[:2]
    row = slice(height // 2 - 15, height // 2 + 15)
    before, after = (
        shot[row, width // 2 - 150 : width // 2 - 30],
        shot[row, width // 2 + 30 : width // 2 + 150],
    )
    assert after.mean() > 1.5 * before.mean()

"""The choice of the current photo: renamed, deleted and selected layers, results, unsupported layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from napari.layers import Layer

from llflow_photo.engine.latent import Latent
from napari_plugin.compare import SIDE_BY_SIDE, SPLIT
from napari_plugin.photo_choice import photo_of
from napari_plugin.view import camera, is_at_full_resolution, show_at_full_resolution

Until = Callable[..., None]
pytestmark = pytest.mark.usefixtures("small_network")


def _shown(widget: Any) -> list[str]:
    return [widget.photo.itemText(row) for row in range(widget.photo.count())]


@pytest.fixture
def applied(widget: Any, until: Until) -> Any:
    """The panel with a full-size result, the layer "night enhanced"."""
    widget.apply.apply_button.click()
    until(lambda: "night enhanced" in widget.viewer.layers and not widget.work.running)
    return widget


def test_a_result_is_never_chosen_automatically(applied: Any) -> None:
    layers = applied.viewer.layers
    assert applied.photo.value == layers["night"]
    assert not applied.apply.bar.text()  # it does not say "0%" although the result is there
    layers["night"].name = "zebra"
    layers["night enhanced"].name = "another name"
    assert applied.photo.value == layers["zebra"]
    assert _shown(applied) == ["zebra", "another name (result)"]
    layers.remove("zebra")
    assert applied.photo.value is None and _shown(applied) == ["another name (result)"]


def test_a_result_can_be_chosen_and_knows_its_photo(applied: Any, until: Until) -> None:
    layers = applied.viewer.layers
    result = layers["night enhanced"]
    assert photo_of(result, applied.viewer) == layers["night"]
    applied.photo.activated.emit(applied.photo.findText("night enhanced (result)"))
    assert applied.photo.value == result
    until(lambda: "night enhanced preview" in layers and not applied.preview.newest.busy)
    layers.selection.active = layers["night preview"]
    assert applied.photo.value == layers["night"]


def test_selecting_a_layer_makes_it_current(widget: Any, dark_photo: np.ndarray) -> None:
    layers = widget.viewer.layers
    widget.viewer.add_image(dark_photo, rgb=True, name="second")
    assert widget.photo.value.name == "second"
    layers.selection.active = layers["night"]
    assert widget.photo.value.name == "night" and widget.photo.currentText() == "night"
    widget.viewer.add_labels(np.zeros((5, 5), int))
    assert widget.photo.value.name == "night"


def test_changing_a_control_hides_the_result_over_the_preview(applied: Any) -> None:
    result = applied.viewer.layers["night enhanced"]
    assert result.visible
    applied.settings.control("exposure_ev").value = 0.5
    assert not result.visible and applied.preview.layer.visible


def test_a_gray_stack_is_rejected_with_a_reason(
    make_napari_viewer: Any, until: Until, messages: list[str]
) -> None:
    viewer = make_napari_viewer()
    viewer.add_image(np.zeros((3, 40, 50)), name="stack")
    _, made = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    assert made.photo.value is None
    assert "'stack' is a gray stack of 3 dimensions" in made.view_panel.status
    made.apply.apply_button.click()
    assert any("add one plane of it" in message for message in messages)
    made.shut_down()


@pytest.mark.parametrize("shape", [(120, 160), (120, 160, 3), (2, 120, 160)])
def test_a_mask_of_booleans_is_not_offered(
    widget: Any, messages: list[str], qtbot: Any, shape: tuple[int, ...]
) -> None:
    mask = widget.viewer.add_image(np.zeros(shape, bool), rgb=shape[-1] == 3, name="mask")
    assert widget.photo.value.name == "night" and _shown(widget) == ["night"]
    assert "mask" not in widget.artifacts.target.choices
    widget.viewer.layers.selection.active = mask
    qtbot.wait(200)  # longer than a preview takes to begin
    assert widget.photo.value.name == "night" and not messages
    widget.viewer.layers.remove("night")
    assert widget.photo.value is None and not widget.view_panel.status


def test_a_new_photo_starts_with_the_brightness_that_the_user_set(
    widget: Any, dark_photo: np.ndarray
) -> None:
    brightness = widget.settings.control("brightness")
    brightness.value = -0.3
    widget.choose(Latent(5, 0.8, brightness=0.5))
    widget.choose(Latent(6, 0.8, brightness=0.7))
    for name in ("second", "third"):
        widget.viewer.add_image(dark_photo, rgb=True, name=name)
        assert widget.photo.value.name == name and brightness.value == -0.3
        widget.photo.value = widget.viewer.layers["night"]
        assert brightness.value == 0.7
    brightness.value = 0.2
    widget.viewer.add_image(dark_photo, rgb=True, name="fourth")
    assert brightness.value == 0.2


def test_undo_brings_back_which_brightness_new_photos_start_with(widget: Any, dark_photo: np.ndarray) -> None:
    brightness = widget.settings.control("brightness")
    widget.choose(Latent(5, 0.8, brightness=0.5))
    widget.steps.settle()
    brightness.value = 1.0
    widget.steps.settle()
    widget.steps.undo()
    assert brightness.value == 0.5
    widget.viewer.add_image(dark_photo, rgb=True, name="second")
    assert brightness.value == 0.0


def test_two_panels_have_different_current_photos(widget: Any, until: Until, dark_photo: np.ndarray) -> None:
    from napari_plugin.widget import EnhanceWidget

    other = EnhanceWidget(widget.viewer.__wrapped__)
    other.live.value = False
    widget.viewer.add_image(dark_photo, rgb=True, name="second")
    other.photo.value = widget.viewer.layers["night"]
    assert widget.photo.value.name == "second" and other.photo.value.name == "night"
    assert [layer.name for layer in other.photo.choices] == ["night", "second"]
    other.shut_down()
    other.deleteLater()


def test_the_device_is_the_same_for_all_photos(widget: Any, dark_photo: np.ndarray) -> None:
    widget.viewer.add_image(dark_photo, rgb=True, name="second")
    widget.settings.control("device").value = "cpu"
    widget.viewer.layers.selection.active = widget.viewer.layers["night"]
    assert widget.photo.value.name == "night" and widget.settings.control("device").value == "cpu"


def test_a_copy_of_a_photo_has_its_own_results(applied: Any, until: Until) -> None:
    layers = applied.viewer.layers
    copy = Layer.create(*layers["night"].as_layer_data_tuple())
    copy.name = "copy"
    layers.append(copy)
    assert applied.photo.value == copy
    assert photo_of(layers["night enhanced"], applied.viewer) == layers["night"]
    applied.apply.apply_button.click()
    until(lambda: "copy enhanced" in layers and not applied.work.running)
    assert photo_of(layers["copy enhanced"], applied.viewer) == copy


@pytest.mark.parametrize("mode", [SPLIT, SIDE_BY_SIDE])
def test_a_new_result_does_not_cover_a_comparison(widget: Any, until: Until, mode: str) -> None:
    layers = widget.viewer.layers
    until(lambda: "night preview" in layers and not widget.preview.newest.busy)
    widget.compare_mode.value = mode
    if mode == SPLIT:
        until(lambda: "Before" in layers)
    widget.apply.apply_button.click()
    until(lambda: "night enhanced" in layers and not widget.work.running)
    if mode == SPLIT:
        assert layers[-1].name == "Before"
    else:
        assert not layers["night enhanced"].visible


def test_a_photo_scaled_by_its_affine_has_the_same_full_resolution(
    widget: Any, dark_photo: np.ndarray
) -> None:
    zooms = []
    for placed in ({"scale": (0.25, 0.25)}, {"affine": np.diag([0.25, 0.25, 1.0])}):
        layer = widget.viewer.add_image(dark_photo, rgb=True, **placed)
        show_at_full_resolution(widget.viewer, layer)
        zooms.append(camera(widget.viewer).zoom)
        assert is_at_full_resolution(widget.viewer, layer)
    assert zooms == [4.0, 4.0]


def test_full_resolution_shows_a_photo_that_is_out_of_view(widget: Any, dark_photo: np.ndarray) -> None:
    viewer = widget.viewer
    layer = viewer.add_image(dark_photo, rgb=True, name="far", translate=(5000, -9000))
    for size in (None, (400, 300)):
        camera(viewer).center = (0.0, 0.0, 0.0)
        show_at_full_resolution(viewer, layer, size)
        center = np.asarray(layer.world_to_data(camera(viewer).center[-2:]))
        np.testing.assert_allclose(center, (59.5, 79.5), atol=1.0)
    camera(viewer).center = (0.0, 5100.0, -8990.0)
    show_at_full_resolution(viewer, layer)
    assert tuple(camera(viewer).center[-2:]) == (5100.0, -8990.0)


def test_a_result_of_another_frame_does_not_cover_the_preview(
    widget: Any, until: Until, dark_photo: np.ndarray
) -> None:
    viewer = widget.viewer
    viewer.add_image(np.stack([dark_photo, dark_photo[::-1]]), rgb=True, name="stack")
    viewer.dims.set_current_step(0, 0)
    widget.apply.apply_button.click()
    until(lambda: "stack enhanced" in viewer.layers and not widget.work.running)
    assert viewer.layers["stack enhanced"].visible
    viewer.dims.set_current_step(0, 1)
    assert not viewer.layers["stack enhanced"].visible

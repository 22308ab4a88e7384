"""The panel: all controls and buttons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from llflow_photo.engine.latent import Blend, Latent
from llflow_photo.options import Options
from napari_plugin.photo_choice import ROLE
from napari_plugin.settings import help_of
from napari_plugin.view import camera, grid

Until = Callable[..., None]


def _idle(widget: Any) -> Callable[[], bool]:
    return lambda: not widget.preview.newest.busy and not widget.work.running


def _change(widget: Any, until: Until, act: Callable[[], Any]) -> Any:
    """Perform an action and wait for the resulting rendering."""
    before = widget.preview.rendering
    act()
    until(lambda: widget.preview.rendering is not before and not widget.preview.newest.busy)
    return widget.preview.rendering


def test_the_preview_lies_over_the_photo_and_is_brighter(widget: Any, dark_photo: np.ndarray) -> None:
    rendering, layer = widget.preview.rendering, widget.preview.layer
    assert rendering.image.shape == dark_photo.shape
    assert rendering.image.mean() > 1.5 * dark_photo.mean()
    source = widget.viewer.layers["night"]
    np.testing.assert_allclose(layer.extent.world, source.extent.world, atol=1)
    assert widget.photo.value == source
    assert layer not in [choice for choice in widget.photo.choices]
    assert widget.viewer.layers.selection.active == source


def test_controls_have_the_defaults_and_descriptions_of_the_options(widget: Any) -> None:
    assert widget.options() == Options(model=widget.options().model)
    for field in fields(Options):
        assert len(help_of(field.name)) > 15 and "``" not in help_of(field.name)
    for name in (
        "temperature",
        "grain",
        "brightness",
        "exposure_ev",
        "strength",
        "seed",
        "model",
        "device",
    ):
        assert widget.settings.control(name).tooltip.endswith(help_of(name))
    assert "No effect" in widget.settings.control("seed").tooltip  # at temperature 0
    assert not widget.settings.control("seed").isEnabled()
    widget.settings.control("temperature").value = 0.5
    assert widget.settings.control("seed").isEnabled() and widget.settings.control("grain").enabled
    assert widget.settings.control("seed").tooltip == help_of("seed")


def test_each_control_changes_the_preview(widget: Any, until: Until, dark_photo: np.ndarray) -> None:
    start = widget.preview.rendering.image
    bright = _change(widget, until, lambda: setattr(widget.settings.control("exposure_ev"), "value", 1.0))
    assert bright.image.mean() > start.mean() * 1.15
    _change(widget, until, lambda: setattr(widget.settings.control("exposure_ev"), "value", 0.0))
    none = _change(widget, until, lambda: setattr(widget.settings.control("strength"), "value", 0.0))
    np.testing.assert_allclose(none.image, dark_photo, atol=2e-3)
    _change(widget, until, lambda: setattr(widget.settings.control("strength"), "value", 1.0))
    noisy = _change(widget, until, lambda: setattr(widget.settings.control("temperature"), "value", 0.8))
    assert np.abs(noisy.image - start).mean() > 1e-3
    other = _change(widget, until, widget.settings.dice.click)
    assert other.latent.seed != noisy.latent.seed
    lighter = _change(widget, until, lambda: setattr(widget.settings.control("brightness"), "value", 0.8))
    assert lighter.image.mean() > other.image.mean() * 1.05
    calm = _change(widget, until, lambda: setattr(widget.settings.control("denoise_only"), "value", True))
    assert calm.image.mean() < 0.6 * lighter.image.mean()


def test_fast_sliders_end_at_the_last_value(widget: Any, until: Until) -> None:
    control = widget.settings.control("temperature")
    for value in np.linspace(0.1, 1.2, 40):
        control.value = float(value)
    until(_idle(widget))
    assert widget.preview.rendering.latent.temperature == pytest.approx(1.2)


def test_drawing_picking_locking_and_drawing_around(widget: Any, until: Until) -> None:
    panel, gallery = widget.explore, widget.explore.gallery
    panel.count.value = 4
    widget.settings.control("temperature").value = 0.8
    panel.buttons["draw"].click()
    until(lambda: gallery.count() == 4 and all(not gallery.item(n).icon().isNull() for n in range(4)))
    assert len({entry.latent.seed for entry in gallery.entries}) == 4
    made = _change(widget, until, lambda: gallery.setCurrentRow(3))
    chosen = gallery.entries[3].latent
    assert made.latent == chosen
    assert chosen.temperature == pytest.approx(0.8) and chosen.brightness == 0.5
    assert widget.settings.control("temperature").value == pytest.approx(0.8)
    assert widget.settings.control("brightness").value == 0.5
    assert widget.settings.control("seed").value == chosen.seed
    assert widget.settings.control("grain").value == 0.0
    panel.buttons["lock"].click()
    panel.buttons["around"].click()
    until(lambda: all(not gallery.item(n).icon().isNull() for n in range(gallery.count())))
    assert gallery.count() == 4 and gallery.entries[0].latent == chosen
    assert "locked" in gallery.item(0).text()
    assert all(isinstance(entry.latent, Blend) for entry in gallery.entries[1:])
    picked = _change(widget, until, lambda: gallery.setCurrentRow(2))
    assert isinstance(picked.latent, Blend) and "%" in widget.view_panel.status
    back = _change(widget, until, lambda: setattr(widget.settings.control("seed"), "value", 5))
    assert isinstance(back.latent, Latent) and back.latent.seed == 5 and not widget.view_panel.status


def test_interpolation_mean_and_disagreement(widget: Any, until: Until) -> None:
    panel, gallery = widget.explore, widget.explore.gallery
    assert not panel.position.enabled
    panel.count.value = 3
    panel.buttons["draw"].click()
    until(lambda: gallery.count() == 3 and all(not gallery.item(n).icon().isNull() for n in range(3)))
    dark = _change(widget, until, lambda: gallery.setCurrentRow(0))
    panel.buttons["first"].click()
    bright = _change(widget, until, lambda: gallery.setCurrentRow(2))
    panel.buttons["second"].click()
    assert panel.position.enabled
    between = _change(widget, until, lambda: setattr(panel.position, "value", 0.5))
    assert isinstance(between.latent, Blend)
    assert dark.image.mean() < between.image.mean() < bright.image.mean()
    for name, shape in (("mean", (120, 160, 3)), ("disagreement", (120, 160))):
        before = len(widget.viewer.layers)
        widget.statistics.buttons[name].click()
        until(lambda before=before: len(widget.viewer.layers) > before)
        layer = widget.viewer.layers[-1]
        assert layer.data.shape == shape and layer.metadata["renderings"] == 3
        assert ROLE in layer.metadata
    assert layer.data.max() > 0.02
    gallery.setCurrentRow(0)
    panel.buttons["lock"].click()
    panel.buttons["draw"].click()
    assert gallery.first is not None and gallery.second is None  # B was not locked
    assert not panel.position.enabled


def test_the_split_shows_the_photo_on_the_left(widget: Any, until: Until, dark_photo: np.ndarray) -> None:
    widget.compare_mode.value = "Split line"
    until(lambda: widget.compare.layer is not None)
    assert widget.viewer.layers[-1] == widget.compare.layer
    widget.split.value = 0.25
    left = widget.compare.layer.data
    assert left.shape == (120, 40, 3)
    np.testing.assert_allclose(left[:, :30] / 255, dark_photo[:, :30], atol=1 / 500)
    assert (left[:, -2:] == 255).all()
    widget.compare_mode.value = "Side by side"
    assert grid(widget.viewer).enabled and "Before" not in widget.viewer.layers
    widget.compare_mode.value = "Off"
    assert not grid(widget.viewer).enabled


def test_the_split_line_can_be_dragged(widget: Any, until: Until) -> None:
    from types import SimpleNamespace

    widget.compare_mode.value = "Split line"
    until(lambda: widget.compare.layer is not None)
    event = SimpleNamespace(type="mouse_press", position=(60.0, 80.0))
    drag = widget.compare._drag(widget.viewer, event)
    next(drag)
    assert not camera(widget.viewer).mouse_pan
    event.type, event.position = "mouse_move", (60.0, 120.0)
    next(drag)
    assert widget.split.value == pytest.approx(0.75, abs=0.01)
    event.type = "mouse_release"
    assert next(drag, None) is None
    assert camera(widget.viewer).mouse_pan
    event.type, event.position = "mouse_press", (60.0, 10.0)
    assert list(widget.compare._drag(widget.viewer, event)) == []


def test_holding_before_hides_the_preview(widget: Any) -> None:
    before = widget.view_panel.buttons["before"]
    before.pressed.emit()
    assert not widget.preview.layer.visible and widget.viewer.layers["night"].visible
    before.released.emit()
    assert widget.preview.layer.visible


def test_layers_that_are_no_photos_cannot_be_chosen(widget: Any) -> None:
    widget.viewer.add_labels(np.zeros((5, 5), int))
    widget.viewer.add_image(np.zeros((3, 5, 5)), name="stack")
    assert [layer.name for layer in widget.photo.choices] == ["night"]


def test_a_new_photo_becomes_the_current_one(widget: Any, until: Until) -> None:
    small = np.full((64, 48, 3), 30, np.uint8)
    made = _change(widget, until, lambda: widget.viewer.add_image(small, rgb=True, name="second"))
    assert widget.photo.value.name == "second"
    assert made.region.photo == (64, 48)


def test_edited_pixels_are_rendered_again(widget: Any, until: Until) -> None:
    made = _change(
        widget,
        until,
        lambda: setattr(widget.viewer.layers["night"], "data", np.full((80, 96, 3), 0.05, np.float32)),
    )
    assert made.region.photo == (80, 96)


def test_without_a_photo_buttons_show_a_message(
    make_napari_viewer: Any, until: Until, messages: list[str]
) -> None:
    viewer = make_napari_viewer()
    _, made = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    for button in (
        *made.explore.buttons.values(),
        *made.view_panel.buttons.values(),
        made.apply.apply_button,
        made.apply.save_button,
    ):
        button.click()
    made.artifacts.button.click()
    made.settings.control("temperature").value = 0.5
    for mode in ("Split line", "Side by side", "Off"):
        made.compare_mode.value = mode
    assert any("Open a photo first" in message for message in messages)
    assert not made.work.running
    made.shut_down()


def test_coarse_regions_are_not_taken_for_those_without_repair(widget: Any) -> None:
    _, subject = widget.subject()
    region, options = widget.preview.rendering.region, widget.options()
    coarse = widget.cache.encoded(subject, region, options, lambda: False, coarse=True)
    unrepaired = widget.cache.encoded(subject, region, replace(options, remove_specks=False), lambda: False)
    assert coarse is not unrepaired
    assert widget.cache.encoded(subject, region, options, lambda: False, coarse=True) is coarse

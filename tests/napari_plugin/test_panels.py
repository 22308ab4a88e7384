"""Two windows with one panel each, two panels in one window, and a panel that is closed and reopened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import open_panel
from PIL import Image

from napari_plugin.widget import EnhanceWidget

Until = Callable[..., None]


def _photo(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(np.full((40, 60, 3), 25, np.uint8)).save(folder / "a.png")
    return folder


@pytest.mark.usefixtures("small_network")
def test_two_windows_are_independent(
    window: Any, make_napari_viewer: Any, dark_photo: np.ndarray, until: Until
) -> None:
    other = open_panel(make_napari_viewer(show=True), dark_photo, until)
    window.settings.control("exposure_ev").value = 2.0
    until(lambda: window.preview.rendering.options.exposure_ev == 2.0)
    assert other.preview.rendering.options.exposure_ev == 0.0
    assert len(other.viewer.layers) == len(window.viewer.layers) == 2
    other.shut_down()
    until(lambda: not other.work.running)
    window.settings.control("exposure_ev").value = 0.0
    until(lambda: window.preview.rendering.options.exposure_ev == 0.0 and not window.preview.newest.busy)


def test_previews_of_two_panels_in_one_window_stay_above_their_photo(
    window: Any, until: Until, qtbot: Any
) -> None:
    viewer, other = window.viewer, EnhanceWidget(window.viewer)
    viewer.window.add_dock_widget(other, name="Second panel")
    until(lambda: len(viewer.layers) == 3 and not other.preview.newest.busy)
    moved: list[str] = []
    viewer.layers.events.reordered.connect(moved.append)
    viewer.layers.move(0, 3)
    until(lambda: viewer.layers[0].name == "night")
    qtbot.wait(500)
    assert len(moved) <= 5  # each panel moves its preview once, instead of displacing the other's forever
    other.settings.control("strength").value = 0.5
    until(lambda: other.preview.rendering.options.strength == 0.5)
    assert window.preview.rendering.options.strength == 1.0
    viewer.window.remove_dock_widget(other)
    until(lambda: len(viewer.layers) == 2 and not other.work.running)


def test_a_panel_without_a_photo_offers_nothing_to_undo_or_to_stop(
    make_napari_viewer: Any, small_network: None, until: Until, dark_photo: np.ndarray
) -> None:
    viewer = make_napari_viewer()
    _, made = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    buttons = made.view_panel.buttons
    stop = made.explore.buttons["stop"]
    assert not any(one.isEnabled() for one in (buttons["undo"], buttons["redo"], stop))
    viewer.add_image(dark_photo, rgb=True, name="night")
    made.explore.buttons["draw"].click()
    assert stop.isEnabled()
    until(lambda: not stop.isEnabled())
    made.shut_down()
    until(lambda: not made.work.running)


def test_a_closed_panel_can_be_reopened_with_its_folder(window: Any, tmp_path: Path, until: Until) -> None:
    viewer, folder = window.viewer, _photo(tmp_path)
    window.batch.folder.value = folder
    until(lambda: window.folder_view.states)
    window.folder_view.open("a.png")
    window.settings.control("strength").value = 0.5
    viewer.window.remove_dock_widget(window)
    until(lambda: not window.work.running)
    _, again = viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    assert again is not window
    again.batch.folder.value = folder
    until(lambda: again.folder_view.states)
    assert again.folder_view.strip.marks("a.png") == {"edited"}
    again.folder_view.open("a.png")
    assert len([layer for layer in viewer.layers if layer.name == "a"]) == 1  # it is already open
    until(lambda: again.preview.rendering is not None and not again.preview.newest.busy)
    again.shut_down()
    until(lambda: not again.work.running)


@pytest.mark.usefixtures("small_network")
def test_drawing_again_after_a_pick_keeps_the_variety(widget: Any) -> None:
    panel, gallery, control = widget.explore, widget.explore.gallery, widget.settings.control

    def drawn() -> float:
        """The highest temperature of a newly drawn grid."""
        panel.buttons["draw"].click()
        return float(max(entry.latent.temperature for entry in gallery.entries))

    control("temperature").value = 1.2
    first = drawn()
    for row, picked in ((0, first), (4, 0.0), (8, first)):  # a dark one, the best guess, and a bright one
        gallery.setCurrentRow(row)
        assert control("temperature").value == picked
        assert drawn() == first
    control("temperature").value = 0.5
    assert drawn() == 0.5


def test_a_long_status_does_not_push_controls_out_of_the_panel(window: Any, qtbot: Any) -> None:
    inner, viewport = window.scroll_area.widget(), window.scroll_area.viewport()
    text = " + ".join(f"{number}% seed {number}000" for number in range(20))
    window.view_panel.show_message(text)
    qtbot.wait(100)  # layouts are updated by events
    assert inner.width() <= viewport.width()
    assert window.view_panel.status == text

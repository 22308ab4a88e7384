"""Random interaction: all controls in random order, layers deleted and windows closed during jobs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from napari_plugin.compare import MODES
from napari_plugin.view import camera

Until = Callable[..., None]
_ACTIONS = 300


class Monkey:
    """Performs random user actions."""

    def __init__(self, widget: Any, folder: Path, seed: int) -> None:
        self.widget = widget
        self.folder = folder
        self.rng = np.random.default_rng(seed)
        self.actions: list[Callable[[], Any]] = [
            self.slider, self.slider, self.slider, self.switch, self.button, self.button, self.pick,
            self.interpolate, self.compare, self.split, self.zoom, self.pan, self.add_layer,
            self.remove_layer, self.edit_layer, self.hide_layer, self.choose_photo, self.choose_target,
            self.tab, self.what, self.select, self.batch, self.save,
        ]  # fmt: skip
        self.buttons = [
            *widget.explore.buttons.values(), *widget.statistics.buttons.values(), widget.settings.dice,
            *widget.view_panel.buttons.values(), widget.apply.apply_button, widget.apply.cancel_button,
            widget.artifacts.button, widget.artifacts.cancel_button, widget.batch.cancel_button,
        ]  # fmt: skip

    def act(self) -> str:
        action = self.pick_from(self.actions)
        action()
        return str(action.__name__)

    def pick_from(self, choices: Any) -> Any:
        return list(choices)[int(self.rng.integers(len(choices)))]

    def slider(self) -> None:
        names = ("temperature", "grain", "brightness", "exposure_ev", "strength", "seed")
        control = self.widget.settings.control(self.pick_from(names))
        control.value = type(control.value)(self.rng.uniform(control.min, min(control.max, 1000)))

    def switch(self) -> None:
        name = self.pick_from(("protect_highlights", "denoise_only", "live"))
        control = self.widget.live if name == "live" else self.widget.settings.control(name)
        control.value = not control.value

    def button(self) -> None:
        self.pick_from(self.buttons).click()

    def pick(self) -> None:
        gallery = self.widget.explore.gallery
        gallery.setCurrentRow(int(self.rng.integers(-1, max(1, gallery.count()))))

    def interpolate(self) -> None:
        self.widget.explore.position.value = float(self.rng.random())
        self.widget.explore.spread.value = float(self.rng.uniform(0.05, 1))
        self.widget.explore.count.value = int(self.rng.integers(2, 5))

    def compare(self) -> None:
        self.widget.compare_mode.value = self.pick_from(MODES)

    def split(self) -> None:
        self.widget.split.value = float(self.rng.random())

    def zoom(self) -> None:
        camera(self.widget.viewer).zoom = float(self.rng.uniform(0.5, 9))

    def pan(self) -> None:
        camera(self.widget.viewer).center = (0.0, *self.rng.uniform(-20, 120, 2))

    def add_layer(self) -> None:
        viewer, shape = self.widget.viewer, self.rng.integers(9, 90, 2)
        if len(viewer.layers) > 8:
            return
        kind = int(self.rng.integers(4))
        if kind == 0:
            viewer.add_labels(np.zeros(shape, int))
        elif kind == 1:
            viewer.add_image(self.rng.random(shape, np.float32))
        elif kind == 2:
            viewer.add_points(np.zeros((2, 2)))
        else:
            viewer.add_image(self.rng.integers(0, 60, (*shape, 3), np.uint8), rgb=True, scale=(0.5, 0.5))

    def remove_layer(self) -> None:
        layers = self.widget.viewer.layers
        if layers and self.rng.random() < 0.7:
            layers.remove(self.pick_from(layers))

    def edit_layer(self) -> None:
        photo = self.widget.photo.value
        if photo is not None and photo.rgb:
            photo.data = np.asarray(photo.data)[::-1].copy()

    def hide_layer(self) -> None:
        layers = self.widget.viewer.layers
        if layers:
            layer = self.pick_from(layers)
            layer.visible = not layer.visible

    def choose_photo(self) -> None:
        if self.widget.photo.choices:
            self.widget.photo.value = self.pick_from(self.widget.photo.choices)

    def choose_target(self) -> None:
        self.widget.artifacts.target.value = self.pick_from(self.widget.artifacts.target.choices)

    def tab(self) -> None:
        self.widget.tabs.setCurrentIndex(int(self.rng.integers(3)))

    def what(self) -> None:
        self.widget.apply.what.value = self.pick_from(self.widget.apply.what.choices)

    def select(self) -> None:
        layers = self.widget.viewer.layers
        layers.selection.active = self.pick_from(layers) if layers else None

    def batch(self) -> None:
        self.widget.batch.folder.value = self.folder
        self.widget.batch.output.value = self.folder.parent / "results"
        self.widget.batch.run_button.click()

    def save(self) -> None:
        self.widget.apply.save(self.folder.parent / f"saved{int(self.rng.integers(3))}.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "photos"
    made.mkdir()
    Image.fromarray(np.full((24, 32, 3), 20, np.uint8)).save(made / "one.png")
    return made


def test_random_actions_cause_no_errors(
    widget: Any, until: Until, qtbot: Any, folder: Path, messages: list[str]
) -> None:
    monkey = Monkey(widget, folder, seed=4)
    done: list[str] = []
    with qtbot.captureExceptions() as exceptions:
        for _ in range(_ACTIONS):
            done.append(monkey.act())
            qtbot.wait(int(monkey.rng.integers(1, 30)))
            assert not exceptions, (done[-5:], exceptions)
        widget.explore.buttons["stop"].click()
        widget.apply.cancel_button.click()
        widget.artifacts.cancel_button.click()
        widget.batch.cancel_button.click()
        until(lambda: not widget.work.running and not widget.preview.newest.busy)
    assert not exceptions
    assert len(set(done)) == len(set(monkey.actions))
    unplain = [message for message in messages if "Error" in message or "see the log" in message]
    assert not unplain
    widget.viewer.layers.clear()
    widget.compare_mode.value = "Off"
    before = widget.preview.rendering
    widget.viewer.add_image(np.full((64, 64, 3), 20, np.uint8), rgb=True, name="after it all")
    widget.live.value = True
    until(lambda: widget.preview.rendering is not None and widget.preview.rendering is not before)
    assert widget.preview.rendering.region.photo == (64, 64)


_KINDS = ("preview", "draw", "mean", "artifacts", "apply", "batch", "save")


def _begin(widget: Any, until: Until, folder: Path, kind: str) -> None:
    """Start one type of job, and return when it has started; it may already have ended."""
    begun: list[str] = []
    start = widget.work.start

    def counted(title: str, *arguments: Any, **options: Any) -> Any:
        begun.append(title)
        return start(title, *arguments, **options)

    widget.work.start = counted
    try:
        _ask_for(widget, until, folder, kind)
        until(lambda: begun)
    finally:
        widget.work.start = start


def _ask_for(widget: Any, until: Until, folder: Path, kind: str) -> None:
    if kind == "save":
        widget.apply.apply_button.click()
        until(lambda: "night enhanced" in widget.viewer.layers)
        widget.apply.save(folder.parent / "saved.tif")
    elif kind == "mean":
        widget.explore.count.value = 3
        widget.explore.buttons["draw"].click()
        widget.statistics.buttons["mean"].click()
        widget.statistics.buttons["disagreement"].click()
    elif kind == "batch":
        widget.batch.folder.value = folder
        widget.batch.run_button.click()
    elif kind == "preview":
        widget.settings.control("temperature").value = 0.9
    else:
        button = {"draw": widget.explore.buttons["draw"], "artifacts": widget.artifacts.button,
                  "apply": widget.apply.apply_button}[kind]  # fmt: skip
        button.click()


@pytest.mark.parametrize("kind", _KINDS)
def test_the_viewer_is_closed_during_each_kind_of_job(
    widget: Any, until: Until, qtbot: Any, folder: Path, messages: list[str], kind: str
) -> None:
    with qtbot.captureExceptions() as exceptions:
        _begin(widget, until, folder, kind)
        work = widget.work
        widget.viewer.close()
        until(lambda: not work.running)
    assert not exceptions
    assert not [message for message in messages if "Error" in message]


def test_layers_are_deleted_during_each_kind_of_job(
    widget: Any, until: Until, qtbot: Any, folder: Path, dark_photo: np.ndarray, messages: list[str]
) -> None:
    with qtbot.captureExceptions() as exceptions:
        for kind in _KINDS:
            _begin(widget, until, folder, kind)
            widget.viewer.layers.clear()
            until(lambda: not widget.work.running and not widget.preview.newest.busy)
            assert not widget.viewer.layers or kind == "apply", kind
            widget.viewer.layers.clear()
            widget.viewer.add_image(dark_photo, rgb=True, name="night")
            widget.live.value = True
            until(lambda: widget.preview.rendering is not None and not widget.preview.newest.busy)
    assert not exceptions
    assert not [message for message in messages if "Error" in message]

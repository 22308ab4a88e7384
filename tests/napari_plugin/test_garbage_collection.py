"""Garbage collections while a panel is open: they search few objects, and removed layers are freed."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from conftest import open_panel

Until = Callable[..., None]


@pytest.fixture
def ready(window: Any, until: Until) -> Any:
    """The panel with its model loaded."""
    until(lambda: not window.work.running and gc.get_freeze_count() > 0)
    return window


@pytest.fixture
def by_itself() -> Iterator[None]:
    """Python collects nothing by itself, so that it is not left to chance."""
    gc.disable()
    yield
    gc.enable()


def _weak(layer: Any) -> weakref.ref[Any]:
    return weakref.ref(getattr(layer, "__wrapped__", layer))


def test_removing_a_layer_searches_few_objects(ready: Any) -> None:
    everything = len(gc.get_objects()) + gc.get_freeze_count()
    added = ready.viewer.add_image(np.zeros((20, 20)))
    searched: list[int] = []
    ready.viewer.layers.events.removed.connect(lambda _event: searched.append(len(gc.get_objects())))
    ready.viewer.layers.remove(added)
    assert everything > 150_000
    assert searched[0] < everything / 4


@pytest.mark.parametrize("before", [True, False], ids=["opened before the panel", "opened later"])
def test_the_memory_of_removed_layers_is_freed(
    ready: Any, until: Until, dark_photo: np.ndarray, before: bool, by_itself: None
) -> None:
    viewer = ready.viewer
    if before:
        layer = viewer.layers["night"]
    else:
        layer = viewer.add_image(dark_photo.copy(), rgb=True, name="later")
        until(lambda: ready.preview.rendering is not None and not ready.preview.newest.busy)
    alive = _weak(layer)
    viewer.layers.remove(layer)
    del layer
    until(lambda: alive() is None, 60)
    until(lambda: gc.get_freeze_count() > len(gc.get_objects()), 60)


def test_a_layer_that_a_job_still_uses_is_freed_after_it(ready: Any, until: Until, by_itself: None) -> None:
    layer = ready.viewer.layers["night"]
    alive, end = _weak(layer), time.monotonic() + 2.5

    def use(_job: Any, used: Any = layer) -> None:
        while time.monotonic() < end:
            time.sleep(0.02)

    ready.work.start("Use the layer", use, lambda _none: None)
    del use
    ready.viewer.layers.remove(layer)
    del layer
    until(lambda: time.monotonic() > end, 60)
    until(lambda: alive() is None, 60)
    until(lambda: gc.get_freeze_count() > 0, 60)


def test_layers_removed_before_the_model_is_loaded_are_freed(
    ready: Any, until: Until, by_itself: None
) -> None:
    ready.collections.close()
    viewer = ready.viewer
    layer = viewer.add_image(np.zeros((20, 20)), name="early")
    collections = type(ready.collections)(viewer)
    alive = _weak(layer)
    viewer.layers.remove(layer)
    del layer
    collections.start()
    until(lambda: alive() is None and gc.get_freeze_count() > 0, 60)
    collections.close()
    ready.collections = type(ready.collections)(viewer)  # closed with the panel


def test_closing_the_last_of_two_panels_ends_it(
    ready: Any, until: Until, make_napari_viewer: Any, dark_photo: np.ndarray
) -> None:
    other = open_panel(make_napari_viewer(show=True), dark_photo, until)
    until(lambda: not other.work.running)
    other.shut_down()
    assert gc.get_freeze_count() > 0
    ready.shut_down()
    assert gc.get_freeze_count() == 0


def test_removing_the_dock_of_a_panel_ends_it(ready: Any, until: Until) -> None:
    ready.viewer.window.remove_dock_widget(ready)
    until(lambda: gc.get_freeze_count() == 0, 60)

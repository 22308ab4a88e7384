"""Garbage collections while a panel is open: they search few objects, and removed layers are freed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

Until = Callable[..., None]


@pytest.fixture
def ready(window: Any, until: Until) -> Any:
    """The panel with its model loaded."""
    until(lambda: not window.work.running)
    return window


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
    ready: Any, until: Until, dark_photo: np.ndarray, before: bool
) -> None:
    viewer = ready.viewer
    if before:
        layer = viewer.layers["night"]
    else:
        layer = viewer.add_image(dark_photo.copy(), rgb=True, name="later")
        until(lambda: ready.preview.rendering is not None and not ready.preview.newest.busy)
    alive = weakref.ref(getattr(layer, "__wrapped__", layer))
    viewer.layers.remove(layer)
    del layer
    gc.disable()  # what is collected is not left to chance
    try:
        until(lambda: alive() is None, 60)
    finally:
        gc.enable()
    until(lambda: gc.get_freeze_count() > 0)
    assert len(gc.get_objects()) < gc.get_freeze_count()


def test_closing_the_last_panel_ends_it(ready: Any, until: Until) -> None:
    assert gc.get_freeze_count() > 0
    _, other = ready.viewer.window.add_plugin_dock_widget("llflow-photo", "Enhance a night photo")
    until(lambda: not other.work.running)
    if other is not ready:
        other.shut_down()
        assert gc.get_freeze_count() > 0
    ready.shut_down()
    assert gc.get_freeze_count() == 0

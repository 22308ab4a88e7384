"""The finish options have controls, and these affect the rendering."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qtpy.QtWidgets import QLabel

from llflow_photo.options import Options
from napari_plugin.settings import PICTURE


def test_finish_controls_start_with_the_defaults_of_options(widget: Any) -> None:
    plain = Options()
    for name in ("texture", "local_exposure", "color_smoothing", "look", "remove_specks"):
        assert widget.settings.control(name).value == getattr(plain, name), name
        assert widget.settings.control(name).tooltip
    assert PICTURE[:5] == ("strength", "exposure_ev", "brightness", "texture", "local_exposure")


@pytest.mark.usefixtures("small_network")
def test_rows_have_labels(widget: Any) -> None:
    labels = {label.text() for label in widget.findChildren(QLabel)}
    assert {"Photo", "Preset", "Look", "Model", "Device", "Seed", "Compare"} <= labels


@pytest.mark.parametrize(
    ("name", "value"), [("texture", 0.0), ("look", "standard"), ("remove_specks", False)]
)
def test_finish_controls_affect_the_preview(
    widget: Any, until: Callable[..., None], name: str, value: Any
) -> None:
    before = widget.preview.rendering
    widget.settings.control(name).value = value
    until(lambda: widget.preview.rendering is not before and not widget.preview.newest.busy)
    assert getattr(widget.preview.rendering.options, name) == value
    if name == "look":
        assert abs(widget.preview.rendering.image - before.image).max() > 0.01

"""Controls of the finish are among the photographer's and change what is rendered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from llflow_photo.options import Options
from napari_plugin.settings import PICTURE


def test_texture_light_and_look_begin_as_options_has_them(widget: Any) -> None:
    plain = Options()
    for name in ("texture", "local_exposure", "color_smoothing", "look", "remove_specks"):
        assert widget.settings.control(name).value == getattr(plain, name), name
        assert widget.settings.control(name).tooltip
    assert PICTURE[:5] == ("strength", "exposure_ev", "brightness", "texture", "local_exposure")


@pytest.mark.parametrize(
    ("name", "value"), [("texture", 0.0), ("look", "standard"), ("remove_specks", False)]
)
def test_a_control_of_the_finish_reaches_the_preview(
    widget: Any, until: Callable[..., None], name: str, value: Any
) -> None:
    before = widget.preview.rendering
    widget.settings.control(name).value = value
    until(lambda: widget.preview.rendering is not before and not widget.preview.newest.busy)
    assert getattr(widget.preview.rendering.options, name) == value
    if name == "look":
        assert abs(widget.preview.rendering.image - before.image).max() > 0.01

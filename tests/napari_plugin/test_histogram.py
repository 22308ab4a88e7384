"""Histograms: shares and clipping, and the histogram of the panel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_plugin.histogram import histogram_of

Until = Callable[..., None]


def test_shares_and_clipping_are_counted() -> None:
    image = np.full((10, 10, 3), 0.5, np.float32)
    image[0] = 0.0
    image[1, :, 0] = 1.5
    image[2, :5] = (0.0, 0.0, 0.4)  # black in two channels is not clipped
    found = histogram_of(image)
    assert (found.black, found.white) == (pytest.approx(0.1), pytest.approx(0.1))
    np.testing.assert_allclose(found.shares.sum(1), 1.0)
    assert found.shares[0, 63] == pytest.approx(0.1) and found.shares[1, 32] == pytest.approx(0.85)


@pytest.mark.usefixtures("small_network")
def test_the_panel_s_histogram_follows_the_preview(widget: Any, until: Until) -> None:
    until(lambda: "white" in widget.histogram.text)
    before = widget.histogram.text
    widget.settings.control("protect_highlights").value = False
    widget.settings.control("exposure_ev").value = 3.0
    until(lambda: widget.histogram.text != before)
    until(lambda: not widget.work.running and not widget.preview.newest.busy)
    black, white = (part.split()[1] for part in widget.histogram.text.split(", "))
    rendered = histogram_of(widget.preview.rendering.image)
    assert float(white.rstrip("%")) == pytest.approx(100 * rendered.white, abs=1.5)
    assert float(black.rstrip("%")) == pytest.approx(100 * rendered.black, abs=1.5)

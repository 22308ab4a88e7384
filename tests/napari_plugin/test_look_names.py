"""Names of renderings by their relative appearance."""

from __future__ import annotations

import numpy as np

from napari_plugin.naming import names_of


def test_names_describe_brightness_and_warmth() -> None:
    middle = np.full((4, 6, 3), 0.4)
    images = [middle * 0.6, middle, middle * 1.1, middle * (1.06, 1.0, 0.94), middle * (0.9, 1.0, 1.1)]
    assert names_of(images) == ["much darker", "in the middle", "brighter", "warmer", "much cooler"]
    assert names_of([middle]) == ["in the middle"]
    assert names_of([]) == []

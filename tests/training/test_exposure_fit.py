"""Exposure rules fitted to photos, and to all but some of them."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from llflow_photo.flow import exposure
from llflow_photo.training.exposure import fit_on_photos, fit_without_each


def _photos() -> list[np.ndarray]:
    small = np.random.default_rng(0).integers(40, 200, (2, 6, 9, 3), np.uint8)
    one, two = (np.asarray(Image.fromarray(x).resize((96, 64), Image.Resampling.BICUBIC)) for x in small)
    return [one, two, one // 2]


def test_a_rule_without_a_photo_is_the_one_fitted_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposure, "_STEPS", 40)
    photos = _photos()
    rules = fit_without_each(photos, parts=2, nights=3)
    assert rules[0] == rules[2] != rules[1]
    alone = fit_without_each(photos[:1], nights=3)
    assert alone == [fit_on_photos(photos[:1], nights=3).rule]
    changed = fit_without_each([photos[0], photos[1] // 3, photos[2]], parts=2, nights=3)
    assert changed[1] == rules[1], "the second photo's own rule must not depend on it"
    assert changed[0] != rules[0]

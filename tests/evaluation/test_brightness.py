"""Measuring the brightness option."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.engine.gain_path import synthetic_view
from llflow_photo.evaluation.brightness import SETTINGS, brightness_curve, spearman


def test_spearman_is_one_for_any_rising_curve_and_minus_one_for_any_falling() -> None:
    x = np.linspace(-2, 3, 9)
    assert spearman(x, np.exp(x)) == pytest.approx(1)
    assert spearman(x, -(x**3)) == pytest.approx(-1)
    assert np.isnan(spearman(x, np.ones(9)))


def test_spearman_with_ties_is_that_of_mean_ranks() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 1.125, variances 1.125 and 1.25.
    assert spearman([1, 2, 2, 5], [1, 2, 3, 4]) == pytest.approx(1.125 / np.sqrt(1.125 * 1.25))


def test_brightness_rises_with_its_setting_on_an_unseen_view() -> None:
    from llflow_photo.api import load_enhancer

    curve = brightness_curve(load_enhancer(device="cpu").encode(synthetic_view(21, 64, 64)))
    assert np.isfinite(curve).all() and spearman(SETTINGS, curve) >= 0.95
    assert curve.min() < -0.5 and curve.max() > 0.4
    assert curve[np.flatnonzero(SETTINGS == 0)] == pytest.approx(0)

"""Medians by bin."""

from __future__ import annotations

import numpy as np

from llflow_photo.color.binned import median_by_bin


def test_medians_are_those_of_each_bin() -> None:
    random = np.random.default_rng(0)
    values, bins = random.normal(size=(50, 60)), random.integers(0, 5, (50, 60))
    bins[bins == 3] = 2
    bins[0, 0] = 4
    medians = median_by_bin(values, bins, 7, enough=10)
    for index in (0, 1, 2, 4):
        assert medians[index] == np.median(values[bins == index])
    assert np.isnan(medians[[3, 5, 6]]).all()
    assert np.isnan(median_by_bin(values, bins, 7, enough=5000)).all()

"""Ranges of the training inputs, for a model's card."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from llflow_photo.errors import TrainingDataError
from llflow_photo.training.input_ranges import input_ranges, simulated_input_ranges


def test_simulated_nights_reach_from_seven_stops_under_to_well_exposed() -> None:
    photos = [np.asarray(data.astronaut()), np.asarray(data.coffee())]
    darkest, brightest = simulated_input_ranges(photos, nights=20)["exposure_ev"]
    assert darkest < -4.0
    assert -1.5 < brightest < 1.5


def test_ranges_of_files(tmp_path: Path) -> None:
    for value in (10, 118):
        Image.new("RGB", (8, 8), (value,) * 3).save(tmp_path / f"{value}.png")
    darkest, brightest = input_ranges(sorted(tmp_path.iterdir()))["exposure_ev"]
    assert brightest == pytest.approx(0.0, abs=0.2)
    assert darkest < brightest - 3.0
    with pytest.raises(TrainingDataError, match="no photos"):
        input_ranges([])


def test_the_range_of_colors_reaches_down_to_a_frame_of_one_color(tmp_path: Path) -> None:
    for number, color in enumerate([(90, 90, 90), (90, 80, 70), (0, 0, 90)]):
        Image.new("RGB", (8, 8), color).save(tmp_path / f"{number}.png")
    lowest, highest = input_ranges(sorted(tmp_path.iterdir()))["channel_ratio"]
    assert lowest < 0.05
    assert highest == pytest.approx(1.0, abs=0.05)

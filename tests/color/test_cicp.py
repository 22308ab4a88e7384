"""Code points against anchors of the recommendations that define them."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.color.cicp import CodePoints, understand
from llflow_photo.color.spaces import DISPLAY_P3, LINEAR_SRGB, REC2020_LINEAR, SRGB


@pytest.mark.parametrize(
    ("numbers", "space"),
    [
        ((1, 13), SRGB),
        ((2, 2), SRGB),
        ((12, 13), DISPLAY_P3),
        ((1, 8), LINEAR_SRGB),
        ((9, 8), REC2020_LINEAR),
    ],
)
def test_spaces_with_a_name(numbers: tuple[int, int], space: object) -> None:
    meaning = understand(CodePoints(*numbers))
    assert meaning is not None and meaning.to_linear is None and meaning.space == space


@pytest.mark.parametrize(
    ("transfer", "encoded", "linear"),
    [
        (16, 0.5806889, 1.0),  # ST 2084: 203 cd/m2
        (16, 1.0, 10000 / 203),
        (16, 0.5080784, 100 / 203),
        (18, 0.75, 1.0),  # BT.2408: diffuse white at 75 % of the signal
        (18, 1.0, 1000 / 203),
        (1, 0.5, 0.2596),  # BT.709
        (14, 0.04, 0.04 / 4.5),
        (7, 0.5, 0.2653),
        (17, 1.0, 52.37 / 48),
    ],
)
def test_curves(transfer: int, encoded: float, linear: float) -> None:
    meaning = understand(CodePoints(9, transfer))
    assert meaning is not None and meaning.to_linear is not None
    assert meaning.space == REC2020_LINEAR
    pixels = np.full((1, 2, 3), encoded, np.float32)
    np.testing.assert_allclose(meaning.to_linear(pixels), linear, rtol=5e-3)
    assert meaning.to_linear(pixels).dtype == np.float32


def test_hlg_keeps_hue_and_raises_contrast() -> None:
    """The system gamma of 1.2 works on luminance: the ratio of channels stays that of the scene."""
    meaning = understand(CodePoints(9, 18))
    assert meaning is not None and meaning.to_linear is not None
    red, green, _ = meaning.to_linear(np.array([[[0.5, 0.25, 0.25]]], np.float32))[0, 0]
    assert red / green == pytest.approx(4.0, rel=1e-4)


@pytest.mark.parametrize("numbers", [(3, 13), (10, 13), (1, 0), (1, 9), (200, 200)])
def test_numbers_that_are_not_known(numbers: tuple[int, int]) -> None:
    assert understand(CodePoints(*numbers)) is None

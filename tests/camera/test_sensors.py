"""Cameras' colors."""

from __future__ import annotations

import numpy as np
import pytest

from llflow_photo.camera.sensors import CAMERAS, ILLUMINANTS, XYZ_FROM_SRGB, Camera, mixed_camera
from llflow_photo.evaluation.night import _EVALUATED_CAMERAS


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
def test_matrices_keep_gray_and_invert(camera: Camera) -> None:
    np.testing.assert_allclose(camera.camera_from_srgb.sum(1), 1.0, atol=1e-6)
    np.testing.assert_allclose(camera.camera_from_srgb @ camera.srgb_from_camera, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(camera.srgb_from_camera.sum(1), 1.0, atol=1e-5)
    assert camera.srgb_from_camera.min() > -1.4 and np.diag(camera.srgb_from_camera).min() > 1.0
    assert camera.camera_from_srgb.min() > -0.05


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.name)
def test_published_matrices_need_plausible_gains_in_daylight(camera: Camera) -> None:
    """A mistyped coefficient would show: real sensors see D65 white as green, red and blue about a half."""
    red, green, blue = np.array(camera.color_matrix) @ XYZ_FROM_SRGB.sum(1)
    assert 1.6 < green / red < 3.0
    assert 1.1 < green / blue < 2.0


def test_a_mixed_camera_lies_between_real_ones() -> None:
    random = np.random.default_rng(0)
    real = np.array([camera.color_matrix for camera in CAMERAS])
    for _ in range(20):
        mixed = np.array(mixed_camera(random).color_matrix)
        assert (mixed >= real.min(0) - 1e-9).all() and (mixed <= real.max(0) + 1e-9).all()


def test_random_cameras_are_never_the_evaluated_ones() -> None:
    random = np.random.default_rng(1)
    evaluated = [np.array(camera.color_matrix) for camera in _EVALUATED_CAMERAS]
    for _ in range(200):
        mixed = np.array(mixed_camera(random).color_matrix)
        assert min(np.abs(mixed - real).max() for real in evaluated) > 1e-3


def test_warm_lights_need_little_red_and_much_blue() -> None:
    random = np.random.default_rng(0)
    for name, light in ILLUMINANTS.items():
        gains = np.array([light.gains(random) for _ in range(50)])
        assert gains[:, 1].tolist() == [1.0] * 50
        assert gains.min() >= 1.0 and gains[:, 2].max() <= 3.5, name
    assert ILLUMINANTS["sodium"].red[0] == 1.0

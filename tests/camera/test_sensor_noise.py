"""Noise against its own formulas."""

from __future__ import annotations

import math

import numpy as np
import pytest

from llflow_photo.camera.sensor_noise import LOG_SHOT, SensorNoise, read_noise_of, shot_and_read


@pytest.mark.parametrize("signal", [0.0, 0.01, 0.1, 0.6])
def test_variance_grows_with_the_signal(signal: float) -> None:
    noise = SensorNoise(shot=0.003, read=0.004)
    flat = np.full((300, 300), signal, np.float32)
    noisy = noise.applied(flat, np.random.default_rng(1))
    assert noisy.mean() == pytest.approx(signal, abs=4 * math.sqrt(noise.variance(signal) / flat.size))
    assert noisy.var() == pytest.approx(0.003 * signal + 0.004**2, rel=0.03)


def test_read_noise_of_a_shot_noise() -> None:
    assert math.log(read_noise_of(0.0004) ** 2) == pytest.approx(2.18 * math.log(0.0004) + 1.20)
    assert read_noise_of(0.0004) == pytest.approx(3.604e-4, rel=1e-3)


def test_random_noise_spreads_as_stated() -> None:
    random = np.random.default_rng(2)
    drawn = np.array([shot_and_read(random) for _ in range(4000)])
    shot, read = np.log(drawn[:, 0]), np.log(drawn[:, 1] ** 2)
    assert LOG_SHOT[0] <= shot.min() and shot.max() <= LOG_SHOT[1]
    assert shot.mean() == pytest.approx(sum(LOG_SHOT) / 2, abs=0.1)
    residual = read - (2.18 * shot + 1.20)
    assert residual.mean() == pytest.approx(0.0, abs=0.02)
    assert residual.std() == pytest.approx(0.26, rel=0.05)


def test_row_noise_is_common_to_a_row() -> None:
    noisy = SensorNoise(row=0.01).applied(np.full((2000, 8), 0.3, np.float32), np.random.default_rng(3))
    assert np.ptp(noisy, axis=1).max() < 1e-6
    assert noisy[:, 0].std() == pytest.approx(0.01, rel=0.06)


def test_black_error_belongs_to_a_cfa_position() -> None:
    noisy = SensorNoise(black_error=(0.1, 0.2, 0.3, 0.4)).applied(
        np.zeros((6, 8), np.float32), np.random.default_rng(0)
    )
    np.testing.assert_allclose(noisy[:2, :2], [[0.1, 0.2], [0.3, 0.4]], rtol=1e-6)
    np.testing.assert_array_equal(noisy[2:4, 4:6], noisy[:2, :2])


def test_hot_pixels_are_as_many_as_stated() -> None:
    noisy = SensorNoise(hot=1e-3).applied(np.zeros((500, 500), np.float32), np.random.default_rng(4))
    assert np.count_nonzero(noisy) == pytest.approx(250, abs=60)
    assert noisy[noisy > 0].min() >= 0.02

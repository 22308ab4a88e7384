"""Noise of averages of a frame against that of the developed frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from llflow_photo.camera import NightSettings, develop, night
from llflow_photo.camera.averages import averaged_noise, developed_averages
from llflow_photo.camera.curves import srgb_to_linear
from llflow_photo.camera.sensor_noise import SensorNoise
from llflow_photo.camera.simulate import record

LIGHT = 0.18


def _settings(noise: SensorNoise, pattern: str = "RGGB") -> NightSettings:
    """A frame with fine steps, and room for noise below black."""
    return replace(night(0.0, "led"), noise=noise, pattern=pattern, white_level=65535, black_level=4096)


def _developed(settings: NightSettings, shape: tuple[int, int], side: int) -> np.ndarray:
    """Averages of the frame developed by LibRaw, without the outermost ones."""
    light = np.full((*shape, 3), LIGHT, np.float32)
    frame = srgb_to_linear(develop(record(light, settings, np.random.default_rng(1))))
    blocks = frame.reshape(shape[0] // side, side, shape[1] // side, side, 3).mean((1, 3))
    return np.asarray(blocks[1:-1, 1:-1])


def _simulated(settings: NightSettings, shape: tuple[int, int], side: int) -> np.ndarray:
    light = np.full((shape[0] // side, shape[1] // side, 3), LIGHT, np.float32)
    return developed_averages(light, settings, side, np.random.default_rng(2))[1:-1, 1:-1]


@pytest.mark.parametrize("noise", [SensorNoise(read=0.01), SensorNoise(shot=0.002)], ids=["read", "shot"])
@pytest.mark.parametrize("side", [4, 8, 16])
def test_channels_are_as_noisy_as_developed_ones(noise: SensorNoise, side: int) -> None:
    settings, shape = _settings(noise), (512, 512)
    found, expected = _simulated(settings, shape, side), _developed(settings, shape, side)
    np.testing.assert_allclose(found.std((0, 1)), expected.std((0, 1)), rtol=0.08)
    np.testing.assert_allclose(found.mean((0, 1)), expected.mean((0, 1)), atol=0.001)


@pytest.mark.parametrize("side", [4, 16])
def test_row_noise_falls_with_the_root_of_the_rows(side: int) -> None:
    settings, shape = _settings(SensorNoise(read=1e-4, row=0.01)), (4096, 96)
    found, expected = (make(settings, shape, side).mean(1) for make in (_simulated, _developed))
    np.testing.assert_allclose(found.std(0), expected.std(0), rtol=0.25)
    np.testing.assert_allclose(np.corrcoef(found.T), np.corrcoef(expected.T), atol=0.2)
    camera = averaged_noise(
        np.full((4000, 1, 3), LIGHT, np.float32), settings, side, np.random.default_rng(3)
    )
    assert camera[..., 1].std() == pytest.approx(0.01 / side**0.5, rel=0.05)


@pytest.mark.parametrize("pattern", ["RGGB", "GBRG"])
def test_a_black_error_is_a_color_cast(pattern: str) -> None:
    settings = _settings(SensorNoise(read=1e-4, black_error=(0.02, 0.0, 0.005, -0.01)), pattern)
    found, expected = _simulated(settings, (256, 256), 8), _developed(settings, (256, 256), 8)
    np.testing.assert_allclose(found.mean((0, 1)), expected.mean((0, 1)), atol=0.001)
    assert found.std((0, 1)).max() < 0.001


@pytest.mark.parametrize("signal", [0.0, 0.002, 0.01])
def test_what_is_cut_below_black_lifts_means(signal: float) -> None:
    noise = SensorNoise(shot=0.002, read=0.004, black_error=(0.001, 0.0, 0.002, -0.001))
    fine = noise.applied(np.full((600, 600), signal, np.float32), np.random.default_rng(7))
    cut = np.maximum(fine, 0.0)
    expected = (
        cut[::2, ::2].mean(),
        (cut[::2, 1::2].mean() + cut[1::2, ::2].mean()) / 2,
        cut[1::2, 1::2].mean(),
    )
    flat = np.full((300, 300, 3), signal, np.float32)
    coarse = averaged_noise(flat, _settings(noise), 20.0, np.random.default_rng(8))
    np.testing.assert_allclose(coarse.mean((0, 1)), expected, rtol=0.05)

"""A camera's own JPEGs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from skimage import data

from llflow_photo.camera import camera_jpeg, develop, night, random_night, simulate_night_raw
from llflow_photo.camera.jpeg import JPEG_QUALITY, encoded_noise, random_jpeg
from llflow_photo.evaluation.metrics import psnr

LUMA = np.array([0.299, 0.587, 0.114], np.float32)


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(data.coffee()[:96, :128], np.float32) / 255


def test_quality_decides_the_loss(photo: np.ndarray) -> None:
    high, low = (psnr(camera_jpeg(photo, quality), photo) for quality in (98, 75))
    assert high > 36 and 25 < low < high - 4


def test_chroma_is_halved_at_every_quality() -> None:
    stripes = np.zeros((32, 32, 3), np.float32)
    stripes[:, ::2] = (0.55, 0.35, 0.42)
    stripes[:, 1::2] = (0.28, 0.5, 0.38)
    jpeg = camera_jpeg(stripes, 98)
    assert np.ptp(jpeg[..., 0] - jpeg[..., 1], axis=1).max() < 0.1


@pytest.mark.parametrize("noise", [0.0, 0.05, None])
@pytest.mark.parametrize("size", [(32, 40), (31, 41)])
def test_flat_colors_survive(noise: float | None, size: tuple[int, int]) -> None:
    flat = np.full((*size, 3), (0.2, 0.4, 0.6), np.float32)
    np.testing.assert_allclose(camera_jpeg(flat, 98, 1.0, 1.0, noise), flat, atol=2.6 / 255)


@pytest.mark.parametrize("noise", [0.034, None])
def test_noise_reduction_takes_chroma_noise_and_luma_noise(noise: float | None) -> None:
    noisy = 0.4 + np.random.default_rng(0).normal(0, 0.05, (96, 128, 3)).astype(np.float32)
    left = []
    for reduction in (0.0, 0.5, 1.0):
        jpeg = camera_jpeg(noisy, 98, reduction, noise=noise)
        luma = jpeg @ LUMA
        left.append(((jpeg - luma[..., None]).std(), luma.std()))
    chroma, luma = np.array(left).T
    assert chroma[0] > 1.3 * chroma[1] > 1.7 * chroma[2]
    assert luma[0] > luma[1] > luma[2]
    assert chroma[2] < 0.4 * chroma[0] and luma[2] < 0.5 * luma[0]


def test_edges_stay_and_faint_texture_goes() -> None:
    edge = np.full((48, 64, 3), 0.2, np.float32)
    edge[:, 32:] = 0.6
    faint = np.full((48, 64, 3), 0.3, np.float32)
    faint[::4], faint[1::4] = 0.32, 0.31
    kept = camera_jpeg(edge, 98, 1.0, noise=0.03) @ LUMA
    assert kept[24, 33] - kept[24, 30] > 0.37
    assert (camera_jpeg(faint, 98, 1.0, noise=0.03) @ LUMA).std() < 0.4 * (faint @ LUMA).std()


def test_sharpening_overshoots_and_is_cut_at_black() -> None:
    edge = np.full((48, 64, 3), 0.02, np.float32)
    edge[:, 32:] = 0.5
    plain, sharp = (camera_jpeg(edge, 98, sharpening=amount) @ LUMA for amount in (0.0, 1.0))
    assert sharp[24, 32] > plain[24, 32] + 0.05
    assert sharp[24, 31] == 0.0 and sharp[24, 20] == pytest.approx(0.02, abs=0.005)


@pytest.mark.parametrize("exposure_ev", [-1.0, -4.0])
@pytest.mark.parametrize("contrast", [False, True])
def test_encoded_noise_is_that_of_developed_gray(exposure_ev: float, contrast: bool) -> None:
    settings = replace(night(exposure_ev, shot=0.002), contrast=contrast)
    flat = np.full((96, 96, 3), 0.46136, np.float32)  # 0.18 in linear light
    frame = simulate_night_raw(flat, replace(settings, contrast=False), np.random.default_rng(0))
    developed = develop(frame, contrast)[8:-8, 8:-8] @ LUMA
    assert encoded_noise(settings) == pytest.approx(developed.std(), rel=0.5)


def test_random_jpegs_are_processed_the_more_the_noisier() -> None:
    random = np.random.default_rng(0)
    drawn = []
    for _ in range(300):
        settings = random_night(random)
        quality, reduction, sharpening, noise = random_jpeg(random, settings)
        assert JPEG_QUALITY[0] <= quality <= JPEG_QUALITY[1]
        assert 0 <= reduction <= 2.0 and 0 <= sharpening <= 1.2
        assert 0 < noise <= 0.15
        drawn.append((reduction, sharpening, noise))
    reduction, sharpening, noise = np.array(drawn).T
    processed = reduction > 0
    assert 0.4 < 1.0 - processed.mean() < 0.6 and not processed[noise > 0.05].all()
    assert reduction[processed & (noise > 0.05)].min() > 0.5
    assert 0.15 < (sharpening == 0).mean() < 0.35
    noisy = noise > np.median(noise)
    assert reduction[processed & noisy].mean() > reduction[processed & ~noisy].mean()

"""A camera's own JPEGs."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import data

from llflow_photo.camera import camera_jpeg
from llflow_photo.evaluation.metrics import psnr


@pytest.fixture(scope="module")
def photo() -> np.ndarray:
    return np.asarray(data.coffee()[:96, :128], np.float32) / 255


def test_quality_decides_the_loss(photo: np.ndarray) -> None:
    high, low = (psnr(camera_jpeg(photo, quality), photo) for quality in (98, 75))
    assert high > 40 and 25 < low < high - 4


def test_flat_colors_survive_noise_reduction() -> None:
    flat = np.full((32, 40, 3), (0.2, 0.4, 0.6), np.float32)
    np.testing.assert_allclose(camera_jpeg(flat, 98, 1.0), flat, atol=2.1 / 255)


def test_noise_reduction_takes_chroma_noise_before_luma_noise(photo: np.ndarray) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (96, 128, 3)).astype(np.float32)
    flat = np.full_like(noise, 0.4)
    left = []
    for reduction in (0.0, 0.5, 1.0):
        jpeg = camera_jpeg(flat + noise, 98, reduction)
        luma = jpeg @ np.array([0.299, 0.587, 0.114], np.float32)
        left.append(((jpeg - luma[..., None]).std(), luma.std()))
    chroma, luma = np.array(left).T
    assert chroma[0] > 1.5 * chroma[1] > 2 * chroma[2]
    assert luma[0] > luma[1] > luma[2]
    assert chroma[2] / chroma[0] < 0.6 * luma[2] / luma[0]

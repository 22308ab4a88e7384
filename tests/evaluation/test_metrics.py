"""Metrics against scikit-image and their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from llflow_photo.evaluation import align_brightness, gray, psnr, ssim, ssim_map


@pytest.fixture
def pair() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    rows, cols = np.mgrid[:48, :64] / 64
    reference = np.stack([rows, cols, 0.5 + 0.4 * np.sin(20 * rows * cols)], -1)
    image = np.clip(0.8 * reference + 0.05 * random.standard_normal(reference.shape), 0, 1)
    return image.astype(np.float32), reference.astype(np.float32)


def test_ssim_is_scikit_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    image, reference = (x.astype(np.float64) for x in pair)
    expected = structural_similarity(image, reference, channel_axis=2, **settings)
    assert ssim(image, reference) == pytest.approx(expected, abs=1e-6)
    expected = structural_similarity(gray(image), gray(reference), **settings)
    assert ssim(gray(image), gray(reference)) == pytest.approx(expected, abs=1e-6)


def test_ssim_of_equal_images_is_one_and_has_a_gradient(pair: tuple[np.ndarray, np.ndarray]) -> None:
    assert ssim(pair[1], pair[1]) == pytest.approx(1.0)
    first, second = (torch.from_numpy(x).permute(2, 0, 1)[None] for x in pair)
    first.requires_grad_()
    similarity = ssim_map(first, second)
    assert similarity.shape == (1, 3, 38, 54)
    similarity.mean().backward()
    assert first.grad is not None
    assert torch.isfinite(first.grad).all()
    assert first.grad.abs().max() > 0


def test_psnr_is_scikit_images(pair: tuple[np.ndarray, np.ndarray]) -> None:
    expected = peak_signal_noise_ratio(pair[1].astype(float), pair[0].astype(float), data_range=1.0)
    assert psnr(*pair) == pytest.approx(expected, abs=1e-9)
    assert psnr(pair[0], pair[0]) == math.inf
    assert psnr(np.zeros((4, 4, 3)), np.full((4, 4, 3), 0.1)) == pytest.approx(20.0)


def test_alignment_gives_the_references_mean_brightness(pair: tuple[np.ndarray, np.ndarray]) -> None:
    reference = 0.5 * pair[1]
    aligned = align_brightness(0.3 * reference, reference)
    np.testing.assert_allclose(aligned, reference, atol=1e-6)
    assert psnr(aligned, reference) > 80
    white = align_brightness(np.full((4, 4, 3), 0.9, np.float32), np.ones((4, 4, 3), np.float32))
    assert white.max() <= 1.0
    assert np.isfinite(align_brightness(np.zeros((4, 4, 3)), reference[:4, :4])).all()


def test_gray_is_the_luma_of_bt601() -> None:
    assert gray(np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]]))[0] == pytest.approx(
        [0.299, 0.587, 0.114]
    )


@pytest.mark.parametrize("shape", [(11, 200), (96, 64), (400, 20)])
def test_ssim_of_small_and_large_images(shape: tuple[int, int]) -> None:
    """Small images are convolved by matrix products, large ones by convolutions."""
    random = np.random.default_rng(2)
    image, reference = (random.random(shape) for _ in range(2))
    settings = {"gaussian_weights": True, "use_sample_covariance": False, "data_range": 1.0, "win_size": 11}
    _, expected = structural_similarity(image, reference, full=True, **settings)
    inside = expected[5 : shape[0] - 5, 5 : shape[1] - 5]
    assert ssim(image, reference) == pytest.approx(inside.mean(), abs=1e-9)

"""What a camera's own JPEG loses: noise reduction smears, compression drops."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image

__all__ = ["camera_jpeg"]

_CHROMA_PASSES = 4
_FULL_CHROMA_QUALITY = 90


def camera_jpeg(photo: np.ndarray, quality: int, noise_reduction: float = 0.0) -> np.ndarray:
    """A developed photo as a camera's JPEG.

    Noise reduction blends in blurred values: of luma by a binomial filter of 3 pixels, of chroma by four
    passes of it. Chroma is halved in size (4:2:0) below quality 90.

    Args:
        photo: H x W x 3, float, sRGB-encoded, in [0, 1].
        quality: of JPEG, 1 to 100.
        noise_reduction: 0 none, 1 full.

    Returns:
        H x W x 3, float32, in [0, 1], multiples of 1/255.
    """
    if noise_reduction > 0:
        photo = _reduced(photo.astype(np.float32, copy=False), np.float32(noise_reduction))
    pixels = np.rint(np.clip(photo, 0.0, 1.0) * 255.0).astype(np.uint8)
    buffer = io.BytesIO()
    subsampling = 0 if quality >= _FULL_CHROMA_QUALITY else 2
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling=subsampling)
    return np.asarray(Image.open(buffer), dtype=np.float32) / np.float32(255.0)


def _reduced(photo: np.ndarray, amount: np.float32) -> np.ndarray:
    luma = photo @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = photo - luma[..., None]
    smooth = chroma
    for _ in range(_CHROMA_PASSES):
        smooth = _blurred(smooth)
    luma = luma + amount * (_blurred(luma) - luma)
    return np.asarray(luma[..., None] + chroma + amount * (smooth - chroma))


def _blurred(values: np.ndarray) -> np.ndarray:
    """Binomial filter along the first two axes, mirrored at the border; needs 2 x 2 pixels."""
    outer, middle = np.float32(0.25), np.float32(0.5)
    padded = np.pad(values, ((1, 1), (0, 0), *((0, 0),) * (values.ndim - 2)), mode="reflect")
    values = outer * (padded[:-2] + padded[2:]) + middle * padded[1:-1]
    padded = np.pad(values, ((0, 0), (1, 1), *((0, 0),) * (values.ndim - 2)), mode="reflect")
    return np.asarray(outer * (padded[:, :-2] + padded[:, 2:]) + middle * padded[:, 1:-1])

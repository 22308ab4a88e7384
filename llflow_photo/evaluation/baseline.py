"""Baselines without a model: LibRaw's auto-brightness and OpenCV's non-local means."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..errors import LLFlowPhotoError

__all__ = ["auto_bright", "denoised"]


def auto_bright(path: Path) -> np.ndarray:
    """Develop a RAW file with LibRaw's automatic brightness and its default curve.

    LibRaw scales the image so that 1 % of the pixels are clipped.

    Returns:
        H x W x 3, uint8, sRGB primaries, upright.
    """
    import rawpy

    with rawpy.imread(str(path)) as raw:
        result: np.ndarray = raw.postprocess(use_camera_wb=True, no_auto_bright=False, output_bps=8)
    return result


def denoised(pixels: np.ndarray, strength: float) -> np.ndarray:
    """Non-local means in luminance and color (Buades et al. 2011): OpenCV's ``fastNlMeansDenoisingColored``.

    Args:
        pixels: H x W x 3, uint8.
        strength: ``h`` for luminance and color; patches of 7 pixels are searched in windows of 21.

    Raises:
        LLFlowPhotoError: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise LLFlowPhotoError("the baseline needs OpenCV: pip install 'llflow-photo[evaluate]'") from error
    return np.asarray(cv2.fastNlMeansDenoisingColored(pixels, None, strength, strength, 7, 21))

"""Reading the photos of training and evaluation: 8 bits, upright."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from ..errors import TrainingDataError

__all__ = ["read_pixels"]


def read_pixels(path: Path) -> np.ndarray:
    """Read a photo as H x W x 3, uint8, sRGB-encoded, turned as its EXIF orientation says.

    Raises:
        TrainingDataError: the file cannot be read, is too large, or has one channel of more than 8 bits.
    """
    try:
        with Image.open(path) as image:
            if image.mode.startswith(("I", "F")):
                raise TrainingDataError(f"{path} has mode {image.mode}; convert it to an 8-bit photo")
            return np.array(ImageOps.exif_transpose(image).convert("RGB"))
    except Image.DecompressionBombError as error:
        raise TrainingDataError(f"{path} is too large: {error}; scale it down") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise TrainingDataError(f"cannot read {path}: {error}") from error

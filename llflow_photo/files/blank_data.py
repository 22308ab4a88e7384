"""Detection of incomplete transfers: files of the right size with zeros in place of pixel data."""

from __future__ import annotations

import numpy as np

from ..errors import ReadError
from .pillow.heif_boxes import picture_extents
from .pillow.webp_gaps import has_gap

__all__ = ["blank_rows", "check_not_blank"]

# Arithmetic-coded data of AVIF and HEIC never contains so many consecutive zeros.
_ZEROS = bytes(256)
# Share of the rows of an uncompressed image; fewer black rows may be part of the photo.
_BLANK_SHARE, _BLANK_ROWS = 1 / 8, 8


def check_not_blank(data: bytes, kind: str, name: str) -> None:
    """Refuse a WebP, AVIF or HEIC file with a gap in its image data, which decoders fill with other pixels.

    Args:
        data: content of the file.
        kind: ``webp``, ``avif`` or ``heif``.
        name: file name, for messages.

    Raises:
        ReadError: a part of the image is missing.
    """
    if has_gap(data) if kind == "webp" else _has_zeros(data):
        raise ReadError(
            f"{name} is truncated or damaged: a part of its image is missing (zeros instead of data); "
            "copy it again"
        )


def blank_rows(values: np.ndarray) -> list[str]:
    """Notes on rows at one end of an uncompressed image that contain only zeros.

    This is the only sign that the end of such a file is missing. Black bars at both ends are not reported.

    Args:
        values: H x W x C, as stored.
    """
    used = np.asarray(values.any(axis=(1, 2)))
    height = used.size
    if not used.any():
        return ["all pixels of the file are 0; the file may be incomplete"]
    above, below = int(np.argmax(used)), int(np.argmax(used[::-1]))
    count = max(above, below)
    if count < max(_BLANK_ROWS, _BLANK_SHARE * height) or min(above, below) >= _BLANK_ROWS:
        return []
    where = "lowest" if below > above else "uppermost"
    return [f"the {where} {count} of {height} rows contain only zeros; the file may be incomplete"]


def _has_zeros(data: bytes) -> bool:
    """Whether the image data of an AVIF or HEIC file contains a long run of zeros."""
    return any(data.find(_ZEROS, start, start + size) >= 0 for start, size in picture_extents(data))

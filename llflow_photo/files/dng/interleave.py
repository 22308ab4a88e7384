"""DNG images with interleaved rows or columns.

Source: Adobe, Digital Negative Specification 1.7.1, RowInterleaveFactor, ColumnInterleaveFactor and
SubTileBlockSize.
"""

from __future__ import annotations

import numpy as np

from ...errors import FormatError
from ..tiff.directory import Directory
from ..tiff.parse import numbers_of
from ..tiff.tags import Tag
from .picture import first_number

__all__ = ["without_interleaving"]


def without_interleaving(samples: np.ndarray, directory: Directory, name: str) -> np.ndarray:
    """Samples in the order of the image.

    With a factor of N, rows 0, N, 2 N, ... are stored first, then rows 1, N + 1, ..., and so on.

    Args:
        samples: H x W x C as decoded.
        directory: directory of the raw image.
        name: file name, for messages.

    Raises:
        FormatError: pixels are rearranged in blocks, which is not supported.
    """
    if set(numbers_of(directory, Tag.SubTileBlockSize)) - {1}:
        raise FormatError(
            f"{name} is a DNG whose pixels are rearranged in blocks (SubTileBlockSize), which cannot be read "
            "here; convert it again with Adobe DNG Converter, or give a 16-bit TIFF by a RAW editor"
        )
    for axis, tag in ((0, Tag.RowInterleaveFactor), (1, Tag.ColumnInterleaveFactor)):
        factor = int(first_number(directory, tag, 1))
        if 1 < factor <= samples.shape[axis]:
            places = np.arange(samples.shape[axis])
            stored = np.concatenate([places[first::factor] for first in range(factor)])
            samples = np.take(samples, np.argsort(stored), axis=axis)
    return samples

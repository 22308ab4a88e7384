"""Detection of gaps, i.e. zeros in place of data, in the image data of WebP. Sources: RFC 6386, RFC 9649.

Large even areas are legally coded as many zeros. After a gap, however, a decoder needs another number of
bytes than the encoder wrote. Whether it needs all of them is seen from a copy of the file without the last
ones, which must fail to decode.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

import numpy as np
from PIL import Image

from .values import no_global_limit

__all__ = ["has_gap"]

_ZEROS = re.compile(rb"\0{256,}")
_LOSSY, _LOSSLESS, _ALPHA = b"VP8 ", b"VP8L", b"ALPH"
# Bytes that are removed from the end of a part; encoders append up to four to the last symbol.
_END = 8
# A frame of VP8: tag with the size of the first partition, start code, size of the picture.
_TAG, _HEAD = 3, 10
# The prefix codes of lossless files may recover from a gap. Devices store and lose blocks of this size, whose
# neighbors may begin or end with a few zeros of their own.
_SECTOR, _TOLERANCE = 512, 3
# A byte of zeros codes at least one pixel of an even area, which consists of blocks with almost equal pixels.
_BLOCK, _EVEN = 8, 2


def has_gap(data: bytes) -> bool:
    """Whether a part of the image data was replaced by zeros. The file is one that can be decoded.

    Args:
        data: content of the file.
    """
    chunks = list(_chunks(data))
    for index, (kind, start, size) in enumerate(chunks):
        runs = [(run.start(), run.end()) for run in _ZEROS.finditer(data, start, start + size)]
        if not runs or (kind == _ALPHA and not data[start] & 3):  # samples without compression
            continue
        if any(_decodes(shorter) for shorter in _shortened(data, chunks, index)):
            return True
        if kind == _LOSSLESS and (any(map(_fills_sectors, runs)) or not _explained(data, runs)):
            return True
    return False


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kinds, offsets and sizes of the chunks with pixels."""
    position = 12
    while position + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, position)
        if kind in (_LOSSY, _LOSSLESS, _ALPHA):
            yield kind, position + 8, min(size, len(data) - position - 8)
        position += 8 + size + size % 2


def _shortened(data: bytes, chunks: list[tuple[bytes, int, int]], index: int) -> Iterator[bytes]:
    """Copies of the file, each without the end of one part of a chunk that is decoded by itself."""
    kind, start, size = chunks[index]
    content = data[start : start + size]
    if kind == _LOSSY:
        tag = int.from_bytes(content[:_TAG], "little")
        first = tag >> 5
        if first > _END and _HEAD + first <= size:
            shorter_tag = (tag & 31 | (first - _END) << 5).to_bytes(_TAG, "little")
            end = _HEAD + first
            shorter = shorter_tag + content[_TAG : end - _END] + content[end:]
            yield _with_content(data, start, size, shorter)
    yield _with_content(data, start, size, content[:-_END])


def _with_content(data: bytes, start: int, size: int, content: bytes) -> bytes:
    """The file with another content of a chunk."""
    rest = data[start + size + size % 2 :]
    body = (
        data[12 : start - 4] + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2) + rest
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def _decodes(data: bytes) -> bool:
    try:
        with no_global_limit(), Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
            image.load()
    except (OSError, ValueError):
        return False
    return True


def _fills_sectors(run: tuple[int, int]) -> bool:
    """Whether zeros begin and end where sectors of the file do."""
    start, end = run
    before, after = -start % _SECTOR, end % _SECTOR
    return before <= _TOLERANCE and after <= _TOLERANCE and end - start >= _SECTOR


def _explained(data: bytes, runs: list[tuple[int, int]]) -> bool:
    """Whether the picture has even areas of the size that so many zeros code."""
    with no_global_limit(), Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
        values = np.asarray(image.convert("RGB"))
    height, width = (side // _BLOCK * _BLOCK for side in values.shape[:2])
    blocks = values[:height, :width].reshape(height // _BLOCK, _BLOCK, width // _BLOCK, _BLOCK, 3)
    ranges = blocks.max(axis=(1, 3)) - blocks.min(axis=(1, 3))
    even = int(np.count_nonzero((ranges <= _EVEN).all(axis=-1)))
    return even * _BLOCK * _BLOCK >= sum(end - start for start, end in runs)

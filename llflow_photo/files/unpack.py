"""Unpacking the strips and tiles of TIFF files: compressions and predictors."""

from __future__ import annotations

import io
import lzma
import struct
import zlib

import numpy as np
from PIL import Image

from ..errors import FormatError, ReadError

__all__ = ["COMPRESSIONS", "undo_predictor", "unpack"]

_NONE, _LZW, _ADOBE_DEFLATE, _PACKBITS, _DEFLATE, _LZMA, _ZSTD = 1, 5, 8, 32773, 32946, 34925, 50000
COMPRESSIONS = {_NONE, _LZW, _ADOBE_DEFLATE, _PACKBITS, _DEFLATE, _LZMA, _ZSTD}
_BY_LIBTIFF = {_LZW, _PACKBITS, _ZSTD}


def unpack(data: bytes, compression: int, size: int, name: str) -> bytes:
    """A strip or tile as its ``size`` bytes.

    Raises:
        ReadError: it is truncated or broken.
        FormatError: the compression is not known.
    """
    if compression not in COMPRESSIONS:
        raise FormatError(
            f"{name} is compressed in a way (TIFF compression {compression}) that cannot be read"
        )
    try:
        if compression == _NONE:
            out = data
        elif compression in (_ADOBE_DEFLATE, _DEFLATE):
            out = zlib.decompressobj().decompress(data, size)
        elif compression == _LZMA:
            out = lzma.LZMADecompressor().decompress(data, size)
        else:
            out = _by_libtiff(data, compression, size)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise ReadError(f"{name} has a damaged strip: {error}") from error
    if len(out) < size:
        raise ReadError(f"{name} is truncated: a strip has {len(out)} of {size} bytes")
    return out[:size]


def _by_libtiff(data: bytes, compression: int, size: int) -> bytes:
    """Let Pillow's libtiff unpack bytes, dressed up as a gray picture of one row."""
    entries = [
        (256, 4, size), (257, 4, 1), (258, 3, 8), (259, 3, compression), (262, 3, 1), (273, 4, 8),
        (277, 3, 1), (278, 4, 1), (279, 4, len(data)),
    ]  # fmt: skip
    data += b"\0" * (len(data) % 2)
    table = b"".join(struct.pack("<HHII", code, type_, 1, value) for code, type_, value in entries)
    file = struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data
    file += struct.pack("<H", len(entries)) + table + b"\0\0\0\0"
    with Image.open(io.BytesIO(file), formats=["TIFF"]) as image:
        return image.tobytes()


def undo_predictor(values: np.ndarray, predictor: int, order: str) -> np.ndarray:
    """Samples of a strip or tile, rows x columns x channels, in the machine's byte order.

    Args:
        values: as unpacked, of the file's byte ``order`` (``<`` or ``>``).
        predictor: 1 none, 2 differences along rows, 3 differences of bytes of floats.
    """
    if predictor == 1:
        return values.astype(values.dtype.newbyteorder("="))
    if predictor == 2 and values.dtype.kind == "u":
        native = values.astype(values.dtype.newbyteorder("="))
        return np.cumsum(native, axis=1, dtype=native.dtype)
    if predictor == 3 and values.dtype.kind == "f":
        rows, columns, channels = values.shape
        width = values.dtype.itemsize
        planes = values.view(np.uint8).reshape(rows, columns * width, channels)
        # Adobe, TIFF Technical Note 3: per row, all most significant bytes first, then differences of bytes.
        summed = np.cumsum(planes, axis=1, dtype=np.uint8).reshape(rows, width, columns * channels)
        joined = np.ascontiguousarray(summed.swapaxes(1, 2)).reshape(rows, columns, channels, width)
        return joined.view(f">f{width}")[..., 0].astype(f"=f{width}")
    raise FormatError(f"TIFF predictor {predictor} of {values.dtype} samples cannot be read")

"""Decompression of TIFF strips and tiles, and predictors."""

from __future__ import annotations

import importlib
import io
import lzma
import struct
import zlib
from collections.abc import Callable

import numpy as np
from PIL import Image

from ...errors import FormatError, ReadError
from .directory import LONG, SHORT
from .tags import Compression, Photometric, Predictor, Tag

__all__ = ["FLOAT24", "OWN_COMPRESSIONS", "check_compression", "undo_predictor", "unpack", "unpack_bits"]

OWN_COMPRESSIONS = {
    Compression.Uncompressed, Compression.LZW, Compression.Deflate, Compression.PackBits,
    Compression.PKZIPDeflate, Compression.LZMA, Compression.ZSTD, Compression.WebP,
}  # fmt: skip
# 24-bit floats of DNG, which numpy does not support.
FLOAT24 = np.dtype("V3")
# Distance, in samples, over which predictors take differences.
_FLOAT_STEPS = {
    Predictor.FloatingPoint: 1,
    Predictor.FloatingPointX2: 2,
    Predictor.FloatingPointX4: 4,
}
_INTEGER_STEPS = {Predictor.Horizontal: 1, Predictor.HorizontalX2: 2, Predictor.HorizontalX4: 4}
# Compressions that the libtiff in Pillow's wheels decodes in addition.
_BY_PILLOW = {
    Compression.CCITT1D, Compression.Group3Fax, Compression.Group4Fax, Compression.OldJPEG, Compression.JPEG,
    Compression.CCITTRLEW, Compression.ThunderScan,
}  # fmt: skip
_NAMES = {
    32766: "NeXT", 32908: "Pixar Film", 32909: "PixarLog", 33003: "JPEG 2000", 33004: "JPEG 2000",
    33005: "JPEG 2000", 34661: "JBIG", 34676: "SGILog", 34677: "SGILog24", 34712: "JPEG 2000", 34887: "LERC",
    Compression.LossyJPEG: "lossy JPEG", 50002: "JPEG XL", Compression.JPEGXL: "JPEG XL", 22610: "JPEG XR",
    34933: "PNG", 34934: "JPEG XR", 34926: "Zstandard, by an old number", 34927: "WebP, by an old number",
}  # fmt: skip


def check_compression(compression: int, name: str) -> None:
    """Refuse unsupported compressions, so that they are not reported as damage.

    Raises:
        FormatError: the compression is not supported; the message names it.
    """
    if compression == Compression.ZSTD and _zstd() is None:
        raise FormatError(
            f"{name} is compressed with Zstandard, which needs a package: pip install zstandard; or save it "
            "with LZW or Deflate"
        )
    if compression not in OWN_COMPRESSIONS | _BY_PILLOW:
        kind = _NAMES.get(compression, "unknown")
        raise FormatError(
            f"{name} is compressed in a way that is not supported ({kind}, TIFF compression {compression}); "
            "save it with LZW or Deflate"
        )


def unpack(data: bytes, compression: int, size: int, name: str) -> bytes:
    """Decompress a strip or tile to ``size`` bytes.

    Raises:
        ReadError: the data is truncated or broken.
        FormatError: the compression is not supported.
    """
    check_compression(compression, name)
    try:
        out = _unpacked(data, compression, size)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, SyntaxError, EOFError) as error:
        raise ReadError(f"{name} has a damaged strip: {error}; copy it again") from error
    if len(out) < size:
        raise ReadError(f"{name} is truncated: a strip has {len(out)} of {size} bytes; copy it again")
    return out[:size]


def _unpacked(data: bytes, compression: int, size: int) -> bytes:
    if compression == Compression.Uncompressed:
        return data
    if compression in (Compression.Deflate, Compression.PKZIPDeflate):
        return zlib.decompressobj().decompress(data, size)
    if compression == Compression.LZMA:
        return lzma.LZMADecompressor().decompress(data, size)
    if compression == Compression.ZSTD and (decompress := _zstd()) is not None:
        return decompress(data, size)
    if compression == Compression.WebP:
        with Image.open(io.BytesIO(data), formats=["WEBP"]) as image:
            return image.tobytes()
    return _by_libtiff(data, compression, size)


def _zstd() -> Callable[[bytes, int], bytes] | None:
    """Decompression function of data and size; it raises ValueError on broken data. None if not installed."""
    try:
        module = importlib.import_module("zstandard")
    except ImportError:
        return None

    def decompress(data: bytes, size: int) -> bytes:
        try:
            with module.ZstdDecompressor().stream_reader(data) as reader:
                return bytes(reader.read(size))
        except module.ZstdError as error:
            raise ValueError(str(error)) from error

    return decompress


def _by_libtiff(data: bytes, compression: int, size: int) -> bytes:
    """Decompress bytes by Pillow's libtiff, wrapped in a TIFF file with a gray image of one row."""
    entries = [
        (Tag.ImageWidth, LONG, size), (Tag.ImageLength, LONG, 1), (Tag.BitsPerSample, SHORT, 8),
        (Tag.Compression, SHORT, compression),
        (Tag.PhotometricInterpretation, SHORT, Photometric.BlackIsZero), (Tag.StripOffsets, LONG, 8),
        (Tag.SamplesPerPixel, SHORT, 1), (Tag.RowsPerStrip, LONG, 1), (Tag.StripByteCounts, LONG, len(data)),
    ]  # fmt: skip
    data += b"\0" * (len(data) % 2)
    table = b"".join(struct.pack("<HHII", code, type_, 1, value) for code, type_, value in entries)
    file = struct.pack("<2sHI", b"II", 42, 8 + len(data)) + data
    file += struct.pack("<H", len(entries)) + table + b"\0\0\0\0"
    with Image.open(io.BytesIO(file), formats=["TIFF"]) as image:
        return image.tobytes()


def undo_predictor(values: np.ndarray, predictor: int, order: str) -> np.ndarray:
    """Samples of a strip or tile, rows x columns x channels, in native byte order.

    Args:
        values: decompressed values in the file's byte ``order`` (``<`` or ``>``); `FLOAT24` becomes float32.
        predictor: a value of `Predictor`.
    """
    floating = values.dtype.kind == "f" or values.dtype == FLOAT24
    if predictor == Predictor.Nothing:
        if values.dtype == FLOAT24:
            stored = _bytes_of(values)
            return _float24(stored if order == ">" else stored[..., ::-1])
        return values.astype(values.dtype.newbyteorder("="))
    if predictor in _INTEGER_STEPS and values.dtype.kind == "u":
        native = values.astype(values.dtype.newbyteorder("="))
        return _sums(native, _INTEGER_STEPS[Predictor(predictor)])
    if predictor in _FLOAT_STEPS and floating:
        return _undo_float_predictor(values, _FLOAT_STEPS[Predictor(predictor)])
    raise FormatError(f"TIFF predictor {predictor} of {values.dtype} samples cannot be read")


def unpack_bits(data: bytes, bits: int, shape: tuple[int, int, int]) -> np.ndarray:
    """Unpack samples of ``bits`` bits, most significant bit first, rows padded to whole bytes, to uint16.

    Args:
        shape: rows, columns, channels.
    """
    rows, columns, channels = shape
    stored = np.frombuffer(data, np.uint8).reshape(rows, -1)
    each = np.unpackbits(stored, axis=1)[:, : columns * channels * bits].reshape(rows, -1, bits)
    values = np.zeros(each.shape[:2], np.uint16)
    for place in range(bits):
        values = values << 1 | each[:, :, place]
    return values.reshape(shape)


def _sums(differences: np.ndarray, step: int) -> np.ndarray:
    """Cumulative sums along axis 1 of differences to the value ``step`` before."""
    out = differences.copy()
    for first in range(step):
        np.cumsum(differences[:, first::step], axis=1, dtype=differences.dtype, out=out[:, first::step])
    return out


def _undo_float_predictor(values: np.ndarray, step: int) -> np.ndarray:
    rows, columns, channels = values.shape
    width = values.dtype.itemsize
    planes = _bytes_of(values).reshape(rows, columns * width, channels)
    # Adobe, TIFF Technical Note 3: per row, all most significant bytes first, then differences of bytes.
    summed = _sums(planes, step).reshape(rows, width, columns * channels)
    joined = np.ascontiguousarray(summed.swapaxes(1, 2)).reshape(rows, columns, channels, width)
    if values.dtype == FLOAT24:
        return _float24(joined)
    return np.asarray(joined.view(f">f{width}")[..., 0], f"=f{width}")


def _bytes_of(values: np.ndarray) -> np.ndarray:
    width = values.dtype.itemsize
    return np.asarray(np.ascontiguousarray(values).view(np.uint8).reshape(*values.shape, width))


def _float24(stored: np.ndarray) -> np.ndarray:
    """float32 of big-endian floats of 1 bit sign, 7 bits exponent (63 for 1), 16 bits mantissa.

    Source: Adobe, Digital Negative Specification 1.7.1, chapter on floating point image data.
    """
    first = stored[..., 0].astype(np.int32)
    mantissa = stored[..., 1].astype(np.int32) << 8 | stored[..., 2]
    exponent = first & 0x7F
    normal = exponent > 0
    size = np.where(normal, mantissa + (1 << 16), mantissa).astype(np.float32)
    scaled = np.ldexp(size, np.where(normal, exponent, 1) - 63 - 16)
    scaled[exponent == 0x7F] = np.inf
    return np.asarray(np.where(first & 0x80, -scaled, scaled), np.float32)

"""Decoding of raster formats: JPEG, PNG, WebP, BMP, AVIF, HEIC, JPEG XL, and unusual TIFF pages."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from ...errors import FormatError, LLFlowPhotoError, ReadError
from ..blank_data import blank_rows
from ..decoded_samples import Samples
from ..limits import check_size
from ..metadata.exif import block_orientation
from ..unsupported import why_not_supported
from .images import pillow_samples
from .jpeg_read import read_jpeg
from .modern_read import read_avif, read_heif, read_jxl, read_webp
from .plugins import advice, load_plugin
from .png_chunks import add_png_metadata, check_png_pixels
from .values import no_global_limit

__all__ = ["decode_raster"]

_FORMATS = {
    "jpeg": ["JPEG", "MPO"], "png": ["PNG"], "webp": ["WEBP"], "bmp": ["BMP"], "avif": ["AVIF"],
    "heif": ["HEIF"], "jxl": ["JXL"], "tiff": ["TIFF"],
}  # fmt: skip
# Formats whose files are read completely first, for checks and metadata that Pillow does not provide.
_FROM_BYTES: dict[str, Callable[[Image.Image, bytes, str], Samples]] = {
    "jpeg": read_jpeg,
    "webp": read_webp,
    "avif": read_avif,
    "heif": read_heif,
    "jxl": read_jxl,
}


def decode_raster(file: BinaryIO, kind: str, name: str, file_bytes: int, max_pixels: int) -> Samples:
    """Decode a file of a format that `kind_of_head` detected.

    Raises:
        FormatError: the plugin for the format is missing, or the image size is implausible.
        ReadError: the file is truncated or broken.
    """
    load_plugin(kind)
    try:
        return _decoded(file, kind, name, file_bytes, max_pixels)
    except LLFlowPhotoError:
        raise
    except Exception as error:  # decoders raise exceptions of many classes on broken files, even KeyError
        if isinstance(error, (KeyError, ImportError)) and Image.OPEN.keys().isdisjoint(_FORMATS[kind]):
            raise FormatError(
                f"{name} is {kind.upper()}, which this Pillow cannot read; {advice(kind)}"
            ) from error
        file.seek(0)
        if unsupported := why_not_supported(file.read(), kind):
            raise FormatError(
                f"{name} uses {unsupported}, which is not supported; save it as 16-bit TIFF or JPEG"
            ) from error
        raise ReadError(
            f"{name} cannot be decoded: {_reason(error)}; the file is truncated or damaged, copy it again"
        ) from error


def _decoded(file: BinaryIO, kind: str, name: str, file_bytes: int, max_pixels: int) -> Samples:
    if kind in _FROM_BYTES:
        data = file.read()
        with _opened(io.BytesIO(data), kind) as image:
            check_size(*image.size, file_bytes, max_pixels, name)
            return _FROM_BYTES[kind](image, data, name)
    with _opened(file, kind) as image:
        check_size(*image.size, file_bytes, max_pixels, name)
        samples = pillow_samples(image)
        if kind == "bmp":
            samples.notes += blank_rows(samples.values)
        if kind == "png":
            samples.notes += check_png_pixels(file, name)
            add_png_metadata(samples, file)
            samples.orientation = block_orientation(samples.exif)
        return samples


def _opened(file: BinaryIO, kind: str) -> Image.Image:
    with no_global_limit():
        return Image.open(file, formats=_FORMATS[kind])


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "its content does not match its first bytes"
    text = str(error).strip() or type(error).__name__
    if "vendored" in text:  # advice by the JPEG XL plugin to its developers
        return "the decoder failed"
    return text.splitlines()[0][:200]

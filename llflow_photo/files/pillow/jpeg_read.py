"""Reading JPEG: pixels by Pillow, further metadata and integrity checks from the stream itself."""

from __future__ import annotations

import io

from PIL import Image

from ...errors import ReadError
from ..decoded_samples import Samples
from ..metadata.exif import block_orientation, without_prefix
from ..metadata.xmp_extended import EXTENSION, joined
from ..tiff.parse import is_tiff
from .images import pillow_samples
from .jpeg_stream import JpegStream, check_whole, has_every_scan, scan_jpeg
from .values import no_global_limit

__all__ = ["read_jpeg"]

_END = b"\xff\xd9"
# Cameras may append a few bytes to the image; more is a video, a preview or another image.
_MAX_REST = 256


def read_jpeg(image: Image.Image, data: bytes, name: str) -> Samples:
    """Samples of an opened JPEG.

    Raises:
        ReadError: a part of the image is missing.
    """
    notes: list[str] = []
    stream = scan_jpeg(data)
    if stream.scan is not None and not has_every_scan(stream):
        if stream.end is None:
            raise ReadError(
                f"{name} is truncated or damaged: a part of its image is missing (scans of detail or "
                "color); copy it again"
            )
        notes.append("some scans of the file are missing: detail or color may be lost")
    if stream.scan is not None and stream.end is None:
        data += _END
        stream = scan_jpeg(data)
        with no_global_limit():
            image = Image.open(io.BytesIO(data), formats=["JPEG", "MPO"])
        notes.append("the end marker of the file is missing; the image itself is complete")
    if stream.scan is not None and stream.end is not None:
        notes += check_whole(data[: stream.end], stream, name)
    samples = pillow_samples(image)
    samples.notes += notes + _rest(image, data, stream)
    samples.xmp = joined(samples.xmp, stream.application(EXTENSION), samples.notes)
    samples.exif = _readable_exif(samples.exif, stream)
    samples.orientation = block_orientation(samples.exif)
    samples.texts = tuple(
        ("Comment", _decoded(comment)) for comment in stream.comments() if comment.strip(b"\0 ")
    )
    return samples


def _readable_exif(joined: bytes | None, stream: JpegStream) -> bytes | None:
    """EXIF as joined by Pillow from its segments; if that is not EXIF, the first segment that is."""
    if joined is None or is_tiff(without_prefix(joined)):
        return joined
    return next((block for block in stream.application(b"Exif\0\0") if is_tiff(block)), joined)


def _rest(image: Image.Image, data: bytes, stream: JpegStream) -> list[str]:
    if stream.end is None or getattr(image, "n_frames", 1) > 1:
        return []
    rest = data[stream.end :].strip(b"\0")
    if len(rest) <= _MAX_REST:
        return []
    what = "a video" if b"ftyp" in rest else "other data"
    return [f"{what} after the image ({len(rest)} bytes) was not kept"]


def _decoded(comment: bytes) -> str:
    comment = comment.rstrip(b"\0")
    try:
        return comment.decode("utf-8")
    except UnicodeDecodeError:
        return comment.decode("latin-1")

"""Writing JPEG with metadata in segments. Sources: ITU-T T.81, Exif 2.32 section 4.7, ISO 16684-3 (XMP)."""

from __future__ import annotations

import io
import struct

from PIL import Image

from ...photo import Metadata
from ..metadata.exif_fit import fitted_block
from ..metadata.exif_resolution import resolution_of
from ..metadata.texts import COMMENT
from ..metadata.xmp_extended import split

__all__ = ["jpeg_bytes"]

_MAX_SEGMENT = 65533
_APP1, _APP13, _COM = 0xE1, 0xED, 0xFE
_EXIF, _XMP, _PHOTOSHOP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"Photoshop 3.0\0"


def jpeg_bytes(
    image: Image.Image,
    quality: int,
    icc: bytes,
    metadata: Metadata | None = None,
    notes: list[str] | None = None,
) -> bytes:
    """A JPEG stream, 4:4:4, with its metadata in segments.

    Args:
        image: 8-bit RGB.
        notes: list to which notes on metadata too large for a segment are appended.
    """
    metadata, notes = metadata or Metadata(), [] if notes is None else notes
    out = io.BytesIO()
    resolution = resolution_of(metadata.exif)
    density = {} if resolution is None else {"dpi": tuple(round(value) for value in resolution)}
    # Not "optimize": with it, Pillow allocates too small a buffer for noisy photos.
    image.save(out, "JPEG", quality=quality, subsampling=0, icc_profile=icc, **density)
    data = out.getvalue()
    segments = _exif_segment(metadata.exif, notes) + _xmp_segments(metadata.xmp, notes)
    segments += _segment(_APP13, _PHOTOSHOP, _photoshop(metadata.iptc), "IPTC", notes)
    for keyword, text in metadata.texts:
        if keyword == COMMENT:
            segments += _segment(_COM, b"", text.encode("utf-8"), "comment", notes)
    # EXIF must follow the start marker; the JFIF segment may follow it.
    return data[:2] + segments + data[2:]


def _exif_segment(block: bytes | None, notes: list[str]) -> bytes:
    if not block:
        return b""
    fitted, dropped = fitted_block(block, _MAX_SEGMENT - len(_EXIF) - 2)
    notes += [f"EXIF tag 0x{code:04X} is too large for JPEG and was not kept" for code in dropped]
    return _segment(_APP1, _EXIF, fitted, "EXIF", notes)


def _xmp_segments(packet: bytes | None, notes: list[str]) -> bytes:
    limit = _MAX_SEGMENT - len(_XMP) - 2
    if not packet or len(packet) <= limit:
        return _segment(_APP1, _XMP, packet, "XMP", notes)
    parts = split(packet, limit)
    if parts is None:
        return _segment(_APP1, _XMP, packet, "XMP", notes)
    main, pieces = parts
    return b"".join(
        [
            _segment(_APP1, _XMP, main, "XMP", notes),
            *(_segment(_APP1, b"", piece, "XMP", notes) for piece in pieces),
        ]
    )


def _segment(marker: int, prefix: bytes, block: bytes | None, what: str, notes: list[str]) -> bytes:
    if not block:
        return b""
    if len(prefix) + len(block) + 2 > _MAX_SEGMENT:
        notes.append(f"the {what} block ({len(block)} bytes) is too large for JPEG and was not kept")
        return b""
    return struct.pack(">BBH", 0xFF, marker, len(prefix) + len(block) + 2) + prefix + block


def _photoshop(iptc: bytes | None) -> bytes | None:
    if not iptc:
        return None
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(iptc)) + iptc + b"\0" * (len(iptc) % 2)

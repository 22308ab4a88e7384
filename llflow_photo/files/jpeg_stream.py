"""The outer structure of a JPEG file, and whether its picture is whole. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import simplejpeg

from ..errors import ReadError

__all__ = ["JpegStream", "check_whole", "frame_of", "scan_jpeg"]

_SOS, _EOI, _COM, _APP1, _JPEG_LS = 0xDA, 0xD9, 0xFE, 0xE1, 0xF7
_END = b"\xff\xd9"
# In entropy-coded data: FF that is neither stuffing, nor a restart marker, nor a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Cameras pad scans with a few bytes, which harms nothing.
_PADDING = 64
_ZEROS = bytes(4096)
# Of the file, in bytes that no part of the picture used: more of them is no glitch.
_LOST_SHARE = 0.05


@dataclass(frozen=True)
class JpegStream:
    """Where things are in a JPEG file.

    Attributes:
        segments: marker and payload of every segment before the first scan, in order.
        scan: where the first scan begins; None where there is none.
        end: where the picture ends, after its end marker; None where the marker is missing.
    """

    segments: tuple[tuple[int, bytes], ...]
    scan: int | None
    end: int | None

    def application(self, prefix: bytes) -> list[bytes]:
        """Payloads of APP1 segments that begin so, without the prefix."""
        return [
            data[len(prefix) :] for kind, data in self.segments if kind == _APP1 and data.startswith(prefix)
        ]

    def comments(self) -> list[bytes]:
        return [data for kind, data in self.segments if kind == _COM]


def scan_jpeg(data: bytes) -> JpegStream:
    """Walk over the markers; what is broken ends the walk."""
    segments: list[tuple[int, bytes]] = []
    position, scan = 2, None
    while position + 4 <= len(data) or data[position : position + 2] == _END:
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _EOI:
            return JpegStream(tuple(segments), scan, position + 2)
        size = int(struct.unpack_from(">H", data, position + 2)[0])
        if size < 2:
            break
        if marker == _SOS and scan is None:
            scan = position
        if scan is None:
            segments.append((marker, data[position + 4 : position + 2 + size]))
        position += 2 + size
        if marker == _SOS:
            found = _MARKER.search(data, position)
            if found is None:
                break
            position = found.start()
    return JpegStream(tuple(segments), scan, None)


def frame_of(data: bytes) -> tuple[int, int]:
    """Marker of the frame, which says the kind of JPEG, and bits per channel; zeros where there is none."""
    for marker, payload in scan_jpeg(data).segments:
        is_frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if (is_frame or marker == _JPEG_LS) and payload:
            return marker, payload[0]
    return 0, 0


def check_whole(data: bytes, stream: JpegStream, name: str) -> list[str]:
    """Ask libjpeg for its warnings, which Pillow swallows: pixels that are not there become gray.

    Args:
        data: the file, its end marker added where it lacked one.
        stream: its structure.
        name: of the file.

    Returns:
        notes on what looks damaged.

    Raises:
        ReadError: a part of the picture is missing.
    """
    warning = _warning(data)
    if not warning:
        return []
    unused = re.search(r"(\d+) extraneous bytes", warning)
    if unused is not None and int(unused[1]) <= _PADDING:
        return []
    lost = unused is not None and int(unused[1]) > _LOST_SHARE * len(data)
    if lost or "premature end" in warning.lower() or _ZEROS in data[stream.scan : stream.end]:
        raise ReadError(
            f"{name} is truncated or damaged: a part of its picture is missing ({warning}); copy it again"
        )
    return [f"the file may be damaged, a part of the picture may be wrong: {warning}"]


def _warning(data: bytes) -> str:
    """libjpeg's last warning on damaged pixels, empty where there is none."""
    try:
        # Scaled to an eighth: all coefficients are still read, at a fraction of the time.
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=1, strict=True)
    except ValueError as error:
        text = str(error).strip()
        if text.startswith(("Corrupt JPEG data", "Premature end")):
            return text
    return ""

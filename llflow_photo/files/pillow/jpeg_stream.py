"""The outer structure of a JPEG file, and whether its picture is whole. Source: ITU-T T.81, annex B."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

import simplejpeg

from ...errors import ReadError

__all__ = ["JpegStream", "check_whole", "frame_of", "has_every_scan", "scan_jpeg"]

_SOS, _EOI, _COM, _APP1, _JPEG_LS = 0xDA, 0xD9, 0xFE, 0xE1, 0xF7
_END = b"\xff\xd9"
# Frames of Huffman and arithmetic coding; bytes of a frame's header before its components.
_SEQUENTIAL, _PROGRESSIVE, _FRAME_HEAD = (0xC0, 0xC1, 0xC9), (0xC2, 0xCA), 6
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
        scans: headers of all scans, in order.
    """

    segments: tuple[tuple[int, bytes], ...]
    scan: int | None
    end: int | None
    scans: tuple[bytes, ...] = ()

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
    scans: list[bytes] = []
    position, scan = 2, None
    while position + 4 <= len(data) or data[position : position + 2] == _END:
        if data[position] != 0xFF:
            break
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker == _EOI:
            return JpegStream(tuple(segments), scan, position + 2, tuple(scans))
        size = int(struct.unpack_from(">H", data, position + 2)[0])
        if size < 2:
            break
        if marker == _SOS and scan is None:
            scan = position
        if marker == _SOS:
            scans.append(data[position + 4 : position + 2 + size])
        if scan is None:
            segments.append((marker, data[position + 4 : position + 2 + size]))
        position += 2 + size
        if marker == _SOS:
            found = _MARKER.search(data, position)
            if found is None:
                break
            position = found.start()
    return JpegStream(tuple(segments), scan, None, tuple(scans))


def has_every_scan(stream: JpegStream) -> bool:
    """Whether all components, and of a progressive picture all coefficients to the last bit, are in a scan.

    Source: ITU-T T.81, B.2.3 and annex G. A file that ends between two scans decodes without a warning.
    """
    frame = next(
        (
            (kind, data)
            for kind, data in stream.segments
            if kind in (*_SEQUENTIAL, *_PROGRESSIVE) and len(data) > _FRAME_HEAD
        ),
        None,
    )
    if frame is None:
        return True
    kind, data = frame
    wanted = {(part, index) for part in data[_FRAME_HEAD::3][: data[_FRAME_HEAD - 1]] for index in range(64)}
    for head in stream.scans:
        count = head[0] if head else 0
        if len(head) < 2 * count + 4:
            continue
        first, last, bits = head[2 * count + 1 : 2 * count + 4]
        if kind in _SEQUENTIAL:
            first, last, bits = 0, 63, 0
        if bits & 0x0F == 0:
            wanted -= {(part, i) for part in head[1 : 2 * count + 1 : 2] for i in range(first, last + 1)}
    return not wanted


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

"""Structure of a JPEG file, and checks that its image is complete. Source: ITU-T T.81, annex B."""

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
# In entropy-coded data: FF that is not stuffing, a restart marker or a fill byte.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Cameras pad scans with a few bytes, which is harmless.
_PADDING = 64
_ZEROS = bytes(4096)
# Share of the file that no part of the image used; more means that data is damaged.
_LOST_SHARE = 0.05


@dataclass(frozen=True)
class JpegStream:
    """Positions of the parts of a JPEG file.

    Attributes:
        segments: marker and payload of every segment before the first scan, in order.
        scan: offset of the first scan; None if there is none.
        end: offset after the end marker of the image; None if the marker is missing.
        scans: headers of all scans, in order.
    """

    segments: tuple[tuple[int, bytes], ...]
    scan: int | None
    end: int | None
    scans: tuple[bytes, ...] = ()

    def application(self, prefix: bytes) -> list[bytes]:
        """Payloads of APP1 segments with this prefix, without the prefix."""
        return [
            data[len(prefix) :] for kind, data in self.segments if kind == _APP1 and data.startswith(prefix)
        ]

    def comments(self) -> list[bytes]:
        return [data for kind, data in self.segments if kind == _COM]


def scan_jpeg(data: bytes) -> JpegStream:
    """Find the markers of a file, up to the first broken segment."""
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
    """Whether the scans contain all components, and all bits of all coefficients of a progressive image.

    Source: ITU-T T.81, B.2.3 and annex G. A file truncated between two scans decodes without a warning.
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
    """Marker of the frame, i.e. the coding process, and bits per channel; zeros if there is no frame."""
    for marker, payload in scan_jpeg(data).segments:
        is_frame = 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC)
        if (is_frame or marker == _JPEG_LS) and payload:
            return marker, payload[0]
    return 0, 0


def check_whole(data: bytes, stream: JpegStream, name: str) -> list[str]:
    """Check for libjpeg's warnings, which Pillow discards; missing pixels would become gray.

    Args:
        data: content of the file, with an end marker.
        stream: structure of the file.
        name: file name, for messages.

    Returns:
        notes on possible damage.

    Raises:
        ReadError: a part of the image is missing.
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
            f"{name} is truncated or damaged: a part of its image is missing ({warning}); copy it again"
        )
    return [f"the file may be damaged, a part of the image may be wrong: {warning}"]


def _warning(data: bytes) -> str:
    """libjpeg's last warning on damaged pixels; empty if there is none."""
    try:
        # Scaled to an eighth, all coefficients are still read, in a fraction of the time.
        simplejpeg.decode_jpeg(data, "GRAY", min_height=1, min_width=1, min_factor=1, strict=True)
    except ValueError as error:
        text = str(error).strip()
        if text.startswith(("Corrupt JPEG data", "Premature end")):
            return text
    return ""

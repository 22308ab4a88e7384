"""AVIF and HEIC files with more properties than their encoders write."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image


def avif_of(values: np.ndarray) -> bytes:
    """An AVIF file of H x W x 3 uint8 values, with full color resolution."""
    out = io.BytesIO()
    Image.fromarray(values).save(out, "AVIF", quality=100, subsampling="4:4:4")
    return out.getvalue()


def with_properties(data: bytes, *properties: tuple[bytes, bytes]) -> bytes:
    """The file with properties (kind, payload) added to its first picture, in their order.

    Written for files whose boxes of associations and places are of version 0, as Pillow's are.
    """
    out = bytearray(data)
    meta = _find(out, 0, len(out), b"meta")
    container = _find(out, meta + 12, _end(out, meta), b"iprp")
    boxes = _find(out, container + 8, _end(out, container), b"ipco")
    number, position = 0, boxes + 8
    while position < _end(out, boxes):
        number, position = number + 1, _end(out, position)
    associations = _find(out, container + 8, _end(out, container), b"ipma")
    place = associations + 16 + 2
    held = out[place]
    out[place] = held + len(properties)
    numbers = bytes(0x80 | (number + 1 + index) for index in range(len(properties)))
    out[place + 1 + held : place + 1 + held] = numbers
    _grow(out, associations, len(numbers))
    payload = b"".join(struct.pack(">I4s", 8 + len(block), kind) + block for kind, block in properties)
    out[_end(out, boxes) : _end(out, boxes)] = payload
    _grow(out, boxes, len(payload))
    added = len(payload) + len(numbers)
    _grow(out, container, added)
    _grow(out, meta, added)
    _move_places(out, _find(out, meta + 12, _end(out, meta), b"iloc"), added)
    return bytes(out)


def clean_aperture(width: int, height: int, right: int, down: int) -> tuple[bytes, bytes]:
    """The property that crops: a size, and how far its center is from the picture's."""
    return b"clap", struct.pack(">8i", width, 1, height, 1, right, 1, down, 1)


def _find(data: bytearray, start: int, end: int, kind: bytes) -> int:
    while data[start + 4 : start + 8] != kind:
        start = _end(data, start)
        assert start < end, kind
    return start


def _end(data: bytearray, box: int) -> int:
    return box + int(struct.unpack_from(">I", data, box)[0])


def _grow(data: bytearray, box: int, added: int) -> None:
    struct.pack_into(">I", data, box, _end(data, box) - box + added)


def _move_places(data: bytearray, box: int, added: int) -> None:
    """Offsets of pieces that lie behind what was added."""
    assert data[box + 8] == 0 and data[box + 12] == 0x44 and data[box + 13] >> 4 == 0
    position = box + 16
    for _ in range(struct.unpack_from(">H", data, box + 14)[0]):
        for _ in range(struct.unpack_from(">H", data, position + 4)[0]):
            (offset,) = struct.unpack_from(">I", data, position + 6)
            struct.pack_into(">I", data, position + 6, offset + added)
            position += 8
        position += 6

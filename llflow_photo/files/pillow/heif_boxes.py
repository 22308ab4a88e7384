"""Image properties of HEIF and AVIF files, read from their boxes.

Sources: ISO/IEC 14496-12 (boxes), ISO/IEC 23008-12 (HEIF), AV1 Image File Format (av1C).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from ...color.cicp import CodePoints
from ..metadata.orientation import composed

__all__ = ["HeifFacts", "codec_of", "picture_extents", "read_heif_facts"]

_FULL_BOX = 4
_NO_PICTURES = {b"Exif", b"mime", b"uri "}
_DERIVED = {b"grid", b"iden", b"iovl", b"tmap"}
# irot: quarter turns anticlockwise; imir: top to bottom, left to right.
_ROTATIONS, _MIRRORS = (1, 8, 3, 6), (4, 2)


@dataclass(frozen=True)
class HeifFacts:
    """Properties of the primary image.

    Attributes:
        bits: bits per channel; 8 if undeclared.
        orientation: EXIF orientation equivalent to the file's rotation and mirroring.
        code_points: nclx color; None if absent.
        aperture: left, top, width, height of the visible part (clean aperture), pixels before rotation and
            mirroring; None for the whole image.
        has_gain_map: whether the file derives a tone-mapped (HDR) version of the image.
        exif: the Exif item as stored, from the TIFF header on; None if absent.
    """

    bits: int = 8
    orientation: int = 1
    code_points: CodePoints | None = None
    aperture: tuple[int, int, int, int] | None = None
    has_gain_map: bool = False
    exif: bytes | None = None


@dataclass(frozen=True)
class _Box:
    kind: bytes
    start: int
    end: int


def read_heif_facts(data: bytes) -> HeifFacts:
    """Properties of a file; broken boxes are ignored."""
    try:
        return _facts(data)
    except (struct.error, IndexError, StopIteration):
        return HeifFacts()


def _boxes(data: bytes, start: int, end: int) -> Iterator[_Box]:
    while start + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, start)
        head = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
            head = 16
        elif size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield _Box(kind, start + head, start + size)
        start += size


def _child(data: bytes, parent: _Box, kind: bytes, skip: int = 0) -> _Box | None:
    return next((box for box in _boxes(data, parent.start + skip, parent.end) if box.kind == kind), None)


def _facts(data: bytes) -> HeifFacts:
    meta = _child(data, _Box(b"", 0, len(data)), b"meta")
    if meta is None:
        return HeifFacts()
    primary = _primary(data, meta)
    bits, orientation = 0, 1
    points, size, aperture = None, None, None
    properties = _properties(data, meta, primary)
    for box in properties:
        if box.kind == b"pixi":
            bits = max(data[box.start + _FULL_BOX + 1 : box.end], default=0)
        elif box.kind == b"ispe":
            size = struct.unpack_from(">II", data, box.start + _FULL_BOX)
        elif box.kind == b"clap" and size is not None:
            aperture = _aperture(struct.unpack_from(">8i", data, box.start), *size)
        elif box.kind in (b"irot", b"imir"):
            steps = _ROTATIONS if box.kind == b"irot" else _MIRRORS
            orientation = composed(orientation, steps[data[box.start] & (len(steps) - 1)])
        elif box.kind == b"colr" and data[box.start : box.start + 4] == b"nclx":
            primaries, transfer = struct.unpack_from(">HH", data, box.start + 4)
            points = CodePoints(
                primaries, transfer
            )  # the decoder converts the range together with the matrix
    # The bit depth of a grid image may be declared by its tiles only.
    bits = bits or _coded_bits(data, properties) or _coded_bits(data, _all_properties(data, meta)) or 8
    has_gain_map = b"tmap" in _item_types(data, meta).values()
    return HeifFacts(bits, orientation, points, aperture, has_gain_map, _exif(data, meta))


def _coded_bits(data: bytes, properties: list[_Box]) -> int:
    """Bits per channel declared by the decoder configuration; 0 if undeclared."""
    for box in properties:
        if box.kind == b"av1C":
            flags = data[box.start + 2]
            return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
        if box.kind == b"hvcC":
            return 8 + (data[box.start + 17] & 7)
    return 0


def _aperture(numbers: tuple[int, ...], width: int, height: int) -> tuple[int, int, int, int] | None:
    """Left, top, width, height of a clean aperture; None if it is invalid.

    Source: ISO/IEC 14496-12, 12.1.4.2; offsets are from the center of the image to that of the aperture.
    """
    if any(denominator <= 0 for denominator in numbers[1::2]):
        return None
    wide, high, right, down = (a / b for a, b in zip(numbers[::2], numbers[1::2], strict=True))
    left, top = round((width - wide) / 2 + right), round((height - high) / 2 + down)
    wide, high = round(wide), round(high)
    inside = 0 <= left < left + wide <= width and 0 <= top < top + high <= height
    return (left, top, int(wide), int(high)) if inside else None


def _primary(data: bytes, meta: _Box) -> int:
    box = _child(data, meta, b"pitm", _FULL_BOX)
    if box is None:
        return 0
    code = ">I" if data[box.start] else ">H"
    return int(struct.unpack_from(code, data, box.start + _FULL_BOX)[0])


def _properties(data: bytes, meta: _Box, item: int) -> list[_Box]:
    """Property boxes of one item."""
    properties = _child(data, meta, b"iprp", _FULL_BOX)
    every = _all_properties(data, meta)
    if properties is None:
        return []
    found: list[_Box] = []
    for box in _boxes(data, properties.start, properties.end):
        if box.kind == b"ipma":
            found += [every[i - 1] for i in _associations(data, box, item) if 0 < i <= len(every)]
    return found


def _all_properties(data: bytes, meta: _Box) -> list[_Box]:
    """Property boxes of all items."""
    properties = _child(data, meta, b"iprp", _FULL_BOX)
    container = _child(data, properties, b"ipco") if properties else None
    return list(_boxes(data, container.start, container.end)) if container is not None else []


def _associations(data: bytes, box: _Box, item: int) -> list[int]:
    version, wide = data[box.start], data[box.start + 3] & 1
    position = box.start + _FULL_BOX
    (count,) = struct.unpack_from(">I", data, position)
    position += 4
    for _ in range(count):
        (identity,) = struct.unpack_from(">I" if version else ">H", data, position)
        position += 4 if version else 2
        number = data[position]
        position += 1
        values = struct.unpack_from(f">{number}{'H' if wide else 'B'}", data, position)
        position += number * (2 if wide else 1)
        if identity == item:
            return [value & (0x7FFF if wide else 0x7F) for value in values]
    return []


def _exif(data: bytes, meta: _Box) -> bytes | None:
    types, places = _item_types(data, meta), _places(data, meta)
    for item, kind in types.items():
        if kind == b"Exif" and len(extents := places.get(item, [])) == 1:
            start, size = extents[0]
            block = data[start : start + size]
            (offset,) = struct.unpack_from(">I", block)
            return block[4 + offset :] or None
    return None


def picture_extents(data: bytes) -> list[tuple[int, int]]:
    """Offset and size of all extents of coded images in a file; empty if the file is broken."""
    try:
        meta = _child(data, _Box(b"", 0, len(data)), b"meta")
        if meta is None:
            return []
        types, places = _item_types(data, meta), _places(data, meta)
    except (struct.error, IndexError):
        return []
    return [
        extent
        for item, extents in places.items()
        if types.get(item, b"") not in _NO_PICTURES
        for extent in extents
    ]


def codec_of(data: bytes) -> str:
    """The item type of the coded pictures, e.g. ``hvc1`` or ``av01``; empty if undeclared."""
    try:
        meta = _child(data, _Box(b"", 0, len(data)), b"meta")
        types = _item_types(data, meta) if meta is not None else {}
    except (struct.error, IndexError):
        return ""
    coded = [kind for kind in types.values() if kind not in _NO_PICTURES | _DERIVED]
    return coded[0].decode("latin-1") if coded else ""


def _item_types(data: bytes, meta: _Box) -> dict[int, bytes]:
    box = _child(data, meta, b"iinf", _FULL_BOX)
    if box is None:
        return {}
    types = {}
    for entry in _boxes(data, box.start + _FULL_BOX + (4 if data[box.start] else 2), box.end):
        version = data[entry.start]
        if entry.kind == b"infe" and version >= 2:
            code, width = (">H", 2) if version == 2 else (">I", 4)
            position = entry.start + _FULL_BOX
            (item,) = struct.unpack_from(code, data, position)
            types[int(item)] = data[position + width + 2 : position + width + 6]
    return types


def _places(data: bytes, meta: _Box) -> dict[int, list[tuple[int, int]]]:
    """Offset and size of the extents of items stored in the file itself (iloc, construction method 0)."""
    box = _child(data, meta, b"iloc", _FULL_BOX)
    if box is None:
        return {}
    version, sizes = data[box.start], struct.unpack_from(">H", data, box.start + _FULL_BOX)[0]
    widths = [sizes >> 12 & 15, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15 if version else 0]
    position = box.start + _FULL_BOX + 2

    def number(width: int) -> int:
        nonlocal position
        position += width
        if position > box.end:
            raise IndexError("the item location box is truncated")
        return int.from_bytes(data[position - width : position], "big")

    id_width = 4 if version == 2 else 2
    places: dict[int, list[tuple[int, int]]] = {}
    for _ in range(number(id_width)):
        item = number(id_width)
        method = number(2) & 15 if version else 0
        number(2)  # data reference
        base = number(widths[2])
        extents = []
        count = number(2)
        # Without offsets and sizes there is one extent; a larger count is an attack on running time.
        for _ in range(count if widths[0] or widths[1] else min(count, 1)):
            number(widths[3])
            start = base + number(widths[0])
            extents.append((start, number(widths[1])))
        if method == 0:
            places[item] = extents
    return places

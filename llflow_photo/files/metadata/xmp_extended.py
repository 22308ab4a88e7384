"""Extended XMP, for packets beyond the 64 KB of a JPEG segment. Source: ISO 16684-3."""

from __future__ import annotations

import hashlib
import re
import struct
from typing import Any

from .xmp_names import RDF, tag
from .xmp_packet import Packet, qualified

__all__ = ["EXTENSION", "joined", "split"]

EXTENSION = b"http://ns.adobe.com/xmp/extension/\0"
_HAS_EXTENDED = qualified("xmpNote:HasExtendedXMP")
_HEAD = 32 + 8
_PIECE = 65000
_MAX_LENGTH = 64 << 20
_LONG_ATTRIBUTE = 1000
_WRAPPER = re.compile(rb"<\?xpacket [^>]*\?>")


def joined(packet: bytes | None, pieces: list[bytes], notes: list[str]) -> bytes | None:
    """The packet of a file, joined with its extension.

    Args:
        packet: the main packet; None if there is none.
        pieces: payloads of the extension's segments, without their prefix.
        notes: list to which a note on a broken extension is appended.
    """
    if packet is None or b"HasExtendedXMP" not in packet:
        return packet
    main = Packet.parse(packet)
    extension = _assembled(packet, pieces)
    other = Packet.parse(extension) if extension is not None else None
    if main is None or other is None:
        notes.append("the extended part of the XMP is missing or broken and was left out")
        return packet
    main.remove(lambda name: name == _HAS_EXTENDED)
    main.add_missing(other)
    return main.to_bytes()


def _assembled(packet: bytes, pieces: list[bytes]) -> bytes | None:
    """The extension that the packet refers to; None if a piece is missing."""
    whole: dict[bytes, tuple[int, dict[int, bytes]]] = {}
    for piece in pieces:
        if len(piece) < _HEAD:
            continue
        length, offset = struct.unpack_from(">II", piece, 32)
        whole.setdefault(piece[:32], (length, {}))[1][offset] = piece[_HEAD:]
    for identity, (length, parts) in whole.items():
        if identity not in packet or length > _MAX_LENGTH:
            continue
        data = b"".join(parts[offset] for offset in sorted(parts))
        if len(data) == length:
            return data
    return None


def split(packet: bytes, limit: int) -> tuple[bytes, list[bytes]] | None:
    """Split a packet into a main packet of at most ``limit`` bytes and an extension.

    The largest properties go into the extension.

    Returns:
        the main packet and the payloads of the extension's segments, prefix included; None if no property
        can be moved or the packet is invalid.
    """
    first, other = Packet.parse(packet), Packet.parse(packet)
    if first is None or other is None or not first.descriptions():
        return None
    mains, others = first.descriptions(), other.descriptions()
    for description in (*mains, *others):
        _attributes_as_elements(description)
    places = [(m, o, index) for m, o in zip(mains, others, strict=True) for index in range(len(m))]
    sized = sorted(((_size(m[i]), m, o, m[i], o[i]) for m, o, i in places), key=lambda item: -item[0])
    stay = {id(o_child) for *_, o_child in sized}
    main = packet
    for _, description, _, child, other_child in sized:
        # Space for the GUID of the extension, which is added last.
        if len(main) + 200 <= limit:
            break
        description.remove(child)
        stay.discard(id(other_child))
        main = first.to_bytes()
    for description in others:
        for child in [child for child in description if id(child) in stay]:
            description.remove(child)
        for name in [name for name in description.attrib if name != tag(RDF, "about")]:
            del description.attrib[name]
    extension = _WRAPPER.sub(b"", other.to_bytes()).strip()
    identity = hashlib.md5(extension, usedforsecurity=False).hexdigest().upper()
    mains[0].attrib[_HAS_EXTENDED] = identity
    main = first.to_bytes()
    if len(main) > limit:
        return None
    head = EXTENSION + identity.encode("ascii")
    return main, [
        head + struct.pack(">II", len(extension), start) + extension[start : start + _PIECE]
        for start in range(0, len(extension), _PIECE)
    ]


def _attributes_as_elements(description: Any) -> None:
    """Convert long simple values from attributes to elements, which can be moved."""
    for name, value in list(description.attrib.items()):
        if len(value) > _LONG_ATTRIBUTE:
            child = description.makeelement(name, {})
            child.text = value
            description.append(child)
            del description.attrib[name]


def _size(element: Any) -> int:
    """Approximate number of characters of an element with its descendants."""
    return sum(
        len(str(part.tag)) + len(part.text or "") + sum(len(k) + len(v) for k, v in part.attrib.items())
        for part in element.iter()
    )

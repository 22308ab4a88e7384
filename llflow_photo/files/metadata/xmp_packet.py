"""XMP packets as element trees: safe parsing, editing and serialization. Source: ISO 16684-1.

Namespace prefixes are stored with the packet; there is no global state, and equal input gives equal bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Self

from lxml import etree

__all__ = ["MAX_PACKET", "NAMESPACES", "Packet", "qualified"]

MAX_PACKET = 16 << 20
"""Maximum size of a packet that is parsed, bytes."""

NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "x": "adobe:ns:meta/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "crs": "http://ns.adobe.com/camera-raw-settings/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "llflowphoto": "urn:llflow-photo:settings:1.0/",
}
"""Prefixes for `qualified` and for new properties."""

_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'


def qualified(name: str) -> str:
    """``tiff:Orientation`` as ``{http://ns.adobe.com/tiff/1.0/}Orientation``, the notation of lxml."""
    prefix, _, local = name.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


_RDF = qualified("rdf:RDF")
_DESCRIPTION = qualified("rdf:Description")
_ABOUT = qualified("rdf:about")


class Packet:
    """The properties of a packet. Names are qualified, see `qualified`.

    A property is an attribute or a child element of an ``rdf:Description``; both forms are equivalent.

    Attributes:
        root: the outermost element, ``x:xmpmeta`` or ``rdf:RDF``.
        rdf: the element that contains the descriptions.
    """

    def __init__(self) -> None:
        """An empty packet."""
        self.root = etree.Element(qualified("x:xmpmeta"), nsmap={"x": NAMESPACES["x"]})
        self.rdf = etree.SubElement(self.root, _RDF, nsmap={"rdf": NAMESPACES["rdf"]})

    @classmethod
    def parse(cls, data: bytes) -> Self | None:
        """Parse a packet; None if it is not XMP, too large, or unsafe XML."""
        root = _parsed(data) if len(data) <= MAX_PACKET else None
        rdf = root if root is None or root.tag == _RDF else root.find(_RDF)
        if root is None or rdf is None:
            return None
        packet = cls()
        packet.root, packet.rdf = root, rdf
        return packet

    def to_bytes(self) -> bytes:
        """Serialize the packet in UTF-8, without unused namespace declarations."""
        etree.cleanup_namespaces(self.root)
        return _HEAD + etree.tostring(self.root, encoding="utf-8", with_tail=False) + _TAIL

    def descriptions(self) -> list[etree._Element]:
        """The ``rdf:Description`` elements with properties."""
        return self.rdf.findall(_DESCRIPTION)

    def names(self) -> tuple[str, ...]:
        """Names of all properties, each once, in the order of the packet."""
        return tuple(dict.fromkeys(name for each in self.descriptions() for name in _names_in(each)))

    def value(self, name: str) -> str | None:
        """Value of a simple property; None if absent."""
        for description in self.descriptions():
            if name in description.attrib:
                return str(description.attrib[name])
            child = description.find(name)
            if child is not None:
                return child.text or ""
        return None

    def set_where_present(self, name: str, value: str) -> bool:
        """Set a simple property if it is present; return whether it is."""
        present = False
        for description in self.descriptions():
            if name in description.attrib:
                description.set(name, value)
                present = True
            for child in description.findall(name):
                child.text = value
                present = True
        return present

    def remove(self, unwanted: Callable[[str], bool]) -> bool:
        """Remove properties with unwanted names, and empty descriptions; return whether there were any."""
        removed = False
        for description in self.descriptions():
            for name in [name for name in _attributes_of(description) if unwanted(name)]:
                del description.attrib[name]
                removed = True
            for child in [child for child in description if unwanted(str(child.tag))]:
                description.remove(child)
                removed = True
            if not len(description) and set(description.attrib) <= {_ABOUT}:
                self.rdf.remove(description)
        return removed

    def add_description(self, *prefixes: str) -> etree._Element:
        """Add an empty description that declares the given prefixes of `NAMESPACES`."""
        declared = {prefix: NAMESPACES[prefix] for prefix in prefixes}
        return etree.SubElement(self.rdf, _DESCRIPTION, {_ABOUT: ""}, nsmap=declared)

    def add_missing(self, other: Packet) -> None:
        """Move from another packet the properties that this one does not have."""
        known = set(self.names())
        other.remove(known.__contains__)
        for description in other.descriptions():
            self.rdf.append(description)


def _parsed(data: bytes) -> etree._Element | None:
    """Root of a document; one with a document type is refused, as its entities could expand endlessly."""
    text = data.strip(b"\0 \t\r\n")
    encoding = None
    if text.startswith((b"\xfe\xff", b"\xff\xfe", b"<\0", b"\0<")):
        text, encoding = _from_utf16(data), "utf-8"
    text = text.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return None
    parser = etree.XMLParser(
        encoding=encoding,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError):
        return None
    # Other encodings may hide a document type from the search above.
    return None if root.getroottree().docinfo.internalDTD is not None else root


def _from_utf16(data: bytes) -> bytes:
    """UTF-16, with or without byte order mark, converted to UTF-8; empty if invalid."""
    little = data[:2] == b"\xff\xfe" or data[1:2] == b"\0"
    text = data[: len(data) // 2 * 2].decode("utf-16-le" if little else "utf-16-be", "replace")
    text = text.strip("\0\ufeff \t\r\n")
    return re.sub(r"^<\?xml\b[^>]*\?>", "", text).encode("utf-8", "replace")


def _attributes_of(description: etree._Element) -> list[str]:
    return [str(name) for name in description.attrib if name != _ABOUT]


def _names_in(description: etree._Element) -> Iterator[str]:
    yield from _attributes_of(description)
    yield from (str(child.tag) for child in description)

"""XMP packets as trees of elements, and our settings under a namespace of our own. Source: ISO 16684-1."""

from __future__ import annotations

import re
from collections.abc import Mapping
from xml.etree import ElementTree

from ..errors import OptionError

__all__ = [
    "SETTINGS_NAMESPACE",
    "merged",
    "parse_packet",
    "rdf_of",
    "serialize",
    "settings_of",
    "with_settings_packet",
]

SETTINGS_NAMESPACE = "urn:llflow-photo:settings:1.0/"
_PREFIX = "llflowphoto"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_META = "adobe:ns:meta/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_TIFF = "http://ns.adobe.com/tiff/1.0/"
_CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
_NAMESPACES = {
    "rdf": _RDF,
    "x": _META,
    "xmp": _XMP,
    "tiff": _TIFF,
    "crs": _CAMERA_RAW,
    _PREFIX: SETTINGS_NAMESPACE,
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
}
_MAX_PACKET = 16 << 20
_HEAD = b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_TAIL = b'\n<?xpacket end="w"?>'


def parse_packet(packet: bytes) -> ElementTree.Element | None:
    """The packet's root element, or None where it is no XML that is safe to read."""
    if len(packet) > _MAX_PACKET:
        return None
    text = packet.strip(b"\0 \t\r\n\xef\xbb\xbf")
    # XMP has no document type; entities are how XML is made to explode.
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        return None
    try:
        for prefix, uri in re.findall(rb'xmlns:([A-Za-z][\w.-]*)="([^"]+)"', text):
            _register(prefix.decode(), uri.decode("utf-8", "replace"))
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError, LookupError):
        return None


def _register(prefix: str, uri: str) -> None:
    """So that elements are written back under the prefixes they came with."""
    if not re.fullmatch(r"ns\d+", prefix) and uri not in _NAMESPACES.values() and prefix not in _NAMESPACES:
        ElementTree.register_namespace(prefix, uri)


def serialize(root: ElementTree.Element) -> bytes:
    """A complete packet of UTF-8."""
    for prefix, uri in _NAMESPACES.items():
        ElementTree.register_namespace(prefix, uri)
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return _HEAD + body + _TAIL


def _empty() -> tuple[ElementTree.Element, ElementTree.Element]:
    """An empty packet's root and its RDF element."""
    root = ElementTree.Element(f"{{{_META}}}xmpmeta")
    return root, ElementTree.SubElement(root, f"{{{_RDF}}}RDF")


def rdf_of(root: ElementTree.Element) -> ElementTree.Element | None:
    """The packet's RDF element, which holds the descriptions."""
    return root if root.tag == f"{{{_RDF}}}RDF" else root.find(f"{{{_RDF}}}RDF")


def merged(first: ElementTree.Element, second: ElementTree.Element) -> None:
    """Add to the first packet's tree the properties that the second alone has."""
    rdf, other_rdf = rdf_of(first), rdf_of(second)
    if rdf is None or other_rdf is None:
        return
    known = {
        name for description in rdf for name in (*description.attrib, *(child.tag for child in description))
    }
    for description in other_rdf.findall(f"{{{_RDF}}}Description"):
        for name in list(description.attrib):
            if name in known and name != f"{{{_RDF}}}about":
                del description.attrib[name]
        for child in list(description):
            if child.tag in known:
                description.remove(child)
        rdf.append(description)


def with_settings_packet(
    packet: bytes | None, settings: Mapping[str, str | float | int], creator_tool: str
) -> bytes:
    """The packet with our settings in place of earlier ones, and the creator tool set.

    Raises:
        OptionError: a setting's name is no XML name.
    """
    root = parse_packet(packet) if packet else None
    rdf = rdf_of(root) if root is not None else None
    if root is None or rdf is None:
        root, rdf = _empty()
    for description in list(rdf.findall(f"{{{_RDF}}}Description")):
        _remove_earlier(description)
        if not len(description) and set(description.attrib) <= {f"{{{_RDF}}}about"}:
            rdf.remove(description)
    ours = ElementTree.SubElement(rdf, f"{{{_RDF}}}Description", {f"{{{_RDF}}}about": ""})
    ElementTree.SubElement(ours, f"{{{_XMP}}}CreatorTool").text = creator_tool
    for name, value in settings.items():
        if not re.fullmatch(r"[A-Za-z_][\w.-]*", name):
            raise OptionError(f"{name!r} cannot name a setting; use letters, digits and underscores")
        element = ElementTree.SubElement(ours, f"{{{SETTINGS_NAMESPACE}}}{name}")
        # Characters that XML cannot hold have no place in a setting.
        element.text = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", str(value))
    return serialize(root)


def _remove_earlier(description: ElementTree.Element) -> None:
    """Take out what a former run said."""

    def ours(name: str) -> bool:
        return name.startswith(f"{{{SETTINGS_NAMESPACE}}}") or name == f"{{{_XMP}}}CreatorTool"

    for name in [name for name in description.attrib if ours(name)]:
        del description.attrib[name]
    for child in [child for child in description if ours(str(child.tag))]:
        description.remove(child)


def settings_of(packet: bytes | None) -> dict[str, str]:
    """Our settings in a packet, by name; empty where there are none."""
    root = parse_packet(packet) if packet else None
    rdf = rdf_of(root) if root is not None else None
    if rdf is None:
        return {}
    prefix = f"{{{SETTINGS_NAMESPACE}}}"
    return {
        str(child.tag).removeprefix(prefix): child.text or ""
        for description in rdf.findall(f"{{{_RDF}}}Description")
        for child in description
        if str(child.tag).startswith(prefix)
    }

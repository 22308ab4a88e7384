"""Rendering settings in XMP, under a namespace of this program."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from ...errors import OptionError
from .xmp_packet import NAMESPACES, Packet, qualified

__all__ = ["SETTINGS_NAMESPACE", "settings_of", "with_settings_packet"]

SETTINGS_NAMESPACE = NAMESPACES["llflowphoto"]
_CREATOR_TOOL = qualified("xmp:CreatorTool")
_SETTINGS = f"{{{SETTINGS_NAMESPACE}}}"


def with_settings_packet(
    packet: bytes | None, settings: Mapping[str, str | float | int], creator_tool: str
) -> bytes:
    """The packet with the settings, which replace earlier ones, and the creator tool.

    Raises:
        OptionError: the name of a setting is not an XML name.
    """
    target = (Packet.parse(packet) if packet else None) or Packet()
    target.remove(lambda name: name.startswith(_SETTINGS) or name == _CREATOR_TOOL)
    ours = target.add_description("xmp", "llflowphoto")
    etree.SubElement(ours, _CREATOR_TOOL).text = creator_tool
    for name, value in settings.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name):
            raise OptionError(f"{name!r} cannot name a setting; use letters, digits and underscores")
        # Characters that XML does not allow are dropped.
        text = re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", str(value))
        etree.SubElement(ours, f"{_SETTINGS}{name}").text = text
    return target.to_bytes()


def settings_of(packet: bytes | None) -> dict[str, str]:
    """Rendering settings in a packet, by name; empty if there are none."""
    parsed = Packet.parse(packet) if packet else None
    if parsed is None:
        return {}
    # In the order of writing; other programs may have converted elements to attributes.
    ours = [name for name in parsed.names() if name.startswith(_SETTINGS)]
    return {name.removeprefix(_SETTINGS): parsed.value(name) or "" for name in ours}

"""Adaptation of XMP to a photo that was turned upright, developed and written to another file.

Functions change a packet in place. Sources: ISO 16684-1 (forms of properties), Metadata Working Group,
Guidelines 2.0 (regions), IPTC Photo Metadata Standard (image regions).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from .exif_geometry import turned_subject
from .orientation import swaps_sides, turned_box, turned_point
from .xmp_names import (
    AREAS,
    CLAIMS,
    IPTC_EXTENSION,
    ITEM_PARTS,
    ITEM_SEMANTIC,
    LAYOUT,
    MP_REGION,
    MWG_REGIONS,
    RDF,
    ST_DIM,
    tag,
)
from .xmp_packet import Packet, qualified

__all__ = ["drop_false_claims", "part_left_out", "turn_exif", "turn_regions"]

_DESCRIPTION = tag(RDF, "Description")
_PIXEL_UNITS = ("pixel", "pixels")
_SUBJECTS = (qualified("exif:SubjectArea"), qualified("exif:SubjectLocation"))
# Values along the width and along the height of the stored image.
_SIDES = (
    (qualified("tiff:XResolution"), qualified("tiff:YResolution")),
    (qualified("exif:FocalPlaneXResolution"), qualified("exif:FocalPlaneYResolution")),
)


def drop_false_claims(packet: Packet) -> list[str]:
    """Remove what does not apply to the output file: pixel layout, and parts that only the source file has.

    Returns:
        notes on the parts (a motion photo's video, a gain map, a depth map), which are not kept.
    """
    parts: dict[str, None] = {}
    for element in packet.rdf.iter():
        # Google's directory of a file's parts states the purpose of each.
        for name, value in (*element.attrib.items(), (element.tag, element.text)):
            if name == ITEM_SEMANTIC and value in ITEM_PARTS:
                parts[ITEM_PARTS[value]] = None
    packet.remove(lambda name: _is_false(name, parts))
    return [part_left_out(part) for part in parts]


def part_left_out(part: str) -> str:
    """Note on a part of the source file that the output file does not have."""
    return f"the {part} in the file was not kept"


def _is_false(name: str, parts: dict[str, None]) -> bool:
    if name in LAYOUT:
        return True
    for beginning, part in CLAIMS:
        if name.startswith(beginning):
            if part:
                parts[part] = None
            return True
    return False


def turn_exif(packet: Packet, orientation: int, width: int, height: int) -> None:
    """Rotate the EXIF properties with image coordinates or directions; those that are not valid are removed.

    Args:
        orientation: orientation that was applied to the stored pixels, 1 to 8.
        width, height: size of the upright image.
    """
    if orientation == 1:
        return
    stored = (height, width) if swaps_sides(orientation) else (width, height)
    broken = {name for name in _SUBJECTS if not _turn_subject(packet, name, orientation, stored)}
    for along_width, along_height in _SIDES if swaps_sides(orientation) else ():
        x, y = packet.value(along_width), packet.value(along_height)
        if x is None or y is None:
            broken |= {along_width, along_height}
            continue
        packet.set_where_present(along_width, y)
        packet.set_where_present(along_height, x)
    packet.remove(broken.__contains__)


def _turn_subject(packet: Packet, name: str, orientation: int, size: tuple[int, int]) -> bool:
    """Rotate a list of numbers; return whether all that are present are valid."""
    if any(name in description.attrib for description in packet.descriptions()):
        return False
    for description in packet.descriptions():
        for subject in description.findall(name):
            items = list(subject.iter(tag(RDF, "li")))
            try:
                numbers = [float(item.text or "") for item in items]
            except ValueError:
                return False
            if not 2 <= len(numbers) <= 4 or not all(map(math.isfinite, numbers)):
                return False
            for item, number in zip(items, turned_subject(numbers, orientation, *size), strict=True):
                item.text = str(number)
    return True


def turn_regions(rdf: Any, orientation: int, width: int, height: int) -> None:
    """Rotate face regions and other regions, which are stored relative to the stored pixels, with the image.

    Regions whose declared dimensions are those of the upright image are not changed.

    Args:
        orientation: orientation that was applied to the stored pixels, 1 to 8.
        width, height: size of the upright image.
    """
    upright = set()
    for regions in _elements(rdf, tag(MWG_REGIONS, "Regions")):
        if _belongs_to_upright(regions, orientation, width, height):
            upright.update(regions.iter(tag(MWG_REGIONS, "Area")))
        _set_dimensions(regions, width, height)
    for element in _elements(rdf, None):
        if element.tag in AREAS and element not in upright:
            _turn_area(element, AREAS[element.tag], orientation)
        _turn_rectangle(element, orientation)
        if element.tag == tag(IPTC_EXTENSION, "RegionBoundary"):
            _turn_boundary(element, orientation, width, height)


def _elements(root: Any, name: str | None) -> Iterator[Any]:
    for element in list(root.iter()):
        if isinstance(element.tag, str) and (name is None or element.tag == name):
            yield element


def _holders(element: Any) -> Iterator[Any]:
    """Elements that may have the fields of a structure: the element itself, or a description inside it."""
    yield element
    yield from element.findall(_DESCRIPTION)


def _field(element: Any, name: str) -> str | None:
    for holder in _holders(element):
        if name in holder.attrib:
            return str(holder.attrib[name])
        child = holder.find(name)
        if child is not None:
            return str(child.text or "")
    return None


def _set_field(element: Any, name: str, value: str) -> None:
    """Set a field if it is present."""
    for holder in _holders(element):
        if name in holder.attrib:
            holder.attrib[name] = value
        child = holder.find(name)
        if child is not None:
            child.text = value


def _numbers(element: Any, namespace: str, *names: str) -> list[float] | None:
    try:
        return [float(_field(element, tag(namespace, name)) or "") for name in names]
    except ValueError:
        return None


def _set_numbers(element: Any, namespace: str, **values: float) -> None:
    for name, value in values.items():
        _set_field(element, tag(namespace, name), f"{value:.9g}")


def _dimensions(regions: Any) -> Any | None:
    return next(_elements(regions, tag(MWG_REGIONS, "AppliedToDimensions")), None)


def _belongs_to_upright(regions: Any, orientation: int, width: int, height: int) -> bool:
    dimensions = _dimensions(regions)
    size = _numbers(dimensions, ST_DIM, "w", "h") if dimensions is not None else None
    if size is None or not swaps_sides(orientation) or width == height or size[0] == size[1]:
        return False
    return (size[0] > size[1]) == (width > height)


def _set_dimensions(regions: Any, width: int, height: int) -> None:
    dimensions = _dimensions(regions)
    if dimensions is not None and _field(dimensions, tag(ST_DIM, "unit")) in (None, *_PIXEL_UNITS):
        _set_numbers(dimensions, ST_DIM, w=width, h=height)


def _turn_area(area: Any, namespace: str, orientation: int) -> None:
    point = _numbers(area, namespace, "x", "y")
    if point is None:
        return
    x, y = turned_point(point[0], point[1], orientation)
    _set_numbers(area, namespace, x=x, y=y)
    size = _numbers(area, namespace, "w", "h")
    if size is not None and swaps_sides(orientation):
        _set_numbers(area, namespace, w=size[1], h=size[0])


def _turn_rectangle(element: Any, orientation: int) -> None:
    """Microsoft's regions: left, top, width, height in one string."""
    name = tag(MP_REGION, "Rectangle")
    text = element.attrib.get(name) if element.tag != name else element.text
    if not text:
        return
    try:
        left, top, width, height = (float(part) for part in text.split(","))
    except ValueError:
        return
    turned = ", ".join(f"{value:.9g}" for value in turned_box((left, top, width, height), orientation))
    if element.tag == name:
        element.text = turned
    else:
        element.attrib[name] = turned


def _turn_boundary(boundary: Any, orientation: int, width: int, height: int) -> None:
    """IPTC's image regions: a rectangle by its corner, a circle by its center, or a polygon."""
    unit = _field(boundary, tag(IPTC_EXTENSION, "rbUnit"))
    new = (width, height) if unit in _PIXEL_UNITS else (1, 1)
    old = new[::-1] if swaps_sides(orientation) else new
    for element in _elements(boundary, None):
        point = _numbers(element, IPTC_EXTENSION, "rbX", "rbY")
        if point is None or element.tag == _DESCRIPTION:
            continue
        size = _numbers(element, IPTC_EXTENSION, "rbW", "rbH") or [0.0, 0.0]
        box = (point[0] / old[0], point[1] / old[1], size[0] / old[0], size[1] / old[1])
        left, top, wide, high = turned_box(box, orientation)
        _set_numbers(element, IPTC_EXTENSION, rbX=left * new[0], rbY=top * new[1])
        _set_numbers(element, IPTC_EXTENSION, rbW=wide * new[0], rbH=high * new[1])

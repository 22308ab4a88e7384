"""EXIF fields by name: where each belongs and how its value is stored (Exif 2.32, CIPA DC-008)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import OptionError
from ..tiff.directory import ASCII, BYTE, RATIONAL, SHORT, SRATIONAL, UNDEFINED, Directory, Entry

__all__ = ["EXIF_POINTER", "GPS_POINTER", "exif_directories"]

EXIF_POINTER = 0x8769
GPS_POINTER = 0x8825

_IMAGE = {
    "ImageDescription": (0x010E, ASCII),
    "Make": (0x010F, ASCII),
    "Model": (0x0110, ASCII),
    "Software": (0x0131, ASCII),
    "DateTime": (0x0132, ASCII),
    "Artist": (0x013B, ASCII),
    "Copyright": (0x8298, ASCII),
    "Rating": (0x4746, SHORT),
}
_EXIF = {
    "ExposureTime": (0x829A, RATIONAL),
    "FNumber": (0x829D, RATIONAL),
    "ExposureProgram": (0x8822, SHORT),
    "ISOSpeedRatings": (0x8827, SHORT),
    "PhotographicSensitivity": (0x8827, SHORT),
    "ExifVersion": (0x9000, UNDEFINED),
    "DateTimeOriginal": (0x9003, ASCII),
    "DateTimeDigitized": (0x9004, ASCII),
    "OffsetTimeOriginal": (0x9011, ASCII),
    "SubSecTimeOriginal": (0x9291, ASCII),
    "ExposureBiasValue": (0x9204, SRATIONAL),
    "MeteringMode": (0x9207, SHORT),
    "Flash": (0x9209, SHORT),
    "FocalLength": (0x920A, RATIONAL),
    "FocalLengthIn35mmFilm": (0xA405, SHORT),
    "BodySerialNumber": (0xA431, ASCII),
    "LensMake": (0xA433, ASCII),
    "LensModel": (0xA434, ASCII),
}
_GPS = {
    "GPSVersionID": (0x0000, BYTE),
    "GPSLatitudeRef": (0x0001, ASCII),
    "GPSLatitude": (0x0002, RATIONAL),
    "GPSLongitudeRef": (0x0003, ASCII),
    "GPSLongitude": (0x0004, RATIONAL),
    "GPSAltitudeRef": (0x0005, BYTE),
    "GPSAltitude": (0x0006, RATIONAL),
}


def exif_directories(fields: Mapping[str, Any]) -> Directory:
    """A directory of image fields with Exif and GPS directories below it.

    Args:
        fields: by EXIF name, e.g. ``{"Make": "Demo", "ExposureTime": 1 / 15, "ISOSpeedRatings": 3200}``;
            text, numbers, fractions ``(1, 15)``, or ``(degrees, minutes, seconds)`` of a GPS position.

    Raises:
        OptionError: a name is not known.
    """
    image: Directory = {}
    exif: Directory = {}
    gps: Directory = {}
    for name, value in fields.items():
        for table, target in ((_IMAGE, image), (_EXIF, exif), (_GPS, gps)):
            if name in table:
                code, type_ = table[name]
                target[code] = _entry(type_, value)
                break
        else:
            known = ", ".join(sorted({*_IMAGE, *_EXIF, *_GPS}))
            raise OptionError(f"unknown EXIF field {name!r}; known are {known}")
    if exif:
        exif.setdefault(0x9000, Entry(UNDEFINED, b"0232"))
        image[EXIF_POINTER] = Entry.directories(exif)
    if gps:
        gps.setdefault(0, Entry(BYTE, bytes((2, 3, 0, 0))))
        image[GPS_POINTER] = Entry.directories(gps)
    return image


def _entry(type_: int, value: Any) -> Entry:
    if type_ == ASCII:
        return Entry.text(str(value))
    if type_ in (BYTE, UNDEFINED):
        return Entry(type_, bytes((value,)) if isinstance(value, int) else bytes(value))
    values = value if isinstance(value, tuple) else (value,)
    if type_ in (RATIONAL, SRATIONAL):
        if len(values) == 2:
            # A fraction: no field has two rationals.
            values = ((int(values[0]), int(values[1])),)
        return Entry.rationals(values, signed=type_ == SRATIONAL)
    return Entry.numbers(type_, *(int(v) for v in values))

"""EXIF fields by name: directory and type of each (Exif 2.32, CIPA DC-008)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import OptionError
from ..tiff.directory import ASCII, BYTE, RATIONAL, SHORT, SRATIONAL, UNDEFINED, Directory, Entry
from ..tiff.tags import GPSTag, Tag

__all__ = ["exif_directories"]

_IMAGE = {
    "ImageDescription": (Tag.ImageDescription, ASCII),
    "Make": (Tag.Make, ASCII),
    "Model": (Tag.Model, ASCII),
    "Software": (Tag.Software, ASCII),
    "DateTime": (Tag.DateTime, ASCII),
    "Artist": (Tag.Artist, ASCII),
    "Copyright": (Tag.Copyright, ASCII),
    "Rating": (Tag.Rating, SHORT),
}
_EXIF = {
    "ExposureTime": (Tag.ExposureTime, RATIONAL),
    "FNumber": (Tag.FNumber, RATIONAL),
    "FlashEnergy": (Tag.FlashEnergy, RATIONAL),
    "ExposureProgram": (Tag.ExposureProgram, SHORT),
    "ISOSpeedRatings": (Tag.PhotographicSensitivity, SHORT),
    "PhotographicSensitivity": (Tag.PhotographicSensitivity, SHORT),
    "ExifVersion": (Tag.ExifVersion, UNDEFINED),
    "DateTimeOriginal": (Tag.DateTimeOriginal, ASCII),
    "DateTimeDigitized": (Tag.DateTimeDigitized, ASCII),
    "OffsetTimeOriginal": (Tag.OffsetTimeOriginal, ASCII),
    "SubSecTimeOriginal": (Tag.SubSecTimeOriginal, ASCII),
    "ExposureBiasValue": (Tag.ExposureBiasValue, SRATIONAL),
    "MeteringMode": (Tag.MeteringMode, SHORT),
    "Flash": (Tag.Flash, SHORT),
    "FocalLength": (Tag.FocalLength, RATIONAL),
    "FocalLengthIn35mmFilm": (Tag.FocalLengthIn35mmFilm, SHORT),
    "BodySerialNumber": (Tag.BodySerialNumber, ASCII),
    "LensMake": (Tag.LensMake, ASCII),
    "LensModel": (Tag.LensModel, ASCII),
}
_GPS = {
    "GPSVersionID": (GPSTag.GPSVersionID, BYTE),
    "GPSLatitudeRef": (GPSTag.GPSLatitudeRef, ASCII),
    "GPSLatitude": (GPSTag.GPSLatitude, RATIONAL),
    "GPSLongitudeRef": (GPSTag.GPSLongitudeRef, ASCII),
    "GPSLongitude": (GPSTag.GPSLongitude, RATIONAL),
    "GPSAltitudeRef": (GPSTag.GPSAltitudeRef, BYTE),
    "GPSAltitude": (GPSTag.GPSAltitude, RATIONAL),
}


def exif_directories(fields: Mapping[str, Any]) -> Directory:
    """An image directory with nested Exif and GPS directories.

    Args:
        fields: values by EXIF name, e.g. ``{"Make": "Demo", "ExposureTime": 1 / 15, "ISOSpeedRatings":
            3200}``; text, numbers, fractions ``(1, 15)``, or ``(degrees, minutes, seconds)`` of a GPS
            position.

    Raises:
        OptionError: a name is unknown.
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
        exif.setdefault(Tag.ExifVersion, Entry(UNDEFINED, b"0232"))
        image[Tag.ExifIFD] = Entry.directories(exif)
    if gps:
        gps.setdefault(GPSTag.GPSVersionID, Entry(BYTE, bytes((2, 3, 0, 0))))
        image[Tag.GPSInfo] = Entry.directories(gps)
    return image


def _entry(type_: int, value: Any) -> Entry:
    if type_ == ASCII:
        return Entry.text(str(value))
    if type_ in (BYTE, UNDEFINED):
        return Entry(type_, bytes((value,)) if isinstance(value, int) else bytes(value))
    values = value if isinstance(value, tuple) else (value,)
    if type_ in (RATIONAL, SRATIONAL):
        if len(values) == 2:
            # A fraction; no field consists of two rationals.
            values = ((int(values[0]), int(values[1])),)
        return Entry.rationals(values, signed=type_ == SRATIONAL)
    return Entry.numbers(type_, *(int(v) for v in values))

"""Types of EXIF fields. Sources: CIPA DC-008, Exif 2.32 and 3.0; TIFF 6.0; TIFF/EP; DNG 1.7.

Makers of cameras use numbers of standard fields for values of their own, which have other types.
"""

from __future__ import annotations

import math

from ..tiff.directory import (
    ASCII,
    BYTE,
    DOUBLE,
    FLOAT,
    LONG,
    RATIONAL,
    SHORT,
    SLONG,
    SRATIONAL,
    SSHORT,
    UNDEFINED,
    Entry,
)
from ..tiff.tags import GPSTag, Tag

__all__ = ["conforming", "conforming_gps"]

# Readers of TIFF accept any unsigned integers, and both kinds of rationals.
_TEXT = frozenset({ASCII})
_INTEGERS = frozenset({BYTE, SHORT, LONG})
_SIGNED = _INTEGERS | {SSHORT, SLONG}
_RATIONALS = frozenset({RATIONAL, SRATIONAL})
_NUMBERS = _SIGNED - {BYTE} | {FLOAT, DOUBLE}  # that some programs write instead of rationals
_LARGEST = 2**31 - 1
_BYTES = frozenset({BYTE, UNDEFINED})
_BLOCK = frozenset({UNDEFINED, BYTE, ASCII})

_TYPES: dict[int, frozenset[int]] = {
    **dict.fromkeys(
        (
            Tag.DocumentName, Tag.ImageDescription, Tag.Make, Tag.Model, Tag.PageName, Tag.Software,
            Tag.DateTime, Tag.Artist, Tag.HostComputer, Tag.Copyright, Tag.UniqueCameraModel,
            Tag.CameraSerialNumber, Tag.SpectralSensitivity, Tag.DateTimeOriginal, Tag.DateTimeDigitized,
            Tag.OffsetTime, Tag.OffsetTimeOriginal, Tag.OffsetTimeDigitized, Tag.SubSecTime,
            Tag.SubSecTimeOriginal, Tag.SubSecTimeDigitized, Tag.ImageUniqueID, Tag.CameraOwnerName,
            Tag.BodySerialNumber, Tag.LensMake, Tag.LensModel, Tag.LensSerialNumber,
        ),
        _TEXT,
    ),
    **dict.fromkeys(
        (
            Tag.ResolutionUnit, Tag.RelatedImageWidth, Tag.RelatedImageLength, Tag.Rating,
            Tag.RatingPercent, Tag.ExposureProgram, Tag.PhotographicSensitivity, Tag.SelfTimerMode,
            Tag.SensitivityType, Tag.StandardOutputSensitivity, Tag.RecommendedExposureIndex, Tag.ISOSpeed,
            Tag.ISOSpeedLatitudeyyy, Tag.ISOSpeedLatitudezzz, Tag.MeteringMode, Tag.LightSource, Tag.Flash,
            Tag.SubjectArea, Tag.FocalPlaneResolutionUnit, Tag.SubjectLocation, Tag.SensingMethod,
            Tag.CustomRendered, Tag.ExposureMode, Tag.WhiteBalance, Tag.FocalLengthIn35mmFilm,
            Tag.SceneCaptureType, Tag.GainControl, Tag.Contrast, Tag.Saturation, Tag.Sharpness,
            Tag.SubjectDistanceRange, Tag.CompositeImage, Tag.CompositeImageCount,
        ),
        _INTEGERS,
    ),
    Tag.TimeZoneOffset: _SIGNED,
    **dict.fromkeys(
        (
            Tag.XResolution, Tag.YResolution, Tag.ExposureTime, Tag.FNumber, Tag.ShutterSpeedValue,
            Tag.ApertureValue, Tag.BrightnessValue, Tag.ExposureBiasValue, Tag.MaxApertureValue,
            Tag.SubjectDistance, Tag.FocalLength, Tag.AmbientTemperature, Tag.Humidity, Tag.Pressure,
            Tag.WaterDepth, Tag.Acceleration, Tag.CameraElevationAngle, Tag.FlashEnergy,
            Tag.FocalPlaneXResolution, Tag.FocalPlaneYResolution, Tag.ExposureIndex, Tag.DigitalZoomRatio,
            Tag.LensSpecification,
        ),
        _RATIONALS,
    ),
    **dict.fromkeys((Tag.XPTitle, Tag.XPComment, Tag.XPAuthor, Tag.XPKeywords, Tag.XPSubject), _BYTES),
    **dict.fromkeys((Tag.ExifVersion, Tag.UserComment, Tag.FileSource, Tag.SceneType), _BLOCK),
}  # fmt: skip
_GPS_TYPES: dict[int, frozenset[int]] = {
    **dict.fromkeys(
        (
            GPSTag.GPSLatitudeRef, GPSTag.GPSLongitudeRef, GPSTag.GPSSatellites, GPSTag.GPSStatus,
            GPSTag.GPSMeasureMode, GPSTag.GPSSpeedRef, GPSTag.GPSTrackRef, GPSTag.GPSImgDirectionRef,
            GPSTag.GPSMapDatum, GPSTag.GPSDestLatitudeRef, GPSTag.GPSDestLongitudeRef,
            GPSTag.GPSDestBearingRef, GPSTag.GPSDestDistanceRef, GPSTag.GPSDateStamp,
        ),
        _TEXT,
    ),
    **dict.fromkeys((GPSTag.GPSVersionID, GPSTag.GPSAltitudeRef), _BLOCK),
    GPSTag.GPSDifferential: _INTEGERS,
    **dict.fromkeys(
        (
            GPSTag.GPSLatitude, GPSTag.GPSLongitude, GPSTag.GPSAltitude, GPSTag.GPSTimeStamp, GPSTag.GPSDOP,
            GPSTag.GPSSpeed, GPSTag.GPSTrack, GPSTag.GPSImgDirection, GPSTag.GPSDestLatitude,
            GPSTag.GPSDestLongitude, GPSTag.GPSDestBearing, GPSTag.GPSDestDistance,
            GPSTag.GPSHPositioningError,
        ),
        _RATIONALS,
    ),
    **dict.fromkeys((GPSTag.GPSProcessingMethod, GPSTag.GPSAreaInformation), _BLOCK),
}  # fmt: skip


def conforming(code: int, entry: Entry) -> Entry | None:
    """A field of an image or Exif directory, if its type is one that the standards prescribe; else None.

    Text that is declared as bytes becomes ASCII, and other numbers become rationals where the standard has
    them. Fields that are not standard are returned as they are.
    """
    return _conforming(_TYPES.get(code), entry)


def conforming_gps(code: int, entry: Entry) -> Entry | None:
    """`conforming` for a field of a GPS directory."""
    return _conforming(_GPS_TYPES.get(code), entry)


def _conforming(types: frozenset[int] | None, entry: Entry) -> Entry | None:
    if types is None or entry.type in types:
        return entry
    if types is _TEXT and entry.type in _BYTES and _is_text(entry.value):
        return Entry(ASCII, bytes(entry.value).rstrip(b"\0") + b"\0")
    if types is _RATIONALS and entry.type in _NUMBERS:
        values = [float(value) for value in entry.value]
        if all(math.isfinite(value) and abs(value) <= _LARGEST for value in values):
            return Entry.rationals(values, signed=min(values, default=0.0) < 0)
    return None


def _is_text(value: bytes) -> bool:
    try:
        text = bytes(value).rstrip(b"\0").decode("utf-8")
    except UnicodeDecodeError:
        return False
    return bool(text) and all(character.isprintable() or character in "\t\r\n" for character in text)

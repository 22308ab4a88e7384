"""Camera, time and settings of a photo, read from EXIF without decoding pixels."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from PIL import Image

from ...errors import FormatError
from ..pillow.plugins import load_plugin
from ..pillow.values import no_global_limit
from ..raw.metadata import directory_of
from ..sniff import RAW_SUFFIXES, kind_of_head
from ..tiff.directory import IFD, Directory
from ..tiff.parse import numbers_of, parse_tiff, text_of
from ..tiff.tags import Tag
from .exif import orientation_of, without_prefix

__all__ = ["Capture", "capture_of"]

_CAMERA = (Tag.Make, Tag.Model, Tag.BodySerialNumber)
_SETTINGS = (Tag.ExposureTime, Tag.FNumber, Tag.PhotographicSensitivity, Tag.FocalLength, Tag.Flash)


@dataclass(frozen=True)
class Capture:
    """How a photo was taken, according to its EXIF.

    Attributes:
        camera: make, model and serial number of the body; empty if unknown.
        taken: DateTimeOriginal with SubSecTimeOriginal, without a time zone; None if unknown.
        exposure_s: exposure time, seconds; None if unknown.
        settings: exposure time, f-number, sensitivity, focal length, flash and orientation, each empty if
            unknown; meant for comparison as a whole.
    """

    camera: str = ""
    taken: datetime | None = None
    exposure_s: float | None = None
    settings: tuple[tuple[float, ...], ...] = ()


def capture_of(path: Path) -> Capture:
    """The capture of a photo; empty if the file has no readable EXIF."""
    try:
        directory = _directory(path)
    except Exception:  # broken files raise many classes; reading the photo will report the error
        return Capture()
    return Capture() if directory is None else _capture(directory)


def _directory(path: Path) -> Directory | None:
    with open(path, "rb") as file:
        kind = kind_of_head(file.read(64))
        if kind in ("tiff", "raw") or (not kind and path.suffix.lower() in RAW_SUFFIXES):
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                return directory_of(data)
        load_plugin(kind)
        file.seek(0)
        with no_global_limit(), Image.open(file) as image:  # reads no pixels
            block = image.info.get("exif")
    if not isinstance(block, bytes):
        return None
    try:
        return parse_tiff(without_prefix(block))[0]
    except FormatError:
        return None


def _capture(image: Directory) -> Capture:
    pointer = image.get(Tag.ExifIFD)
    children = pointer.value if pointer is not None and pointer.type == IFD else ()
    fields: Directory = {code: entry for child in children for code, entry in child.items()}
    fields = {**image, **fields}  # DNG and TIFF/EP store some of them in the image directory
    exposure = numbers_of(fields, Tag.ExposureTime)
    turned = orientation_of(image)
    return Capture(
        " ".join(filter(None, (text_of(fields, tag).strip() for tag in _CAMERA))),
        _moment(text_of(fields, Tag.DateTimeOriginal), text_of(fields, Tag.SubSecTimeOriginal)),
        float(exposure[0]) if exposure else None,
        (*(tuple(map(float, numbers_of(fields, tag))) for tag in _SETTINGS), (float(turned or 1),)),
    )


def _moment(taken: str, subseconds: str) -> datetime | None:
    try:
        moment = datetime.strptime(taken.strip(" \0")[:19], "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    digits = subseconds.strip(" \0")
    return moment.replace(microsecond=int(digits.ljust(6, "0")[:6])) if digits.isdecimal() else moment

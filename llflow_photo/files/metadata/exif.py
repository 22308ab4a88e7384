"""EXIF blocks: selection of the fields of a source file that apply to an output file."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...errors import FormatError
from ..tiff.directory import (
    ASCII,
    BYTE,
    IFD,
    LONG,
    RATIONAL,
    SHORT,
    SRATIONAL,
    SSHORT,
    UNDEFINED,
    Directory,
    Entry,
    exif_block,
)
from ..tiff.parse import parse_tiff
from ..tiff.tags import ExifColorSpace, GPSTag, ResolutionUnit, Tag
from .exif_types import conforming, conforming_gps

__all__ = [
    "CarriedExif",
    "block_orientation",
    "carry",
    "carry_block",
    "describes_layout",
    "describing",
    "orientation_of",
    "split_block",
    "with_software",
    "without_prefix",
]

_PREFIX = b"Exif\0\0"

# Kept fields of the image directory: author, time, camera and the like; not the pixel layout.
_IMAGE_TAGS = {
    Tag.DocumentName, Tag.ImageDescription, Tag.Make, Tag.Model, Tag.XResolution, Tag.YResolution,
    Tag.PageName, Tag.ResolutionUnit, Tag.Software, Tag.DateTime, Tag.Artist, Tag.HostComputer,
    Tag.RelatedImageWidth, Tag.RelatedImageLength, Tag.Rating, Tag.RatingPercent, Tag.Copyright,
    Tag.TimeZoneOffset, Tag.XPTitle, Tag.XPComment, Tag.XPAuthor, Tag.XPKeywords, Tag.XPSubject,
    Tag.UniqueCameraModel, Tag.CameraSerialNumber,
}  # fmt: skip
# EXIF fields that DNG and TIFF/EP files store in the image directory.
_EXIF_TAGS_IN_IMAGE = {
    Tag.ExposureTime, Tag.FNumber, Tag.ExposureProgram, Tag.PhotographicSensitivity, Tag.DateTimeOriginal,
    Tag.ExposureBiasValue, Tag.MaxApertureValue, Tag.MeteringMode, Tag.LightSource, Tag.Flash,
    Tag.FocalLength,
}  # fmt: skip
# Dropped fields of the Exif directory: pixel layout, color, pointers, and the maker note.
_DROPPED_EXIF = {
    Tag.MakerNote, Tag.ComponentsConfiguration, Tag.CompressedBitsPerPixel, Tag.FlashpixVersion,
    Tag.ColorSpace, Tag.PixelXDimension, Tag.PixelYDimension, Tag.RelatedSoundFile, Tag.InteroperabilityIFD,
    Tag.SpatialFrequencyResponse, Tag.Gamma,
}  # fmt: skip
# Bytes. Larger fields are private blocks, not descriptions.
_MAX_VALUE = 1 << 20
# Descriptions by tifffile, ImageJ and OME programs. They state shape, channels and planes of the original
# file, by which such programs would interpret the pixels of the result.
_LAYOUT_IN_TEXT = re.compile(r'\s*(?:\{"shape"|shape=\(|ImageJ=)|.*<(?:\w+:)?OME[\s>]', re.DOTALL)
_LAYOUT_LEFT_OUT = "the image description was not kept: it describes the layout of the original file"
_MAKER_NOTE_LEFT_OUT = "the maker note was not kept: it depends on its position in the original file"


@dataclass(frozen=True)
class CarriedExif:
    """EXIF block for an output file.

    Attributes:
        block: TIFF-structured block with orientation 1; None if it would be empty.
        orientation: orientation declared by the source, 1 to 8; None if undeclared.
        notes: notes on what was left out.
    """

    block: bytes | None
    orientation: int | None = None
    notes: tuple[str, ...] = ()


def carry_block(block: bytes) -> CarriedExif:
    """`carry` for an EXIF block as stored in a file, with or without the ``Exif\\0\\0`` prefix.

    A block that cannot be parsed results in no EXIF and a note.
    """
    try:
        directories = parse_tiff(without_prefix(block))
    except FormatError:
        return CarriedExif(None, notes=("the EXIF block is broken and was left out",))
    return carry(directories[0])


def carry(source: Directory) -> CarriedExif:
    """Select the fields of an image directory (of JPEG EXIF, TIFF or RAW) that apply to an output file."""
    image: Directory = {}
    exif: Directory = {}
    left_out: list[str] = []
    for code, entry in source.items():
        target = image if code in _IMAGE_TAGS else exif if code in _EXIF_TAGS_IN_IMAGE else None
        if target is not None:
            _keep(target, code, entry, left_out)
    for child in _children(source, Tag.ExifIFD):
        for code, entry in child.items():
            if code == Tag.MakerNote:
                left_out.append(_MAKER_NOTE_LEFT_OUT)
            elif code not in _DROPPED_EXIF and entry.type != IFD:
                _keep(exif, code, entry, left_out)
                if conforming(code, entry) is None:
                    left_out.append(
                        f"EXIF tag 0x{code:04X} has a type that Exif does not allow; it was not kept"
                    )
    gps = {
        code: kept
        for child in _children(source, Tag.GPSInfo)
        for code, entry in child.items()
        if code <= GPSTag.GPSHPositioningError and (kept := conforming_gps(code, entry)) and _fits(kept)
    }
    block = _assemble(image, exif, gps) if image or exif or gps else None
    return CarriedExif(block, orientation_of(source), tuple(left_out))


def orientation_of(directory: Directory) -> int | None:
    """EXIF orientation, 1 to 8; None if missing or invalid."""
    entry = directory.get(Tag.Orientation)
    if entry is None or entry.type not in (BYTE, SHORT, LONG, SSHORT) or not entry.value:
        return None
    value = int(entry.value[0])
    return value if 1 <= value <= 8 else None


def describes_layout(text: str) -> bool:
    """Whether an image description is that of a program, and states the shape of the file's data."""
    return _LAYOUT_IN_TEXT.match(text) is not None


def block_orientation(block: bytes | None) -> int | None:
    """`orientation_of` a block as stored in a file; None if it is missing or broken."""
    try:
        return orientation_of(parse_tiff(without_prefix(block or b""))[0])
    except FormatError:
        return None


def without_prefix(block: bytes) -> bytes:
    """A block from its TIFF header on; some programs write the JPEG prefix twice, or in other formats."""
    while block.startswith(_PREFIX):
        block = block[len(_PREFIX) :]
    return block


def split_block(block: bytes) -> Directory:
    """Parse a carried block into a directory, to embed it in TIFF or DNG."""
    return parse_tiff(block)[0]


def with_software(block: bytes | None, software: str) -> bytes:
    """The block with the Software field set; a new block if there is none."""
    directory: Directory = {}
    if block is not None:
        directory = dict(split_block(block))
    directory[Tag.Software] = Entry.text(software)
    directory.setdefault(Tag.Orientation, Entry.numbers(SHORT, 1))
    return exif_block(directory)


def describing(block: bytes, width: int, height: int, is_srgb: bool, format_name: str) -> bytes:
    """The block with the mandatory fields on the pixels of the output file: size, color space, resolution.

    Source: Exif 2.32, tables of mandatory tags. Colors other than sRGB are declared "uncalibrated"; they are
    described by the profile.
    """
    directory = dict(split_block(block))
    # By the standard, an unknown resolution is 72 pixels per inch.
    for code in (Tag.XResolution, Tag.YResolution):
        directory.setdefault(code, Entry.rationals([72.0]))
    directory.setdefault(Tag.ResolutionUnit, Entry.numbers(SHORT, ResolutionUnit.Inch))
    directory[Tag.YCbCrPositioning] = Entry.numbers(SHORT, 1)
    children = _children(directory, Tag.ExifIFD)
    exif: Directory = dict(children[0]) if children else {Tag.ExifVersion: Entry(UNDEFINED, b"0232")}
    exif[Tag.FlashpixVersion] = Entry(UNDEFINED, b"0100")
    color_space = ExifColorSpace.SRGB if is_srgb else ExifColorSpace.Uncalibrated
    exif[Tag.ColorSpace] = Entry.numbers(SHORT, color_space)
    if format_name == "jpeg":
        exif[Tag.ComponentsConfiguration] = Entry(UNDEFINED, bytes((1, 2, 3, 0)))
    if format_name != "tiff":  # which has its own fields for it
        exif[Tag.PixelXDimension] = Entry.numbers(LONG, width)
        exif[Tag.PixelYDimension] = Entry.numbers(LONG, height)
    directory[Tag.ExifIFD] = Entry.directories(exif)
    return exif_block(directory)


def _keep(target: Directory, code: int, entry: Entry, left_out: list[str]) -> None:
    if code == Tag.ImageDescription and describes_layout(_text(entry)):
        left_out.append(_LAYOUT_LEFT_OUT)
    elif _fits(entry):
        # In RAW files, makers use numbers of standard fields for values of their own.
        if (kept := conforming(code, entry)) is not None:
            target[code] = kept
    elif entry.type != IFD and entry.count > _MAX_VALUE // 8:
        left_out.append(f"EXIF tag 0x{code:04X} is too large and was not kept")


def _text(entry: Entry) -> str:
    return entry.value.decode("utf-8", "replace") if isinstance(entry.value, bytes) else ""


def _assemble(image: Directory, exif: Directory, gps: Directory) -> bytes:
    image = {**image, Tag.Orientation: Entry.numbers(SHORT, 1)}
    if exif:
        exif.setdefault(Tag.ExifVersion, Entry(UNDEFINED, b"0232"))
        image[Tag.ExifIFD] = Entry.directories(exif)
    if gps:
        gps.setdefault(GPSTag.GPSVersionID, Entry(BYTE, bytes((2, 3, 0, 0))))
        image[Tag.GPSInfo] = Entry.directories(gps)
    return exif_block(image)


def _children(source: Directory, code: int) -> tuple[Directory, ...]:
    entry = source.get(code)
    return entry.value if entry is not None and entry.type == IFD else ()


def _fits(entry: Entry) -> bool:
    if entry.type == IFD or entry.count == 0:
        return False
    size = 8 if entry.type in (RATIONAL, SRATIONAL) else 1
    return entry.count * size <= _MAX_VALUE and not (entry.type == ASCII and not entry.value.strip(b"\0 "))

"""EXIF blocks: what of a file's tags a new file of other pixels can carry."""

from __future__ import annotations

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

__all__ = [
    "CarriedExif",
    "block_orientation",
    "carry",
    "carry_block",
    "describing",
    "orientation_of",
    "split_block",
    "with_software",
    "without_prefix",
]

_PREFIX = b"Exif\0\0"

# Of the image directory: who, when, with what; not how the pixels are laid out in that file.
_IMAGE_TAGS = {
    Tag.DocumentName, Tag.ImageDescription, Tag.Make, Tag.Model, Tag.XResolution, Tag.YResolution,
    Tag.PageName, Tag.ResolutionUnit, Tag.Software, Tag.DateTime, Tag.Artist, Tag.HostComputer,
    Tag.RelatedImageWidth, Tag.RelatedImageLength, Tag.Rating, Tag.RatingPercent, Tag.Copyright,
    Tag.TimeZoneOffset, Tag.XPTitle, Tag.XPComment, Tag.XPAuthor, Tag.XPKeywords, Tag.XPSubject,
    Tag.UniqueCameraModel, Tag.CameraSerialNumber,
}  # fmt: skip
# EXIF tags that DNG and TIFF/EP files keep in the image directory.
_EXIF_TAGS_IN_IMAGE = {
    Tag.ExposureTime, Tag.FNumber, Tag.ExposureProgram, Tag.PhotographicSensitivity, Tag.DateTimeOriginal,
    Tag.ExposureBiasValue, Tag.MaxApertureValue, Tag.MeteringMode, Tag.LightSource, Tag.Flash,
    Tag.FocalLength,
}  # fmt: skip
# Of the Exif directory: layout of the old pixels, pointers, and the maker's private block.
_DROPPED_EXIF = {
    Tag.MakerNote, Tag.ComponentsConfiguration, Tag.CompressedBitsPerPixel, Tag.FlashpixVersion,
    Tag.ColorSpace, Tag.PixelXDimension, Tag.PixelYDimension, Tag.RelatedSoundFile, Tag.InteroperabilityIFD,
    Tag.SpatialFrequencyResponse, Tag.FlashEnergy, Tag.Gamma,
}  # fmt: skip
# No text of a photo is larger; what is are private blocks.
_MAX_VALUE = 1 << 20
_MAKER_NOTE_LEFT_OUT = "the maker note was not kept: it depends on its place in the original file"


@dataclass(frozen=True)
class CarriedExif:
    """A block fit for a new file, and what it lacks.

    Attributes:
        block: TIFF-structured, orientation 1; None where nothing was worth carrying.
        orientation: what the source said, 1 to 8, None where it said nothing.
        notes: what was left out.
    """

    block: bytes | None
    orientation: int | None = None
    notes: tuple[str, ...] = ()


def carry_block(block: bytes) -> CarriedExif:
    """`carry` for an EXIF block as a file holds it, with or without the ``Exif\\0\\0`` prefix.

    A block that cannot be parsed gives no EXIF and a note.
    """
    try:
        directories = parse_tiff(without_prefix(block))
    except FormatError:
        return CarriedExif(None, notes=("the EXIF block is broken and was left out",))
    return carry(directories[0])


def carry(source: Directory) -> CarriedExif:
    """What of a parsed image directory (of JPEG's EXIF, of TIFF, of a RAW file) a new file can hold."""
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
    gps = {
        code: entry
        for child in _children(source, Tag.GPSInfo)
        for code, entry in child.items()
        if code <= GPSTag.GPSHPositioningError and _fits(entry)
    }
    block = _assemble(image, exif, gps) if image or exif or gps else None
    return CarriedExif(block, orientation_of(source), tuple(left_out))


def orientation_of(directory: Directory) -> int | None:
    """EXIF orientation 1 to 8; None where it is missing or makes no sense."""
    entry = directory.get(Tag.Orientation)
    if entry is None or entry.type not in (BYTE, SHORT, LONG, SSHORT) or not entry.value:
        return None
    value = int(entry.value[0])
    return value if 1 <= value <= 8 else None


def block_orientation(block: bytes | None) -> int | None:
    """`orientation_of` a block as a file holds it; None where there is none or it is broken."""
    try:
        return orientation_of(parse_tiff(without_prefix(block or b""))[0])
    except FormatError:
        return None


def without_prefix(block: bytes) -> bytes:
    """A block from its TIFF header on; some programs write JPEG's prefix twice, or where there is none."""
    while block.startswith(_PREFIX):
        block = block[len(_PREFIX) :]
    return block


def split_block(block: bytes) -> Directory:
    """A carried block as a directory again, to be embedded in a TIFF or DNG."""
    return parse_tiff(block)[0]


def with_software(block: bytes | None, software: str) -> bytes:
    """The block with its Software tag set; a new block where there was none."""
    directory: Directory = {}
    if block is not None:
        directory = dict(split_block(block))
    directory[Tag.Software] = Entry.text(software)
    directory.setdefault(Tag.Orientation, Entry.numbers(SHORT, 1))
    return exif_block(directory)


def describing(block: bytes, width: int, height: int, is_srgb: bool, format_name: str) -> bytes:
    """The block with what Exif wants to know of the new file's pixels: size, color space, resolution.

    Source: Exif 2.32, tables of mandatory tags. Where the colors are not sRGB it says "uncalibrated": what
    they are stands in the profile.
    """
    directory = dict(split_block(block))
    # Exif writes a resolution that is not known as 72 per inch.
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
    if format_name != "tiff":  # whose own tags say it
        exif[Tag.PixelXDimension] = Entry.numbers(LONG, width)
        exif[Tag.PixelYDimension] = Entry.numbers(LONG, height)
    directory[Tag.ExifIFD] = Entry.directories(exif)
    return exif_block(directory)


def _keep(target: Directory, code: int, entry: Entry, left_out: list[str]) -> None:
    if _fits(entry):
        target[code] = entry
    elif entry.type != IFD and entry.count > _MAX_VALUE // 8:
        left_out.append(f"EXIF tag 0x{code:04X} is too large and was not kept")


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

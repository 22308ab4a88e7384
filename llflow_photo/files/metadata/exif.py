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
    SSHORT,
    UNDEFINED,
    Directory,
    Entry,
    exif_block,
)
from ..tiff.parse import parse_tiff
from .exif_fields import EXIF_POINTER, GPS_POINTER

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

ORIENTATION = 0x0112
_PREFIX = b"Exif\0\0"
_MAKER_NOTE = 0x927C
_SOFTWARE = 0x0131

# Of the image directory: who, when, with what; not how the pixels are laid out in that file.
_IMAGE_TAGS = {
    0x010D, 0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x011D, 0x0128, 0x0131, 0x0132, 0x013B, 0x013C, 0x1001,
    0x1002, 0x4746, 0x4749, 0x8298, 0x882A, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, 0xC614, 0xC62F,
}  # fmt: skip
# EXIF tags that DNG and TIFF/EP files keep in the image directory.
_EXIF_TAGS_IN_IMAGE = {0x829A, 0x829D, 0x8822, 0x8827, 0x9003, 0x9204, 0x9205, 0x9207, 0x9208, 0x9209, 0x920A}
# Of the Exif directory: layout of the old pixels, pointers, and the maker's private block.
_DROPPED_EXIF = {
    _MAKER_NOTE,
    0x9101,
    0x9102,
    0xA000,
    0xA001,
    0xA002,
    0xA003,
    0xA004,
    0xA005,
    0xA20C,
    0xA20B,
    0xA500,
}
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
    for child in _children(source, EXIF_POINTER):
        for code, entry in child.items():
            if code == _MAKER_NOTE:
                left_out.append(_MAKER_NOTE_LEFT_OUT)
            elif code not in _DROPPED_EXIF and entry.type != IFD:
                _keep(exif, code, entry, left_out)
    gps = {
        code: entry
        for child in _children(source, GPS_POINTER)
        for code, entry in child.items()
        if code <= 0x1F and _fits(entry)
    }
    block = _assemble(image, exif, gps) if image or exif or gps else None
    return CarriedExif(block, orientation_of(source), tuple(left_out))


def orientation_of(directory: Directory) -> int | None:
    """EXIF orientation 1 to 8; None where it is missing or makes no sense."""
    entry = directory.get(ORIENTATION)
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
    directory[_SOFTWARE] = Entry.text(software)
    directory.setdefault(ORIENTATION, Entry.numbers(SHORT, 1))
    return exif_block(directory)


def describing(block: bytes, width: int, height: int, is_srgb: bool, format_name: str) -> bytes:
    """The block with what Exif wants to know of the new file's pixels: size, color space, resolution.

    Source: Exif 2.32, tables of mandatory tags. Where the colors are not sRGB it says "uncalibrated": what
    they are stands in the profile.
    """
    directory = dict(split_block(block))
    for code in (0x011A, 0x011B):  # resolution: nothing is known, which Exif writes as 72 per inch
        directory.setdefault(code, Entry.rationals([72.0]))
    directory.setdefault(0x0128, Entry.numbers(SHORT, 2))
    directory[0x0213] = Entry.numbers(SHORT, 1)
    children = _children(directory, EXIF_POINTER)
    exif = dict(children[0]) if children else {0x9000: Entry(UNDEFINED, b"0232")}
    exif[0xA000] = Entry(UNDEFINED, b"0100")
    exif[0xA001] = Entry.numbers(SHORT, 1 if is_srgb else 0xFFFF)
    if format_name == "jpeg":
        exif[0x9101] = Entry(UNDEFINED, bytes((1, 2, 3, 0)))
    if format_name != "tiff":  # whose own tags say it
        exif[0xA002], exif[0xA003] = Entry.numbers(LONG, width), Entry.numbers(LONG, height)
    directory[EXIF_POINTER] = Entry.directories(exif)
    return exif_block(directory)


def _keep(target: Directory, code: int, entry: Entry, left_out: list[str]) -> None:
    if _fits(entry):
        target[code] = entry
    elif entry.type != IFD and entry.count > _MAX_VALUE // 8:
        left_out.append(f"EXIF tag 0x{code:04X} is too large and was not kept")


def _assemble(image: Directory, exif: Directory, gps: Directory) -> bytes:
    image = {**image, ORIENTATION: Entry.numbers(SHORT, 1)}
    if exif:
        exif.setdefault(0x9000, Entry(UNDEFINED, b"0232"))
        image[EXIF_POINTER] = Entry.directories(exif)
    if gps:
        gps.setdefault(0, Entry(BYTE, bytes((2, 3, 0, 0))))
        image[GPS_POINTER] = Entry.directories(gps)
    return exif_block(image)


def _children(source: Directory, code: int) -> tuple[Directory, ...]:
    entry = source.get(code)
    return entry.value if entry is not None and entry.type == IFD else ()


def _fits(entry: Entry) -> bool:
    if entry.type == IFD or entry.count == 0:
        return False
    size = 8 if entry.type in (RATIONAL, 10) else 1
    return entry.count * size <= _MAX_VALUE and not (entry.type == ASCII and not entry.value.strip(b"\0 "))

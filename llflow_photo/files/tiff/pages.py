"""Selection of the page of a TIFF file that is the photo, not a thumbnail, mask or reduced copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .directory import IFD, Directory
from .parse import numbers_of
from .tags import NewSubfile, OldSubfile, Photometric, Tag

__all__ = ["PhotoPage", "holds_developed_photo", "one_number", "photo_page"]

_REDUCED_OR_MASK = NewSubfile.ReducedResolution | NewSubfile.TransparencyMask
# A first page without flags, up to this size and of the aspect ratio of a larger page, is a thumbnail.
_THUMBNAIL_SIDE = 512
_SAME_SHAPE = 0.03
# Limit for thumbnails of another aspect ratio, with black bars.
_SMALL_SIDE = 320
_RAW_KINDS = frozenset((Photometric.CFA, Photometric.LinearRaw))
_DEVELOPED_KINDS = frozenset((Photometric.WhiteIsZero, Photometric.BlackIsZero, Photometric.RGB))
# Maximum size of what is neither pixels nor fields of the pages, in bytes, unless these are larger. In a RAW
# file with sensor data outside the directories, the page is a preview and much smaller.
_UNKNOWN_BYTES = 1 << 16
# Fields that describe the whole file if they are in its first directory.
_SHARED = {
    Tag.ImageDescription, Tag.Make, Tag.Model, Tag.Orientation, Tag.XResolution, Tag.YResolution,
    Tag.ResolutionUnit, Tag.Software, Tag.DateTime, Tag.Artist, Tag.XMP, Tag.Rating, Tag.RatingPercent,
    Tag.Copyright, Tag.IPTC, Tag.Photoshop, Tag.ExifIFD, Tag.ICCProfile, Tag.GPSInfo, Tag.ExposureTime,
    Tag.FNumber, Tag.ExposureProgram, Tag.PhotographicSensitivity, Tag.DateTimeOriginal,
}  # fmt: skip


@dataclass(frozen=True)
class PhotoPage:
    """The page of the photo.

    Attributes:
        layout: directory of the page.
        metadata: the same, with fields of the first directory that describe the whole file.
        notes: notes on pages that were not read.
    """

    layout: Directory
    metadata: Directory
    notes: tuple[str, ...]


def one_number(directory: Directory, code: int, default: int) -> int:
    """The first number of a field."""
    values = numbers_of(directory, code)
    return int(values[0]) if values else default


def photo_page(directories: list[Directory]) -> PhotoPage:
    """The first full-size page in the chain or in SubIFDs (in TIFF/EP the first page is a thumbnail)."""
    pages = [page for page in _all_pages(directories) if _area(page) > 0]
    full = [page for page in pages if not _is_reduced(page)] or pages or directories
    page = _not_a_thumbnail(full)
    first = {code: entry for code, entry in directories[0].items() if code in _SHARED}
    # A first page that is not the photo is its thumbnail.
    others = [other for other in full[1:] if other is not page and not _is_copy(other, page)]
    notes = ("only the first full-size page was read",) if others else ()
    return PhotoPage(page, first | page, notes)


def holds_developed_photo(directories: list[Directory], file_bytes: int) -> bool:
    """Whether the photo of a TIFF file is a developed one, RGB or gray: no sensor data, no preview of it.

    Args:
        file_bytes: size of the file.
    """
    pages = list(_all_pages(directories))
    kinds = {one_number(page, Tag.PhotometricInterpretation, -1) for page in pages}
    page = photo_page(directories).layout
    described = sum(map(_described_bytes, pages))
    return (
        not kinds & _RAW_KINDS
        and one_number(page, Tag.PhotometricInterpretation, -1) in _DEVELOPED_KINDS
        and not _is_reduced(page)
        and file_bytes - described <= max(described, _UNKNOWN_BYTES)
    )


def _described_bytes(page: Directory) -> int:
    """Bytes of a page's pixels and of its larger fields."""
    pixels = sum(numbers_of(page, Tag.StripByteCounts)) + sum(numbers_of(page, Tag.TileByteCounts))
    return int(pixels) + sum(len(entry.value) for entry in page.values() if isinstance(entry.value, bytes))


def _all_pages(directories: list[Directory]) -> Iterator[Directory]:
    """Pages of the chain, then those in SubIFDs."""
    yield from directories
    for directory in directories:
        below = directory.get(Tag.SubIFDs)
        if below is not None and below.type == IFD:
            yield from _all_pages(list(below.value))


def _is_reduced(page: Directory) -> bool:
    return bool(one_number(page, Tag.NewSubfileType, 0) & _REDUCED_OR_MASK) or (
        one_number(page, Tag.SubfileType, 0) == OldSubfile.ReducedResolution
    )


def _area(page: Directory) -> int:
    return one_number(page, Tag.ImageWidth, 0) * one_number(page, Tag.ImageLength, 0)


def _not_a_thumbnail(pages: list[Directory]) -> Directory:
    """The first page; if it is a thumbnail without a flag, the largest page that it may belong to."""
    first = pages[0]
    side = max(one_number(first, Tag.ImageWidth, 0), one_number(first, Tag.ImageLength, 0))
    if side > _THUMBNAIL_SIDE:
        return first
    larger = [
        page
        for page in pages[1:]
        if (_area(page) >= 4 * _area(first) and _same_shape(first, page))
        or (side <= _SMALL_SIDE and _area(page) >= 16 * _area(first))
    ]
    return max(larger, key=_area, default=first)


def _same_shape(one: Directory, other: Directory) -> bool:
    if not _area(one) or not _area(other):
        return False
    shapes = [
        one_number(page, Tag.ImageWidth, 0) / one_number(page, Tag.ImageLength, 0) for page in (one, other)
    ]
    return abs(shapes[0] / shapes[1] - 1) < _SAME_SHAPE


def _is_copy(other: Directory, page: Directory) -> bool:
    """Whether a page without flags is a reduced copy, as in image pyramids."""
    return _area(other) < _area(page) and _same_shape(other, page)

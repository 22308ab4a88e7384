"""Detection of the file format: by content, and by suffix for lists of files."""

from __future__ import annotations

from pathlib import Path

from .tiff.directory import IFD, Directory
from .tiff.parse import is_tiff, numbers_of
from .tiff.tags import Photometric, Tag

__all__ = ["RASTER_SUFFIXES", "RAW_SUFFIXES", "is_photo", "is_raw", "kind_of_head", "tiff_is_raw"]

RAW_SUFFIXES = frozenset((
    ".3fr", ".ari", ".arw", ".bay", ".cap", ".cr2", ".cr3", ".crw", ".dcr", ".dcs", ".dng", ".erf", ".fff",
    ".gpr", ".iiq", ".k25", ".kdc", ".mef", ".mos", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".ptx", ".raf",
    ".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f",
))  # fmt: skip
RASTER_SUFFIXES = frozenset((
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".avif", ".heic", ".heif", ".hif",
    ".jxl", ".bmp",
))  # fmt: skip

_RAW_MAGICS = (
    (0, b"FUJIFILMCCD-RAW"), (8, b"CR\x02"), (6, b"HEAPCCDR"), (0, b"FOVb"), (0, b"\0MRM"), (0, b"ARRI"),
    (0, b"IIRO"), (0, b"IIRS"), (0, b"MMOR"), (0, b"IIU\0"),
)  # fmt: skip
_RASTER_MAGICS = (
    (b"\xff\xd8\xff", "jpeg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"\xff\x0a", "jxl"),
    (b"\0\0\0\x0cJXL ", "jxl"), (b"BM", "bmp"),
)  # fmt: skip
_RAW_KINDS = frozenset((Photometric.CFA, Photometric.LinearRaw))


def is_photo(path: str | Path) -> bool:
    """Whether the suffix is that of a photo. Hidden files are excluded."""
    path = Path(path)
    return not path.name.startswith(".") and path.suffix.lower() in RAW_SUFFIXES | RASTER_SUFFIXES


def is_raw(path: str | Path) -> bool:
    """Whether the suffix is that of a camera RAW file."""
    return Path(path).suffix.lower() in RAW_SUFFIXES


def kind_of_head(head: bytes) -> str:
    """``jpeg``, ``png``, ``webp``, ``bmp``, ``avif``, ``heif``, ``jxl``, ``tiff``, ``raw``, or an
    empty string.

    Args:
        head: at least the first 32 bytes of the file. A ``tiff`` may contain RAW data, see `tiff_is_raw`.
    """
    for offset, magic in _RAW_MAGICS:
        if head[offset : offset + len(magic)] == magic:
            return "raw"
    if is_tiff(head):
        return "tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    for magic, kind in _RASTER_MAGICS:
        if head.startswith(magic):
            return kind
    return _base_media_kind(head)


def _base_media_kind(head: bytes) -> str:
    """Format of a file of ISO/IEC 14496-12 boxes, by the brands in its first box."""
    if head[4:8] != b"ftyp":
        return ""
    if head[8:12] == b"crx ":
        return "raw"
    brands = {head[index : index + 4] for index in range(8, len(head) - 3, 4)}
    if brands & {b"avif", b"avis"}:
        return "avif"
    return "heif" if brands & {b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"heim", b"heis"} else ""


def tiff_is_raw(directories: list[Directory]) -> bool:
    """Whether TIFF directories describe a mosaic or another raw image: DNG, NEF, ARW, PEF and others."""
    for directory in directories:
        if Tag.DNGVersion in directory:
            return True
        if _RAW_KINDS & set(numbers_of(directory, Tag.PhotometricInterpretation)):
            return True
        children = directory.get(Tag.SubIFDs)
        if children is not None and children.type == IFD and tiff_is_raw(list(children.value)):
            return True
    return False

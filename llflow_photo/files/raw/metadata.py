"""Metadata of RAW files, from TIFF structure, CR3 and RAF containers, or else the embedded preview."""

from __future__ import annotations

import io
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ...errors import FormatError
from ..dng.linear_dng import PRIVATE_DATA
from ..metadata.exif import carry, split_block
from ..tiff.directory import IFD, Directory, Entry, exif_block
from ..tiff.parse import Buffer, is_tiff, numbers_of, packet_of, parse_tiff, text_of
from ..tiff.tags import Photometric, Tag

__all__ = ["RawContainer", "directory_of"]


@dataclass(frozen=True)
class RawContainer:
    """Metadata of a RAW file.

    Attributes:
        exif: EXIF block for output files, orientation 1.
        xmp, iptc: packets embedded in the file.
        make, model, unique_camera_model: names of the camera; empty if unknown.
        color_matrix: 3 x 3 XYZ to camera RGB of a DNG, for daylight if there are two.
        baseline_exposure: EV, BaselineExposure of a DNG.
        is_linear: whether the file is a DNG of demosaiced pixels.
        is_ours: whether `linear_dng` wrote the file, so that its highlights are already developed.
        notes: notes on what was left out.
    """

    exif: bytes | None = None
    xmp: bytes | None = None
    iptc: bytes | None = None
    make: str = ""
    model: str = ""
    unique_camera_model: str = ""
    color_matrix: np.ndarray | None = None
    baseline_exposure: float = 0.0
    is_linear: bool = False
    is_ours: bool = False
    notes: tuple[str, ...] = ()

    @property
    def linear_baseline_exposure(self) -> float:
        """EV to apply: BaselineExposure of linear DNGs, 0 for mosaics, which keep LibRaw's brightness."""
        return self.baseline_exposure if self.is_linear else 0.0

    @classmethod
    def read(cls, path: Path, raw: Any) -> RawContainer:
        """Read from the file, its preview, and the lens name of LibRaw (``raw``: an opened `rawpy.RawPy`)."""
        with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            page, blocks = _directories(data, raw)
        if page is None:
            return cls(notes=("the RAW file's metadata could not be read and was not kept",))
        carried = carry(page)
        notes = tuple(dict.fromkeys((*carried.notes, *blocks)))
        return cls(
            exif=_with_lens(carried.block, raw),
            xmp=packet_of(page, Tag.XMP),
            iptc=packet_of(page, Tag.IPTC),
            make=text_of(page, Tag.Make),
            model=text_of(page, Tag.Model),
            unique_camera_model=text_of(page, Tag.UniqueCameraModel),
            color_matrix=_color_matrix(page),
            baseline_exposure=_bounded(numbers_of(page, Tag.BaselineExposure)),
            is_linear=_is_linear(page),
            is_ours=packet_of(page, Tag.DNGPrivateData) == PRIVATE_DATA,
            notes=notes,
        )


def directory_of(data: Buffer) -> Directory | None:
    """The image directory of a RAW or TIFF file with its Exif and GPS children; None if there is none."""
    return _directories(data, None)[0]


def _directories(data: Buffer, raw: Any) -> tuple[Directory | None, tuple[str, ...]]:
    """The image directory with its Exif and GPS children, from the container of the format, and notes."""
    head = bytes(data[:64])
    try:
        if is_tiff(head):
            return _merged(parse_tiff(data)), ()
        if head[4:12] == b"ftypcrx ":
            return _canon_cr3(data), ()
        if head.startswith(b"FUJIFILMCCD-RAW"):
            (offset, length) = struct.unpack(">II", bytes(data[84:92]))
            block = _exif_of_jpeg(bytes(data[offset : offset + min(length, 64 << 20)]))
            return (parse_tiff(block)[0] if block else None), ()
    except (FormatError, struct.error):
        pass
    block = _exif_of_preview(raw)
    if block is None:
        return None, ()
    try:
        return parse_tiff(block)[0], ("metadata was taken from the RAW file's preview",)
    except FormatError:
        return None, ()


def _merged(directories: list[Directory]) -> Directory:
    """The first directory, with fields that only later ones have (Exif of some makers)."""
    page = dict(directories[0])
    for other in directories[1:]:
        for code in (Tag.ExifIFD, Tag.GPSInfo, Tag.XMP, Tag.IPTC):
            if code in other and code not in page:
                page[code] = other[code]
    return page


def _canon_cr3(data: Buffer) -> Directory | None:
    """CMT1 (image), CMT2 (Exif) and CMT4 (GPS) boxes inside ``moov``; each is a TIFF block."""
    head = bytes(data[: min(len(data), 4 << 20)])
    found: dict[bytes, Directory] = {}
    for name in (b"CMT1", b"CMT2", b"CMT4"):
        place = head.find(name)
        if place < 4:
            continue
        (size,) = struct.unpack_from(">I", head, place - 4)
        block = head[place + 4 : place - 4 + size]
        if is_tiff(block):
            found[name] = parse_tiff(block)[0]
    if b"CMT1" not in found:
        return None
    page = dict(found[b"CMT1"])
    if b"CMT2" in found:
        page[Tag.ExifIFD] = Entry(IFD, (found[b"CMT2"],))
    if b"CMT4" in found:
        page[Tag.GPSInfo] = Entry(IFD, (found[b"CMT4"],))
    return page


def _exif_of_preview(raw: Any) -> bytes | None:
    try:
        thumb = raw.extract_thumb()
    except Exception:  # for missing previews LibRaw raises different classes, depending on the camera
        return None
    data = thumb.data
    return _exif_of_jpeg(data) if isinstance(data, bytes) else None


def _exif_of_jpeg(data: bytes) -> bytes | None:
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as image:
            block = image.info.get("exif")
    except Exception:  # a broken preview does not prevent reading the photo
        return None
    return block.removeprefix(b"Exif\0\0") if isinstance(block, bytes) and block else None


def _with_lens(block: bytes | None, raw: Any) -> bytes | None:
    """Add the lens name from LibRaw; older cameras store it only in their maker note."""
    if block is None:
        return None
    page = split_block(block)
    children = page.get(Tag.ExifIFD)
    exif = dict(children.value[0]) if children is not None and children.type == IFD else {}
    if Tag.LensModel in exif:
        return block
    name = _lens_name(raw)
    if not name:
        return block
    exif[Tag.LensModel] = Entry.text(name)
    page[Tag.ExifIFD] = Entry.directories(exif)
    return exif_block(page)


def _lens_name(raw: Any) -> str:
    try:
        # LibRaw unpacks the whole file for this attribute.
        lens = getattr(raw, "lens", None)
    except Exception:  # pixels that LibRaw cannot unpack may be read by other means
        return ""
    return str(getattr(lens, "model", "") or "").strip()


def _color_matrix(page: Directory) -> np.ndarray | None:
    """The matrix for daylight, which is ColorMatrix2 in nearly all files that have two."""
    for code in (Tag.ColorMatrix2, Tag.ColorMatrix1):
        numbers = numbers_of(page, code)
        if len(numbers) == 9:
            return np.array(numbers, float).reshape(3, 3)
    return None


def _bounded(numbers: tuple[float, ...]) -> float:
    return float(numbers[0]) if len(numbers) == 1 and abs(numbers[0]) <= 10 else 0.0


def _is_linear(page: Directory) -> bool:
    children = page.get(Tag.SubIFDs)
    candidates = [page, *(children.value if children is not None and children.type == IFD else ())]
    return any(
        Photometric.LinearRaw in numbers_of(candidate, Tag.PhotometricInterpretation)
        for candidate in candidates
    )

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
from ..metadata.exif import carry, split_block, without_prefix
from ..metadata.exif_types import conforming
from ..metadata.xmp_extended import EXTENSION, joined
from ..pillow.images import as_bytes, iptc_of_image
from ..pillow.jpeg_stream import scan_jpeg
from ..tiff.directory import BYTE, IFD, LONG, SHORT, UNDEFINED, Directory, Entry, exif_block
from ..tiff.parse import Buffer, is_tiff, numbers_of, packet_of, parse_tiff, text_of
from ..tiff.tags import Photometric, SensitivityType, Tag
from .boxes import xmp_of_boxes

__all__ = ["RawContainer", "directory_of"]


# Bytes of a JPEG in a RAF file.
_MAX_JPEG = 64 << 20
_MAX_SHORT = 65535
# Taken from the JPEG of an RW2 file: what describes the photo.
_FROM_JPEG = {
    Tag.ImageDescription, Tag.Make, Tag.Model, Tag.XResolution, Tag.YResolution, Tag.ResolutionUnit,
    Tag.Software, Tag.DateTime, Tag.Artist, Tag.Copyright, Tag.Rating, Tag.RatingPercent, Tag.ExifIFD,
    Tag.GPSInfo, Tag.XMP, Tag.IPTC,
}  # fmt: skip


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
    """The image directory with its Exif and GPS children and XMP, from the format's container, and notes."""
    head = bytes(data[:64])
    notes: list[str] = []
    try:
        if is_tiff(head):
            return _with_jpeg(_merged(parse_tiff(data)), notes), tuple(notes)
        if head[4:12] == b"ftypcrx ":
            return _canon_cr3(data), ()
        if head.startswith(b"FUJIFILMCCD-RAW"):
            (offset, length) = struct.unpack(">II", bytes(data[84:92]))
            page = _directory_of_jpeg(bytes(data[offset : offset + min(length, _MAX_JPEG)]), notes)
            return page, tuple(notes)
    except (FormatError, struct.error):
        pass
    page = _directory_of_preview(raw, notes)
    if page is None:
        return None, ()
    return page, ("metadata was taken from the RAW file's preview", *notes)


def _merged(directories: list[Directory]) -> Directory:
    """The first directory, with fields that only later ones have (Exif of some makers)."""
    page = dict(directories[0])
    for other in directories[1:]:
        for code in (Tag.ExifIFD, Tag.GPSInfo, Tag.XMP, Tag.IPTC):
            if code in other and code not in page:
                page[code] = other[code]
    return page


def _with_jpeg(page: Directory, notes: list[str]) -> Directory:
    """An RW2 file's directory with the fields that only its JPEG has, and the sensitivity.

    Panasonic and Leica store most of Exif in this JPEG, and use some numbers for fields of their own.
    """
    content = packet_of(page, Tag.JpgFromRaw)
    if content is None:
        return page
    merged = dict(_directory_of_jpeg(content, notes) or {})
    # Layout of the JPEG's own pixels and thumbnail.
    merged = {code: entry for code, entry in merged.items() if code in _FROM_JPEG}
    for code, entry in page.items():
        if entry.type == IFD and code in merged:
            merged[code] = Entry.directories({**merged[code].value[0], **entry.value[0]})
        elif code not in merged or conforming(code, entry) is not None:
            merged[code] = entry
    return _with_sensitivity(merged)


def _with_sensitivity(page: Directory) -> Directory:
    """Add ISO from the fields of an RW2's image directory, if Exif has none. Source: Exif 2.32, 4.6.5 G."""
    exif: Directory = dict(page[Tag.ExifIFD].value[0]) if Tag.ExifIFD in page else {}
    found = [
        int(number)
        for code in (Tag.PanasonicLongISO, Tag.PanasonicISO)
        for number in numbers_of(page, code)[:1]
        if number > 0
    ]
    if not found or Tag.PhotographicSensitivity in (exif.keys() | page.keys()):
        return page
    exif[Tag.PhotographicSensitivity] = Entry.numbers(SHORT, min(found[0], _MAX_SHORT))
    if found[0] > _MAX_SHORT:
        exif[Tag.SensitivityType] = Entry.numbers(SHORT, SensitivityType.RecommendedExposureIndex)
        exif[Tag.RecommendedExposureIndex] = Entry.numbers(LONG, found[0])
    return {**page, Tag.ExifIFD: Entry.directories(exif)}


def _canon_cr3(data: Buffer) -> Directory | None:
    """CMT1 (image), CMT2 (Exif) and CMT4 (GPS) boxes inside ``moov``, each a TIFF block; XMP in a box."""
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
    if packet := xmp_of_boxes(data):
        page[Tag.XMP] = Entry(BYTE, packet)
    return page


def _directory_of_preview(raw: Any, notes: list[str]) -> Directory | None:
    try:
        thumb = raw.extract_thumb()
    except Exception:  # for missing previews LibRaw raises different classes, depending on the camera
        return None
    data = thumb.data
    return _directory_of_jpeg(data, notes) if isinstance(data, bytes) else None


def _directory_of_jpeg(data: bytes, notes: list[str]) -> Directory | None:
    """The image directory in the EXIF of a JPEG, with its XMP and IPTC; None if it has none of them."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"]) as image:
            block, packet = as_bytes(image.info.get("exif")), as_bytes(image.info.get("xmp"))
            iptc = iptc_of_image(image)
    except Exception:  # a broken preview does not prevent reading the photo
        return None
    try:
        page = dict(parse_tiff(without_prefix(block))[0]) if block is not None else {}
    except FormatError:
        page = {}
    packet = joined(packet, scan_jpeg(data).application(EXTENSION), notes)
    if packet is not None:
        page[Tag.XMP] = Entry(BYTE, packet)
    if iptc is not None:
        page[Tag.IPTC] = Entry(UNDEFINED, iptc)
    return page or None


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

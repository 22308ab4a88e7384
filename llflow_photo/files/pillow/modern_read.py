"""Reading WebP, HEIC, AVIF and JPEG XL with full bit depth, declared color and orientation.

In the last three formats the container defines the orientation; the value in EXIF is a copy and may be wrong.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from ..blank_data import check_not_blank
from ..decoded_samples import Samples, whole_range
from ..metadata.xmp_truth import part_left_out
from .heif_boxes import HeifFacts, read_heif_facts
from .images import pillow_samples
from .jxl_header import find_boxes, read_jxl_header
from .plugins import deep_codecs

__all__ = ["read_avif", "read_heif", "read_jxl", "read_webp"]

_MAX_PACKET = 16 << 20


def read_webp(image: Image.Image, data: bytes, name: str) -> Samples:
    """Samples of an opened WebP file."""
    check_not_blank(data, "webp", name)
    return pillow_samples(image)


def read_heif(image: Image.Image, data: bytes, name: str) -> Samples:
    """Samples of an opened HEIC file; libheif has applied the orientation."""
    check_not_blank(data, "heif", name)
    facts = read_heif_facts(data)
    if facts.bits > 8 and image.mode.startswith(("RGB", "I;16")):
        samples = _metadata_of(image)
        samples.values, samples.bit_depth = _deep_heif(data, facts.bits), facts.bits
    else:
        samples = pillow_samples(image)
    samples.exif = facts.exif or samples.exif
    samples.code_points = facts.code_points
    samples.orientation = samples.applied = facts.orientation
    samples.notes += _parts_left_out(image, facts) + _video_left_out(data)
    return samples


def _deep_heif(data: bytes, bits: int) -> np.ndarray:
    import pillow_heif

    picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=False, hdr_to_16bit=False)
    values = np.asarray(picture)
    return whole_range(values[..., None] if values.ndim == 2 else values[..., :3], bits)


def read_avif(image: Image.Image, data: bytes, name: str) -> Samples:
    """Samples of an opened AVIF file, cropped to the clean aperture; orientation not applied."""
    check_not_blank(data, "avif", name)
    facts = read_heif_facts(data)
    samples = _with_depth(image, data, facts.bits, "avif", name)
    samples.orientation, samples.applied = facts.orientation, 1
    if facts.aperture is not None:
        left, top, width, height = facts.aperture
        samples.values = samples.values[top : top + height, left : left + width]
    # Pillow re-encodes EXIF when it changes the orientation, and loses text other than ASCII.
    samples.exif = facts.exif or samples.exif
    samples.code_points = facts.code_points
    samples.notes += _parts_left_out(image, facts)
    return samples


def _parts_left_out(image: Image.Image, facts: HeifFacts) -> list[str]:
    """Notes on auxiliary images, which are not read."""
    auxiliary = " ".join(image.info.get("aux") or {}).lower()
    parts = []
    if facts.has_gain_map or "gainmap" in auxiliary:
        parts.append("HDR gain map")
    if image.info.get("depth_images"):
        parts.append("depth map")
    return [part_left_out(part) for part in parts]


def _video_left_out(data: bytes) -> list[str]:
    """Note on the video of a motion photo (Samsung and others), which is stored in a box of its own."""
    return [part_left_out("video of a motion photo")] if any(find_boxes(data, b"mpvd")) else []


def read_jxl(image: Image.Image, data: bytes, name: str) -> Samples:
    """Samples of an opened JPEG XL file.

    The decoder applies the orientation, except for recompressed JPEGs, which the plugin returns as JPEG.
    """
    header = read_jxl_header(data)
    was_jpeg = bool(getattr(image, "jpeg", False))
    bits = header.bits if header is not None and not was_jpeg else 8
    samples = _with_depth(image, data, bits, "jxl", name)
    if header is not None:
        samples.orientation = header.orientation
    samples.applied = 1 if was_jpeg else (samples.orientation or 1)
    samples.xmp = samples.xmp or _xmp_of_jxl(data, samples.notes)
    return samples


def _xmp_of_jxl(data: bytes, notes: list[str]) -> bytes | None:
    """XMP box, which the plugin does not provide; compressed ones are unpacked by imagecodecs."""
    for packet in find_boxes(data, b"xml "):
        if len(packet) < _MAX_PACKET:
            return packet
    for packed in find_boxes(data, b"brob"):
        if packed.startswith(b"xml "):
            codecs = deep_codecs()
            if codecs is None:
                notes.append("the compressed XMP was not read; pip install imagecodecs to read it")
                return None
            packet = bytes(codecs.brotli_decode(packed[4:]))
            return packet if len(packet) < _MAX_PACKET else None
    return None


def _with_depth(image: Image.Image, data: bytes, bits: int, kind: str, name: str) -> Samples:
    """Decode by imagecodecs if Pillow would lose bits; add a note if it is not installed."""
    if bits <= 8:
        return pillow_samples(image)
    codecs = deep_codecs()
    if codecs is None:
        samples = pillow_samples(image)
        samples.notes.append(
            f"only 8 of the file's {bits} bits per channel were read; pip install imagecodecs to read all"
        )
        return samples
    decode = codecs.avif_decode if kind == "avif" else codecs.jpegxl_decode
    values = np.asarray(decode(data))
    samples = _metadata_of(image)
    if values.ndim == 2:
        values = values[..., None]
    if values.shape[2] in (2, 4):
        samples.notes.append("the alpha channel was not kept")
    values = values[..., : 1 if values.shape[2] < 3 else 3]
    samples.bit_depth = bits
    samples.values = whole_range(values, bits)
    return samples


def _metadata_of(image: Image.Image) -> Samples:
    """Samples for the metadata; their pixels, of 8 bits, are replaced."""
    return pillow_samples(image)

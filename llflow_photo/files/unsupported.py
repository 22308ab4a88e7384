"""Recognition of intact files in unsupported formats, so that they are not reported as damaged."""

from __future__ import annotations

import struct

from .pillow.heif_boxes import codec_of
from .pillow.jpeg_stream import frame_of

__all__ = ["why_no_photo", "why_not_supported"]

# JPEG frame markers that no decoder supports (T.81 table B.1, JPEG-LS).
_JPEG_KINDS = {
    0xC3: "lossless JPEG", 0xC5: "hierarchical JPEG", 0xC6: "hierarchical JPEG", 0xC7: "lossless JPEG",
    0xCB: "lossless JPEG", 0xCD: "hierarchical JPEG", 0xCE: "hierarchical JPEG", 0xCF: "lossless JPEG",
    0xF7: "JPEG-LS",
}  # fmt: skip
_HEIF_CODECS = {
    "av01": "AV1", "j2k1": "JPEG 2000", "jpeg": "JPEG", "vvc1": "VVC", "avc1": "AVC (H.264)",
    "unci": "uncompressed samples", "evc1": "EVC", "jxl1": "JPEG XL",
}  # fmt: skip


# Signatures of other formats, and those at offset 4, after a size.
_FOREIGN = {
    b"GIF8": "GIF", b"8BPS": "a Photoshop document (PSD)", b"\xffO\xffQ": "JPEG 2000", b"v/1\x01": "OpenEXR",
    b"#?RADIANCE": "Radiance HDR", b"#?RGBE": "Radiance HDR", b"II\xbc": "JPEG XR", b"%PDF": "PDF",
    b"<svg": "SVG", b"<?xml": "XML or SVG", b"gimp xcf": "a GIMP document (XCF)", b"qoif": "QOI",
    b"DDS ": "DDS", b"\0\0\1\0": "an icon (ICO)", b"\x1aE\xdf\xa3": "a video", b"PK\3\4": "a ZIP archive",
    b"P1\n": "PNM", b"P2\n": "PNM", b"P3\n": "PNM", b"P4\n": "PNM", b"P5\n": "PNM", b"P6\n": "PNM",
    b"PF\n": "PFM", b"Pf\n": "PFM", b"version https://git-lfs": "a pointer of Git LFS",
}  # fmt: skip
_FOREIGN_BOXES = {b"jP  ": "JPEG 2000", b"ftyp": "a video", b"moov": "a video", b"mdat": "a video"}


# Advice on formats that image editors do not open.
_ADVICE = {
    "a video": "give a photo",
    "a ZIP archive": "unpack it first",
    "a web page": "download the photo itself",
    "a pointer of Git LFS": "fetch the photo with git lfs pull",
}


def why_no_photo(head: bytes) -> str:
    """The format of an unsupported file and advice, as the end of a sentence; empty if unknown.

    Args:
        head: first bytes of the file.
    """
    if head and not any(head):
        return "begins with zeros only: its content is lost; copy it again"
    lowered = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    kind = next((kind for beginning, kind in _FOREIGN.items() if head.startswith(beginning)), "")
    kind = kind or _FOREIGN_BOXES.get(head[4:8], "")
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        kind = "a video"
    elif lowered.startswith((b"<!doctype html", b"<html")):
        kind = "a web page"
    return (
        f"is {kind}, which cannot be read; {_ADVICE.get(kind, 'save it as TIFF, PNG or JPEG')}"
        if kind
        else ""
    )


def why_not_supported(data: bytes, kind: str) -> str:
    """The unsupported feature that a file uses, if it explains a decoding error; otherwise empty.

    Args:
        data: content of the file.
        kind: format as returned by `kind_of_head`.
    """
    if kind == "jpeg":
        marker, precision = frame_of(data)
        if marker in _JPEG_KINDS:
            return _JPEG_KINDS[marker]
        return f"JPEG of {precision} bits per channel" if precision not in (0, 8) else ""
    if kind == "heif":
        return _HEIF_CODECS.get(codec_of(data), "")
    if kind == "png" and len(data) > 16 and data[12:16] == b"CgBI":
        return "Apple's variant of PNG (CgBI)"
    if kind == "bmp" and len(data) > 34:
        (compression,) = struct.unpack_from("<I", data, 30)
        return {4: "JPEG in BMP", 5: "PNG in BMP"}.get(compression, "")
    return ""

"""Small photos and files of every kind, made on the spot."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import numpy as np

from llflow_photo.color.spaces import LINEAR_SRGB, SRGB, convert
from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.tiff.directory import exif_block
from llflow_photo.photo import Metadata, Photo

EXIF_FIELDS = {
    "Make": "Demo",
    "Model": "Night One",
    "Copyright": "somebody",
    "Artist": "Zoe Example",
    "DateTime": "2024:05:06 23:45:00",
    "ExposureTime": (1, 15),
    "FNumber": 1.8,
    "ISOSpeedRatings": 6400,
    "FlashEnergy": 250.0,
    "DateTimeOriginal": "2024:05:06 23:44:59",
    "LensModel": "35mm f/1.8",
    "FocalLength": 35.0,
    "GPSLatitudeRef": "N",
    "GPSLatitude": (48.0, 12.0, 30.5),
    "GPSLongitudeRef": "E",
    "GPSLongitude": (16.0, 22.0, 12.25),
}
XMP = (
    b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/>'
    b'</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)
# Record 2, data set 120 (caption): "night".
IPTC = b"\x1c\x02\x00\x00\x02\x00\x04" + b"\x1c\x02\x78\x00\x05night"


def shared_folder() -> Path | None:
    """The folder of shared test data, where there is one."""
    named = os.environ.get("LLFLOW_PHOTO_SHARED")
    folder = Path(named) if named else Path(__file__).resolve().parents[3] / "shared"
    return folder if folder.is_dir() else None


def scene(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """A smooth dark scene with a lamp and colored patches: H x W x 3 float32, linear sRGB in [0, 1]."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    base = 0.02 + 0.2 * (x / width)[..., None] * np.array([1.0, 0.8, 0.5], np.float32)
    base[8:24, 8:24] = (0.6, 0.05, 0.03)
    base[8:24, 32:48] = (0.02, 0.5, 0.1)
    base[28:40, 8:24] = (0.03, 0.05, 0.7)
    lamp = np.exp(-((x - 0.8 * width) ** 2 + (y - 0.7 * height) ** 2) / 18)[..., None]
    image = base + lamp * np.array([1.0, 0.8, 0.5], np.float32)
    return np.asarray(np.clip(image + generator.normal(0, 0.002, image.shape), 0, 1), np.float32)


def photo_of_scene(height: int = 48, width: int = 64) -> Photo:
    """The scene as an sRGB photo with EXIF, XMP and IPTC."""
    pixels = convert(scene(height, width), LINEAR_SRGB, SRGB)
    block = exif_block(exif_directories(EXIF_FIELDS))
    return Photo(pixels, SRGB, 16, Metadata(exif=block, xmp=XMP, iptc=IPTC))


def mosaic_of_scene(height: int = 64, width: int = 96) -> np.ndarray:
    """The scene through an RGGB mosaic whose camera RGB is linear sRGB: uint16, black 512, white 16383."""
    linear = scene(height, width)
    neutral = np.array([0.5, 1.0, 0.6], np.float32)
    raw = linear * neutral
    mosaic = raw[..., 1].copy()
    mosaic[0::2, 0::2] = raw[0::2, 0::2, 0]
    mosaic[1::2, 1::2] = raw[1::2, 1::2, 2]
    return np.clip(np.rint(512 + mosaic * (16383 - 512)), 0, 65535).astype(np.uint16)


def write_scene_dng(path: Path, compression: str = "ljpeg", **fields: object) -> Path:
    """A mosaic DNG of the scene."""
    arguments: dict[str, object] = {
        "black_level": 512,
        "white_level": 16383,
        "as_shot_neutral": (0.5, 1.0, 0.6),
        "exif": EXIF_FIELDS,
        "compression": compression,
    }
    write_cfa_dng(path, mosaic_of_scene(), **{**arguments, **fields})  # type: ignore[arg-type]
    return path


def packet_of(body: str = "", attributes: str = "") -> bytes:
    """An XMP packet with one description."""
    names = 'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" '
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {names}{attributes}>{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


def quadrants(height: int = 24, width: int = 32, white: int = 200, dtype: str = "uint8") -> np.ndarray:
    """Red, green over blue, white: H x W x 3, every orientation of which differs."""
    values = np.zeros((height, width, 3), dtype)
    values[: height // 2, : width // 2, 0] = white
    values[: height // 2, width // 2 :, 1] = white
    values[height // 2 :, : width // 2, 2] = white
    values[height // 2 :, width // 2 :] = white
    return values


def corners_of(pixels: np.ndarray) -> str:
    """Colors of the quadrants of H x W x 3 pixels, row by row, and the size: ``RGBW 32x24``."""
    height, width = pixels.shape[:2]
    names = {(1, 0, 0): "R", (0, 1, 0): "G", (0, 0, 1): "B", (1, 1, 1): "W"}
    found = ""
    for y in (height // 4, 3 * height // 4):
        for x in (width // 4, 3 * width // 4):
            found += names.get(tuple(int(v > pixels.max() / 2) for v in pixels[y, x]), "?")
    return f"{found} {width}x{height}"


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(values: np.ndarray, before: bytes = b"", after: bytes = b"") -> bytes:
    """A PNG file of H x W x 3 uint8 or uint16 values, with chunks before and after the pixels."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(row.dtype.newbyteorder(">")).tobytes() for row in values)
    head = struct.pack(">IIBBBBB", width, height, 8 * values.itemsize, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", head)
        + before
        + png_chunk(b"IDAT", zlib.compress(rows))
        + after
        + png_chunk(b"IEND", b"")
    )

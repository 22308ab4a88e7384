"""Raster files of every depth and layout, as read."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from file_helpers import EXIF_FIELDS, XMP, scene
from PIL import Image, ImageCms

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import ADOBE_RGB, DISPLAY_P3, LINEAR_SRGB, PROPHOTO, SRGB, convert
from llflow_photo.errors import FormatError, ReadError
from llflow_photo.files.metadata.exif_fields import exif_directories
from llflow_photo.files.tiff.directory import Entry, exif_block
from llflow_photo.photo import Photo


def _pixel_values(bits: int) -> np.ndarray:
    dtype = np.uint8 if bits == 8 else np.uint16
    return np.random.default_rng(bits).integers(0, 2**bits, (21, 34, 3)).astype(dtype)


def _png(values: np.ndarray, color_type: int) -> bytes:
    """A PNG of 16 bits without filters, written by hand."""
    height, width = values.shape[:2]
    raw = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    out = b"\x89PNG\r\n\x1a\n"
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw)), (b"IEND", b"")):
        out += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return out


def test_16_bit_png_keeps_every_bit(tmp_path: Path) -> None:
    pixel_values = _pixel_values(16)
    path = tmp_path / "deep.png"
    path.write_bytes(_png(pixel_values, 2))
    photo = files.read(path)
    assert photo.bit_depth == 16
    np.testing.assert_array_equal(np.rint(photo.pixels * 65535).astype(np.uint16), pixel_values)


def test_16_bit_png_with_alpha_and_gray(tmp_path: Path) -> None:
    pixel_values = _pixel_values(16)
    path = tmp_path / "deep.png"
    path.write_bytes(_png(np.dstack([pixel_values, pixel_values[..., :1]]), 6))
    photo = files.read(path)
    np.testing.assert_array_equal(np.rint(photo.pixels * 65535).astype(np.uint16), pixel_values)
    assert any("alpha" in note for note in photo.notes)
    path.write_bytes(_png(pixel_values[..., :1], 0))
    gray = files.read(path)
    assert gray.bit_depth == 16
    np.testing.assert_array_equal(np.rint(gray.pixels * 65535), pixel_values[..., :1].repeat(3, axis=2))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "zlib", "predictor": True},
        {"compression": "zlib", "planarconfig": "separate"},
        {"tile": (16, 32)},
        {"tile": (16, 16), "compression": "zlib", "planarconfig": "separate"},
        {"byteorder": ">", "compression": "zlib", "predictor": True},
        {"bigtiff": True, "rowsperstrip": 5},
    ],
    ids=["plain", "predictor", "planar", "tiles", "planar-tiles", "big-endian", "bigtiff"],
)
def test_tiff_layouts(bits: int, options: dict[str, object], tmp_path: Path) -> None:
    pixel_values = _pixel_values(bits)
    path = tmp_path / "photo.tif"
    options = dict(options)
    how = {key: options.pop(key) for key in ("byteorder", "bigtiff") if key in options}
    planar = options.get("planarconfig") == "separate"
    with tifffile.TiffWriter(path, **how) as writer:
        data = np.moveaxis(pixel_values, 2, 0) if planar else pixel_values
        writer.write(data, photometric="rgb", metadata=None, **options)
    photo = files.read(path)
    assert photo.bit_depth == bits
    np.testing.assert_array_equal(np.rint(photo.pixels * (2**bits - 1)), pixel_values)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"])
def test_tiff_compressions_written_by_libtiff(compression: str, tmp_path: Path) -> None:
    values = (scene() * 255).astype(np.uint8)
    path = tmp_path / "photo.tif"
    Image.fromarray(values).save(path, compression=compression)
    photo = files.read(path)
    error = np.abs(np.rint(photo.pixels * 255) - values)
    assert photo.bit_depth == 8
    assert error.max() == 0 if compression != "jpeg" else error.mean() < 4


def test_lzw_of_16_bits(tmp_path: Path) -> None:
    """Photoshop's favorite, which Pillow alone reads as 8 bits: libtiff unpacks our strips as bytes."""
    pixel_values = _pixel_values(16)
    as_bytes = pixel_values.astype("<u2").tobytes()
    inner = io.BytesIO()
    Image.frombytes("L", (len(as_bytes), 1), as_bytes).save(inner, "TIFF", compression="tiff_lzw")
    with tifffile.TiffFile(io.BytesIO(inner.getvalue())) as tiff:
        page = tiff.pages[0]
        strip = inner.getvalue()[page.dataoffsets[0] : page.dataoffsets[0] + page.databytecounts[0]]
    from llflow_photo.files.tiff.directory import LONG, SHORT, encode_directories

    tags = {256: (LONG, 34), 257: (LONG, 21), 259: (SHORT, 5), 262: (SHORT, 2), 277: (SHORT, 3)}
    tags |= {278: (LONG, 21), 273: (LONG, 8), 279: (LONG, len(strip))}
    directory = {code: Entry.numbers(type_, value) for code, (type_, value) in tags.items()}
    directory[258] = Entry.numbers(SHORT, 16, 16, 16)
    place = 8 + len(strip) + len(strip) % 2
    file = struct.pack("<2sHI", b"II", 42, place) + strip.ljust(place - 8, b"\0")
    path = tmp_path / "lzw.tif"
    path.write_bytes(file + encode_directories([directory], place))
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 65535), pixel_values)


@pytest.mark.parametrize("kind", ["f2", "f4", "f8"])
def test_float_tiff_keeps_what_is_outside(kind: str, tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(-0.25, 4, (9, 11, 3)).astype(kind)
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, values, photometric="rgb", metadata=None)
    photo = files.read(path)
    assert (photo.bit_depth, photo.color_space) == (32, LINEAR_SRGB)
    np.testing.assert_array_equal(photo.pixels, values.astype(np.float32))
    values[0, 0, 0] = np.nan
    tifffile.imwrite(path, values, photometric="rgb", metadata=None)
    with pytest.raises(ReadError, match="not finite"):
        files.read(path)


def test_gray_white_is_zero_and_palette_tiff(tmp_path: Path) -> None:
    gray = _pixel_values(16)[..., 0]
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, gray, photometric="minisblack", metadata=None)
    np.testing.assert_array_equal(np.rint(files.read(path).pixels[..., 2] * 65535), gray)
    tifffile.imwrite(path, gray, photometric="miniswhite", metadata=None)
    np.testing.assert_array_equal(np.rint(files.read(path).pixels[..., 1] * 65535), 65535 - gray)
    colors = np.random.default_rng(1).integers(0, 256, (3, 256)).astype(np.uint16) * 257
    index = _pixel_values(8)[..., 0]
    tifffile.imwrite(path, index, photometric="palette", colormap=colors, metadata=None)
    photo = files.read(path)
    assert photo.bit_depth == 8
    np.testing.assert_array_equal(np.rint(photo.pixels * 65535), colors.T[index])


def test_unsupported_formats_are_refused_with_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.zeros((8, 8), np.int16), photometric="minisblack", metadata=None)
    with pytest.raises(FormatError, match="16-bit samples of format 2"):
        files.read(path)
    for content in (b"GIF89a" + b"\0" * 50, b"just text, no picture at all", b"%PDF-1.7\n" + b"\0" * 50):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"not in a supported image format|is (GIF|PDF), which"):
            files.read(path)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_orientation_is_applied_and_then_normal(orientation: int, suffix: str, tmp_path: Path) -> None:
    values = np.zeros((16, 32, 3), np.uint8)
    values[:8, :8] = 255
    path = tmp_path / f"photo.{suffix}"
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Demo"
    Image.fromarray(values).save(
        path, exif=exif.tobytes(), **({"lossless": True} if suffix == "webp" else {})
    )
    photo = files.read(path)
    with Image.open(path) as image:
        from PIL import ImageOps

        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"), np.float32) / 255
    np.testing.assert_allclose(photo.pixels, expected, atol=1e-6)
    block = Image.Exif()
    block.load(b"Exif\0\0" + (photo.metadata.exif or b""))
    assert block[0x0112] == 1 and block[0x010F] == "Demo"


@pytest.mark.parametrize("space", [SRGB, DISPLAY_P3, ADOBE_RGB, PROPHOTO], ids=lambda space: space.name)
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_embedded_profiles_are_honoured(space: object, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    values = np.full((16, 16, 3), (200, 30, 60), np.uint8)
    Image.fromarray(values).save(path, icc_profile=profile_bytes(space), quality=95)  # type: ignore[arg-type]
    photo = files.read(path)
    assert photo.color_space == space
    assert photo.metadata.icc == profile_bytes(space)  # type: ignore[arg-type]


def test_profile_with_a_table_curve_is_linearized(tmp_path: Path) -> None:
    """A profile LittleCMS writes with sampled curves that are no usual ones."""
    from test_lut_profiles import cubic_profile

    path = tmp_path / "photo.png"
    Image.fromarray(np.full((4, 4, 3), 128, np.uint8)).save(path, icc_profile=cubic_profile())
    photo = files.read(path)
    assert photo.color_space.transfer == "linear"
    np.testing.assert_allclose(photo.pixels, (128 / 255) ** 3, atol=2e-3)


def test_gray_profile(tmp_path: Path) -> None:
    path = tmp_path / "gray.png"
    from test_lut_profiles import gray_profile

    Image.fromarray(np.full((4, 4), 100, np.uint8)).save(path, icc_profile=gray_profile(1.8))
    photo = files.read(path)
    linear = convert(photo.pixels, photo.color_space, LINEAR_SRGB)
    np.testing.assert_allclose(linear, (100 / 255) ** 1.8, rtol=0.01)


def test_broken_profile_and_exif_cost_only_themselves(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    values = np.full((16, 16, 3), 90, np.uint8)
    Image.fromarray(values).save(path, icc_profile=b"broken" * 30, exif=b"Exif\0\0broken")
    photo = files.read(path)
    assert photo.color_space == SRGB and photo.metadata.icc is None and photo.metadata.exif is None
    assert any("profile is broken" in note for note in photo.notes)
    assert any("EXIF block is broken" in note for note in photo.notes)
    np.testing.assert_allclose(photo.pixels, 90 / 255, atol=2 / 255)


def test_cmyk_is_converted(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.new("CMYK", (16, 16), (0, 200, 200, 30)).save(path)
    photo = files.read(path)
    assert photo.pixels[8, 8, 0] > 2 * photo.pixels[8, 8, 1]
    assert any("CMYK without a usable profile" in note for note in photo.notes)


def test_palette_and_alpha(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    picture = Image.fromarray((scene() * 255).astype(np.uint8)).quantize(8)
    picture.save(path)
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), np.asarray(picture.convert("RGB")))
    Image.new("RGBA", (8, 8), (10, 20, 30, 0)).save(path)
    photo = files.read(path)
    np.testing.assert_array_equal(np.rint(photo.pixels[0, 0] * 255), [10, 20, 30])
    assert any("alpha" in note for note in photo.notes)


def test_depth_comes_from_the_file_not_from_its_values(tmp_path: Path) -> None:
    """A dark 16-bit frame whose values all fit into 8 bits stays dark."""
    path = tmp_path / "dark.tif"
    tifffile.imwrite(path, np.full((8, 8, 3), 200, np.uint16), photometric="rgb", metadata=None)
    assert files.read(path).pixels.max() < 0.004


def test_content_counts_not_the_name(tmp_path: Path) -> None:
    values = (scene() * 255).astype(np.uint8)
    for suffix in ("nef", "tif", "jpg", "heic"):
        path = tmp_path / f"photo.{suffix}"
        Image.fromarray(values).save(path, "PNG")
        np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), values)


def test_bad_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="no such file"):
        files.read(tmp_path / "missing.jpg")
    with pytest.raises(ReadError, match="is a folder"):
        files.read(tmp_path)
    empty = tmp_path / "empty.dng"
    empty.touch()
    with pytest.raises(ReadError, match="empty"):
        files.read(empty)
    for suffix in ("jpg", "png", "tif", "webp"):
        path = tmp_path / f"cut.{suffix}"
        buffer = io.BytesIO()
        Image.fromarray(_pixel_values(8)).save(
            buffer, {"jpg": "JPEG", "tif": "TIFF"}.get(suffix, suffix.upper())
        )
        path.write_bytes(buffer.getvalue()[: len(buffer.getvalue()) * 2 // 3])
        with pytest.raises(ReadError, match="truncated"):
            files.read(path)


def test_a_cut_jpeg_is_damaged_not_unsupported(photo: Photo, tmp_path: Path) -> None:
    """Wherever it is cut, in its metadata, its tables or its pixels."""
    files.write(photo, tmp_path / "whole.jpg")
    data = (tmp_path / "whole.jpg").read_bytes()
    path = tmp_path / "cut.jpg"
    for length in range(200, len(data) - 200, 97):
        path.write_bytes(data[:length])
        with pytest.raises(ReadError, match="truncated or damaged"):
            files.read(path)


def test_size_limit_is_configurable(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (200, 100)).save(path)
    with pytest.raises(FormatError, match="200 x 100"):
        files.read(path, max_pixels=19_999)
    assert files.read(path, max_pixels=20_000).width == 200


def test_photos_above_pillows_own_limit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (400, 300)).save(path)
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = 1000
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert files.read(path).height == 300
        assert Image.MAX_IMAGE_PIXELS == 1000
    finally:
        Image.MAX_IMAGE_PIXELS = before


def test_metadata_of_a_jpeg(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    block = exif_block(exif_directories(EXIF_FIELDS))
    Image.fromarray(_pixel_values(8)).save(path, exif=b"Exif\0\0" + block, xmp=XMP)
    photo = files.read(path)
    exif = Image.Exif()
    exif.load(photo.metadata.exif)
    assert exif[0x010F] == "Demo" and exif.get_ifd(0x8769)[0x8827] == 6400
    assert exif.get_ifd(0x8825)[2] == (48.0, 12.0, 30.5)
    assert b'Rating="4"' in (photo.metadata.xmp or b"")


def test_sidecars_are_read(tmp_path: Path) -> None:
    Image.fromarray(_pixel_values(8)).save(tmp_path / "photo.jpg")
    (tmp_path / "photo.xmp").write_bytes(XMP.replace(b'"4"', b'"5"'))
    assert b'Rating="5"' in (files.read(tmp_path / "photo.jpg").metadata.xmp or b"")
    (tmp_path / "photo.xmp").write_bytes(b"<broken")
    photo = files.read(tmp_path / "photo.jpg")
    assert photo.metadata.xmp is None and any("photo.xmp is broken" in note for note in photo.notes)
    (tmp_path / "photo.xmp").unlink()
    (tmp_path / "photo.jpg.xmp").write_bytes(XMP)
    assert b'Rating="4"' in (files.read(tmp_path / "photo.jpg").metadata.xmp or b"")


def test_names() -> None:
    assert files.is_photo("a/B.JPG") and files.is_photo("x.cr3") and not files.is_photo("notes.txt")
    assert not files.is_photo("._photo.jpg")
    assert files.is_raw("x.NEF") and not files.is_raw("x.tif")
    assert not files.RAW_SUFFIXES & files.RASTER_SUFFIXES


def test_littlecms_profile_of_table_type(tmp_path: Path) -> None:
    """A Lab profile has no matrix: it does not fit RGB pixels, and the photo is read without it."""
    path = tmp_path / "photo.png"
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.fromarray(_pixel_values(8)).save(path, icc_profile=lab)
    photo = files.read(path)
    assert photo.color_space == SRGB and any("profile" in note for note in photo.notes)


def test_adobe_rgb_as_cameras_declare_it(tmp_path: Path) -> None:
    """No profile, but ColorSpace 2 or the interoperability index R03."""
    path = tmp_path / "photo.jpg"
    for exif in ({0xA001: Entry.numbers(3, 2)}, {0xA005: Entry.directories({1: Entry.text("R03")})}):
        block = exif_block({0x8769: Entry.directories({0x8827: Entry.numbers(3, 100), **exif})})
        Image.fromarray(_pixel_values(8)).save(path, exif=b"Exif\0\0" + block)
        assert files.read(path).color_space == ADOBE_RGB


def test_png_gamma_and_corners(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    path = tmp_path / "photo.png"
    plain = _png(_pixel_values(16), 2)
    place = 8 + 25
    adobe = struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
    for gamma, transfer in ((100_000, "linear"), (50_000, "gamma:2")):
        path.write_bytes(plain[:place] + chunk(b"gAMA", struct.pack(">I", gamma)) + plain[place:])
        assert files.read(path).color_space.transfer == transfer
    path.write_bytes(plain[:place] + chunk(b"cHRM", adobe) + plain[place:])
    assert files.read(path).color_space.primaries == ADOBE_RGB.primaries
    srgb = struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
    usual = chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"cHRM", srgb)
    path.write_bytes(plain[:place] + usual + plain[place:])
    assert files.read(path).color_space == SRGB


def test_what_else_the_file_held_is_in_the_notes(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    second = Image.fromarray(_pixel_values(8))
    Image.fromarray(_pixel_values(8)).save(path, "MPO", save_all=True, append_images=[second])
    assert any("several images" in note for note in files.read(path).notes)

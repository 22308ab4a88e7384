"""Every photo is turned upright exactly once, whoever says how: EXIF, the container, or the decoder."""

from __future__ import annotations

import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from file_helpers import corners_of, png_chunk, png_of, quadrants
from heif_helpers import avif_of, clean_aperture, with_properties
from PIL import Image, features

from llflow_photo import files
from llflow_photo.files.metadata import orientation as turns
from llflow_photo.files.metadata.exif import block_orientation
from llflow_photo.files.tiff.directory import SHORT, Entry, exif_block
from llflow_photo.pictures import photo_of_image

UPRIGHT = {
    1: "RGBW 32x24", 2: "GRWB 32x24", 3: "WBGR 32x24", 4: "BWRG 32x24",
    5: "RBGW 24x32", 6: "BRWG 24x32", 7: "WGBR 24x32", 8: "GWRB 24x32",
}  # fmt: skip
# irot counts quarter turns to the left; imir swaps top and bottom (0) or left and right (1).
TRANSFORMS = {
    1: [], 2: [(b"imir", b"\1")], 3: [(b"irot", b"\2")], 4: [(b"imir", b"\0")],
    5: [(b"irot", b"\1"), (b"imir", b"\0")], 6: [(b"irot", b"\3")],
    7: [(b"irot", b"\3"), (b"imir", b"\0")], 8: [(b"irot", b"\1")],
}  # fmt: skip
EVERY = pytest.mark.parametrize("orientation", range(1, 9))


def _exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    block[0x010F] = "Demo"
    return block.tobytes()


def _assert_upright(path: Path, orientation: int) -> None:
    photo = files.read(path)
    assert corners_of(photo.pixels) == UPRIGHT[orientation]
    assert block_orientation(photo.metadata.exif) in (1, None)


def test_orientations_compose() -> None:
    picture = quadrants()
    for first, second in itertools.product(range(1, 9), repeat=2):
        both = turns.upright(turns.upright(picture, first), second)
        np.testing.assert_array_equal(turns.upright(picture, turns.composed(first, second)), both)
        rest = turns.remaining(first, second)
        np.testing.assert_array_equal(
            turns.upright(turns.upright(picture, second), rest), turns.upright(picture, first)
        )


@EVERY
def test_boxes_turn_with_the_pixels(orientation: int) -> None:
    picture = np.zeros((40, 60))
    picture[4:12, 30:36] = 1
    left, top, width, height = turns.turned_box((0.5, 0.1, 0.1, 0.2), orientation)
    rows, columns = np.nonzero(turned := turns.upright(picture, orientation))
    high, wide = turned.shape
    assert (left * wide, top * high) == pytest.approx((columns.min(), rows.min()))
    assert (width * wide, height * high) == pytest.approx((np.ptp(columns) + 1, np.ptp(rows) + 1))


def test_precedence_of_declared_orientations() -> None:
    assert turns.declared(6, 3, sidecar=8) == 8
    assert turns.declared(6, 3) == 6
    assert turns.declared(None, 3) == 3
    assert turns.declared(None, None) == 1
    assert turns.declared(0, 9, sidecar=42) == 1


@EVERY
def test_avif_turned_by_its_container(orientation: int, tmp_path: Path) -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / "photo.avif"
    Image.fromarray(quadrants()).save(path, exif=_exif(orientation), quality=95)
    _assert_upright(path, orientation)


@EVERY
def test_avif_cropped_and_turned_by_its_container(orientation: int, tmp_path: Path) -> None:
    """Decoders of AVIF leave both to the program; the crop is that of the stored pixels."""
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / "photo.avif"
    values = np.full((64, 64, 3), 90, np.uint8)
    values[8:32, 24:56] = quadrants()
    properties = [clean_aperture(32, 24, 8, -12), *TRANSFORMS[orientation]]
    path.write_bytes(with_properties(avif_of(values), *properties))
    assert corners_of(files.read(path).pixels) == UPRIGHT[orientation]


def test_apertures_that_make_no_sense_are_ignored(tmp_path: Path) -> None:
    if not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / "photo.avif"
    for aperture in (clean_aperture(33, 24, 0, 0), clean_aperture(8, 8, 13, 0), (b"clap", bytes(32))):
        path.write_bytes(with_properties(avif_of(quadrants()), aperture))
        assert corners_of(files.read(path).pixels) == UPRIGHT[1]


@EVERY
def test_heic_turned_by_its_container(orientation: int, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.fromarray(quadrants(96, 128))).save(path, quality=95, exif=_exif(orientation))
    assert corners_of(files.read(path).pixels).split()[0] == UPRIGHT[orientation].split()[0]


@EVERY
def test_heic_and_its_exif_are_not_both_applied(orientation: int, tmp_path: Path) -> None:
    """The container says nothing, so the picture is upright whatever its EXIF copied from elsewhere."""
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.register_heif_opener()
    Image.fromarray(quadrants(96, 128)).save(path, quality=95, exif=_exif(orientation))
    photo = files.read(path)
    with Image.open(path) as image:
        assert corners_of(photo.pixels) == corners_of(np.asarray(image))


@EVERY
def test_jpeg_xl_of_a_recompressed_jpeg(orientation: int, tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    jpeg, path = tmp_path / "photo.jpg", tmp_path / "photo.jxl"
    Image.fromarray(quadrants()).save(jpeg, exif=_exif(orientation), quality=95)
    with Image.open(jpeg) as image:
        image.save(path, lossless_jpeg=True)
    with Image.open(path) as image:
        assert image.jpeg  # type: ignore[attr-defined]
    _assert_upright(path, orientation)


@EVERY
@pytest.mark.parametrize(("mode", "compression"), [("RGB", "jpeg"), ("CMYK", "tiff_lzw"), ("1", "group4")])
def test_tiff_that_pillow_decodes(orientation: int, mode: str, compression: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    picture = quadrants()
    if mode == "1":
        picture = (
            np.where(np.arange(32 * 24).reshape(24, 32, 1) < 16 * 24, 255, 0).astype(np.uint8).repeat(3, 2)
        )
        picture[:, :8] = 255
    Image.fromarray(picture).convert(mode).save(path, compression=compression, tiffinfo={0x0112: orientation})
    photo = files.read(path)
    expected = turns.upright(picture, orientation)
    assert photo.pixels.shape == expected.shape
    assert np.abs(photo.pixels - expected / 255.0).mean() < 0.12


@EVERY
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_whose_exif_follows_the_pixels(orientation: int, dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    block = exif_block({0x0112: Entry.numbers(SHORT, orientation), 0x010F: Entry.text("Demo")})
    values = quadrants(white=200 if dtype == "uint8" else 50000, dtype=dtype)
    path.write_bytes(png_of(values, after=png_chunk(b"eXIf", block)))
    _assert_upright(path, orientation)
    assert b"Demo" in (files.read(path).metadata.exif or b"")


@EVERY
@pytest.mark.parametrize("recompressed", [False, True])
def test_jpeg_xl_in_memory(orientation: int, recompressed: bool, tmp_path: Path) -> None:
    """The plugin turns one kind and not the other; EXIF says the same in both."""
    pytest.importorskip("pillow_jxl")
    jpeg, path = tmp_path / "photo.jpg", tmp_path / "photo.jxl"
    Image.fromarray(quadrants()).save(jpeg, exif=_exif(orientation), quality=95)
    with Image.open(jpeg) as image:
        if recompressed:
            image.save(path, lossless_jpeg=True)
        else:
            Image.fromarray(quadrants()).save(path, exif=_exif(orientation), use_container=True)
    with Image.open(path) as image:
        photo = photo_of_image(image)
    assert corners_of(photo.pixels) == UPRIGHT[orientation if recompressed else 1]


@pytest.mark.parametrize("suffix", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_pictures_in_memory(suffix: str) -> None:
    """A PIL image comes out upright, too, as its own exif_transpose would make it."""
    if suffix == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    out = io.BytesIO()
    Image.fromarray(quadrants()).save(out, suffix, exif=_exif(6), quality=95)
    with Image.open(out) as image:
        photo = photo_of_image(image)
    assert corners_of(photo.pixels) == UPRIGHT[6]

"""DNG out and in again: mosaics and linear ones, as LibRaw reads them."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rawpy
from file_helpers import mosaic_of_scene, photo_of_scene, scene, write_scene_dng

from llflow_photo import files
from llflow_photo.color.spaces import LINEAR_SRGB, REC2020_LINEAR, SRGB, convert, encode
from llflow_photo.errors import ImageInputError, OptionError
from llflow_photo.files.dng.lossless_jpeg import encode_lossless_jpeg
from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.photo import Photo

X_TRANS = ((1, 1, 0, 1, 1, 2), (1, 1, 2, 1, 1, 0), (2, 0, 1, 0, 2, 1), (1, 1, 2, 1, 1, 0), (1, 1, 0, 1, 1, 2),
           (0, 2, 1, 2, 0, 1))  # fmt: skip


@pytest.mark.parametrize("compression", ["ljpeg", "none"])
@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
@pytest.mark.parametrize("size", [(64, 96), (65, 97), (33, 40)])
def test_libraw_reads_every_code(
    compression: str, pattern: str, size: tuple[int, int], tmp_path: Path
) -> None:
    generator = np.random.default_rng(0)
    mosaic = generator.normal(900, 40, size).clip(0, 65535).astype(np.uint16)
    mosaic[::5, ::7] = generator.integers(0, 65536, mosaic[::5, ::7].shape)
    path = tmp_path / "mosaic.dng"
    write_cfa_dng(path, mosaic, pattern, black_level=(512, 513, 514, 515), white_level=16383,
                  as_shot_neutral=(0.5, 1, 0.625), compression=compression)  # fmt: skip
    with rawpy.imread(str(path)) as raw:
        np.testing.assert_array_equal(raw.raw_image, mosaic)
        assert raw.white_level == 16383
        np.testing.assert_allclose(raw.camera_whitebalance[:3], (2, 1, 1.6), rtol=1e-5)
        assert [raw.black_level_per_channel[index] for index in raw.raw_pattern.ravel()] == [
            512,
            513,
            514,
            515,
        ]
        assert "".join("RGBG"[index] for index in raw.raw_pattern.ravel()) == pattern


def test_lossless_jpeg_with_every_difference() -> None:
    """All 17 categories of differences, among them the one of -32768."""
    ramp = np.concatenate([np.array([0, 32768, 0, 65535, 0, 1], np.uint16)] + [
        np.array([0, 2**bits - 1, 0, 2**bits % 65536], np.uint16) for bits in range(17 - 1)
    ])  # fmt: skip
    values = np.tile(ramp, (4, 1))[..., None]
    stream = encode_lossless_jpeg(values)
    assert stream[:2] == b"\xff\xd8" and stream[-2:] == b"\xff\xd9"


def assert_same_patches(path: Path, linear: np.ndarray, enlarged: int) -> None:
    """The middles of an enlarged scene's patches keep their colors; demosaicing blurs the edges."""
    photo = files.read(path)
    seen = convert(photo.pixels, photo.color_space, LINEAR_SRGB)
    assert seen.shape == linear.shape
    for row, column in ((16, 16), (16, 40), (34, 16), (80, 20)):
        y, x = enlarged * row, enlarged * column
        place = (slice(y - 6, y + 6), slice(x - 6, x + 6))
        np.testing.assert_allclose(seen[place].mean((0, 1)), linear[place].mean((0, 1)), atol=0.01)


def test_x_trans_is_developed(tmp_path: Path) -> None:
    # LibRaw's X-Trans demosaicing wants more than one of its tiles of 512 pixels.
    linear = np.kron(scene(96, 96)[:, :, :], np.ones((6, 6, 1), np.float32))
    colors = np.tile(np.array(X_TRANS), (96, 96))
    mosaic = np.take_along_axis(linear, colors[..., None], axis=2)[..., 0]
    raw_values = np.rint(1024 + mosaic * 14000).astype(np.uint16)
    path = tmp_path / "xtrans.dng"
    write_cfa_dng(path, raw_values, X_TRANS, black_level=1024, white_level=15024)
    assert_same_patches(path, linear, 6)


def test_wrong_mosaics_are_named(tmp_path: Path) -> None:
    with pytest.raises(ImageInputError, match="uint16"):
        write_cfa_dng(tmp_path / "a.dng", np.zeros((4, 4), np.uint8))
    with pytest.raises(ImageInputError, match="RGGB"):
        write_cfa_dng(tmp_path / "a.dng", np.zeros((4, 4), np.uint16), "RGBG")
    with pytest.raises(OptionError, match="compression"):
        write_cfa_dng(tmp_path / "a.dng", np.zeros((4, 4), np.uint16), compression="zip")
    with pytest.raises(OptionError, match="unknown EXIF"):
        write_cfa_dng(tmp_path / "a.dng", np.zeros((4, 4), np.uint16), exif={"Nonsense": 1})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("peak", [1.0, 5.0])
def test_linear_dng_gives_back_the_same_colors(peak: float, tmp_path: Path) -> None:
    """Through our own reading: highlights above white included."""
    linear = scene() * np.float32(peak)
    photo = replace(photo_of_scene(), pixels=convert(linear, LINEAR_SRGB, REC2020_LINEAR),
                    color_space=REC2020_LINEAR)  # fmt: skip
    path = tmp_path / "linear.dng"
    assert files.write(photo, path) == ()
    back = files.read(path)
    assert back.color_space == REC2020_LINEAR
    np.testing.assert_allclose(convert(back.pixels, REC2020_LINEAR, LINEAR_SRGB), linear, atol=2e-4 * peak)


def test_linear_dng_as_plain_libraw_develops_it(tmp_path: Path) -> None:
    """Not our reading: LibRaw's own way to sRGB, with the white balance of the file."""
    source = files.read(write_scene_dng(tmp_path / "source.dng"))
    path = tmp_path / "linear.dng"
    files.write(source, path)
    with rawpy.imread(str(path)) as raw:
        seen = raw.postprocess(use_camera_wb=True, no_auto_bright=True, output_bps=16, adjust_maximum_thr=0,
                               user_flip=0)  # fmt: skip
    # LibRaw's default curve is BT.709's; ours is undone in linear light.
    linear = np.where(
        seen < 0.081 * 65535, seen / 65535 / 4.5, ((seen / 65535 + 0.099) / 1.099) ** (1 / 0.45)
    )
    expected = np.clip(convert(source.pixels, source.color_space, LINEAR_SRGB), 0, 1)
    peak = convert(source.pixels, source.color_space, REC2020_LINEAR).max()
    assert np.abs(linear * max(peak, 1) - expected).max() < 0.02
    assert np.abs(linear * max(peak, 1) - expected).mean() < 1e-3


def test_linear_dng_keeps_the_cameras_own_matrix_and_neutral(tmp_path: Path) -> None:
    matrix = np.array([[0.65, -0.12, -0.09], [-0.38, 1.16, 0.25], [-0.04, 0.15, 0.60]])
    source = files.read(write_scene_dng(tmp_path / "source.dng", color_matrix=matrix))
    files.write(source, tmp_path / "linear.dng")
    with rawpy.imread(str(tmp_path / "source.dng")) as one, rawpy.imread(str(tmp_path / "linear.dng")) as two:
        np.testing.assert_allclose(one.color_matrix, two.color_matrix, atol=5e-4)
        ours, theirs = np.array(two.camera_whitebalance[:3]), np.array(one.camera_whitebalance[:3])
        np.testing.assert_allclose(ours / ours[1], theirs / theirs[1], rtol=1e-4)
    back = files.read(tmp_path / "linear.dng")
    np.testing.assert_allclose(back.pixels, source.pixels, atol=3e-4)


def test_rawtherapee_opens_it_to_the_same_colors(tmp_path: Path) -> None:
    if shutil.which("rawtherapee-cli") is None:
        pytest.skip("RawTherapee is not installed")
    linear = np.kron(scene(96, 128), np.ones((4, 4, 1), np.float32))
    files.write(Photo(linear, LINEAR_SRGB, 16), tmp_path / "photo.dng")
    target = tmp_path / "photo.tif"
    subprocess.run(
        ["rawtherapee-cli", "-q", "-o", target, "-t", "-Y", "-c", tmp_path / "photo.dng"],
        check=True,
        capture_output=True,
    )
    assert_same_patches(target, linear, 4)


def test_a_second_generation_is_the_first(tmp_path: Path) -> None:
    """Read, written as DNG and read again: matrix, neutral and pixels do not drift."""
    values = np.random.default_rng(0).uniform(0, 1, (64, 64, 3)).astype(np.float32)
    files.write(Photo(values, REC2020_LINEAR, 16), tmp_path / "first.dng")
    first = files.read(tmp_path / "first.dng")
    assert np.abs(first.pixels - values).max() < 2.5e-5
    files.write(first, tmp_path / "second.dng")
    np.testing.assert_array_equal(files.read(tmp_path / "second.dng").pixels, first.pixels)


def test_linear_dng_has_a_preview_and_says_its_exposure(tmp_path: Path) -> None:
    from llflow_photo.files.tiff.parse import numbers_of, parse_tiff

    bright = Photo(np.full((40, 60, 3), 4.0, np.float32), REC2020_LINEAR, 16)
    path = tmp_path / "linear.dng"
    files.write(bright, path)
    page = parse_tiff(path.read_bytes())[0]
    assert numbers_of(page, 0xC62A)[0] == pytest.approx(2.0, abs=1e-3)
    with rawpy.imread(str(path)) as raw:
        thumb = raw.extract_thumb()
        assert thumb.format == rawpy.ThumbFormat.JPEG and thumb.data[:2] == b"\xff\xd8"
    np.testing.assert_allclose(files.read(path).pixels, 4.0, rtol=1e-3)


def test_colors_outside_the_cameras_gamut_are_noted(tmp_path: Path) -> None:
    photo = Photo(np.full((8, 8, 3), (-0.2, 0.5, 0.1), np.float32), REC2020_LINEAR, 16)
    notes = files.write(photo, tmp_path / "linear.dng")
    assert any("gamut" in note for note in notes)


def test_sizes_that_are_no_multiple_of_a_tile(tmp_path: Path) -> None:
    # LibRaw takes nothing smaller than 22 pixels for a RAW file.
    for height, width in ((22, 22), (23, 700), (513, 37)):
        pixels = encode(np.random.default_rng(0).uniform(0, 1, (height, width, 3)), "srgb")
        path = tmp_path / "linear.dng"
        files.write(Photo(pixels.astype(np.float32), SRGB, 8), path)
        with rawpy.imread(str(path)) as raw:
            assert (raw.sizes.height, raw.sizes.width) == (height, width)


def test_mosaic_helper_has_the_scene_in_it() -> None:
    mosaic = mosaic_of_scene()
    assert mosaic.min() >= 500 and 8000 < mosaic.max() <= 16383

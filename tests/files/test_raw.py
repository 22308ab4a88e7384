"""Development of RAW files: white balance, highlights, hot pixels, and a chart against its own neutrals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rawpy
from file_helpers import mosaic_of_scene, scene, shared_folder, write_scene_dng

from llflow_photo import files
from llflow_photo.color.spaces import LINEAR_SRGB, REC2020_LINEAR, SRGB, convert, xyz_matrix
from llflow_photo.errors import FormatError, OptionError, ReadError
from llflow_photo.files import RawOptions
from llflow_photo.files.dng.picture import dng_bytes
from llflow_photo.files.dng.write import cfa_dng_bytes, write_cfa_dng
from llflow_photo.files.tiff.directory import SHORT, Entry
from llflow_photo.files.tiff.parse import parse_tiff
from llflow_photo.files.tiff.tags import Photometric, Tag

# Fujifilm's array, in one of its phases.
X_TRANS = ((1, 1, 0, 1, 1, 2), (1, 1, 2, 1, 1, 0), (2, 0, 1, 0, 2, 1),
           (1, 1, 2, 1, 1, 0), (1, 1, 0, 1, 1, 2), (0, 2, 1, 2, 0, 1))  # fmt: skip


def _srgb_linear(photo: object) -> np.ndarray:
    return convert(photo.pixels, photo.color_space, LINEAR_SRGB)  # type: ignore[attr-defined]


def test_a_mosaic_develops_to_the_scene(tmp_path: Path) -> None:
    photo = files.read(write_scene_dng(tmp_path / "scene.dng"))
    assert (photo.color_space, photo.bit_depth, photo.pixels.dtype) == (REC2020_LINEAR, 16, np.float32)
    seen, expected = _srgb_linear(photo), scene(64, 96)
    for row, column in ((16, 16), (16, 40), (34, 16), (60, 4)):
        np.testing.assert_allclose(seen[row, column], expected[row, column], atol=0.02)


def test_no_auto_brightness(tmp_path: Path) -> None:
    """The same scene at a quarter of the light comes back at a quarter, not stretched."""
    mosaic = mosaic_of_scene().astype(np.int32)
    dark = (512 + (mosaic - 512) // 4).astype(np.uint16)
    bright = files.read(write_scene_dng(tmp_path / "bright.dng")).pixels
    write_cfa_dng(
        tmp_path / "dark.dng", dark, black_level=512, white_level=16383, as_shot_neutral=(0.5, 1, 0.6)
    )
    quarter = files.read(tmp_path / "dark.dng").pixels
    assert quarter.mean() == pytest.approx(bright.mean() / 4, rel=0.02)


def test_white_balances(tmp_path: Path) -> None:
    path = write_scene_dng(tmp_path / "scene.dng")
    as_shot = files.read(path)
    same = files.read(path, RawOptions(white_balance=(4.0, 2.0, 2 / 0.6)))
    np.testing.assert_allclose(same.pixels, as_shot.pixels, atol=1e-4)
    warmer = files.read(path, RawOptions(white_balance=(3.0, 1.0, 1 / 0.6)))
    red = _srgb_linear(warmer)[60, 60, 0] / _srgb_linear(as_shot)[60, 60, 0]
    assert red == pytest.approx(1.5, rel=0.03)
    daylight = files.read(path, RawOptions(white_balance="daylight"))
    # The matrix of this camera is that of sRGB: daylight needs no gains, and the picture is greener.
    assert _srgb_linear(daylight)[60, 60, 1] > 1.3 * _srgb_linear(daylight)[60, 60, 0]
    for wrong in ("sunny", (1.0, 2.0), (1.0, -1.0, 1.0)):
        with pytest.raises(OptionError, match="white_balance"):
            RawOptions(white_balance=wrong)


def _clipped_lamp(path: Path) -> Path:
    """A wall at a fifth of white and a lamp that saturates all pixels, under gains of 2, 1, 1.67."""
    mosaic = np.full((64, 64), 512 + 0.2 * 15871, np.float32)
    mosaic[0::2, 0::2] = 512 + 0.1 * 15871
    mosaic[1::2, 1::2] = 512 + 0.12 * 15871
    mosaic[24:40, 24:40] = 16383
    write_cfa_dng(path, np.rint(mosaic).astype(np.uint16), black_level=512, white_level=16383,
                  as_shot_neutral=(0.5, 1, 0.6))  # fmt: skip
    return path


def test_clipped_lamps_are_neutral_and_keep_headroom(tmp_path: Path) -> None:
    path = _clipped_lamp(tmp_path / "lamp.dng")
    neutral = _srgb_linear(files.read(path))[32, 32]
    assert neutral.min() > 1.2 and neutral.max() / neutral.min() < 1.01
    clipped = _srgb_linear(files.read(path, RawOptions(highlights="clip")))[32, 32]
    np.testing.assert_allclose(clipped, 1.0, atol=2e-3)
    kept = _srgb_linear(files.read(path, RawOptions(highlights="keep")))[32, 32]
    np.testing.assert_allclose(kept, (2.0, 1.0, 5 / 3), rtol=5e-3)
    wall = _srgb_linear(files.read(path))[5, 5]
    np.testing.assert_allclose(wall, 0.2, rtol=0.01)


def test_half_size(tmp_path: Path) -> None:
    path = write_scene_dng(tmp_path / "scene.dng")
    half = files.read(path, half_size=True)
    assert (half.height, half.width) == (32, 48)
    assert half.pixels.mean() == pytest.approx(files.read(path).pixels.mean(), rel=0.02)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_orientation(orientation: int, tmp_path: Path) -> None:
    photo = files.read(write_scene_dng(tmp_path / "scene.dng", orientation=orientation))
    upright = files.read(write_scene_dng(tmp_path / "upright.dng"))
    turns = {1: 0, 3: 2, 6: 3, 8: 1}[orientation]
    expected = np.rot90(upright.pixels, turns)
    assert photo.pixels.shape == expected.shape
    assert np.abs(photo.pixels - expected).mean() < 1e-4


def test_hot_pixels_in_a_file(tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    mosaic[50, 40] = 15000
    write_cfa_dng(
        tmp_path / "hot.dng", mosaic, black_level=512, white_level=16383, as_shot_neutral=(0.5, 1, 0.6)
    )
    photo = files.read(tmp_path / "hot.dng")
    assert any("1 hot pixel" in note for note in photo.notes)
    untouched = files.read(tmp_path / "hot.dng", RawOptions(hot_pixels=False))
    assert untouched.pixels[50, 40].max() > 5 * photo.pixels[50, 40].max()


def test_hot_pixels_of_an_x_trans_file(tmp_path: Path) -> None:
    # LibRaw's X-Trans demosaicing wants more than one of its tiles of 512 pixels.
    raw_values = np.random.default_rng(0).normal(812, 6, (576, 576)).astype(np.uint16)
    raw_values[30, 41] = 14000
    write_cfa_dng(tmp_path / "hot.dng", raw_values, X_TRANS, black_level=512, white_level=16383)
    photo = files.read(tmp_path / "hot.dng")
    assert any("1 hot pixel" in note for note in photo.notes)
    # Not the border: a corner whose neighbors are all green gets no red and blue from LibRaw.
    np.testing.assert_allclose(_srgb_linear(photo)[2:-2, 2:-2], 300 / 15871, rtol=0.2)
    untouched = files.read(tmp_path / "hot.dng", RawOptions(hot_pixels=False))
    assert _srgb_linear(untouched)[30, 41].max() > 10 * 300 / 15871


def test_monochrome_is_refused_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "mono.dng"
    _monochrome_dng(path)
    with pytest.raises(FormatError, match="monochrome"):
        files.read(path)


def _monochrome_dng(path: Path) -> None:
    """LinearRaw with one sample per pixel, as monochrome cameras write."""
    mosaic = mosaic_of_scene()
    directory = parse_tiff(cfa_dng_bytes(mosaic, black_level=512, white_level=16383))[0]
    for tag in (Tag.CFARepeatPatternDim, Tag.CFAPattern, Tag.CFAPlaneColor, Tag.CFALayout):
        del directory[tag]
    directory[Tag.PhotometricInterpretation] = Entry.numbers(SHORT, Photometric.LinearRaw)
    directory[Tag.UniqueCameraModel] = Entry.text("Demo Monochrom")
    directory[Tag.Make] = Entry.text("Demo")
    directory[Tag.Model] = Entry.text("Monochrom")
    path.write_bytes(dng_bytes(directory, [mosaic.astype("<u2").tobytes()]))


def test_unsupported_and_truncated_raw(tmp_path: Path) -> None:
    path = tmp_path / "photo.cr3"
    path.write_bytes(b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + b"\0" * 400)
    with pytest.raises(ReadError, match=r"photo\.cr3"):
        files.read(path)
    whole = write_scene_dng(tmp_path / "whole.dng", "none").read_bytes()
    # The pixels come first in these files, the directory last: cutting loses it.
    cut = tmp_path / "cut.dng"
    cut.write_bytes(whole[:6000])
    with pytest.raises(ReadError):
        files.read(cut)


def test_raw_named_as_something_else(tmp_path: Path) -> None:
    path = write_scene_dng(tmp_path / "photo.jpg")
    assert files.read(path).color_space == REC2020_LINEAR


def _lab_chroma(linear_srgb: np.ndarray) -> float:
    """Chroma in CIELAB under D65 of one linear sRGB color."""
    ratio = (xyz_matrix(SRGB) @ linear_srgb) / xyz_matrix(SRGB).sum(axis=1)
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    return float(np.hypot(500 * (f[0] - f[1]), 200 * (f[1] - f[2])))


def test_neutral_patches_of_a_real_chart(tmp_path: Path) -> None:
    """A dim ColorChecker by a Canon EOS 550D: balanced on one gray patch, the others are neutral."""
    folder = shared_folder()
    path = folder / "data" / "raw" / "colorchart.dng" if folder else None
    if path is None or not path.exists():
        pytest.skip("the shared chart is not here; set LLFLOW_PHOTO_SHARED")
    patches = {
        "white": (929, 703),
        "n8": (929, 812),
        "n65": (929, 922),
        "n5": (929, 1033),
        "n35": (929, 1146),
    }

    def mean(photo: object, place: tuple[int, int]) -> np.ndarray:
        y, x = place
        return _srgb_linear(photo)[y - 15 : y + 15, x - 15 : x + 15].mean(axis=(0, 1))

    with rawpy.imread(str(path)) as raw:
        visible = raw.raw_image_visible.astype(np.float64) - 2056
        colors = raw.raw_colors_visible
        y, x = patches["n65"]
        area = (slice(y - 15, y + 15), slice(x - 15, x + 15))
        red, green, blue = (visible[area][colors[area] == index].mean() for index in (0, 1, 2))
    photo = files.read(path, RawOptions(white_balance=(1 / red, 1 / green, 1 / blue)))
    assert photo.pixels.shape == (1156, 1734, 3)
    levels = {name: mean(photo, place) for name, place in patches.items()}
    luminance = [float((xyz_matrix(SRGB) @ level)[1]) for level in levels.values()]
    assert luminance == sorted(luminance, reverse=True)
    # As developed: the light on this chart is uneven, from warm at the white patch to cool at the dark ones.
    chromas = {name: _lab_chroma(level) for name, level in levels.items()}
    assert max(chromas.values()) < 4, chromas

"""What is written comes back, in every format, depth and space; or nothing is written."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from file_helpers import photo_of_scene
from PIL import Image, features

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import LINEAR_SRGB, PROPHOTO, REC2020_LINEAR, SPACES, SRGB, by_name, convert
from llflow_photo.errors import NonFiniteOutputError, OptionError, WriteError
from llflow_photo.files import Encoding
from llflow_photo.photo import Photo


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize(("suffix", "depth"), [("png", 8), ("png", 16), ("tif", 8), ("tif", 16), ("tif", 32)])
def test_lossless_formats_give_back_what_was_rounded(
    space: str, suffix: str, depth: int, photo: Photo, tmp_path: Path
) -> None:
    path = tmp_path / f"photo.{suffix}"
    files.write(photo, path, Encoding(bit_depth=depth, color_space=space))
    back = files.read(path)
    assert (back.bit_depth, back.color_space) == (depth, by_name(space))
    expected = convert(photo.pixels, photo.color_space, by_name(space))
    step = 0.0 if depth == 32 else 0.5 / (2**depth - 1)
    assert np.abs(back.pixels - np.clip(expected, 0, 1)).max() <= step + 1e-6
    assert back.metadata.icc == profile_bytes(by_name(space))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("depth", [8, 16, 32])
def test_read_show_decode_write_is_the_identity(space: str, depth: int, tmp_path: Path) -> None:
    """The whole pipeline at strength 0: no pixel value differs."""
    from llflow_photo.color.working import from_network, to_network

    first, second = tmp_path / "first.tif", tmp_path / "second.tif"
    files.write(photo_of_scene(), first, Encoding(bit_depth=depth, color_space=space))
    photo = files.read(first)
    view, residual = to_network(photo)
    result = from_network(np.clip(view * 2, 0, 1), residual, strength=0.0)
    files.write(result, second, Encoding(bit_depth=depth, color_space=space))
    np.testing.assert_array_equal(tifffile.imread(first), tifffile.imread(second))


@pytest.mark.parametrize("name", ["jpeg", "webp", "avif"])
@pytest.mark.parametrize("space", ["srgb", "display-p3"])
def test_lossy_formats(name: str, space: str, photo: Photo, tmp_path: Path) -> None:
    if name == "avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    path = tmp_path / f"photo.{name}"
    files.write(photo, path, Encoding(color_space=space))
    back = files.read(path)
    assert back.color_space == by_name(space)
    error = convert(back.pixels, back.color_space, photo.color_space) - photo.pixels
    assert np.abs(error).mean() < 0.015


def test_jpeg_has_full_color_resolution(photo: Photo, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    files.write(photo, path)
    with Image.open(path) as image:
        assert {(layer[1], layer[2]) for layer in image.layer} == {(1, 1)}


def test_png_depth_follows_the_photo(photo: Photo, tmp_path: Path) -> None:
    for depth in (8, 16):
        files.write(replace(photo, bit_depth=depth), tmp_path / "photo.png")
        assert files.read(tmp_path / "photo.png").bit_depth == depth


def test_tiff_as_others_read_it(photo: Photo, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    files.write(photo, path)
    pixel_values = np.rint(np.clip(photo.pixels, 0, 1) * 65535)
    np.testing.assert_array_equal(tifffile.imread(path), pixel_values)
    files.write(photo.with_pixels(photo.pixels * 3 - 0.5), path, Encoding(bit_depth=32))
    np.testing.assert_allclose(tifffile.imread(path), photo.pixels * 3 - 0.5, atol=1e-6)


def test_tall_photo_in_many_strips(tmp_path: Path) -> None:
    """Blocks of the conversion and strips of the file do not end at the same rows."""
    pixels = np.random.default_rng(0).uniform(0, 1, (1500, 700, 3)).astype(np.float32)
    photo = Photo(pixels, bit_depth=16)
    for suffix in ("tif", "png"):
        files.write(photo, tmp_path / f"photo.{suffix}")
        back = files.read(tmp_path / f"photo.{suffix}")
        assert np.abs(back.pixels - pixels).max() <= 0.5 / 65535 + 1e-7


def test_same_photo_same_bytes(photo: Photo, tmp_path: Path) -> None:
    for suffix in ("png", "tif", "jpg", "dng"):
        one, two = tmp_path / f"one.{suffix}", tmp_path / f"two.{suffix}"
        files.write(photo, one)
        files.write(photo, two)
        assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_never_written(value: float, photo: Photo, tmp_path: Path) -> None:
    pixels = photo.pixels.copy()
    pixels[5, 7, 1] = value
    path = tmp_path / "photo.png"
    path.write_bytes(b"what stood here before")
    with pytest.raises(NonFiniteOutputError):
        files.write(photo.with_pixels(pixels), path)
    assert path.read_bytes() == b"what stood here before"
    assert os.listdir(tmp_path) == ["photo.png"]


def test_failed_writing_leaves_nothing(photo: Photo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "photo.tif"
    path.write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left"):
        files.write(photo, path)
    assert path.read_bytes() == b"before" and os.listdir(tmp_path) == ["photo.tif"]


def test_full_device(photo: Photo) -> None:
    """Not a monkeypatch: a folder on a file system without room, where the machine has one."""
    tiny = Path("/dev/full")
    if not tiny.exists():
        pytest.skip("no /dev/full here")
    with pytest.raises(WriteError):
        files.write(photo, tiny / "photo.png")


@pytest.mark.skipif(os.name != "posix", reason="names are limited in bytes on POSIX systems")
@pytest.mark.parametrize(
    "name",
    ["\u591c" * 80, "a" + "\u591c" * 80, "\U0001f303" * 60, "a" * 250, "\u00e9" * 120, "\udcff" * 200],
    ids=lambda name: f"{len(name)}-{name[:2]!a}",
)
def test_names_as_long_as_file_systems_allow(name: str, photo: Photo, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.png"
    try:
        path.touch()
    except OSError:
        pytest.skip("the file system does not allow this name")
    path.unlink()
    files.write(photo, path)
    assert list(tmp_path.iterdir()) == [path]


def test_missing_folder_and_unknown_formats(photo: Photo, tmp_path: Path) -> None:
    with pytest.raises(WriteError, match="No such file"):
        files.write(photo, tmp_path / "no" / "photo.png")
    with pytest.raises(OptionError, match=r"\.gif"):
        files.write(photo, tmp_path / "photo.gif")
    with pytest.raises(OptionError, match="jpeg cannot be written with 16 bits"):
        files.write(photo, tmp_path / "photo.jpg", Encoding(bit_depth=16))
    with pytest.raises(OptionError, match="quality"):
        Encoding(quality=101)
    with pytest.raises(OptionError, match="color space"):
        Encoding(color_space="nonsense")
    for unknown in ("gif", 3):
        with pytest.raises(OptionError, match="format"):
            Encoding(unknown)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="color_space is None"):
        Encoding(color_space=None)  # type: ignore[arg-type]
    assert os.listdir(tmp_path) == []


def test_formats_without_their_plugin(photo: Photo, tmp_path: Path) -> None:
    for name, module in (("heic", "pillow_heif"), ("jxl", "pillow_jxl")):
        try:
            __import__(module)
        except ImportError:
            with pytest.raises(WriteError, match="install"):
                files.write(photo, tmp_path / f"photo.{name}")
    assert not list(tmp_path.glob("*.part"))


def test_too_wide_for_the_format(tmp_path: Path) -> None:
    wide = Photo(np.zeros((1, 16400, 3), np.float32))
    with pytest.raises(WriteError, match="16383"):
        files.write(wide, tmp_path / "photo.webp")


def test_out_of_gamut_is_clipped_once_at_the_end(tmp_path: Path) -> None:
    pixels = np.zeros((4, 4, 3), np.float32)
    pixels[..., 1] = 1.0
    photo = Photo(pixels, REC2020_LINEAR, 16)
    files.write(photo, tmp_path / "narrow.tif")
    files.write(photo, tmp_path / "wide.tif", Encoding(color_space="prophoto"))
    narrow = files.read(tmp_path / "narrow.tif").pixels[0, 0]
    np.testing.assert_allclose(narrow, [0, 1, 0], atol=1e-4)
    wide = files.read(tmp_path / "wide.tif")
    back = convert(wide.pixels, PROPHOTO, REC2020_LINEAR)
    np.testing.assert_allclose(back[0, 0], [0, 1, 0], atol=2e-3)


@pytest.mark.parametrize("space", ["srgb", "display-p3", "adobe-rgb", "prophoto", "rec2020-linear"])
def test_imagemagick_reads_our_profiles(space: str, tmp_path: Path) -> None:
    """An independent program, converting by the embedded profile, sees the same colors."""
    magick = next((name for name in ("/usr/bin/convert", "/usr/bin/magick") if shutil.which(name)), None)
    if magick is None:
        pytest.skip("ImageMagick is not installed")
    photo = photo_of_scene()
    path, out, srgb = tmp_path / "photo.tif", tmp_path / "out.png", tmp_path / "srgb.icc"
    files.write(photo, path, Encoding(color_space=space))
    srgb.write_bytes(profile_bytes(by_name("srgb")))
    subprocess.run([magick, path, "-profile", srgb, "-depth", "16", out], check=True, capture_output=True)
    seen = files.read(out)
    assert np.abs(seen.pixels - np.clip(photo.pixels, 0, 1)).max() < 0.004
    assert np.abs(seen.pixels - np.clip(photo.pixels, 0, 1)).mean() < 5e-4


def test_linear_spaces_round_trip_through_the_network_view(tmp_path: Path) -> None:
    photo = Photo(np.full((4, 4, 3), 0.18, np.float32), LINEAR_SRGB, 32)
    files.write(photo, tmp_path / "grey.jpg")
    np.testing.assert_allclose(files.read(tmp_path / "grey.jpg").pixels, 0.4614, atol=0.004)


@pytest.mark.parametrize("name", ["rec2020-linear", "srgb-linear"])
def test_linear_spaces_have_enough_bits_for_dark_tones(name: str, tmp_path: Path) -> None:
    """An 8-bit photo with dark tones, one level of sRGB apart."""
    ramp = np.repeat(np.arange(32, dtype=np.float32).reshape(1, 32, 1) / 255, 8, axis=0).repeat(3, axis=2)
    photo, linear = Photo(ramp, SRGB, 8), Encoding(color_space=name)
    path = tmp_path / "linear.png"
    assert files.write(photo, path, linear) == ()
    seen = files.read(path)
    assert seen.bit_depth == 16
    back = convert(seen.pixels, seen.color_space, SRGB)
    np.testing.assert_allclose(back, ramp, atol=0.25 / 255)
    notes = files.write(photo, tmp_path / "linear.jpg", linear)
    assert len(notes) == 1 and "8 bits are too few" in notes[0]
    assert (
        files.write(photo, tmp_path / "plain.png") == () and files.read(tmp_path / "plain.png").bit_depth == 8
    )

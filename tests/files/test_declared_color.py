"""Color and range are what the file declares; nothing is guessed from depth, what cannot be is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from file_helpers import png_chunk, png_of, quadrants
from PIL import Image

from llflow_photo import files
from llflow_photo.color.profiles import profile_bytes
from llflow_photo.color.spaces import ADOBE_RGB, DISPLAY_P3, LINEAR_SRGB, REC2020_LINEAR, SRGB, ColorSpace
from llflow_photo.errors import FormatError
from llflow_photo.files import Encoding
from llflow_photo.files.tiff.directory import SHORT, Directory, Entry, encode_directories, exif_block
from llflow_photo.files.tiff.parse import parse_tiff

GRAY = np.full((8, 8, 3), 38056, np.uint16)  # 0.5807 of 65535: 203 cd/m2 in PQ


def _png(path: Path, values: np.ndarray, *numbers: int, before: bytes = b"") -> Path:
    path.write_bytes(png_of(values, before=before + png_chunk(b"cICP", bytes(numbers))))
    return path


@pytest.mark.parametrize(
    ("numbers", "space"),
    [((12, 13, 0, 1), DISPLAY_P3), ((1, 8, 0, 1), LINEAR_SRGB), ((9, 16, 0, 1), REC2020_LINEAR)],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_png_code_points(numbers: tuple[int, ...], space: object, dtype: str, tmp_path: Path) -> None:
    values = GRAY if dtype == "uint16" else (GRAY >> 8).astype(np.uint8)
    photo = files.read(_png(tmp_path / "photo.png", values, *numbers))
    assert photo.color_space == space
    if numbers[1] == 16:
        np.testing.assert_allclose(photo.pixels, 1.0, atol=0.02)
        assert any("HDR (PQ)" in note for note in photo.notes)


def test_png_code_points_go_before_its_profile(tmp_path: Path) -> None:
    import zlib

    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile_bytes(ADOBE_RGB)))
    photo = files.read(_png(tmp_path / "photo.png", GRAY, 12, 13, 0, 1, before=profile))
    assert photo.color_space == DISPLAY_P3 and photo.metadata.icc is None
    photo = files.read(_png(tmp_path / "photo.png", GRAY, 200, 13, 0, 1, before=profile))
    assert photo.color_space == ADOBE_RGB and any("200/13" in note for note in photo.notes)


def test_code_points_that_say_nothing_leave_it_to_the_profile(tmp_path: Path) -> None:
    import zlib

    profile = png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile_bytes(ADOBE_RGB)))
    photo = files.read(_png(tmp_path / "photo.png", GRAY, 2, 2, 0, 1, before=profile))
    assert photo.color_space == ADOBE_RGB and not photo.notes


@pytest.mark.parametrize(("dtype", "black", "white"), [("uint8", 16, 235), ("uint16", 16 << 8, 235 << 8)])
def test_png_of_narrow_range(dtype: str, black: int, white: int, tmp_path: Path) -> None:
    values = np.array([[[black] * 3, [white] * 3]], dtype)
    photo = files.read(_png(tmp_path / "photo.png", values, 1, 13, 0, 0))
    np.testing.assert_allclose(photo.pixels[0, :, 0], [0, 1], atol=1e-6)


def test_values_above_white_survive(tmp_path: Path) -> None:
    """HDR highlights are kept up to a float file."""
    photo = files.read(_png(tmp_path / "photo.png", np.full((8, 8, 3), 52428, np.uint16), 9, 16, 0, 1))
    assert photo.pixels.min() > 7
    files.write(photo, tmp_path / "out.tif", Encoding(bit_depth=32, color_space="rec2020-linear"))
    np.testing.assert_allclose(files.read(tmp_path / "out.tif").pixels, photo.pixels, rtol=1e-5)


@pytest.mark.parametrize(
    ("numbers", "space"), [((12, 13), DISPLAY_P3), ((1, 8), LINEAR_SRGB), ((9, 16), REC2020_LINEAR)]
)
def test_heic_code_points(numbers: tuple[int, int], space: object, tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.new("RGB", (64, 64), (148, 148, 148))).save(
        path, quality=95, save_nclx_profile=True, color_primaries=numbers[0],
        transfer_characteristics=numbers[1], matrix_coefficients=6, full_range_flag=1,
    )  # fmt: skip
    photo = files.read(path)
    assert photo.color_space == space
    assert photo.pixels.mean() == pytest.approx(1.0 if numbers[1] == 16 else 148 / 255, abs=0.03)


def test_heic_profile_goes_before_code_points(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    picture = Image.new("RGB", (64, 64), (148, 148, 148))
    picture.info["icc_profile"] = profile_bytes(ADOBE_RGB)
    heif.from_pillow(picture).save(
        path, save_nclx_profile=True, color_primaries=9, transfer_characteristics=16, matrix_coefficients=6
    )
    assert files.read(path).color_space == ADOBE_RGB


@pytest.mark.parametrize(("numbers", "space"), [((12, 13, 6), DISPLAY_P3), ((9, 16, 9), REC2020_LINEAR)])
def test_avif_code_points(numbers: tuple[int, int, int], space: object, tmp_path: Path) -> None:
    codecs = pytest.importorskip("imagecodecs")
    path = tmp_path / "photo.avif"
    primaries, transfer, matrix = numbers
    path.write_bytes(
        codecs.avif_encode(
            np.full((64, 64, 3), 148, np.uint8), primaries=primaries, transfer=transfer, matrix=matrix
        )
    )
    photo = files.read(path)
    assert photo.color_space == space


def test_hdr_profile_counts_by_its_code_points(tmp_path: Path) -> None:
    """Profiles of PQ pictures hold a tone curve for viewers that know no HDR; the cicp tag is the truth."""
    import struct
    import zlib

    whole = profile_bytes(SRGB)
    (count,) = struct.unpack_from(">I", whole, 128)
    shift = 12
    table = b"".join(
        struct.pack(">4sII", signature, offset + shift, size)
        for signature, offset, size in struct.iter_unpack(">4sII", whole[132 : 132 + 12 * count])
    )
    table += struct.pack(">4sII", b"cicp", len(whole) + shift, 12)
    tag = b"cicp\0\0\0\0" + bytes((9, 16, 0, 1))
    profile = whole[:128] + struct.pack(">I", count + 1) + table + whole[132 + 12 * count :] + tag
    profile = struct.pack(">I", len(profile)) + profile[4:]
    path = tmp_path / "photo.png"
    path.write_bytes(png_of(GRAY, before=png_chunk(b"iCCP", b"x\0\0" + zlib.compress(profile))))
    photo = files.read(path)
    assert photo.color_space == REC2020_LINEAR
    np.testing.assert_allclose(photo.pixels, 1.0, atol=0.01)


def test_integers_of_32_bits_are_no_linear_light(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, np.full((8, 8, 3), 1 << 31, np.uint32), photometric="rgb", metadata=None)
    photo = files.read(path)
    assert photo.color_space == SRGB and photo.bit_depth == 32
    np.testing.assert_allclose(photo.pixels, 0.5, atol=1e-6)


def _table(curve: Callable[[np.ndarray], np.ndarray]) -> tuple[int, ...]:
    return tuple(int(v) for v in np.rint(65535 * curve(np.linspace(0, 1, 256))))


ADOBE = {
    318: Entry.rationals((0.3127, 0.329)),
    319: Entry.rationals((0.64, 0.33, 0.21, 0.71, 0.15, 0.06)),
}


@pytest.mark.parametrize(
    ("fields", "primaries", "transfer"),
    [
        (ADOBE, ADOBE_RGB.primaries, "gamma:2.2"),
        (
            ADOBE | {301: Entry.numbers(SHORT, *_table(lambda x: x**2.2) * 3)},
            ADOBE_RGB.primaries,
            "gamma:2.2",
        ),
        ({301: Entry.numbers(SHORT, *_table(lambda x: x))}, SRGB.primaries, "linear"),
        ({301: Entry.numbers(SHORT, *_table(lambda x: 1 - x))}, SRGB.primaries, "srgb"),
        ({318: ADOBE[318]}, SRGB.primaries, "srgb"),
    ],
)
def test_fields_of_tiff(fields: Directory, primaries: object, transfer: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, quadrants(), photometric="rgb", metadata=None)
    data = path.read_bytes()
    page = parse_tiff(data)[0] | fields
    place = len(data) + len(data) % 2
    path.write_bytes(data[:4] + place.to_bytes(4, "little") + data[8:].ljust(place - 8, b"\0"))
    with path.open("ab") as file:
        file.write(encode_directories([page], place))
    photo = files.read(path)
    assert (photo.color_space.primaries, photo.color_space.transfer) == (primaries, transfer)
    assert bool(photo.notes) == (fields.get(301) is not None and transfer == "srgb")


@pytest.mark.parametrize("white", [255.0, 4095.0, 65535.0])
def test_floats_that_are_scaled_integers_are_refused(white: float, tmp_path: Path) -> None:
    """Even of a night photo, most of which is dark."""
    path = tmp_path / "photo.tif"
    ramp = np.linspace(0, 1, 48 * 64).reshape(48, 64, 1) ** 3 * np.ones(3)
    tifffile.imwrite(path, (ramp * white).astype(np.float32), photometric="rgb", metadata=None)
    with pytest.raises(FormatError, match="white is 1"):
        files.read(path)


def test_a_dark_photo_in_floats_to_255_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    dark = np.random.default_rng(0).random((24, 32, 3), np.float32)
    for scale, noted in ((12, True), (1.1, False)):
        tifffile.imwrite(path, dark * np.float32(scale), photometric="rgb", metadata=None)
        assert any("% of the values are above 1" in note for note in files.read(path).notes) == noted


@pytest.mark.parametrize(
    ("kind", "index", "corners", "expected"),
    [
        (0xFFFF, "R03", False, ADOBE_RGB),
        (2, "", False, ADOBE_RGB),
        (0xFFFF, "", True, replace(ADOBE_RGB, name="EXIF fields", transfer="gamma:2.2")),
        (1, "", True, SRGB),
        (0xFFFF, "", False, SRGB),
    ],
)
def test_marks_of_cameras(kind: int, index: str, corners: bool, expected: ColorSpace, tmp_path: Path) -> None:
    exif = {0xA001: Entry.numbers(SHORT, kind), 0xA500: Entry.rationals((2.2,))}
    if index:
        exif[0xA005] = Entry.directories({1: Entry.text(index)})
    block = exif_block((ADOBE if corners else {}) | {0x8769: Entry.directories(exif)})
    path = tmp_path / "photo.jpg"
    Image.fromarray(quadrants()).save(path, exif=b"Exif\0\0" + block)
    photo = files.read(path)
    assert photo.color_space == expected
    # A gamma is not true of the result, whose space is its own.
    carried = parse_tiff(photo.metadata.exif)[0] if photo.metadata.exif else {}
    assert all(0xA500 not in child for child in carried.get(0x8769, Entry.directories()).value)


def test_float_highlights_are_kept_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "photo.tif"
    values = np.full((64, 64, 3), 0.2, np.float32)
    values[:4, :4] = 300.0
    tifffile.imwrite(path, values, photometric="rgb", metadata=None)
    photo = files.read(path)
    assert photo.pixels.max() == 300 and photo.color_space == LINEAR_SRGB
    assert any("up to 300" in note for note in photo.notes)

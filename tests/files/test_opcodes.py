"""Corrections that DNG files ask for, against pictures that they were made to undo."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from dng_helpers import area, gain_map, opcode, opcode_list, write_dng

from llflow_photo import files
from llflow_photo.files import RawOptions
from llflow_photo.files.dng.opcode_points import Grid
from llflow_photo.files.dng.opcode_warp import resample
from llflow_photo.files.dng.opcodes import Opcode, apply_opcodes
from llflow_photo.files.tiff.directory import LONG, Entry
from llflow_photo.files.tiff.tags import Tag

HEIGHT, WIDTH = 96, 128


def _vignette(height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """Gain from 1 in the middle to 4 in the corners: H x W."""
    y, x = (np.arange(n) + 0.5 for n in (height, width))
    return 1 + 1.5 * (((y / height - 0.5) * 2)[:, None] ** 2 + ((x / width - 0.5) * 2)[None] ** 2)


def _coarse(points: int = 33) -> np.ndarray:
    place = (np.linspace(0, 1, points) - 0.5) * 2
    return (1 + 1.5 * (place[:, None] ** 2 + place[None] ** 2))[..., None]


def _spread(pixels: np.ndarray) -> float:
    """Greatest deviation from the mean, relative; demosaicing blurs the outermost pixels."""
    inner = pixels[3:-3, 3:-3]
    return float(np.abs(inner / inner.mean(axis=(0, 1)) - 1).max())


@pytest.mark.parametrize("pitch", [1, 2])
@pytest.mark.parametrize("half_size", [False, True])
def test_gain_map_of_a_mosaic(pitch: int, half_size: bool, tmp_path: Path) -> None:
    """One map for all pixels, or one for each of the four of a Bayer pattern, as phones write."""
    mosaic = (20000 / _vignette()).astype(np.uint16)
    bounds = [(top, left, HEIGHT, WIDTH) for top in range(pitch) for left in range(pitch)]
    maps = [gain_map(area(b, pitch=(pitch, pitch)), _coarse()) for b in bounds]
    path = write_dng(tmp_path / "phone.dng", mosaic, extra={Tag.OpcodeList2: opcode_list(*maps)})
    photo = files.read(path, half_size=half_size)
    assert photo.notes == ()
    assert _spread(photo.pixels) < 0.01
    assert photo.pixels[10:-10, 10:-10].mean() == pytest.approx(20000 / 65535, rel=0.01)


@pytest.mark.parametrize("half_size", [False, True])
def test_corrections_after_demosaicing(half_size: bool, tmp_path: Path) -> None:
    """The third list's coordinates are those of the full picture, also where half of it is developed."""
    mosaic = (20000 / _vignette()).astype(np.uint16)
    mosaic[40:60] //= 2
    rows = np.where((np.arange(HEIGHT) >= 40) & (np.arange(HEIGHT) < 60), 2, 1).astype(">f4")
    whole = area((0, 0, HEIGHT, WIDTH), 0, 3)
    steps = opcode_list(
        gain_map(whole, _coarse()),
        opcode(Opcode.ScalePerRow, whole + struct.pack(">I", HEIGHT) + rows.tobytes()),
    )
    path = write_dng(tmp_path / "phone.dng", mosaic, extra={Tag.OpcodeList3: steps})
    photo = files.read(path, half_size=half_size)
    assert photo.notes == ()
    even = np.r_[4:36, 64:92] // (2 if half_size else 1)
    inside = np.r_[44:56] // (2 if half_size else 1)
    # At half the size red and blue are seen up to half a pixel beside their place, and the lens is steep.
    tolerance = 0.025 if half_size else 0.015
    np.testing.assert_allclose(photo.pixels[even, 5:-5], 20000 / 65535, rtol=tolerance)
    np.testing.assert_allclose(photo.pixels[inside, 5:-5], 20000 / 65535, rtol=tolerance)


def test_gain_map_of_one_bayer_pixel_changes_no_other(tmp_path: Path) -> None:
    """The red pixels have lost three quarters, which the map restores."""
    mosaic = np.full((HEIGHT, WIDTH), 20000, np.uint16)
    mosaic[0::2, 0::2] = 5000
    red = gain_map(area((0, 0, HEIGHT, WIDTH), pitch=(2, 2)), np.full((1, 1, 1), 4.0))
    path = write_dng(tmp_path / "phone.dng", mosaic, extra={Tag.OpcodeList2: opcode_list(red)})
    np.testing.assert_allclose(files.read(path).pixels, 20000 / 65535, rtol=2e-3)


@pytest.mark.parametrize("tag", [Tag.OpcodeList2, Tag.OpcodeList3])
def test_gain_maps_of_a_linear_picture(tag: Tag, tmp_path: Path) -> None:
    """Several planes of one map, as DNG converters write them after demosaicing."""
    factors = np.array([1.0, 0.8, 0.6])
    gains = _vignette()[..., None] * factors
    picture = (12000 / gains).astype(np.uint16)
    step = gain_map(area((0, 0, HEIGHT, WIDTH), 0, 3), _coarse() * factors)
    path = write_dng(tmp_path / "linear.dng", picture, extra={tag: opcode_list(step)})
    photo = files.read(path)
    assert photo.notes == ()
    np.testing.assert_allclose(photo.pixels, 12000 / 65535, rtol=5e-3)


def test_gain_map_ends_at_white_where_the_sensor_does(tmp_path: Path) -> None:
    """Saturated pixels stay neutral and at white, however much a corner is amplified."""
    mosaic = np.full((HEIGHT, WIDTH), 65535, np.uint16)
    mosaic[40:60, 40:60] = 1000
    step = gain_map(area((0, 0, HEIGHT, WIDTH)), _coarse())
    path = write_dng(tmp_path / "phone.dng", mosaic, extra={Tag.OpcodeList2: opcode_list(step)})
    pixels = files.read(path).pixels
    np.testing.assert_allclose(pixels[:30], 1.0, atol=2e-3)


def test_gain_map_of_a_floating_point_picture_goes_on_above_white(tmp_path: Path) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 0.8, np.float32)
    picture[:40] = 0.2
    step = gain_map(area((0, 0, HEIGHT, WIDTH), 0, 3), np.full((1, 1, 1), 4.0))
    path = write_dng(tmp_path / "merge.dng", picture, extra={Tag.OpcodeList2: opcode_list(step)})
    pixels = files.read(path).pixels
    np.testing.assert_allclose(pixels[:40], 0.8, rtol=1e-3)
    np.testing.assert_allclose(pixels[40:], 3.2, rtol=1e-3)


def test_area_is_that_of_the_active_area(tmp_path: Path) -> None:
    """The second list's coordinates count from the active area's corner, the first one's from the frame's."""
    mosaic = np.full((HEIGHT, WIDTH), 8000, np.uint16)
    mosaic[20:40, 40:60] = 2000
    mosaic[60:80, 40:60] = 2000
    whole = gain_map(area((20, 40, 40, 60)), np.full((1, 1, 1), 4.0))
    shifted = gain_map(area((56, 32, 76, 52)), np.full((1, 1, 1), 4.0))
    extra = {
        Tag.ActiveArea: Entry.numbers(LONG, 4, 8, HEIGHT, WIDTH),
        Tag.OpcodeList1: opcode_list(whole),
        Tag.OpcodeList2: opcode_list(shifted),
    }
    photo = files.read(write_dng(tmp_path / "active.dng", mosaic, extra=extra))
    assert photo.pixels.shape[:2] == (HEIGHT - 4, WIDTH - 8)
    np.testing.assert_allclose(photo.pixels, 8000 / 65535, rtol=2e-3)


def test_vignette_polynomial(tmp_path: Path) -> None:
    """FixVignetteRadial: the radius is 1 in the corner."""
    y, x = np.arange(HEIGHT) - (HEIGHT - 1) / 2, np.arange(WIDTH) - (WIDTH - 1) / 2
    square = (y[:, None] ** 2 + x[None] ** 2) / (y[0] ** 2 + x[0] ** 2)
    gain = 1 + 0.5 * square + 0.25 * square**2 + 0.2 * square**5
    picture = np.repeat((12000 / gain).astype(np.uint16)[..., None], 3, axis=2)
    step = opcode(Opcode.FixVignetteRadial, struct.pack(">7d", 0.5, 0.25, 0, 0, 0.2, 0.5, 0.5))
    path = write_dng(tmp_path / "linear.dng", picture, extra={Tag.OpcodeList3: opcode_list(step)})
    np.testing.assert_allclose(files.read(path).pixels, 12000 / 65535, rtol=1e-3)


def test_bad_pixels_of_a_list_and_of_a_value(tmp_path: Path) -> None:
    """Replaced by neighbors of their color: blue ones are half as bright here."""
    mosaic = np.full((HEIGHT, WIDTH), 8000, np.uint16)
    mosaic[1::2, 1::2] = 4000
    mosaic[0, 0] = 8001
    clean = files.read(write_dng(tmp_path / "clean.dng", mosaic)).pixels
    mosaic[31, 41], mosaic[50, 60], mosaic[70:72, 80:90], mosaic[11, 13] = 60000, 0, 30000, 65535
    listed = struct.pack(">3I", 0, 2, 1) + struct.pack(">8I", 31, 41, 50, 60, 70, 80, 72, 90)
    steps = opcode_list(
        opcode(Opcode.FixBadPixelsList, listed),
        opcode(Opcode.FixBadPixelsConstant, struct.pack(">2I", 65535, 0)),
    )
    path = write_dng(tmp_path / "bad.dng", mosaic, extra={Tag.OpcodeList1: steps})
    mended = files.read(path, RawOptions(hot_pixels=False))
    assert mended.notes == ()
    np.testing.assert_allclose(mended.pixels, clean, atol=1e-4)


def _apply(pixels: np.ndarray, *steps: bytes, **grid: object) -> tuple[np.ndarray, list[str]]:
    notes: list[str] = []
    out = apply_opcodes(pixels.copy(), opcode_list(*steps).value, Grid(**grid), notes)  # type: ignore[arg-type]
    return out, notes


def test_tables_polynomials_offsets_and_factors() -> None:
    """Each against what the specification's sentence about it says, on raw values and in linear light."""
    shares = np.linspace(0, 1, 24, dtype=np.float32).reshape(4, 6, 1)
    raw = np.rint(shares * 65535)
    everything = area((0, 0, 4, 6))
    table = struct.pack(">I", 65536) + (np.arange(65536) // 2).astype(">u2").tobytes()
    halved, _ = _apply(raw, opcode(Opcode.MapTable, everything + table), unit=65535.0)
    np.testing.assert_array_equal(halved, raw // 2)
    halved, _ = _apply(shares, opcode(Opcode.MapTable, everything + table))
    np.testing.assert_allclose(halved, shares / 2, atol=2e-5)
    polynomial = everything + struct.pack(">I3d", 2, 0.1, 0.2, 0.3)
    for values, unit in ((shares, 1.0), (raw, 65535.0)):
        mapped, _ = _apply(values, opcode(Opcode.MapPolynomial, polynomial), unit=unit)
        np.testing.assert_allclose(mapped / unit, 0.1 + 0.2 * shares + 0.3 * shares**2, atol=1e-4)
    rows = area((1, 0, 4, 6), pitch=(2, 1)) + struct.pack(">I2f", 2, 0.125, -0.25)
    moved, _ = _apply(shares, opcode(Opcode.DeltaPerRow, rows))
    np.testing.assert_allclose(moved - shares, np.array([0, 0.125, 0, -0.25])[:, None, None] + 0 * shares,
                               atol=1e-6)  # fmt: skip
    columns = area((0, 0, 4, 6)) + struct.pack(">I6f", 6, *range(6))
    scaled, _ = _apply(shares / 8, opcode(Opcode.ScalePerColumn, columns))
    np.testing.assert_allclose(scaled, shares / 8 * np.arange(6)[None, :, None], atol=1e-6)
    in_raw_values = area((0, 0, 4, 6)) + struct.pack(">I4f", 4, 0, 655.35, 0, 0)
    moved, _ = _apply(shares / 2, opcode(Opcode.DeltaPerRow, in_raw_values))
    np.testing.assert_allclose((moved - shares / 2)[1], 0.01, atol=1e-6)


def _scene(y: np.ndarray, x: np.ndarray) -> np.ndarray:
    """A smooth picture as a function of place: ... x 3."""
    waves = [0.3 + 0.1 * np.sin(x / (9.0 + k)) * np.cos(y / (11.0 - k)) for k in range(3)]
    return np.stack(waves, axis=-1)


@pytest.mark.parametrize("planes", [1, 3])
def test_rectilinear_warp_moves_pixels_back(planes: int, tmp_path: Path) -> None:
    """A picture distorted by the inverse of what the opcode says, for each color its own."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
    center_y, center_x = (HEIGHT - 1) / 2, (WIDTH - 1) / 2
    unit = np.hypot(center_y, center_x)
    strengths = [0.04, 0.05, 0.06][:planes]
    # Where the corrected picture looks: the distorted one must show there what belongs to the place itself.
    distorted = np.empty((HEIGHT, WIDTH, 3))
    for index in range(3):
        k = strengths[index % planes]
        undone_y, undone_x = y.copy(), x.copy()
        for _ in range(50):  # fixed point of the inverse map
            square = ((undone_y - center_y) ** 2 + (undone_x - center_x) ** 2) / unit**2
            factor = (1 - k) + k * square
            undone_y, undone_x = center_y + (y - center_y) / factor, center_x + (x - center_x) / factor
        distorted[..., index] = _scene(undone_y, undone_x)[..., index]
    parameters = b"".join(struct.pack(">6d", 1 - k, k, 0, 0, 0, 0) for k in strengths)
    step = opcode(
        Opcode.WarpRectilinear, struct.pack(">I", planes) + parameters + struct.pack(">2d", 0.5, 0.5)
    )
    picture = np.rint(distorted * 65535).astype(np.uint16)
    path = write_dng(tmp_path / "lens.dng", picture, extra={Tag.OpcodeList3: opcode_list(step)})
    seen, truth = files.read(path).pixels, _linear_rec2020(_scene(y, x))
    assert np.abs(_linear_rec2020(distorted) - truth)[4:-4, 4:-4].max() > 0.01
    np.testing.assert_allclose(seen[4:-4, 4:-4], truth[4:-4, 4:-4], atol=6e-4)


def _linear_rec2020(values: np.ndarray) -> np.ndarray:
    from llflow_photo.color.spaces import LINEAR_SRGB, REC2020_LINEAR, convert

    return convert(values.astype(np.float32), LINEAR_SRGB, REC2020_LINEAR)


def test_other_warps_by_a_point() -> None:
    """Fisheye, and the polynomial of DNG 1.6: where the pixel of a known place comes from."""
    x = np.mgrid[0:65, 0:65][1].astype(np.float32)
    ramp = x[..., None] / 64
    unit = np.hypot(32, 32)
    fisheye = struct.pack(">I6d", 1, 0.5, 0, 0, 0, 0.5, 0.5)
    out, notes = _apply(ramp, opcode(Opcode.WarpFisheye, fisheye))
    expected = 32 + unit * 0.5 * np.arctan((48 - 32) / unit)
    assert notes == [] and out[32, 48, 0] * 64 == pytest.approx(expected, abs=1e-3)
    radial = [0.9, 0.05, *[0.0] * 13]
    second = struct.pack(">I21dI", 1, *radial, 0, 0, 0, 1, 0.5, 0.5, 0)
    out, _ = _apply(ramp, opcode(Opcode.WarpRectilinear2, second))
    assert out[32, 48, 0] * 64 == pytest.approx(32 + 16 * (0.9 + 0.05 * 16 / unit), abs=1e-3)
    tangential = struct.pack(">I8d", 1, 1, 0, 0, 0, 0, 0.1, 0.5, 0.5)
    out, _ = _apply(ramp, opcode(Opcode.WarpRectilinear, tangential))
    assert out[32, 48, 0] * 64 == pytest.approx(32 + 16 + unit * 0.1 * 3 * (16 / unit) ** 2, abs=1e-3)


def test_resampling_reproduces_parabolas() -> None:
    """Keys' kernel is exact for polynomials of the second degree."""
    y, x = np.mgrid[0:20, 0:20].astype(np.float32)
    picture = (0.1 * x * x - 0.2 * y * y + x * y)[..., None]
    places_y, places_x = np.full((1, 8), 9.3), np.linspace(5, 12, 8) + 0.37
    seen = resample(picture, places_y, places_x)[..., 0]
    np.testing.assert_allclose(seen, 0.1 * places_x**2 - 0.2 * places_y**2 + places_x * places_y, rtol=1e-4)


def test_what_is_left_out_is_noted_once() -> None:
    flat = np.full((8, 8, 1), 0.5, np.float32)
    warp = opcode(Opcode.WarpRectilinear, struct.pack(">I8d", 1, 1, 0.1, 0, 0, 0, 0, 0.5, 0.5))
    trim = opcode(Opcode.TrimBounds, struct.pack(">4I", 0, 0, 8, 8))
    out, notes = _apply(flat, warp, trim, trim, opcode(77, b""), mosaic=True)
    np.testing.assert_array_equal(out, flat)
    assert [next(name for name in ("WarpRectilinear", "TrimBounds", "opcode 77") if name in note)
            for note in notes] == ["WarpRectilinear", "TrimBounds", "opcode 77"]  # fmt: skip


def test_damaged_lists_are_noted_and_do_no_harm() -> None:
    flat = np.full((8, 8, 1), 0.5, np.float32)
    whole = opcode_list(gain_map(area((0, 0, 8, 8)), np.full((2, 2, 1), 2.0))).value
    generator = np.random.default_rng(0)
    for _ in range(200):
        broken = bytearray(whole[: generator.integers(1, len(whole) + 1)])
        broken[generator.integers(len(broken))] ^= 1 << generator.integers(8)
        notes: list[str] = []
        with np.errstate(all="ignore"):
            out = apply_opcodes(flat.copy(), bytes(broken), Grid(), notes)
        assert out.shape == flat.shape
    notes = []
    apply_opcodes(flat.copy(), whole[:-3], Grid(), notes)
    assert len(notes) == 1 and "damaged" in notes[0]

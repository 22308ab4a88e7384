"""DNG files of cameras, phones, converters and merges: levels, crops, color, floats, compressions."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from dng_helpers import (
    BAYER,
    SRGB_CAMERA,
    area,
    dng_directory,
    gain_map,
    opcode_list,
    write_dng,
    write_dng_pages,
)
from file_helpers import mosaic_of_scene, scene
from PIL import Image

from llflow_photo import files
from llflow_photo.color.spaces import LINEAR_SRGB, REC2020_LINEAR, convert
from llflow_photo.errors import FormatError, ReadError
from llflow_photo.files import RawOptions
from llflow_photo.files.raw import read as raw
from llflow_photo.files.tiff.directory import BYTE, FLOAT, LONG, SHORT, Entry
from llflow_photo.files.tiff.tags import Compression, NewSubfile, Photometric, Predictor, Tag

Fields = Mapping[int, Entry | None]


def _scene16() -> np.ndarray:
    """A linear picture: H x W x 3 uint16."""
    return np.rint(scene(64, 96) * 65535).astype(np.uint16)


def _srgb(path: Path, **arguments: object) -> np.ndarray:
    photo = files.read(path, **arguments)  # type: ignore[arg-type]
    return convert(photo.pixels, photo.color_space, LINEAR_SRGB)


def test_libraws_way_and_ours_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a mosaic that asks for nothing special, and of a linear picture."""
    white = {Tag.WhiteLevel: Entry.numbers(LONG, 16383), Tag.BlackLevel: Entry.numbers(SHORT, 512)}
    balance = {Tag.AsShotNeutral: Entry.rationals((0.5, 1, 0.6))}
    for samples in (mosaic_of_scene(), _scene16() // 4):
        path = write_dng(tmp_path / "plain.dng", samples, extra=white | balance)
        ours = files.read(path)
        with monkeypatch.context() as patch:
            patch.setattr(raw, "open_dng", lambda *_: None)
            theirs = files.read(path)
        assert ours.notes == theirs.notes == ()
        # The matrix is rounded by LibRaw; demosaicing decides otherwise in a place or two.
        assert np.abs(ours.pixels - theirs.pixels).mean() < 2e-4
        assert np.quantile(np.abs(ours.pixels - theirs.pixels), 0.99) < 2e-3


@pytest.mark.parametrize("compression", [Compression.Uncompressed, Compression.JPEG])
@pytest.mark.parametrize("corner", [(0, 0), (2, 4), (5, 7)])
def test_black_levels_by_site_row_and_column(
    corner: tuple[int, int], compression: Compression, tmp_path: Path
) -> None:
    """All are counted from the active area's corner, of whatever parity."""
    height, width = 64, 96
    across, down = (
        np.linspace(0, 800, width - corner[1]).round(),
        np.linspace(0, 300, height - corner[0]).round(),
    )
    black = np.array([[100.0, 200.0], [300.0, 400.0]])
    mosaic = np.zeros((height, width))
    inner = mosaic[corner[0] :, corner[1] :]
    inner[...] = 3000 + across + down[:, None]
    for row in (0, 1):
        for column in (0, 1):
            inner[row::2, column::2] += black[row, column]
    extra = {
        Tag.ActiveArea: Entry.numbers(LONG, *corner, height, width),
        Tag.BlackLevelRepeatDim: Entry.numbers(SHORT, 2, 2),
        Tag.BlackLevel: Entry.rationals(black.ravel().tolist()),
        Tag.BlackLevelDeltaH: Entry.rationals(across.tolist(), signed=True),
        Tag.BlackLevelDeltaV: Entry.rationals(down.tolist(), signed=True),
        Tag.WhiteLevel: Entry.numbers(LONG, 16383),
    }
    path = write_dng(tmp_path / "black.dng", mosaic.astype(np.uint16), compression=compression, extra=extra)
    pixels = files.read(path).pixels
    assert pixels.shape[:2] == inner.shape
    # White is counted from the greatest black there is.
    np.testing.assert_allclose(pixels, 3000 / (16383 - 1500), rtol=2e-3)


def test_levels_of_each_channel(tmp_path: Path) -> None:
    picture = np.zeros((64, 96, 3), np.uint16)
    picture[...] = (100 + 4000, 200 + 2000, 300 + 1000)
    picture[:8] = (100, 200, 300)
    extra = {
        Tag.BlackLevel: Entry.numbers(SHORT, 100, 200, 300),
        Tag.WhiteLevel: Entry.numbers(LONG, 8100, 4200, 2300),
    }
    pixels = files.read(write_dng(tmp_path / "levels.dng", picture, extra=extra)).pixels
    np.testing.assert_allclose(pixels[:8], 0, atol=1e-6)
    np.testing.assert_allclose(pixels[8:], 0.5, atol=1e-4)


@pytest.mark.parametrize("compression", [Compression.Uncompressed, Compression.JPEG, Compression.Deflate])
def test_linearization_table(compression: Compression, tmp_path: Path) -> None:
    table = (np.arange(4096) ** 2 // 256).astype(int)
    picture = np.tile(np.linspace(0, 4095, 96).astype(np.uint16)[:, None], (64, 1, 3))
    extra = {Tag.LinearizationTable: Entry.numbers(SHORT, *table), Tag.WhiteLevel: Entry.numbers(LONG, 65535)}
    path = write_dng(tmp_path / "table.dng", picture, compression=compression, extra=extra)
    np.testing.assert_allclose(files.read(path).pixels, table[picture] / 65535, atol=1e-5)


@pytest.mark.parametrize(
    ("dtype", "white", "table"), [(np.uint8, 255, None), (np.uint16, 65535, None), (np.uint8, 40000, 40000)]
)
def test_white_level_left_out(dtype: type, white: int, table: int | None, tmp_path: Path) -> None:
    """The greatest value of the samples' depth, or what a linearization table leads to."""
    picture = np.tile(np.linspace(0, 255, 96).astype(dtype)[:, None], (64, 1, 3))
    expected = picture / white
    extra: dict[int, Entry | None] = {}
    if table is not None:
        values = np.linspace(0, table, 256).astype(int)
        extra[Tag.LinearizationTable] = Entry.numbers(SHORT, *values)
        expected = values[picture] / white
    pixels = files.read(write_dng(tmp_path / "white.dng", picture, extra=extra)).pixels
    np.testing.assert_allclose(pixels, expected, atol=1e-5)


def test_white_below_black_is_refused(tmp_path: Path) -> None:
    extra = {Tag.BlackLevel: Entry.numbers(SHORT, 500), Tag.WhiteLevel: Entry.numbers(LONG, 400)}
    with pytest.raises(ReadError, match="white level"):
        files.read(write_dng(tmp_path / "levels.dng", _scene16(), extra=extra))


@pytest.mark.parametrize("half_size", [False, True])
def test_default_crop(half_size: bool, tmp_path: Path) -> None:
    """Counted from the active area's corner; the rest of the frame is not for showing."""
    mosaic = np.random.default_rng(0).integers(40000, 60000, (64, 96)).astype(np.uint16)
    mosaic[14:54, 18:78] = np.random.default_rng(1).integers(4000, 6000, (40, 60))
    extra = {
        Tag.ActiveArea: Entry.numbers(LONG, 4, 8, 62, 92),
        Tag.DefaultCropOrigin: Entry.rationals((12, 12)),
        Tag.DefaultCropSize: Entry.rationals((56, 36)),
    }
    photo = files.read(write_dng(tmp_path / "crop.dng", mosaic, extra=extra), half_size=half_size)
    step = 2 if half_size else 1
    assert photo.pixels.shape[:2] == (36 // step, 56 // step)
    assert photo.pixels.max() < 7000 / 65535


@pytest.mark.parametrize(("origin", "size"), [((90, 60), (96, 64)), ((0, 0), (0, 0)), ((0, 0), (960, 640))])
def test_a_crop_outside_the_picture_is_noted(
    origin: tuple[int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    extra = {
        Tag.DefaultCropOrigin: Entry.numbers(LONG, *origin),
        Tag.DefaultCropSize: Entry.numbers(LONG, *size),
    }
    photo = files.read(write_dng(tmp_path / "crop.dng", mosaic_of_scene(), extra=extra))
    assert (photo.width, photo.height) == (96, 64)
    assert photo.notes == ("the crop that the DNG declares is outside its image; the whole frame was kept",)
    extra[Tag.DefaultCropSize] = Entry.numbers(LONG, 96 - origin[0] + 1, 64 - origin[1] + 1)
    photo = files.read(write_dng(tmp_path / "crop.dng", mosaic_of_scene(), extra=extra))
    assert (photo.width, photo.height) == (96 - origin[0], 64 - origin[1]) and not photo.notes


def test_crop_that_a_camera_suggests_is_noted(tmp_path: Path) -> None:
    extra = {0xC7B5: Entry.rationals((0.1, 0, 0.9, 1))}
    photo = files.read(write_dng(tmp_path / "square.dng", _scene16(), extra=extra))
    assert photo.pixels.shape == (64, 96, 3) and any("DefaultUserCrop" in note for note in photo.notes)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(orientation: int, tmp_path: Path) -> None:
    from llflow_photo.files.metadata.orientation import upright

    extra = {Tag.Orientation: Entry.numbers(SHORT, orientation)}
    seen = files.read(write_dng(tmp_path / "turned.dng", _scene16(), extra=extra)).pixels
    plain = files.read(write_dng(tmp_path / "plain.dng", _scene16())).pixels
    np.testing.assert_array_equal(seen, upright(plain, orientation))


def test_white_balance_as_chromaticity(tmp_path: Path) -> None:
    """AsShotWhiteXY of tungsten light; the camera's RGB of a wall in that light comes out neutral."""
    x, y = 0.4476, 0.4074  # CIE illuminant A
    wall = SRGB_CAMERA @ np.array((x / y, 1, (1 - x - y) / y))
    picture = np.full((64, 96, 3), wall / wall.max() * 30000).astype(np.uint16)
    picture[:8] //= 2
    extra = {Tag.AsShotNeutral: None, Tag.AsShotWhiteXY: Entry.rationals((x, y))}
    photo = files.read(write_dng(tmp_path / "tungsten.dng", picture, extra=extra))
    assert photo.notes == ()
    np.testing.assert_allclose(photo.pixels[8:] / photo.pixels[8:, :, 1:2], 1, rtol=2e-3)


def test_chromaticity_goes_through_the_matrix_of_that_light(tmp_path: Path) -> None:
    """Two matrices: the one for tungsten counts in tungsten, and half of each in the middle (in mireds)."""
    from llflow_photo.files.dng.color import as_shot_neutral, camera_from_xyz

    tungsten = np.diag((0.5, 1, 2)) @ SRGB_CAMERA
    tags, _ = dng_directory(
        _scene16(),
        extra={
            Tag.ColorMatrix1: Entry.rationals(tungsten.ravel().tolist(), signed=True),
            Tag.CalibrationIlluminant1: Entry.numbers(SHORT, 17),
            Tag.ColorMatrix2: Entry.rationals(SRGB_CAMERA.ravel().tolist(), signed=True),
            Tag.CalibrationIlluminant2: Entry.numbers(SHORT, 21),
            Tag.AsShotNeutral: None,
            Tag.AsShotWhiteXY: Entry.rationals((0.4476, 0.4074)),
        },
    )
    white = np.array((0.4476 / 0.4074, 1, (1 - 0.4476 - 0.4074) / 0.4074))
    seen = as_shot_neutral(tags)
    assert seen is not None
    np.testing.assert_allclose(seen / seen[1], tungsten @ white / (tungsten @ white)[1], rtol=0.01)
    middle = camera_from_xyz(tags, 2 / (1 / 2850 + 1 / 6504), blend=True)
    np.testing.assert_allclose(middle, (tungsten + SRGB_CAMERA) / 2, atol=1e-5)
    np.testing.assert_allclose(camera_from_xyz(tags), SRGB_CAMERA, atol=1e-5)


def test_analog_balance_and_calibration_belong_to_the_matrix(tmp_path: Path) -> None:
    gains = np.array((2.0, 1.0, 0.8))
    unit = np.diag((1.1, 1.0, 0.9))
    picture = np.rint(scene(64, 96) * gains / 2 * unit.diagonal() / 1.1 * 60000).astype(np.uint16)
    extra = {
        Tag.AnalogBalance: Entry.rationals(gains.tolist()),
        Tag.CameraCalibration1: Entry.rationals(unit.ravel().tolist(), signed=True),
        Tag.AsShotNeutral: Entry.rationals((gains * unit.diagonal() / 2.2).tolist()),
    }
    seen = _srgb(write_dng(tmp_path / "gains.dng", picture, extra=extra), raw=RawOptions(highlights="keep"))
    plain = scene(64, 96) / 1.1 / 2 * 60000 / 65535
    np.testing.assert_allclose(seen / seen.mean(), plain / plain.mean(), atol=0.02)


FLOATS = {
    "half": (np.float16, Compression.Deflate, Predictor.FloatingPoint),
    "single": (np.float32, Compression.Deflate, Predictor.FloatingPoint),
    "single, two samples back": (np.float32, Compression.Deflate, Predictor.FloatingPointX2),
    "single, four samples back": (np.float32, Compression.Deflate, Predictor.FloatingPointX4),
    "plain": (np.float32, Compression.Uncompressed, Predictor.Nothing),
}


@pytest.mark.parametrize("kind", FLOATS)
@pytest.mark.parametrize("brightest", [0.5, 4.0])
def test_floats_are_what_they_say(kind: str, brightest: float, tmp_path: Path) -> None:
    """White is at 1 whatever the brightest pixel is, and headroom is kept, of linear pictures and mosaics."""
    dtype, compression, predictor = FLOATS[kind]
    wall = np.full((64, 96), 0.2, dtype)
    wall[:, 48:] = 0.45
    wall[:16, :16] = brightest
    for samples in (np.repeat(wall[..., None], 3, axis=2), wall):
        path = write_dng(tmp_path / "merge.dng", samples, compression=compression, predictor=predictor)
        photo = files.read(path)
        assert photo.notes == ()
        for place, value in (((40, 20), 0.2), ((40, 80), 0.45), ((6, 6), brightest)):
            np.testing.assert_allclose(photo.pixels[place], value, rtol=2e-3)


def test_floats_of_24_bits(tmp_path: Path) -> None:
    values = np.array([0.0, 1.0, -1.0, 0.5, 1.5, 3.0, 1 / 1024, 2.0**-62, 255.99609375], np.float32)
    from llflow_photo.files.tiff.unpack import FLOAT24, undo_predictor

    mantissa, exponent = np.frexp(np.abs(values))
    stored = np.zeros((values.size, 3), np.uint8)
    for index, value in enumerate(values):
        if value:
            fraction = round((float(mantissa[index]) * 2 - 1) * 65536)
            stored[index] = (
                (128 if value < 0 else 0) | (int(exponent[index]) - 1 + 63), fraction >> 8, fraction & 255,
            )  # fmt: skip
    for order in "<>":
        data = (stored if order == ">" else stored[:, ::-1]).tobytes()
        seen = undo_predictor(np.frombuffer(data, FLOAT24).reshape(1, -1, 1), 1, order)
        np.testing.assert_array_equal(seen[0, :, 0], values)


def test_a_float_that_is_none_does_not_spoil_the_picture(tmp_path: Path) -> None:
    wall = np.full((64, 96, 3), 0.25, np.float32)
    wall[:, 50:] = 0.5
    wall[30, 40] = np.nan
    photo = files.read(write_dng(tmp_path / "merge.dng", wall))
    assert any("3 values" in note for note in photo.notes)
    np.testing.assert_allclose(photo.pixels[10, 10], 0.25, rtol=1e-4)
    assert np.isfinite(photo.pixels).all()


LINEAR_WRITERS: dict[str, tuple[Compression, Predictor, Fields]] = {
    # Converters that leave out the camera's maker and white level.
    "bare": (Compression.Uncompressed, Predictor.Nothing, {Tag.Make: None, Tag.Model: None}),
    "lossless JPEG": (
        Compression.JPEG,
        Predictor.Nothing,
        {Tag.WhiteLevel: Entry.numbers(LONG, *(65535,) * 3)},
    ),
    "deflated": (Compression.Deflate, Predictor.Nothing, {Tag.BlackLevel: Entry.numbers(SHORT, 0, 0, 0)}),
    "deflated differences": (Compression.Deflate, Predictor.Horizontal, {}),
}


@pytest.mark.parametrize("kind", LINEAR_WRITERS)
def test_linear_pictures_of_other_programs(kind: str, tmp_path: Path) -> None:
    """Denoisers and stackers write linear DNGs; their values are the picture."""
    compression, predictor, extra = LINEAR_WRITERS[kind]
    path = write_dng(
        tmp_path / "linear.dng", _scene16(), compression=compression, predictor=predictor, extra=extra
    )
    np.testing.assert_allclose(_srgb(path, raw=RawOptions(highlights="keep")), scene(64, 96), atol=2e-4)


def test_baseline_exposure_of_a_linear_picture(tmp_path: Path) -> None:
    extra = {Tag.BaselineExposure: Entry.rationals([1.5], signed=True)}
    plain = files.read(write_dng(tmp_path / "plain.dng", _scene16())).pixels
    seen = files.read(write_dng(tmp_path / "lifted.dng", _scene16(), extra=extra)).pixels
    np.testing.assert_allclose(seen, plain * 2**1.5, rtol=1e-5)


@pytest.mark.parametrize("compression", [Compression.LossyJPEG, Compression.JPEG])
def test_lossy_tiles_through_a_curve(compression: Compression, tmp_path: Path) -> None:
    """Lightroom's lossy DNGs: 8-bit JPEG, and polynomials in OpcodeList2 that lead back to linear light."""
    from dng_helpers import opcode

    shares = np.clip(scene(64, 96), 0, 1)
    buffer = io.BytesIO()
    square_root = np.rint(np.sqrt(shares) * 255).astype(np.uint8)
    Image.fromarray(square_root).save(buffer, "JPEG", quality=98, subsampling=0)
    import struct

    squares = [
        opcode(8, area((0, 0, 64, 96), plane) + struct.pack(">I3d", 2, 0, 0, 1)) for plane in range(3)
    ]  # fmt: skip
    extra = {
        Tag.OpcodeList2: opcode_list(*squares),
        Tag.Compression: Entry.numbers(SHORT, compression),
    }
    tags, _ = dng_directory(np.zeros((64, 96, 3), np.uint8), extra=extra)
    path = write_dng_pages(tmp_path / "lossy.dng", [(tags, buffer.getvalue())])
    seen = _srgb(path, raw=RawOptions(highlights="keep"))
    assert np.abs(seen - shares).mean() < 0.01


@pytest.mark.parametrize(
    ("compression", "words"), [(52546, "JPEG XL"), (9, "VC-5"), (50000, "Zstandard"), (4711, "4711")]
)
def test_compressions_that_cannot_be_read_are_named(compression: int, words: str, tmp_path: Path) -> None:
    """Neither "damaged" nor "convert it to DNG": it is one."""
    extra = {Tag.Compression: Entry.numbers(SHORT, compression)}
    with pytest.raises(FormatError, match=words) as caught:
        files.read(write_dng(tmp_path / "phone.dng", mosaic_of_scene(), extra=extra))
    assert "damaged" not in str(caught.value) and "lossless JPEG" in str(caught.value)


def test_enhanced_picture_goes_first(tmp_path: Path) -> None:
    """A DNG with its mosaic and what its editor made of it."""
    mosaic = dng_directory(np.random.default_rng(0).integers(0, 60000, (64, 96)).astype(np.uint16))
    enhanced = dng_directory(_scene16(), extra={Tag.NewSubfileType: Entry.numbers(LONG, NewSubfile.Enhanced)})
    path = write_dng_pages(tmp_path / "enhanced.dng", [mosaic, enhanced])
    np.testing.assert_allclose(_srgb(path, raw=RawOptions(highlights="keep")), scene(64, 96), atol=2e-4)
    unreadable = dict(enhanced[0])
    unreadable[Tag.Compression] = Entry.numbers(SHORT, Compression.JPEGXL)
    plain = files.read(write_dng_pages(tmp_path / "plain.dng", [mosaic]))
    path = write_dng_pages(tmp_path / "jxl.dng", [mosaic, (unreadable, enhanced[1])])
    photo = files.read(path)
    np.testing.assert_array_equal(photo.pixels, plain.pixels)
    assert any("enhanced" in note for note in photo.notes)


def test_previews_and_masks_are_not_the_picture(tmp_path: Path) -> None:
    """A larger linear preview, a depth map and a mask beside the mosaic."""
    main = dng_directory(mosaic_of_scene(), BAYER)
    others = []
    for kind, photometric in ((1, Photometric.LinearRaw), (8, 51177), (4, 52527)):
        tags, data = dng_directory(np.full((80, 120, 3), 50000, np.uint16))
        tags[Tag.NewSubfileType] = Entry.numbers(LONG, kind)
        tags[Tag.PhotometricInterpretation] = Entry.numbers(SHORT, photometric)
        others.append((tags, data))
    alone = files.read(write_dng_pages(tmp_path / "alone.dng", [main])).pixels
    with_others = files.read(write_dng_pages(tmp_path / "others.dng", [main, *others])).pixels
    np.testing.assert_array_equal(with_others, alone)


def test_big_endian_files(tmp_path: Path) -> None:
    """Written by a Mac: fields and samples the other way round, opcodes as ever."""
    import tifffile

    step = gain_map(area((0, 0, 64, 96), 0, 3), np.full((1, 1, 1), 2.0))
    matrix = [n for v in SRGB_CAMERA.ravel() for n in (round(v * 10000), 10000)]
    block = opcode_list(step).value
    tifffile.imwrite(
        tmp_path / "mac.dng", _scene16() // 2, byteorder=">", photometric=34892, metadata=None,
        extratags=[
            (50706, "B", 4, bytes((1, 4, 0, 0)), True), (50708, "s", 0, "Demo", True),
            (50721, "2i", 9, matrix, True), (50728, "2I", 3, (1, 1) * 3, True), (50778, "H", 1, 21, True),
            (51009, 7, len(block), block, True),
        ],
    )  # fmt: skip
    seen = _srgb(tmp_path / "mac.dng", raw=RawOptions(highlights="keep"))
    np.testing.assert_allclose(seen, scene(64, 96), atol=2e-4)


def test_levels_given_as_floats(tmp_path: Path) -> None:
    """Not what the specification says, but what some writers do."""
    extra = {Tag.BlackLevel: Entry(FLOAT, (1000.0,)), Tag.AsShotNeutral: Entry(FLOAT, (0.5, 1.0, 0.5))}
    picture = np.full((64, 96, 3), (11000, 21000, 11000), np.uint16)
    picture[:8] = 1000
    pixels = files.read(write_dng(tmp_path / "floats.dng", picture, extra=extra)).pixels
    np.testing.assert_allclose(pixels[8:], 20000 / 64535, rtol=1e-3)


def test_no_private_bytes_are_needed(tmp_path: Path) -> None:
    """A mosaic of a camera nobody knows, without matrix: taken for sRGB, and said."""
    extra = {Tag.ColorMatrix1: None, Tag.DNGPrivateData: Entry(BYTE, b"Demo\0")}
    photo = files.read(write_dng(tmp_path / "unknown.dng", mosaic_of_scene(), extra=extra))
    assert photo.color_space == REC2020_LINEAR
    assert any("matrix" in note for note in photo.notes)


def test_tiles_whose_places_are_given_as_strips(tmp_path: Path) -> None:
    """One tile as large as the picture, as writers of linear DNGs make it."""
    extra = {
        Tag.TileWidth: Entry.numbers(LONG, 96),
        Tag.TileLength: Entry.numbers(LONG, 64),
        Tag.RowsPerStrip: None,
    }
    path = write_dng(tmp_path / "tile.dng", _scene16(), extra=extra)
    np.testing.assert_allclose(_srgb(path, raw=RawOptions(highlights="keep")), scene(64, 96), atol=2e-4)


@pytest.mark.parametrize("layout", ["tiled", "planar", "bigtiff", "32 bits"])
def test_layouts(layout: str, tmp_path: Path) -> None:
    """Ways of storing a linear picture that LibRaw reads in part or not at all."""
    import tifffile

    picture = _scene16()
    arguments: dict[str, object] = {
        "tiled": {"tile": (32, 32)}, "planar": {"planarconfig": "separate"}, "bigtiff": {"bigtiff": True},
        "32 bits": {},
    }[layout]  # fmt: skip
    stored = picture.astype(np.uint32) * 65537 if layout == "32 bits" else picture
    if layout == "planar":
        stored = np.ascontiguousarray(np.moveaxis(stored, 2, 0))
    matrix = [n for v in SRGB_CAMERA.ravel() for n in (round(v * 10000), 10000)]
    tifffile.imwrite(
        tmp_path / "layout.dng", stored, photometric=34892, metadata=None, **arguments,
        extratags=[
            (50706, "B", 4, bytes((1, 6, 0, 0)), True), (50708, "s", 0, "Demo", True),
            (50721, "2i", 9, matrix, True), (50728, "2I", 3, (1, 1) * 3, True), (50778, "H", 1, 21, True),
        ],
    )  # fmt: skip
    seen = _srgb(tmp_path / "layout.dng", raw=RawOptions(highlights="keep"))
    np.testing.assert_allclose(seen, scene(64, 96), atol=2e-4)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_samples(bits: int, tmp_path: Path) -> None:
    """As video cameras write them: most significant bit first, no padding."""
    mosaic = mosaic_of_scene() >> (14 - bits)
    digits = (mosaic[..., None] >> np.arange(bits)[::-1]) & 1
    packed = np.packbits(digits.astype(np.uint8).reshape(64, -1), axis=1).tobytes()
    levels = {
        Tag.BitsPerSample: Entry.numbers(SHORT, bits),
        Tag.BlackLevel: Entry.numbers(SHORT, 512 >> (14 - bits)),
        Tag.AsShotNeutral: Entry.rationals((0.5, 1, 0.6)),
    }
    tags, _ = dng_directory(mosaic, extra=levels)
    seen = files.read(write_dng_pages(tmp_path / "packed.dng", [(tags, packed)])).pixels
    white = {Tag.WhiteLevel: Entry.numbers(LONG, 2**bits - 1), Tag.BitsPerSample: Entry.numbers(SHORT, 16)}
    plain = files.read(write_dng(tmp_path / "plain.dng", mosaic, extra=levels | white)).pixels
    np.testing.assert_array_equal(seen, plain)


def test_gain_map_of_an_x_trans_mosaic(tmp_path: Path) -> None:
    from test_raw import X_TRANS

    mosaic = np.full((576, 576), 12000, np.uint16)
    mosaic[100:300, 200:400] = 3000
    step = gain_map(area((100, 200, 300, 400)), np.full((1, 1, 1), 4.0))
    path = write_dng(tmp_path / "xtrans.dng", mosaic, X_TRANS, extra={Tag.OpcodeList2: opcode_list(step)})
    np.testing.assert_allclose(files.read(path).pixels[4:-4, 4:-4], 12000 / 65535, rtol=2e-3)


def test_floats_that_are_integers_in_disguise(tmp_path: Path) -> None:
    """Stackers write 0 to 65535 as floats and do not say where white is."""
    photo = files.read(write_dng(tmp_path / "stack.dng", _scene16().astype(np.float32)))
    seen = convert(photo.pixels, photo.color_space, LINEAR_SRGB)
    np.testing.assert_allclose(seen, scene(64, 96), atol=2e-4)
    assert any("65535" in note for note in photo.notes)
    declared = {Tag.WhiteLevel: Entry.numbers(LONG, 65535)}
    photo = files.read(write_dng(tmp_path / "said.dng", _scene16().astype(np.float32), extra=declared))
    assert photo.notes == ()
    np.testing.assert_allclose(convert(photo.pixels, REC2020_LINEAR, LINEAR_SRGB), scene(64, 96), atol=2e-4)


def test_a_fourth_channel_is_left_out(tmp_path: Path) -> None:
    """Alpha of a panorama: three colors by its matrix."""
    picture = np.concatenate([_scene16(), np.full((64, 96, 1), 65535, np.uint16)], axis=2)
    photo = files.read(write_dng(tmp_path / "panorama.dng", picture))
    assert any("channels beyond color" in note for note in photo.notes)
    np.testing.assert_allclose(convert(photo.pixels, REC2020_LINEAR, LINEAR_SRGB), scene(64, 96), atol=2e-3)


def test_patterns_that_libraw_would_misread_are_refused(tmp_path: Path) -> None:
    quad = ((0, 0, 1, 1), (0, 0, 1, 1), (1, 1, 2, 2), (1, 1, 2, 2))
    with pytest.raises(FormatError, match="4 x 4"):
        files.read(write_dng(tmp_path / "quad.dng", mosaic_of_scene(), quad))
    twice = ((0, 1, 0, 1), (1, 2, 1, 2))
    plain = files.read(write_dng(tmp_path / "plain.dng", mosaic_of_scene())).pixels
    np.testing.assert_array_equal(
        files.read(write_dng(tmp_path / "t.dng", mosaic_of_scene(), twice)).pixels, plain
    )


@pytest.mark.parametrize("tag", [Tag.RowInterleaveFactor, Tag.ColumnInterleaveFactor])
def test_interleaved_rows_and_columns(tag: Tag, tmp_path: Path) -> None:
    mosaic = mosaic_of_scene()
    axis = 0 if tag == Tag.RowInterleaveFactor else 1
    fields = [mosaic[k::3] if axis == 0 else mosaic[:, k::3] for k in range(3)]
    stored, extra = np.concatenate(fields, axis=axis), {tag: Entry.numbers(LONG, 3)}
    plain = files.read(write_dng(tmp_path / "plain.dng", mosaic)).pixels
    photo = files.read(write_dng(tmp_path / "interleaved.dng", stored, extra=extra))
    np.testing.assert_array_equal(photo.pixels, plain)
    blocks = {Tag.SubTileBlockSize: Entry.numbers(SHORT, 2, 2)}
    with pytest.raises(FormatError, match="SubTileBlockSize"):
        files.read(write_dng(tmp_path / "blocks.dng", mosaic, extra=blocks))


def test_corrections_of_files_left_to_libraw_are_noted(tmp_path: Path) -> None:
    """Pixels twice as high as wide."""
    step = gain_map(area((0, 0, 64, 96), 0, 3), np.full((1, 1, 1), 2.0))
    extra = {Tag.DefaultScale: Entry.rationals((1.0, 2.0)), Tag.OpcodeList2: opcode_list(step)}
    photo = files.read(write_dng(tmp_path / "tall.dng", _scene16(), extra=extra))
    assert photo.pixels.shape[0] == pytest.approx(128, abs=1)
    assert any("left out" in note for note in photo.notes)

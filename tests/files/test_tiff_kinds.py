"""TIFF of less common kinds: read, or refused by the name of what is missing; never called damaged."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from file_helpers import quadrants
from PIL import Image, ImageCms

from llflow_photo import files
from llflow_photo.color.spaces import SRGB, convert
from llflow_photo.errors import FormatError, ReadError
from llflow_photo.files.tiff import unpack
from llflow_photo.files.tiff.directory import LONG, SHORT, Directory, Entry, encode_directories

VALUES = quadrants()


def _one_strip(path: Path, strip: bytes, **changes: Entry | None) -> Path:
    """A TIFF of VALUES' size whose only strip is given."""
    directory: Directory = {
        256: Entry.numbers(LONG, 32), 257: Entry.numbers(LONG, 24), 258: Entry.numbers(SHORT, 8, 8, 8),
        259: Entry.numbers(SHORT, 1), 262: Entry.numbers(SHORT, 2), 273: Entry.numbers(LONG, 8),
        277: Entry.numbers(SHORT, 3), 278: Entry.numbers(LONG, 24), 279: Entry.numbers(LONG, len(strip)),
    }  # fmt: skip
    for code, entry in changes.items():
        if entry is None:
            del directory[int(code[1:])]
        else:
            directory[int(code[1:])] = entry
    strip += b"\0" * (len(strip) % 2)
    place = 8 + len(strip)
    path.write_bytes(struct.pack("<2sHI", b"II", 42, place) + strip + encode_directories([directory], place))
    return path


def test_zstandard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zstandard = pytest.importorskip("zstandard")
    strip = zstandard.ZstdCompressor().compress(VALUES.tobytes())
    path = _one_strip(tmp_path / "photo.tif", strip, _259=Entry.numbers(SHORT, 50000))
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)
    _one_strip(path, strip[:-40], _259=Entry.numbers(SHORT, 50000))
    with pytest.raises(ReadError, match=r"damaged|truncated"):
        files.read(path)
    monkeypatch.setattr(unpack, "_zstd", lambda: None)
    with pytest.raises(FormatError, match=r"Zstandard.*pip install zstandard"):
        files.read(path)


def test_webp(tmp_path: Path) -> None:
    out = io.BytesIO()
    Image.fromarray(VALUES).save(out, "WEBP", lossless=True)
    path = _one_strip(tmp_path / "photo.tif", out.getvalue(), _259=Entry.numbers(SHORT, 50001))
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)


@pytest.mark.parametrize(
    ("compression", "name"), [(34887, "LERC"), (34712, "JPEG 2000"), (50002, "JPEG XL"), (12345, "unknown")]
)
def test_compressions_that_are_not_supported_are_named(
    compression: int, name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = _one_strip(tmp_path / "photo.tif", bytes(500), _259=Entry.numbers(SHORT, compression))
    with pytest.raises(FormatError, match=name) as caught:
        files.read(path)
    assert "damaged" not in str(caught.value) and not capfd.readouterr().err


def test_old_jpeg_is_not_called_damaged(tmp_path: Path) -> None:
    path = _one_strip(tmp_path / "photo.tif", bytes(500), _259=Entry.numbers(SHORT, 6))
    with pytest.raises(FormatError, match="old JPEG compression"):
        files.read(path)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("photometric", ["cielab", "icclab"])
def test_lab(dtype: str, photometric: str, tmp_path: Path) -> None:
    """Against LittleCMS, for colors that both sRGB and 8 bits of L*a*b* hold well."""
    colors = np.array([[[200, 60, 40], [30, 120, 200], [128, 128, 128], [250, 250, 250]]], np.uint8)
    profile = ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", "LAB")
    image = ImageCms.applyTransform(Image.fromarray(colors), transform)
    assert image is not None
    lab = np.asarray(image).astype(np.int64)
    lab[..., 1:] = np.where(lab[..., 1:] > 127, lab[..., 1:] - 256, lab[..., 1:])
    if photometric == "icclab":
        lab[..., 1:] += 128
    if dtype == "uint16":
        lab[..., 0] = np.rint(lab[..., 0] / 255 * (65280 if photometric == "icclab" else 65535))
        lab[..., 1:] *= 256
    path = tmp_path / "photo.tif"
    tifffile.imwrite(path, (lab & 0xFFFF).astype(dtype), photometric=photometric, metadata=None)
    photo = files.read(path)
    assert photo.bit_depth == (8 if dtype == "uint8" else 16)
    np.testing.assert_allclose(
        convert(photo.pixels, photo.color_space, SRGB) * 255, colors.astype(float), atol=3
    )


def test_without_byte_counts(tmp_path: Path) -> None:
    path = _one_strip(tmp_path / "photo.tif", VALUES.tobytes(), _279=None)
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)
    import zlib

    packed = zlib.compress(VALUES.tobytes())
    _one_strip(path, packed, _279=None, _259=Entry.numbers(SHORT, 8))
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)
    _one_strip(path, packed, _279=Entry.numbers(LONG, 0), _259=Entry.numbers(SHORT, 8))
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)


def test_without_byte_counts_in_many_strips(tmp_path: Path) -> None:
    """The last strip is shorter than the others: 24 rows in strips of 10."""
    rows = 32 * 3 * 10
    places = Entry.numbers(LONG, *(8 + start for start in range(0, 24 * 96, rows)))
    path = _one_strip(
        tmp_path / "photo.tif", VALUES.tobytes(), _279=None, _278=Entry.numbers(LONG, 10), _273=places
    )
    np.testing.assert_array_equal(np.rint(files.read(path).pixels * 255), VALUES)


def test_counts_are_not_guessed_beyond_the_file(tmp_path: Path) -> None:
    path = _one_strip(tmp_path / "photo.tif", VALUES.tobytes()[:1000], _279=None)
    with pytest.raises(ReadError, match="truncated"):
        files.read(path)


def test_cmyk_without_a_usable_profile_is_read_once(tmp_path: Path) -> None:
    """The profile that could not be used for CMYK is not tried on the RGB it became."""
    path = tmp_path / "photo.tif"
    Image.new("CMYK", (16, 16), (0, 200, 200, 30)).save(path, icc_profile=b"broken" * 40)
    photo = files.read(path)
    assert photo.pixels[8, 8, 0] > 2 * photo.pixels[8, 8, 1]
    assert len(photo.notes) == 1 and "CMYK without a usable profile: colors are approximate" in photo.notes[0]


@pytest.mark.parametrize("compression", [1, 8])
@pytest.mark.parametrize("bits", [10, 12, 14])
def test_packed_samples(bits: int, compression: int, tmp_path: Path) -> None:
    """Most significant bit first, each row filled up to whole bytes (TIFF 6.0, BitsPerSample)."""
    values = np.random.default_rng(0).integers(0, 1 << bits, (24, 31, 3), dtype=np.uint16)
    each = values.reshape(24, -1, 1) >> np.arange(bits)[::-1] & 1
    strip = np.packbits(each.reshape(24, -1).astype(np.uint8), axis=1).tobytes()
    fields = {
        "_256": Entry.numbers(LONG, 31),
        "_258": Entry.numbers(SHORT, bits, bits, bits),
        "_259": Entry.numbers(SHORT, compression),
    }
    stored = strip if compression == 1 else zlib.compress(strip)
    photo = files.read(_one_strip(tmp_path / "photo.tif", stored, **fields))
    assert photo.bit_depth == bits and not photo.notes
    np.testing.assert_allclose(
        photo.pixels * ((1 << bits) - 1), values, atol=0.5 * (1 << bits) / 65535 + 1e-3
    )
    if compression == 1:
        without = files.read(_one_strip(tmp_path / "photo.tif", stored, **fields, _279=None))
        np.testing.assert_array_equal(without.pixels, photo.pixels)
    with pytest.raises(FormatError, match=f"predictor with {bits}-bit samples"):
        files.read(_one_strip(tmp_path / "photo.tif", stored, **fields, _317=Entry.numbers(SHORT, 2)))


def test_kinds_that_no_decoder_knows_are_not_called_damaged(tmp_path: Path) -> None:
    deep = {"_258": Entry.numbers(SHORT, 12, 12, 12), "_259": Entry.numbers(SHORT, 7)}
    odd = {"_258": Entry.numbers(SHORT, 32, 32, 32), "_262": Entry.numbers(SHORT, 6)}
    for fields, kind in ((deep, "JPEG of 12 bits"), (odd, "interpretation 6 with 32 bits")):
        with pytest.raises(FormatError, match=kind) as caught:
            files.read(_one_strip(tmp_path / "photo.tif", bytes(24 * 32 * 12), **fields))
        assert "damaged" not in str(caught.value)

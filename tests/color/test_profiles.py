"""The ICC profiles we build, as we and LittleCMS read them."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from llflow_photo import files
from llflow_photo.color.profiles import ProfileError, profile_bytes, read_profile
from llflow_photo.color.spaces import (
    ADOBE_RGB,
    LINEAR_SRGB,
    PROPHOTO,
    SPACES,
    SRGB,
    ColorSpace,
    convert,
    decode,
)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_built_profiles_read_back_as_their_space(space: ColorSpace) -> None:
    reading = read_profile(profile_bytes(space))
    assert (reading.kind, reading.space, reading.tables) == ("rgb", space, None)


@pytest.mark.parametrize("space", SPACES.values(), ids=lambda space: space.name)
def test_littlecms_converts_as_we_do(space: ColorSpace) -> None:
    """8-bit in, 8-bit out, colors inside both gamuts: within one and a half steps."""
    srgb = np.random.default_rng(0).uniform(0.15, 0.95, (8, 8, 3)).astype(np.float32)
    source = np.clip(convert(srgb, SRGB, space), 0, 1)
    pixel_values = np.rint(source * 255).astype(np.uint8)
    ours = np.clip(convert(pixel_values.astype(np.float32) / 255, space, SRGB), 0, 1) * 255
    transform = ImageCms.buildTransform(
        ImageCms.ImageCmsProfile(io.BytesIO(profile_bytes(space))),
        ImageCms.createProfile("sRGB"),
        "RGB",
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    theirs = np.asarray(ImageCms.applyTransform(Image.fromarray(pixel_values), transform), np.float32)
    assert np.abs(ours - theirs).max() < 1.5


def test_littlecms_own_srgb_is_srgb() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_profile(profile).space == SRGB


def _with_curve(curve: bytes) -> bytes:
    """Our sRGB profile with all three curves replaced by one at its end."""
    data = bytearray(profile_bytes(SRGB))
    (count,) = struct.unpack_from(">I", data, 128)
    for index in range(count):
        place = 132 + 12 * index
        if data[place : place + 4] in (b"rTRC", b"gTRC", b"bTRC"):
            data[place + 4 : place + 12] = struct.pack(">II", len(data), len(curve))
    curve += b"\0" * (-len(curve) % 4)
    struct.pack_into(">I", data, 0, len(data) + len(curve))
    return bytes(data) + curve


def test_table_curves() -> None:
    x = np.linspace(0, 1, 1024)
    srgb = np.rint(decode(x, "srgb") * 65535).astype(">u2")
    assert read_profile(_with_curve(b"curv\0\0\0\0" + struct.pack(">I", 1024) + srgb.tobytes())).space == SRGB
    odd = np.rint(x**3 * 65535).astype(">u2")
    reading = read_profile(_with_curve(b"curv\0\0\0\0" + struct.pack(">I", 1024) + odd.tobytes()))
    assert reading.space.transfer == "linear" and reading.tables is not None
    np.testing.assert_allclose(reading.tables[1], np.linspace(0, 1, 4096) ** 3, atol=1e-4)


def _curve_of(entries: list[int]) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(f">I{len(entries)}H", len(entries), *entries)


def _sampled(transfer: str, count: int) -> list[int]:
    return [round(float(v) * 65535) for v in decode(np.linspace(0, 1, count), transfer)]


@pytest.mark.parametrize("count", [2, 3, 5, 17, 1024])
def test_straight_tables_are_linear(count: int) -> None:
    assert read_profile(_with_curve(_curve_of(_sampled("linear", count)))).space == LINEAR_SRGB


@pytest.mark.parametrize(
    "entries",
    [
        [0, 65535],
        [0, 40000],
        [2000, 65535],
        [65535, 0],
        _sampled("srgb", 3),
        _sampled("gamma:1.80078125", 5),
        _sampled("gamma:2.2", 16),
        _sampled("srgb", 20),
        _sampled("srgb", 256),
    ],
    ids=lambda entries: f"{len(entries)}-{entries[0]}-{entries[-1]}",
)
def test_littlecms_reads_tables_as_we_do(entries: list[int], tmp_path: Path) -> None:
    """Entries on a common curve are not enough for that curve: a table is linear between them."""
    profile = _with_curve(_curve_of(entries))
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, 2)
    Image.fromarray(ramp).save(tmp_path / "ramp.png", icc_profile=profile)
    photo = files.read(tmp_path / "ramp.png")
    ours = np.clip(convert(photo.pixels, photo.color_space, SRGB), 0, 1) * 255
    theirs = ImageCms.profileToProfile(
        Image.fromarray(ramp),
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    assert theirs is not None
    np.testing.assert_allclose(ours, np.asarray(theirs, np.float32), atol=1.5)


def test_gamma_curves() -> None:
    reading = read_profile(_with_curve(b"curv\0\0\0\0" + struct.pack(">IH", 1, 461)))
    assert reading.space.transfer == PROPHOTO.transfer
    assert reading.space.primaries == SRGB.primaries


def test_primaries_of_an_unknown_space_survive() -> None:
    odd = ColorSpace("odd", ((0.66, 0.32), (0.25, 0.66), (0.14, 0.05)), (0.3127, 0.3290), "gamma:2.2")
    reading = read_profile(profile_bytes(odd))
    pixels = np.random.default_rng(0).uniform(0, 1, (4, 4, 3)).astype(np.float32)
    ours, theirs = convert(pixels, odd, SRGB), convert(pixels, reading.space, SRGB)
    np.testing.assert_allclose(ours, theirs, atol=1e-3)


def test_broken_profiles_are_refused() -> None:
    good = profile_bytes(ADOBE_RGB)
    for bad in (b"", b"not a profile" * 20, good[:100], good[:128] + b"\xff\xff\xff\xff" + good[132:]):
        with pytest.raises(ProfileError):
            read_profile(bad)

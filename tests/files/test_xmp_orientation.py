"""Orientation that only XMP knows: embedded, or in the sidecar that a RAW editor or photo manager wrote."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dng_helpers import write_dng, write_mosaic_of
from file_helpers import corners_of, mosaic_of_scene, packet_of, quadrants
from PIL import Image, features

from llflow_photo import files
from llflow_photo.color.light_samples import KnownLight, sample_bounds
from llflow_photo.color.spaces import SRGB, convert
from llflow_photo.files.dng.write import write_cfa_dng
from llflow_photo.files.metadata.exif_resolution import resolution_of
from llflow_photo.files.metadata.orientation import upright
from llflow_photo.files.metadata.xmp_packet import Packet, qualified
from llflow_photo.files.tiff.directory import SHORT, Entry, encode_directories
from llflow_photo.files.tiff.parse import parse_tiff
from llflow_photo.files.tiff.tags import Tag

EVERY = pytest.mark.parametrize("orientation", range(1, 9))
PICTURE = quadrants(48, 64)


def _packet(orientation: int) -> bytes:
    return packet_of("<xmp:Rating>3</xmp:Rating>", f'tiff:Orientation="{orientation}"')


def _exif(orientation: int) -> bytes:
    block = Image.Exif()
    block[0x0112] = orientation
    return block.tobytes()


def _assert_turned(path: Path, orientation: int) -> None:
    photo = files.read(path)
    assert corners_of(convert(photo.pixels, photo.color_space, SRGB)) == corners_of(
        upright(PICTURE, orientation)
    )
    packet = Packet.parse(photo.metadata.xmp or b"")
    assert packet is not None and packet.value(qualified("tiff:Orientation")) == "1"
    assert packet.value(qualified("xmp:Rating")) == "3"


@EVERY
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_embedded(orientation: int, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    options = {"jpg": {"xmp": _packet(orientation), "quality": 95}, "webp": {"xmp": _packet(orientation)}}
    if suffix == "tif":
        more = {"tiffinfo": {700: _packet(orientation)}}
    elif suffix == "png":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", _packet(orientation).decode())
        more = {"pnginfo": info}
    else:
        more = options[suffix]
    Image.fromarray(PICTURE).save(path, **more)
    _assert_turned(path, orientation)


def test_exif_goes_before_embedded_xmp(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(PICTURE).save(path, exif=_exif(6), xmp=_packet(3), quality=95)
    _assert_turned(path, 6)


@EVERY
@pytest.mark.parametrize("exif", [None, 6])
@pytest.mark.parametrize("as_element", [False, True])
def test_sidecar_goes_before_the_file(
    orientation: int, exif: int | None, as_element: bool, tmp_path: Path
) -> None:
    path = tmp_path / "photo.jpg"
    Image.fromarray(PICTURE).save(path, quality=95, **({"exif": _exif(exif)} if exif else {}))
    sidecar = _packet(orientation)
    if as_element:
        body = f"<tiff:Orientation>{orientation}</tiff:Orientation><xmp:Rating>3</xmp:Rating>"
        sidecar = packet_of(body)
    (tmp_path / "photo.xmp").write_bytes(sidecar)
    _assert_turned(path, orientation)


def _write_dng(path: Path, orientation: int) -> Path:
    """A mosaic of the picture whose first directory says how to turn it."""
    values = PICTURE.astype(np.uint16) * 200
    mosaic = values[..., 1].copy()
    mosaic[0::2, 0::2], mosaic[1::2, 1::2] = values[0::2, 0::2, 0], values[1::2, 1::2, 2]
    write_cfa_dng(path, mosaic)
    data = path.read_bytes()
    directory = parse_tiff(data)[0] | {0x0112: Entry.numbers(SHORT, orientation)}
    place = len(data) + len(data) % 2
    block = encode_directories([directory], place)
    path.write_bytes(data[:4] + place.to_bytes(4, "little") + data[8:].ljust(place - 8, b"\0") + block)
    return path


@EVERY
def test_raw_turned_by_its_camera(orientation: int, tmp_path: Path) -> None:
    photo = files.read(_write_dng(tmp_path / "photo.dng", orientation))
    assert corners_of(convert(photo.pixels, photo.color_space, SRGB)) == corners_of(
        upright(PICTURE, orientation)
    )


@EVERY
@pytest.mark.parametrize("camera", range(1, 9))
def test_raw_turned_in_its_sidecar(orientation: int, camera: int, tmp_path: Path) -> None:
    """Whatever the camera said before."""
    path = _write_dng(tmp_path / "photo.dng", camera)
    (tmp_path / "photo.xmp").write_bytes(_packet(orientation))
    _assert_turned(path, orientation)


@EVERY
def test_light_samples_turn_with_the_pixels(orientation: int, tmp_path: Path) -> None:
    y, x = np.mgrid[0:200, 0:420]
    ramp = 0.05 + 0.4 * x / 420
    scene = np.stack([ramp, 0.1 + 0.3 * y / 200, 0.3 - 0.4 * (ramp - 0.25)], -1)
    path = tmp_path / "photo.dng"
    write_mosaic_of(path, scene, ["RG", "GB"], (0.5, 1.0, 0.6), (600, 16383), orientation=6)
    (tmp_path / "photo.xmp").write_bytes(_packet(orientation))
    photo = files.read(path)
    samples = (photo.metadata.raw or {})["light_samples"]
    assert samples.shape == (photo.height, photo.width)
    rows, columns = sample_bounds(photo.height), sample_bounds(photo.width)
    means = [[photo.pixels[a:b, c:d].mean((0, 1)) for c, d in columns] for a, b in rows]
    np.testing.assert_allclose(samples.light, means, atol=0.003)
    assert KnownLight.of(photo) is not None


@pytest.mark.parametrize("suffix", ["avif", "heic"])
@pytest.mark.parametrize(("sidecar", "expected"), [(None, 6), (6, 6), (3, 3), (1, 1)])
def test_containers_and_sidecars(suffix: str, sidecar: int | None, expected: int, tmp_path: Path) -> None:
    path = tmp_path / f"photo.{suffix}"
    large = quadrants(96, 128)
    if suffix == "heic":
        heif = pytest.importorskip("pillow_heif")
        heif.from_pillow(Image.fromarray(large)).save(path, quality=95, exif=_exif(6))
    elif features.check("avif"):
        Image.fromarray(large).save(path, quality=95, exif=_exif(6))
    else:
        pytest.skip("this Pillow has no AVIF")
    if sidecar:
        (tmp_path / "photo.xmp").write_bytes(_packet(sidecar))
    assert corners_of(files.read(path).pixels) == corners_of(upright(large, expected))


def test_a_sidecar_that_repeats_exif_turns_nothing(tmp_path: Path) -> None:
    """EXIF in AVIF says 6 while the container says nothing: the picture is upright, and 6 is no news."""
    codecs = pytest.importorskip("pillow_heif")
    codecs.register_heif_opener()
    path = tmp_path / "photo.heic"
    large = quadrants(96, 128)
    Image.fromarray(large).save(path, quality=95)
    upright_file = path.read_bytes()
    with Image.open(path) as image:
        image.save(path, quality=95, exif=_exif(6))
    assert path.read_bytes() != upright_file
    before = corners_of(files.read(path).pixels)
    (tmp_path / "photo.xmp").write_bytes(_packet(6))
    assert corners_of(files.read(path).pixels) == before


@pytest.mark.parametrize("value", ["0", "9", "six", ""])
def test_nonsense_is_ignored(value: str, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    xmp = packet_of("<xmp:Rating>3</xmp:Rating>", f'tiff:Orientation="{value}"')
    Image.fromarray(PICTURE).save(path, xmp=xmp, quality=95)
    assert corners_of(files.read(path).pixels) == corners_of(PICTURE)


@EVERY
@pytest.mark.parametrize("declared_by", ["camera", "sidecar"])
def test_print_resolution_of_raw_turns_with_the_pixels(
    declared_by: str, orientation: int, tmp_path: Path
) -> None:
    extra = {
        Tag.XResolution: Entry.rationals([300.0]),
        Tag.YResolution: Entry.rationals([200.0]),
        Tag.Orientation: Entry.numbers(SHORT, orientation if declared_by == "camera" else 1),
    }
    path = write_dng(tmp_path / "photo.dng", mosaic_of_scene(), extra=extra)
    if declared_by == "sidecar":
        (tmp_path / "photo.xmp").write_bytes(_packet(orientation))
    photo = files.read(path)
    assert (photo.width < photo.height) == (orientation >= 5)
    expected = (200.0, 300.0) if orientation >= 5 else (300.0, 200.0)
    assert resolution_of(photo.metadata.exif) == expected

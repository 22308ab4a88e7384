"""What XMP says of places, sizes and parts of a file is true of the photo that was turned and rewritten."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from file_helpers import packet_of, quadrants
from PIL import Image

from llflow_photo import files
from llflow_photo.files.pillow import modern_read
from llflow_photo.files.pillow.modern_read import read_heif
from llflow_photo.photo import Photo

NAMES = (
    'xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" '
    'xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#" '
    'xmlns:stDim="http://ns.adobe.com/xap/1.0/sType/Dimensions#" '
    'xmlns:MP="http://ns.microsoft.com/photo/1.2/" '
    'xmlns:MPRI="http://ns.microsoft.com/photo/1.2/t/RegionInfo#" '
    'xmlns:MPReg="http://ns.microsoft.com/photo/1.2/t/Region#" '
    'xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
)
# The face is a white rectangle in a black picture of 320 x 240: left, top, width, height.
FACE = (80, 96, 32, 48)


def _areas(form: str) -> str:
    """The area of the face in the forms that RDF allows."""
    if form == "attributes":
        fields = 'stArea:x="0.3" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2" stArea:unit="normalized"'
        return f"<mwg-rs:Area {fields}/>"
    if form == "elements":
        fields = "".join(
            f"<stArea:{name}>{value}</stArea:{name}>"
            for name, value in {"x": 0.3, "y": 0.5, "w": 0.1, "h": 0.2}.items()
        )
        return f'<mwg-rs:Area rdf:parseType="Resource">{fields}</mwg-rs:Area>'
    fields = 'stArea:x="0.3" stArea:y="0.5" stArea:w="0.1" stArea:h="0.2"'
    return f"<mwg-rs:Area><rdf:Description {fields}/></mwg-rs:Area>"


def _regions(form: str = "attributes", width: int = 320, height: int = 240) -> str:
    return (
        f'<mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:AppliedToDimensions stDim:w="{width}" '
        f'stDim:h="{height}" stDim:unit="pixel"/><mwg-rs:RegionList><rdf:Bag><rdf:li><rdf:Description '
        f'mwg-rs:Name="Zoe" mwg-rs:Type="Face">{_areas(form)}</rdf:Description></rdf:li></rdf:Bag>'
        "</mwg-rs:RegionList></mwg-rs:Regions>"
    )


def _read(tmp_path: Path, orientation: int, body: str, attributes: str = "") -> Photo:
    left, top, width, height = FACE
    values = np.zeros((240, 320, 3), np.uint8)
    values[top : top + height, left : left + width] = 255
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    xmp = packet_of(body, NAMES + attributes)
    Image.fromarray(values).save(path, exif=exif, xmp=xmp, quality=100, subsampling=0)
    return files.read(path)


def _face_in(photo: Photo) -> tuple[float, float, float, float]:
    """Where it is: left, top, width, height as fractions."""
    rows, columns = np.nonzero(photo.pixels[..., 1] > 0.5)
    return (
        float(columns.min()) / photo.width,
        float(rows.min()) / photo.height,
        float(np.ptp(columns) + 1) / photo.width,
        float(np.ptp(rows) + 1) / photo.height,
    )


def _found(photo: Photo, prefix: str, *names: str) -> list[float]:
    text = (photo.metadata.xmp or b"").decode()
    values = []
    for name in names:
        match = re.search(rf'{prefix}:{name}(?:="|>)([-0-9.e]+)', text)
        assert match is not None, f"{prefix}:{name} is not in {text}"
        values.append(float(match[1]))
    return values


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["attributes", "elements", "description"])
def test_faces_stay_on_the_faces(orientation: int, form: str, tmp_path: Path) -> None:
    photo = _read(tmp_path, orientation, _regions(form))
    left, top, width, height = _face_in(photo)
    x, y, w, h = _found(photo, "stArea", "x", "y", "w", "h")
    assert (x, y) == pytest.approx((left + width / 2, top + height / 2), abs=0.01)
    assert (w, h) == pytest.approx((width, height), abs=0.01)
    assert _found(photo, "stDim", "w", "h") == [photo.width, photo.height]


@pytest.mark.parametrize("orientation", [6, 8])
def test_regions_of_the_upright_picture_are_not_turned(orientation: int, tmp_path: Path) -> None:
    """Some programs store them so; the size they were applied to tells."""
    photo = _read(tmp_path, orientation, _regions(width=240, height=320))
    assert _found(photo, "stArea", "x", "y", "w", "h") == [0.3, 0.5, 0.1, 0.2]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_faces_of_microsoft(orientation: int, tmp_path: Path) -> None:
    body = (
        '<MP:RegionInfo rdf:parseType="Resource"><MPRI:Regions><rdf:Bag><rdf:li rdf:parseType="Resource">'
        "<MPReg:PersonDisplayName>Zoe</MPReg:PersonDisplayName>"
        "<MPReg:Rectangle>0.25, 0.4, 0.1, 0.2</MPReg:Rectangle></rdf:li></rdf:Bag></MPRI:Regions>"
        "</MP:RegionInfo>"
    )
    photo = _read(tmp_path, orientation, body)
    match = re.search(r"Rectangle>([^<]+)<", (photo.metadata.xmp or b"").decode())
    assert match is not None
    assert [float(value) for value in match[1].split(",")] == pytest.approx(_face_in(photo), abs=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("unit", ["relative", "pixel"])
def test_image_regions_of_iptc(orientation: int, unit: str, tmp_path: Path) -> None:
    box = FACE if unit == "pixel" else (0.25, 0.4, 0.1, 0.2)
    fields = "".join(
        f"<Iptc4xmpExt:rb{name}>{value}</Iptc4xmpExt:rb{name}>"
        for name, value in zip("XYWH", box, strict=True)
    )
    body = (
        '<Iptc4xmpExt:ImageRegion><rdf:Bag><rdf:li rdf:parseType="Resource"><Iptc4xmpExt:RegionBoundary '
        f'rdf:parseType="Resource"><Iptc4xmpExt:rbUnit>{unit}</Iptc4xmpExt:rbUnit>{fields}'
        "</Iptc4xmpExt:RegionBoundary></rdf:li></rdf:Bag></Iptc4xmpExt:ImageRegion>"
    )
    photo = _read(tmp_path, orientation, body)
    scale = (photo.width, photo.height) * 2 if unit == "pixel" else (1, 1, 1, 1)
    expected = [value * factor for value, factor in zip(_face_in(photo), scale, strict=True)]
    found = _found(photo, "Iptc4xmpExt", "rbX", "rbY", "rbW", "rbH")
    assert found == pytest.approx(expected, abs=3 if unit == "pixel" else 0.01)


LAYOUT = (
    'tiff:ImageWidth="320" tiff:ImageLength="240" tiff:BitsPerSample="14" '
    'xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:PixelXDimension="320" exif:PixelYDimension="240" '
    'exif:ColorSpace="2" exif:ISOSpeedRatings="800" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
    'photoshop:ICCProfile="Adobe RGB (1998)" photoshop:City="Vienna" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" dc:format="image/x-nikon-nef" '
)


def test_layout_of_the_old_file_is_not_carried(tmp_path: Path) -> None:
    xmp = _read(tmp_path, 6, "<xmp:Rating>4</xmp:Rating>", LAYOUT).metadata.xmp or b""
    for gone in (
        b"ImageWidth",
        b"ImageLength",
        b"PixelX",
        b"ColorSpace",
        b"ICCProfile",
        b"BitsPerSample",
        b"format",
    ):
        assert gone not in xmp
    for kept in (b"Rating", b"ISOSpeedRatings", b"Vienna"):
        assert kept in xmp


MOTION = (
    'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/" GCamera:MotionPhoto="1" GCamera:MicroVideo="1" '
    'GCamera:MicroVideoOffset="2000" GCamera:SpecialTypeID="night" '
    'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" '
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/" '
)
DIRECTORY = (
    "<Container:Directory><rdf:Seq>"
    '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary"/></rdf:li>'
    '<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="MotionPhoto"/></rdf:li>'
    "</rdf:Seq></Container:Directory><xmp:Rating>4</xmp:Rating>"
)


def test_omitted_parts_are_noted_and_not_declared(tmp_path: Path) -> None:
    photo = _read(tmp_path, 1, DIRECTORY, MOTION)
    assert "the video of a motion photo in the file was not kept" in photo.notes
    assert "the HDR gain map in the file was not kept" in photo.notes
    xmp = photo.metadata.xmp or b""
    for gone in (b"MotionPhoto", b"MicroVideo", b"Directory", b"Semantic", b"hdr-gain-map"):
        assert gone not in xmp
    assert b"Rating" in xmp and b"SpecialTypeID" in xmp


def test_depth_maps_and_other_phones(tmp_path: Path) -> None:
    attributes = (
        'xmlns:GDepth="http://ns.google.com/photos/1.0/depthmap/" GDepth:Mime="image/jpeg" '
        'xmlns:apdi="http://ns.apple.com/pixeldatainfo/1.0/" apdi:NativeFormat="1" '
        'xmlns:HDRGainMap="http://ns.apple.com/HDRGainMap/1.0/" HDRGainMap:HDRGainMapVersion="65536" '
        'xmlns:OpCamera="http://ns.oneplus.com/media/1.0/camera/" OpCamera:MotionPhotoOwner="x" '
    )
    photo = _read(tmp_path, 1, "<xmp:Rating>4</xmp:Rating>", attributes)
    assert [note for note in photo.notes if note.endswith("was not kept")] == [
        "the depth map in the file was not kept",
        "the HDR gain map in the file was not kept",
        "the video of a motion photo in the file was not kept",
    ]
    for gone in (b"depthmap", b"pixeldatainfo", b"HDRGainMap", b"MotionPhoto"):
        assert gone not in (photo.metadata.xmp or b"")


def test_as_exiftool_sees_the_result(tmp_path: Path) -> None:
    if shutil.which("exiftool") is None:
        pytest.skip("exiftool is not installed")
    photo = _read(tmp_path, 6, _regions() + DIRECTORY, LAYOUT + MOTION)
    for suffix in ("jpg", "png", "tif"):
        path = tmp_path / f"out.{suffix}"
        files.write(photo, path)
        command = [
            "exiftool",
            "-s3",
            "-RegionAreaX",
            "-RegionAreaY",
            "-RegionAppliedToDimensionsW",
            str(path),
        ]
        x, y, width = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        left, top, wide, high = _face_in(photo)
        assert (float(x), float(y)) == pytest.approx((left + wide / 2, top + high / 2), abs=0.01)
        assert int(width) == photo.width
        command = [
            "exiftool",
            "-G1",
            "-s",
            "-XMP-GCamera:all",
            "-XMP-hdrgm:all",
            "-XMP-Container:all",
            str(path),
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        assert [line for line in told.splitlines() if "SpecialTypeID" not in line] == []


def test_regions_of_a_sidecar_turn_with_its_orientation(tmp_path: Path) -> None:
    left, top, width, height = FACE
    values = np.zeros((240, 320, 3), np.uint8)
    values[top : top + height, left : left + width] = 255
    Image.fromarray(values).save(tmp_path / "photo.png")
    (tmp_path / "photo.xmp").write_bytes(packet_of(_regions(), NAMES + 'tiff:Orientation="8" '))
    photo = files.read(tmp_path / "photo.png")
    left_, top_, wide, high = _face_in(photo)
    assert _found(photo, "stArea", "x", "y") == pytest.approx([left_ + wide / 2, top_ + high / 2], abs=0.01)


def test_gain_and_depth_maps_of_heif(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    path = tmp_path / "photo.heic"
    Image.fromarray(quadrants(96, 128)).save(path)
    assert not files.read(path).notes
    with Image.open(path) as image:
        image.info["aux"] = {"urn:com:apple:photo:2020:aux:hdrgainmap": [3]}
        image.info["depth_images"] = [object()]
        notes = read_heif(image, path.read_bytes(), path.name).notes
    assert notes == ["the HDR gain map in the file was not kept", "the depth map in the file was not kept"]


def test_compressed_xmp_of_jpeg_xl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pillow_jxl")
    pytest.importorskip("imagecodecs")
    path = tmp_path / "photo.jxl"
    xmp = packet_of("<xmp:Rating>4</xmp:Rating>" + "<!-- padding -->" * 50)
    Image.fromarray(quadrants()).save(path, xmp=xmp, use_container=True, compress_metadata=True)
    assert b"brob" in path.read_bytes()
    assert b"Rating" in (files.read(path).metadata.xmp or b"")
    monkeypatch.setattr(modern_read, "deep_codecs", lambda: None)
    assert any("compressed XMP" in note for note in files.read(path).notes)


def test_a_photo_without_places_is_left_alone(tmp_path: Path) -> None:
    Image.fromarray(quadrants()).save(tmp_path / "photo.jpg", xmp=packet_of("<xmp:Rating>4</xmp:Rating>"))
    photo = files.read(tmp_path / "photo.jpg")
    assert photo.notes == () and b"Rating" in (photo.metadata.xmp or b"")


def test_video_of_a_heic_motion_photo(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "photo.heic"
    heif.from_pillow(Image.new("RGB", (64, 64))).save(path)
    assert not files.read(path).notes
    path.write_bytes(path.read_bytes() + struct.pack(">I4s", 108, b"mpvd") + bytes(100))
    assert files.read(path).notes == ("the video of a motion photo in the file was not kept",)

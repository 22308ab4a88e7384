"""Names of XMP properties that describe pixels, regions of the image, or parts of the file."""

from __future__ import annotations

__all__ = [
    "AREAS",
    "CLAIMS",
    "IPTC_EXTENSION",
    "ITEM_PARTS",
    "ITEM_SEMANTIC",
    "LAYOUT",
    "MP_REGION",
    "MWG_REGIONS",
    "RDF",
    "ST_DIM",
    "TIFF",
    "tag",
]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TIFF = "http://ns.adobe.com/tiff/1.0/"
_EXIF = "http://ns.adobe.com/exif/1.0/"
_PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_XMP = "http://ns.adobe.com/xap/1.0/"
_DC = "http://purl.org/dc/elements/1.1/"
_NOTE = "http://ns.adobe.com/xmp/note/"
MWG_REGIONS = "http://www.metadataworkinggroup.com/schemas/regions/"
ST_DIM = "http://ns.adobe.com/xap/1.0/sType/Dimensions#"
MP_REGION = "http://ns.microsoft.com/photo/1.2/t/Region#"
IPTC_EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_ACDSEE = "http://ns.acdsee.com/regions/"
# Elements with x, y (the center), w and h as fractions of the image, and the namespace of these fields.
AREAS = {
    f"{{{MWG_REGIONS}}}Area": "http://ns.adobe.com/xmp/sType/Area#",
    f"{{{_ACDSEE}}}ALGArea": "http://ns.acdsee.com/sType/Area#",
    f"{{{_ACDSEE}}}DLYArea": "http://ns.acdsee.com/sType/Area#",
}


def tag(namespace: str, name: str) -> str:
    """A qualified name in the notation of element trees."""
    return f"{{{namespace}}}{name}"


# Pixel layout of the source file, which does not apply to the output file.
LAYOUT = frozenset(
    [
        tag(TIFF, name)
        for name in (
            "ImageWidth", "ImageLength", "BitsPerSample", "Compression", "PhotometricInterpretation",
            "SamplesPerPixel", "PlanarConfiguration", "YCbCrSubSampling", "YCbCrPositioning", "WhitePoint",
            "TransferFunction", "PrimaryChromaticities", "YCbCrCoefficients", "ReferenceBlackWhite",
            "NativeDigest",
        )
    ]
    + [
        tag(_EXIF, name)
        for name in (
            "ColorSpace", "PixelXDimension", "PixelYDimension", "ComponentsConfiguration", "Gamma",
            "CompressedBitsPerPixel", "MakerNote", "NativeDigest",
        )
    ]
    + [tag(_PHOTOSHOP, "ICCProfile"), tag(_PHOTOSHOP, "ColorMode"), tag(_DC, "format")]
    + [tag(_XMP, "Thumbnails"), tag(_NOTE, "HasExtendedXMP")]
)  # fmt: skip

_GOOGLE = "http://ns.google.com/photos/"
_VIDEO, _GAIN_MAP, _DEPTH = "video of a motion photo", "HDR gain map", "depth map"
ITEM_SEMANTIC = tag(f"{_GOOGLE}1.0/container/item/", "Semantic")
ITEM_PARTS = {"GainMap": _GAIN_MAP, "MotionPhoto": _VIDEO, "Depth": _DEPTH}
# Prefixes of names, and the part of a file that they describe. The first match is used.
CLAIMS = (
    (tag(f"{_GOOGLE}1.0/camera/", "MotionPhoto"), _VIDEO),
    (tag(f"{_GOOGLE}1.0/camera/", "MicroVideo"), _VIDEO),
    (tag("http://ns.oneplus.com/media/1.0/camera/", "MotionPhoto"), _VIDEO),
    (tag("http://ns.xiaomi.com/photos/1.0/camera/", "XMPMeta"), ""),
    (tag(f"{_GOOGLE}1.0/container/", ""), ""),
    (tag(f"{_GOOGLE}1.0/depthmap/", ""), _DEPTH),
    (tag(f"{_GOOGLE}dd/1.0/", "").removesuffix("}"), _DEPTH),
    (tag(f"{_GOOGLE}1.0/image/", ""), "second image"),
    (tag(f"{_GOOGLE}1.0/audio/", ""), "sound"),
    (tag("http://ns.adobe.com/hdr-gain-map/1.0/", ""), _GAIN_MAP),
    (tag("http://ns.apple.com/HDRGainMap/1.0/", ""), _GAIN_MAP),
    (tag("http://ns.apple.com/HDRToneMap/1.0/", ""), _GAIN_MAP),
    (tag("http://ns.apple.com/pixeldatainfo/1.0/", ""), ""),
    (tag("http://ns.apple.com/depth", "").removesuffix("}"), _DEPTH),
    (tag("http://ns.apple.com/portrait", "").removesuffix("}"), _DEPTH),
    (tag("http://ns.apple.com/semantic", "").removesuffix("}"), _DEPTH),
)

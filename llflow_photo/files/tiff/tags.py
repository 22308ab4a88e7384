"""Numbers of TIFF and DNG fields and of their values, by the names of the specifications.

Sources: Adobe, TIFF Revision 6.0 (1992), with its Technical Notes; Adobe, Digital Negative Specification
1.7.1.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = ["Compression", "NewSubfile", "Photometric", "Predictor", "SampleFormat", "Tag"]


class Tag(IntEnum):
    """Fields of an image directory."""

    NewSubfileType = 254
    ImageWidth = 256
    ImageLength = 257
    BitsPerSample = 258
    Compression = 259
    PhotometricInterpretation = 262
    FillOrder = 266
    Make = 271
    Model = 272
    StripOffsets = 273
    Orientation = 274
    SamplesPerPixel = 277
    RowsPerStrip = 278
    StripByteCounts = 279
    PlanarConfiguration = 284
    Predictor = 317
    ColorMap = 320
    TileWidth = 322
    TileLength = 323
    TileOffsets = 324
    TileByteCounts = 325
    SubIFDs = 330
    SampleFormat = 339
    JPEGTables = 347
    YCbCrSubSampling = 530
    YCbCrPositioning = 531
    XMP = 700
    CFARepeatPatternDim = 33421
    CFAPattern = 33422
    IPTC = 33723
    ExifIFD = 34665
    GPSInfo = 34853
    DNGVersion = 50706
    DNGBackwardVersion = 50707
    UniqueCameraModel = 50708
    CFAPlaneColor = 50710
    CFALayout = 50711
    LinearizationTable = 50712
    BlackLevelRepeatDim = 50713
    BlackLevel = 50714
    BlackLevelDeltaH = 50715
    BlackLevelDeltaV = 50716
    WhiteLevel = 50717
    DefaultScale = 50718
    DefaultCropOrigin = 50719
    DefaultCropSize = 50720
    ColorMatrix1 = 50721
    ColorMatrix2 = 50722
    CameraCalibration1 = 50723
    CameraCalibration2 = 50724
    AnalogBalance = 50727
    AsShotNeutral = 50728
    AsShotWhiteXY = 50729
    BaselineExposure = 50730
    DNGPrivateData = 50740
    CalibrationIlluminant1 = 50778
    CalibrationIlluminant2 = 50779
    ActiveArea = 50829
    MaskedAreas = 50830
    SubTileBlockSize = 50974
    RowInterleaveFactor = 50975
    OpcodeList1 = 51008
    OpcodeList2 = 51009
    OpcodeList3 = 51022
    DefaultUserCrop = 51125
    ColumnInterleaveFactor = 52547


class NewSubfile(IntFlag):
    """Bits of NewSubfileType (TIFF 6.0 and DNG 1.7)."""

    ReducedResolution = 1
    Page = 2
    TransparencyMask = 4
    DepthMap = 8
    Enhanced = 16


class Photometric(IntEnum):
    """Values of PhotometricInterpretation."""

    WhiteIsZero = 0
    BlackIsZero = 1
    RGB = 2
    Palette = 3
    YCbCr = 6
    CFA = 32803
    LinearRaw = 34892


class Compression(IntEnum):
    """Values of Compression."""

    Uncompressed = 1
    LZW = 5
    JPEG = 7
    Deflate = 8
    VC5 = 9
    PackBits = 32773
    LossyJPEG = 34892
    PKZIPDeflate = 32946
    LZMA = 34925
    ZSTD = 50000
    JPEGXL = 52546


class Predictor(IntEnum):
    """Values of Predictor; the X2 and X4 ones of DNG 1.4 look two and four samples back."""

    Nothing = 1
    Horizontal = 2
    FloatingPoint = 3
    HorizontalX2 = 34892
    HorizontalX4 = 34893
    FloatingPointX2 = 34894
    FloatingPointX4 = 34895


class SampleFormat(IntEnum):
    """Values of SampleFormat."""

    Unsigned = 1
    Signed = 2
    Float = 3
    Undefined = 4

"""Numbers of TIFF, EXIF and DNG fields and of their values, by the names of the specifications.

Sources: Adobe, TIFF Revision 6.0 (1992), with its Technical Notes; CIPA DC-008, Exif 2.32 and 3.0; ISO
12234-2, TIFF/EP; Adobe, Digital Negative Specification 1.7.1.

Directories are keyed by plain integers, which equal these members; a file may have fields that have no name
here.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

__all__ = [
    "Compression",
    "ExifColorSpace",
    "GPSTag",
    "InteroperabilityTag",
    "LightSource",
    "NewSubfile",
    "OldSubfile",
    "Photometric",
    "PlanarConfiguration",
    "Predictor",
    "ResolutionUnit",
    "SampleFormat",
    "SensitivityType",
    "Tag",
]


class Tag(IntEnum):
    """Fields of image and Exif directories, whose numbers do not overlap."""

    # TIFF 6.0 and its Technical Notes.
    NewSubfileType = 254
    SubfileType = 255
    ImageWidth = 256
    ImageLength = 257
    BitsPerSample = 258
    Compression = 259
    PhotometricInterpretation = 262
    FillOrder = 266
    DocumentName = 269
    ImageDescription = 270
    Make = 271
    Model = 272
    StripOffsets = 273
    Orientation = 274
    SamplesPerPixel = 277
    RowsPerStrip = 278
    StripByteCounts = 279
    XResolution = 282
    YResolution = 283
    PlanarConfiguration = 284
    PageName = 285
    ResolutionUnit = 296
    TransferFunction = 301
    Software = 305
    DateTime = 306
    Artist = 315
    HostComputer = 316
    Predictor = 317
    WhitePoint = 318
    PrimaryChromaticities = 319
    ColorMap = 320
    TileWidth = 322
    TileLength = 323
    TileOffsets = 324
    TileByteCounts = 325
    SubIFDs = 330
    ExtraSamples = 338
    SampleFormat = 339
    JPEGTables = 347
    YCbCrSubSampling = 530
    YCbCrPositioning = 531
    Copyright = 33432

    # Panasonic's RW2, in its image directory.
    PanasonicISO = 23
    JpgFromRaw = 46
    PanasonicLongISO = 55
    RawDataOffset = 280

    # Blocks of other formats, and fields in common use.
    XMP = 700
    Rating = 18246
    RatingPercent = 18249
    IPTC = 33723
    Photoshop = 34377
    ICCProfile = 34675
    XPTitle = 40091
    XPComment = 40092
    XPAuthor = 40093
    XPKeywords = 40094
    XPSubject = 40095

    # Exif and TIFF/EP.
    RelatedImageWidth = 4097
    RelatedImageLength = 4098
    CFARepeatPatternDim = 33421
    CFAPattern = 33422
    ExposureTime = 33434
    FNumber = 33437
    ExifIFD = 34665
    ExposureProgram = 34850
    SpectralSensitivity = 34852
    GPSInfo = 34853
    PhotographicSensitivity = 34855
    TimeZoneOffset = 34858
    SelfTimerMode = 34859
    SensitivityType = 34864
    StandardOutputSensitivity = 34865
    RecommendedExposureIndex = 34866
    ISOSpeed = 34867
    ISOSpeedLatitudeyyy = 34868
    ISOSpeedLatitudezzz = 34869
    ExifVersion = 36864
    DateTimeOriginal = 36867
    DateTimeDigitized = 36868
    OffsetTime = 36880
    OffsetTimeOriginal = 36881
    OffsetTimeDigitized = 36882
    ComponentsConfiguration = 37121
    CompressedBitsPerPixel = 37122
    ShutterSpeedValue = 37377
    ApertureValue = 37378
    BrightnessValue = 37379
    ExposureBiasValue = 37380
    MaxApertureValue = 37381
    SubjectDistance = 37382
    MeteringMode = 37383
    LightSource = 37384
    Flash = 37385
    FocalLength = 37386
    SubjectArea = 37396
    MakerNote = 37500
    UserComment = 37510
    SubSecTime = 37520
    SubSecTimeOriginal = 37521
    SubSecTimeDigitized = 37522
    AmbientTemperature = 37888
    Humidity = 37889
    Pressure = 37890
    WaterDepth = 37891
    Acceleration = 37892
    CameraElevationAngle = 37893
    FlashpixVersion = 40960
    ColorSpace = 40961
    PixelXDimension = 40962
    PixelYDimension = 40963
    RelatedSoundFile = 40964
    InteroperabilityIFD = 40965
    FlashEnergy = 41483
    SpatialFrequencyResponse = 41484
    FocalPlaneXResolution = 41486
    FocalPlaneYResolution = 41487
    FocalPlaneResolutionUnit = 41488
    SubjectLocation = 41492
    ExposureIndex = 41493
    SensingMethod = 41495
    FileSource = 41728
    SceneType = 41729
    CustomRendered = 41985
    ExposureMode = 41986
    WhiteBalance = 41987
    DigitalZoomRatio = 41988
    FocalLengthIn35mmFilm = 41989
    SceneCaptureType = 41990
    GainControl = 41991
    Contrast = 41992
    Saturation = 41993
    Sharpness = 41994
    SubjectDistanceRange = 41996
    ImageUniqueID = 42016
    CameraOwnerName = 42032
    BodySerialNumber = 42033
    LensSpecification = 42034
    LensMake = 42035
    LensModel = 42036
    LensSerialNumber = 42037
    CompositeImage = 42080
    CompositeImageCount = 42081
    Gamma = 42240

    # DNG.
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
    CameraSerialNumber = 50735
    DNGPrivateData = 50740
    CalibrationIlluminant1 = 50778
    CalibrationIlluminant2 = 50779
    ActiveArea = 50829
    MaskedAreas = 50830
    CameraCalibrationSignature = 50931
    ProfileCalibrationSignature = 50932
    SubTileBlockSize = 50974
    RowInterleaveFactor = 50975
    OpcodeList1 = 51008
    OpcodeList2 = 51009
    OpcodeList3 = 51022
    DefaultUserCrop = 51125
    ColumnInterleaveFactor = 52547


class GPSTag(IntEnum):
    """Fields of a GPS directory (Exif 2.32)."""

    GPSVersionID = 0
    GPSLatitudeRef = 1
    GPSLatitude = 2
    GPSLongitudeRef = 3
    GPSLongitude = 4
    GPSAltitudeRef = 5
    GPSAltitude = 6
    GPSTimeStamp = 7
    GPSSatellites = 8
    GPSStatus = 9
    GPSMeasureMode = 10
    GPSDOP = 11
    GPSSpeedRef = 12
    GPSSpeed = 13
    GPSTrackRef = 14
    GPSTrack = 15
    GPSImgDirectionRef = 16
    GPSImgDirection = 17
    GPSMapDatum = 18
    GPSDestLatitudeRef = 19
    GPSDestLatitude = 20
    GPSDestLongitudeRef = 21
    GPSDestLongitude = 22
    GPSDestBearingRef = 23
    GPSDestBearing = 24
    GPSDestDistanceRef = 25
    GPSDestDistance = 26
    GPSProcessingMethod = 27
    GPSAreaInformation = 28
    GPSDateStamp = 29
    GPSDifferential = 30
    GPSHPositioningError = 31


class InteroperabilityTag(IntEnum):
    """Fields of an Interoperability directory (Exif 2.32)."""

    InteroperabilityIndex = 1


class NewSubfile(IntFlag):
    """Bits of NewSubfileType (TIFF 6.0 and DNG 1.7)."""

    ReducedResolution = 1
    Page = 2
    TransparencyMask = 4
    DepthMap = 8
    Enhanced = 16


class OldSubfile(IntEnum):
    """Values of SubfileType, which NewSubfileType replaced."""

    ReducedResolution = 2


class Photometric(IntEnum):
    """Values of PhotometricInterpretation."""

    WhiteIsZero = 0
    BlackIsZero = 1
    RGB = 2
    Palette = 3
    Separated = 5
    YCbCr = 6
    CIELab = 8
    ICCLab = 9
    CFA = 32803
    LinearRaw = 34892


class Compression(IntEnum):
    """Values of Compression."""

    Uncompressed = 1
    CCITT1D = 2
    Group3Fax = 3
    Group4Fax = 4
    LZW = 5
    OldJPEG = 6
    JPEG = 7
    Deflate = 8
    VC5 = 9
    CCITTRLEW = 32771
    PackBits = 32773
    ThunderScan = 32809
    LossyJPEG = 34892
    PKZIPDeflate = 32946
    LZMA = 34925
    ZSTD = 50000
    WebP = 50001
    JPEGXL = 52546


class PlanarConfiguration(IntEnum):
    """Values of PlanarConfiguration."""

    Chunky = 1
    Planar = 2


class ResolutionUnit(IntEnum):
    """Values of ResolutionUnit."""

    Inch = 2
    Centimeter = 3


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


class ExifColorSpace(IntEnum):
    """Values of Exif's ColorSpace; Adobe RGB is not standard, but in use."""

    SRGB = 1
    AdobeRGB = 2
    Uncalibrated = 0xFFFF


class SensitivityType(IntEnum):
    """Values of Exif's SensitivityType."""

    RecommendedExposureIndex = 2


class LightSource(IntEnum):
    """Values of Exif's LightSource, which DNG's CalibrationIlluminant1 and 2 use, too."""

    D65 = 21

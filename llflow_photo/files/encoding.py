"""Options of the output file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ..color.spaces import by_name
from ..errors import OptionError

__all__ = ["FORMATS", "Encoding"]

# Bit depths that each format supports; the last is the highest.
FORMATS: dict[str, tuple[int, ...]] = {
    "jpeg": (8,),
    "png": (8, 16),
    "tiff": (8, 32, 16),
    "dng": (16,),
    "webp": (8,),
    "avif": (8,),
    "heic": (8, 10),
    "jxl": (8,),
}
SUFFIXES = {
    ".jpg": "jpeg", ".jpeg": "jpeg", ".jpe": "jpeg", ".jfif": "jpeg", ".png": "png", ".tif": "tiff",
    ".tiff": "tiff", ".dng": "dng", ".webp": "webp", ".avif": "avif", ".heic": "heic", ".heif": "heic",
    ".hif": "heic", ".jxl": "jxl",
}  # fmt: skip


@dataclass(frozen=True)
class Encoding:
    """Options of the output file.

    Attributes:
        format: ``jpeg``, ``png``, ``tiff``, ``dng`` (linear), ``webp``, ``avif``, ``heic``, ``jxl``, or None
            to choose it by the file's suffix.
        quality: quality of lossy formats, 1 to 100; JPEG keeps full color resolution (4:4:4); WebP at 100
            is lossless.
        bit_depth: 8, 10 (HEIC), 16, or 32 (float TIFF), or None for the format's default: that of the
            photo for PNG and HEIC, the highest in linear color spaces, 16 for TIFF.
        color_space: color space of the file: ``srgb``, ``display-p3``, ``adobe-rgb``, ``prophoto``,
            ``rec2020-linear``, ``srgb-linear``; colors outside it are clipped, and noted if they are many. A
            DNG is always in the camera's own color space.
    """

    format: str | None = None
    quality: int = 95
    bit_depth: int | None = None
    color_space: str = "srgb"

    def __post_init__(self) -> None:
        for field in ("format", "color_space"):
            given = getattr(self, field)
            if not isinstance(given, str) and (field, given) != ("format", None):
                raise OptionError(f"{field} is {given!r}; give its name")
        if self.format is not None:
            name = {"jpg": "jpeg", "tif": "tiff", "heif": "heic"}.get(
                self.format.lower(), self.format.lower()
            )
            if name not in FORMATS:
                raise OptionError(f"unknown format {self.format!r}; known are {', '.join(FORMATS)}")
            object.__setattr__(self, "format", name)
        if (
            isinstance(self.quality, bool)
            or not isinstance(self.quality, int)
            or not 1 <= self.quality <= 100
        ):
            raise OptionError(f"quality is {self.quality!r}; give a whole number from 1 to 100")
        if self.bit_depth not in (None, 8, 10, 16, 32):
            raise OptionError(f"bit_depth is {self.bit_depth!r}; give 8, 10, 16 or 32")
        by_name(self.color_space)
        if self.format is not None and self.bit_depth is not None:
            _check_depth(self.format, self.bit_depth)

    @property
    def is_linear(self) -> bool:
        """Whether values are proportional to light."""
        return by_name(self.color_space).transfer == "linear"

    def for_file(self, path: Path, source_depth: int) -> Encoding:
        """Copy with format and bit depth resolved.

        Raises:
            OptionError: the suffix is unknown or contradicts ``format``, or the format lacks the depth.
        """
        by_suffix = SUFFIXES.get(path.suffix.lower())
        if self.format and by_suffix and by_suffix != self.format:
            raise OptionError(f"{path.name} ends in {path.suffix}, but the format is {self.format}; give one")
        name = self.format or by_suffix
        if name is None:
            known = ", ".join(sorted(SUFFIXES))
            raise OptionError(f"{path.name} ends in {path.suffix or 'nothing'}; give a format or use {known}")
        depths = FORMATS[name]
        depth = self.bit_depth
        if depth is None:
            # In linear spaces, 8 bits are too few for dark tones.
            enough = source_depth == 8 and not self.is_linear
            depth = 8 if name in ("png", "heic") and enough else depths[-1]
        _check_depth(name, depth)
        return replace(self, format=name, bit_depth=depth)


def _check_depth(name: str, depth: int) -> None:
    depths = FORMATS[name]
    if depth not in depths:
        raise OptionError(
            f"{name} cannot be written with {depth} bits; give {' or '.join(map(str, sorted(depths)))}"
        )
